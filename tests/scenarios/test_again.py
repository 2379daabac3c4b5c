"""Trouble that was over is back while its incident still stands: the same once more, or something else?"""

from datetime import UTC, datetime, timedelta

from bot.clock import HeldClock
from bot.incidents.model import Incident
from bot.main import build_engine
from bot.people import Person
from bot.settings import Settings
from bot.signals.fingerprint import fingerprint
from bot.signals.model import Signal, SignalKind
from bot.signals.severity import Severity

ANA = Person("T1", "UANA")
TEN = datetime(2026, 11, 16, 10, tzinfo=UTC)


class Reported:
    """A world in which services only report: `seen("checkout")` fails now."""

    def __init__(self) -> None:
        graph = {"web": ["checkout", "search"], "checkout": ["payments"], "search": [], "payments": []}
        settings = {"services": {name: {"depends_on": others} for name, others in graph.items()}}
        self.clock = HeldClock(TEN)
        self.engine = build_engine(
            Settings.model_validate({**settings, "slack": {"operators": ["*"]}}),
            clock=self.clock,
            database_url="sqlite://",
            executors={},
            team="T1",
        )

    def seen(self, *services: str) -> None:
        self.engine.signals.report([_failing(service, self.clock.now()) for service in services])

    def run(self, minutes: int) -> None:
        for _ in range(minutes):
            self.clock.advance(timedelta(minutes=1))
            self.engine.checks.run()

    def incidents(self) -> list[Incident]:
        """The oldest first."""
        with self.engine.store.read() as tx:
            return list(reversed(tx.incidents.recent(TEN - timedelta(days=1), 100)))

    def suspects(self, incident: Incident) -> list[str]:
        with self.engine.store.read() as tx:
            return [suspect.subject for suspect in tx.incidents.suspects(incident.id)]

    def services(self, incident: Incident) -> set[str]:
        with self.engine.store.read() as tx:
            return {signal.service for signal in tx.signals.of(incident.id)}

    def timeline(self, incident: Incident) -> list[str]:
        with self.engine.store.read() as tx:
            return [entry.kind for entry in tx.incidents.timeline(incident.id)]


def _failing(service: str, at: datetime) -> Signal:
    return Signal(
        fingerprint=fingerprint(SignalKind.REPORTED, service, "failing"),
        kind=SignalKind.REPORTED,
        service=service,
        severity=Severity.MAJOR,
        began_at=at,
        at=at,
        title="failing",
        source="test",
    )


def test_what_is_back_after_some_quiet_minutes_is_said_in_the_thread() -> None:
    reported = Reported()
    reported.seen("payments", "checkout")
    reported.run(minutes=5)
    reported.seen("payments", "checkout")
    reported.run(minutes=3)
    [incident] = reported.incidents()
    assert reported.timeline(incident).count("again") == 1
    assert reported.suspects(incident)[0] == "payments"


def test_a_new_fault_under_the_same_callers_is_a_message_of_its_own() -> None:
    reported = Reported()
    reported.seen("payments", "checkout", "web")
    reported.run(minutes=5)
    reported.seen("web", "search")
    reported.run(minutes=3)
    before, now = reported.incidents()
    assert before.resolved_at is not None
    assert reported.services(now) == {"web", "search"}
    assert reported.suspects(now)[0] == "search"
    assert reported.services(before) == {"payments", "checkout"}
    assert "elsewhere" in reported.timeline(before)
    assert "elsewhere_from" in reported.timeline(now)


def test_what_people_have_in_hand_is_not_parted() -> None:
    reported = Reported()
    reported.seen("payments", "checkout", "web")
    [incident] = reported.incidents()
    reported.engine.incidents.acknowledge(incident.id, ANA)
    reported.run(minutes=5)
    reported.seen("web", "search")
    reported.run(minutes=3)
    assert len(reported.incidents()) == 1
    assert reported.suspects(incident)[0] == "search"
