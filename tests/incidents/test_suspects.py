"""What is the likely cause, and how sure are we?"""

import pytest

from bot.changes.model import Change, ChangeKind
from bot.incidents.graph import ServiceGraph
from bot.incidents.model import Suspect
from bot.incidents.suspects import REASONS, SUSPECTS_MAX, learn_kinds, rank, word_for
from bot.signals.model import Signal, SignalKind
from bot.signals.severity import Severity
from tests.incidents.signals import GRAPH, change, minute, signal

BROKEN = [signal("checkout", 1, began=0)]


def suspects(*changes: Change, signals: list[Signal] | None = None, **more: object) -> list[Suspect]:
    """All but the service of the incident itself."""
    seen = BROKEN if signals is None else signals
    found = rank(minute(0), "checkout", seen, changes, GRAPH, minute(2), **more)  # type: ignore[arg-type]
    return [s for s in found if (s.kind, s.subject) != ("service", "checkout")]


def test_a_deploy_a_minute_before_is_likely_and_says_why() -> None:
    [found] = suspects(change(1, "checkout", -1, version="1.4.2"))
    assert (found.kind, found.subject, found.label) == ("change", "1", "checkout 1.4.2")
    assert word_for(found.likelihood) == "likely"
    assert found.because == (
        ("minutes_before", "1.0"),
        ("same_service", "checkout"),
        ("new_template_after", "checkout"),
    )


def test_the_nearer_in_time_and_in_the_graph_stands_first() -> None:
    found = suspects(
        change(1, "checkout", -30),
        change(2, "checkout", -3),
        change(3, "payments", -3),
        change(4, "database", -3),
        change(5, "web", -3),
        change(6, "wiki", -3),
    )
    assert [s.subject for s in found] == ["2", "3", "5", "4", "1"]
    assert [dict(s.because).keys() & {"same_service", "depends_on", "used_by"} for s in found] == [
        {"same_service"},
        {"depends_on"},
        {"used_by"},
        {"depends_on"},
        {"same_service"},
    ]
    assert sum(s.likelihood for s in found) < 1


@pytest.mark.parametrize(("at", "word"), [(-2, "likely"), (-45, "possible"), (-300, "nearby")])
def test_words_get_weaker_with_time(at: float, word: str) -> None:
    [found] = suspects(change(1, "checkout", at), signals=[signal("checkout", 1, began=0, kind=SignalKind.RATE_UP)])
    assert word_for(found.likelihood) == word


def test_what_came_after_or_long_before_is_no_suspect() -> None:
    assert suspects(change(1, "checkout", 3), change(2, "checkout", -361)) == []
    [late] = suspects(change(3, "checkout", 0.5))
    assert late.because[0] == ("minutes_after", "0.5")
    assert late.likelihood < suspects(change(3, "checkout", -0.5))[0].likelihood


def test_where_changes_are_frequent_one_nearby_means_little() -> None:
    rare = suspects(change(1, "checkout", -8))[0]
    frequent = suspects(*(change(n, "checkout", -8 * n) for n in range(1, 45)))[0]
    assert frequent.subject == "1"
    assert frequent.likelihood < 0.65 < 0.9 < rare.likelihood


def test_a_change_to_a_service_that_was_in_trouble_already_is_less_likely() -> None:
    before = [signal("checkout", -9, kind=SignalKind.RATE_UP), *BROKEN]
    [found] = suspects(change(1, "checkout", -2, kind=ChangeKind.CONFIG), signals=before[:1])
    assert ("trouble_before", "checkout") in found.because
    [new] = suspects(change(1, "checkout", -2, kind=ChangeKind.CONFIG), signals=before)
    assert ("new_template_after", "checkout") in new.because
    assert new.likelihood > found.likelihood


def test_a_change_elsewhere_than_in_production_is_less_likely() -> None:
    staging, production = change(1, "checkout", -1, environment="staging"), change(2, "checkout", -6)
    found = suspects(staging, production)
    assert [s.subject for s in found] == ["2", "1"]
    assert ("not_production", "staging") in found[1].because
    assert found[0].because == suspects(change(2, "checkout", -6, environment="Production"))[0].because


def test_earlier_trouble_upstream_is_a_suspect_of_its_own() -> None:
    upstream = signal("payments", 0, began=-4, kind=SignalKind.RATE_UP)
    [found] = suspects(signals=[*BROKEN, upstream])
    assert (found.kind, found.subject) == ("service", "payments")
    assert found.because[:2] == (("depends_on", "payments"), ("minutes_earlier", "4.0"))
    assert word_for(found.likelihood) == "possible"
    [later] = suspects(signals=[*BROKEN, signal("payments", 3)])
    assert word_for(later.likelihood) == "nearby"
    [caller] = suspects(signals=[*BROKEN, signal("web", 0, began=-4)])
    assert caller.likelihood < found.likelihood


def test_the_change_behind_the_trouble_upstream_stands_before_it() -> None:
    upstream = signal("payments", 0, began=-4)
    found = suspects(change(1, "payments", -5), signals=[*BROKEN, upstream])
    assert [s.kind for s in found] == ["change", "service"]
    assert word_for(found[0].likelihood) == "likely"


def test_what_people_say_counts() -> None:
    changes = (change(1, "checkout", -1), change(2, "payments", -4), change(3, "web", -9))
    assert [s.subject for s in suspects(*changes)] == ["1", "2", "3"]
    confirmed = suspects(*changes, verdicts={"2": "confirmed"})
    assert [(s.subject, s.likelihood, s.verdict) for s in confirmed] == [
        ("2", 1.0, "confirmed"),
        ("1", 0.0, ""),
        ("3", 0.0, ""),
    ]
    rejected = suspects(*changes, verdicts={"1": "rejected"})
    assert [s.subject for s in rejected] == ["2", "3", "1"]
    assert rejected[-1].likelihood == 0
    assert rejected[0].likelihood > suspects(*changes)[1].likelihood


def test_kinds_of_change_that_people_confirm_weigh_more() -> None:
    learnt = learn_kinds({ChangeKind.FLAG: 20}, {ChangeKind.DEPLOY: 20})
    assert learnt[ChangeKind.FLAG] > 0.95
    assert learnt[ChangeKind.DEPLOY] < 0.25
    assert learnt[ChangeKind.CONFIG] == 0.9
    pair = (change(1, "checkout", -2), change(2, "checkout", -3, kind=ChangeKind.FLAG))
    assert [s.subject for s in suspects(*pair)] == ["1", "2"]
    assert [s.subject for s in suspects(*pair, kinds=learnt)] == ["2", "1"]


def test_without_a_declared_graph_changes_elsewhere_are_only_nearby() -> None:
    itself, *found = rank(minute(0), "checkout", BROKEN, [change(1, "wiki", -1)], ServiceGraph({}), minute(2))
    assert itself.because == (("began_here", "checkout"),)
    assert found[0].because == (("minutes_before", "1.0"), ("no_known_link", "wiki"))
    assert word_for(found[0].likelihood) in ("nearby", "possible")


def test_signals_that_are_only_information_spread_no_suspicion() -> None:
    noise = signal("wiki", 1, severity=Severity.INFO)
    assert suspects(change(1, "wiki", -1), signals=[*BROKEN, noise]) == []


def test_reasons_are_known_keys_and_the_list_is_short() -> None:
    many = [change(n, "checkout", -n, environment="staging" if n % 2 else "") for n in range(1, 60)]
    found = suspects(*many, change(90, "web", -1), signals=[*BROKEN, signal("payments", 0, began=-3)])
    assert len(found) == SUSPECTS_MAX
    assert {key for s in found for key, _ in s.because} <= set(REASONS)
    assert suspects() == []
