"""Where did it begin? Not where most is seen, but where nothing below explains it."""

from dataclasses import replace

from bot.incidents.conditions import CONDITIONS, condition_of
from bot.incidents.naming import likeness, named_in, words_of
from bot.incidents.roots import roots_of
from bot.incidents.similar import resembling
from bot.incidents.suspects import rank
from bot.signals.model import Evidence, Signal, SignalKind
from bot.signals.severity import Severity
from tests.incidents.signals import GRAPH, change, minute, signal


def line(service: str, at: float, text: str, **more: object) -> Signal:
    seen = Evidence(template_id=f"{service}-{text}", template=text, examples=(text,), rate_now=60.0, level="error")
    return replace(signal(service, at, name=text), evidence=seen, title=text, **more)  # type: ignore[arg-type]


def origin(*signals: Signal) -> str:
    return roots_of(signals, GRAPH)[0].service


def test_a_dependency_in_trouble_explains_those_above_it() -> None:
    assert origin(signal("web", 0), signal("checkout", 0.2), signal("payments", 0.4)) == "payments"


def test_what_began_much_later_explains_nothing() -> None:
    assert origin(signal("checkout", 0), signal("payments", 4)) == "checkout"


def test_whoever_is_complained_about_is_suspected_also_when_it_shows_nothing() -> None:
    roots = roots_of([line("web", 0, "checkout did not answer"), line("search", 0, "x")], GRAPH)
    assert "checkout" in {root.service for root in roots if not root.is_seen}
    assert (
        origin(line("web", 0, "no answer from checkout"), line("checkout", 0.1, "no answer from payments"))
        == "payments"
    )


def test_traffic_comes_from_above_and_explains_failures_below() -> None:
    busier = replace(
        signal("web", 0, kind=SignalKind.RATE_UP), evidence=Evidence(template_id="t", contributions=(("a", 0.6),))
    )
    assert origin(busier, line("checkout", 0.3, "connection pool exhausted")) == "web"


def test_a_busier_page_is_traffic_also_where_one_of_its_lines_warns_now_and_then() -> None:
    def rises(name: str, level: str, severity: Severity) -> Signal:
        seen = Evidence(template_id=name, template=name, level=level, rate_before=8.0, rate_now=60.0)
        return replace(signal("web", 0, name=name, kind=SignalKind.RATE_UP, severity=severity), evidence=seen)

    page = rises("GET <PATH> <NUM>", "warning", Severity.MINOR)
    others = [rises(name, "info", Severity.INFO) for name in ("POST <PATH>", "session started")]
    pools = [line(service, 0.5, "connection pool exhausted") for service in ("checkout", "search")]
    assert origin(page, *others, *pools) == "web"
    assert ("busier", "web") in roots_of([page, *others, *pools], GRAPH)[0].because
    assert origin(page, others[0], *pools) != "web"


def test_silence_is_its_own_cause() -> None:
    silent = signal("payments", 1, kind=SignalKind.RATE_DOWN)
    assert origin(silent, line("checkout", 0, "no answer")) == "payments"
    assert ("silent", "payments") in roots_of([silent, signal("checkout", 0)], GRAPH)[0].because


def test_shares_add_up_and_nothing_gives_nothing() -> None:
    roots = roots_of([signal("web", 0), signal("checkout", 0)], GRAPH)
    assert abs(sum(root.share for root in roots) - 1) < 1e-9
    assert roots_of([], GRAPH) == []


def test_a_full_disk_stands_before_a_deploy_near_it() -> None:
    full = line("payments", 0, "write failed: No space left on device")
    found = rank(minute(0), "payments", [full], [change(1, "payments", -8)], GRAPH, minute(2))
    assert (found[0].kind, found[0].subject) == ("service", "payments")
    assert ("condition", "disk_full") in found[0].because
    assert condition_of(full) in CONDITIONS
    assert condition_of(line("payments", 0, "space station")) == ""


def test_names_are_whole_words_of_known_services_and_never_its_own() -> None:
    said = line("web", 0, "checkout:8080 refused, paymentsx too; web itself is fine")
    assert named_in(said, GRAPH.services) == {"checkout"}
    one, other = line("web", 0, 'column "a" does not exist at all'), line("db", 0, 'column "a" does not exist at 7')
    assert likeness(words_of(one), words_of(other)) > 0.7
    assert likeness(words_of(signal("a", 0, kind=SignalKind.ALERT)), words_of(signal("b", 0))) == 0


def test_an_earlier_incident_with_the_same_rare_problems_is_like_it() -> None:
    now = [line("web", 0, "broken"), line("checkout", 0, "refused")]
    common = line("web", 0, "broken")
    earlier = {1: [common], 2: [common, line("checkout", 0, "refused")], 3: [line("wiki", 0, "lost")], 4: [common]}
    found = resembling(now, earlier)
    assert found[0][0] == 2
    assert found[0][1] == 1.0
    assert set(found[0][2]) == {"broken", "refused"}
    assert 3 not in {number for number, _, _ in found}
    assert resembling([replace(common, severity=Severity.INFO)], earlier) == []
