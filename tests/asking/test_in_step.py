"""Do silences stay in step with an Alertmanager, also over crashes and lost memories? The real one: tests/clients."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.clock import HeldClock
from bot.engine.whole import Engine
from bot.errors import ConnectorError
from bot.main import build_engine
from bot.people import Person
from bot.settings import Settings
from bot.signals.severity import Severity
from bot.silences.model import Matcher
from bot.sources.alerting import alert
from bot.sources.model import Heard
from bot.sources.silencing import AlertThere, Label, SilenceThere
from bot.store.database import Database

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ANA = Person("T1", "U1")
WEB = [Matcher("service", "web")]
HOUR = timedelta(hours=1)


@dataclass(slots=True)
class There:
    """As an Alertmanager keeps silences: in milliseconds, and those that are over for a while."""

    clock: HeldClock
    kept: dict[str, SilenceThere] = field(default_factory=dict)
    firing: list[AlertThere] = field(default_factory=list)
    made: int = 0
    fails: str = ""
    _ids: "itertools.count[int]" = field(default_factory=itertools.count)

    def silences(self) -> list[SilenceThere]:
        now = self.clock.now()
        return [replace(one, is_over=one.until <= now) for one in self.kept.values()]

    def alerts(self, now: datetime) -> list[AlertThere]:
        return self.firing

    def make(self, silence: SilenceThere) -> str:
        if self.fails == "refused":
            raise ConnectorError("it answered 400", permanent=True)
        self.made += 1
        made = f"s{next(self._ids)}"
        until = silence.until.replace(microsecond=silence.until.microsecond // 1000 * 1000)
        self.kept[made] = replace(silence, id=made, until=until)
        if self.fails == "after":
            raise ConnectorError("the answer was lost", permanent=False)
        return made

    def end(self, copy_id: str) -> None:
        self.kept[copy_id] = replace(self.kept[copy_id], until=self.clock.now())

    def lasting(self) -> list[SilenceThere]:
        return [one for one in self.silences() if not one.is_over]


@dataclass(slots=True)
class Step:
    engine: Engine
    there: There
    clock: HeldClock

    def look(self, after: timedelta = timedelta(seconds=30)) -> None:
        self.clock.advance(after)
        self.engine.in_step.look("am", self.there)

    def lasting(self) -> list[tuple[str, str]]:
        now = self.clock.now()
        return [(v.silence.by, v.silence.origin) for v in self.engine.silences.page().silences if v.silence.until > now]


@pytest.fixture
def step(database: Database) -> Step:
    clock = HeldClock(NOW + timedelta(microseconds=123_456))
    settings = Settings.model_validate(
        {"slack": {"operators": ["T1/U1"]}, "sources": {"am": {"type": "alertmanager", "silences_url": "http://am"}}}
    )
    engine = build_engine(settings, clock=clock, store=database, executors={})
    return Step(engine, There(clock), clock)


def firing(service: str, silenced_by: Sequence[str] = (), began_at: datetime = NOW) -> AlertThere:
    labels = {"alertname": "Errors", "service": service}
    signal = alert("am", service, title="Errors", service=service, severity=Severity.MAJOR, began_at=began_at,
                   now=began_at, labels=labels)  # fmt: skip
    return AlertThere(signal, labels, tuple(silenced_by))


def of_jo(clock: HeldClock) -> SilenceThere:
    now = clock.now()
    return SilenceThere("j1", (Label("service", "web"),), "jo", "moving house", now, now + HOUR)


def test_one_from_here_is_made_there_once_and_ended_there(step: Step) -> None:
    view = step.engine.silences.silence(ANA, WEB, HOUR, "load test")
    for _ in range(3):
        step.look()
    [there] = step.there.lasting()
    assert (there.labels, there.by, step.there.made) == ((Label("service", "web"),), "tocsin/T1/U1", 1)
    assert step.lasting() == [("T1/U1", "")]
    step.engine.silences.end(view.silence.id, ANA)
    step.look()
    step.look()
    assert step.there.lasting() == []
    assert step.there.made == 1


def test_one_from_there_is_known_here_with_its_maker_and_never_made_again(step: Step) -> None:
    step.there.kept["j1"] = of_jo(step.clock)
    for _ in range(3):
        step.look()
    assert step.lasting() == [("jo", "am")]
    assert step.there.made == 0
    step.there.end("j1")
    step.look()
    assert step.lasting() == []


def test_one_from_there_can_be_ended_here(step: Step) -> None:
    step.there.kept["j1"] = of_jo(step.clock)
    step.look()
    [view] = step.engine.silences.page().silences
    step.engine.silences.end(view.silence.id, ANA)
    step.look()
    assert step.there.lasting() == []


def test_an_end_that_is_moved_there_is_moved_here_and_one_ended_there_ends_here(step: Step) -> None:
    view = step.engine.silences.silence(ANA, WEB, HOUR, "load test")
    step.look()
    [there] = step.there.lasting()
    step.there.kept[there.id] = replace(there, until=there.until + HOUR)
    step.look(2 * HOUR - timedelta(minutes=5))
    assert step.lasting() == [("T1/U1", "")]
    step.there.end(there.id)
    step.look()
    assert step.lasting() == []
    assert step.engine.silences.one(view.silence.id).silences[0].silence.ended_by == "am"
    assert step.there.made == 1


def test_a_lost_answer_makes_no_second_one(step: Step) -> None:
    step.engine.silences.silence(ANA, WEB, HOUR, "load test")
    step.there.fails = "after"
    with pytest.raises(ConnectorError):
        step.look()
    step.there.fails = ""
    step.look()
    step.look()
    assert (step.there.made, step.lasting()) == (1, [("T1/U1", "")])


def test_what_an_alertmanager_forgot_is_made_again_and_what_was_its_own_is_over(step: Step) -> None:
    step.engine.silences.silence(ANA, WEB, HOUR, "load test")
    step.there.kept["j1"] = of_jo(step.clock)
    step.look()
    step.there.kept.clear()
    step.look()
    step.look()
    assert [one.by for one in step.there.lasting()] == ["tocsin/T1/U1"]
    assert step.lasting() == [("T1/U1", "")]


def test_two_tocsins_on_one_alertmanager_do_not_echo(step: Step) -> None:
    step.engine.silences.silence(ANA, WEB, HOUR, "load test")
    step.look()
    other = build_engine(step.engine.settings, clock=step.clock, database_url="sqlite://", executors={})
    for _ in range(3):
        other.in_step.look("am", step.there)
        step.look()
    assert step.there.made == 1
    assert [v.silence.by for v in other.silences.page().silences] == ["tocsin T1 U1"]
    other.store.close()  # type: ignore[attr-defined]


def test_what_cannot_be_told_says_why_and_does_not_hold_up_the_others(step: Step) -> None:
    step.engine.silences.silence(ANA, [Matcher("severity", "major")], HOUR, "all of it")
    step.engine.silences.silence(ANA, [Matcher("fingerprint", firing("web").signal.fingerprint)], HOUR, "this one")
    step.look()
    problems = [copy.problem for view in step.engine.silences.page().silences for copy in view.copies]
    assert problems == ["no_label", "not_firing"]
    step.there.firing = [firing("web")]
    step.there.fails = "refused"
    step.look()
    step.there.fails = ""
    step.look()
    assert [one.labels for one in step.there.lasting()] == [(Label("alertname", "Errors"), Label("service", "web"))]


def test_what_is_hidden_there_counts_in_why_not(step: Step) -> None:
    step.there.kept["j1"] = of_jo(step.clock)
    step.there.firing = [firing("web", ["j1"])]
    for _ in range(3):
        step.look()
    step.there.firing = [firing("web", ["j1"], began_at=NOW + timedelta(minutes=1))]
    step.look()
    page = step.engine.whys.service("web")
    assert [(one.count, one.title) for one in page.hidden] == [(2, "Errors")]
    [decision] = [d for d in page.decisions if d.kind == "muted"]
    assert (decision.reason, decision.facts["by"], decision.facts["said"]) == ("silence", "jo", "moving house")


def test_an_end_during_a_silence_is_found_though_it_is_not_sent(step: Step) -> None:
    one = firing("web")
    step.engine.events.hear("am", Heard(signals=[one.signal]))
    step.there.firing = [one]
    step.look()
    step.there.firing = []
    step.look()
    step.look(timedelta(minutes=4))
    assert [i.service for i in step.engine.reading.incidents().active] == ["web"]
    step.look(timedelta(minutes=2))
    assert step.engine.reading.incidents().active == ()


def test_an_alert_that_comes_back_after_a_restart_has_not_ended(step: Step) -> None:
    one = firing("web")
    step.engine.events.hear("am", Heard(signals=[one.signal]))
    for fires in (True, False, False, True, False, False):
        step.there.firing = [one] if fires else []
        step.look(timedelta(minutes=3))
    assert [i.service for i in step.engine.reading.incidents().active] == ["web"]


def test_what_this_alertmanager_never_knew_is_not_ended_by_it(step: Step) -> None:
    step.engine.events.hear("am", Heard(signals=[firing("web").signal]))
    for _ in range(5):
        step.look(timedelta(minutes=5))
    assert [i.service for i in step.engine.reading.incidents().active] == ["web"]
