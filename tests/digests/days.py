"""Days that a digest is about, written straight into the store: what is told does not hang on what detectors find."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.actions.model import ActionKind, Plan, Run
from bot.changes.model import Change, ChangeKind
from bot.clock import HeldClock
from bot.engine.ports import Notice
from bot.incidents.model import Incident, Resolution
from bot.logs.record import LogRecord
from bot.main import build_engine
from bot.people import Known, Person
from bot.settings import Settings
from bot.signals.model import Evidence, Measure, Measured, Signal, SignalKind
from bot.signals.severity import Severity
from bot.silences.model import Matcher, Silence
from bot.slack.render import Message, Renderer
from bot.sources.model import Measured as Figure
from bot.sources.model import PipelineRun, RunState

ANA, BEN = Person("T1", "UANA"), Person("T1", "UBEN")
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
RENDERER = Renderer()


class Days:
    """A Tocsin whose first minute is Monday, 16 November 2026, at 08:00 UTC, an hour before its digest's hour."""

    def __init__(self, start: str = "2026-11-16T08:00:00+00:00", **settings: Any) -> None:
        self.clock = HeldClock(datetime.fromisoformat(start).astimezone(UTC))
        values = {"slack": {"operators": ["UANA", "UBEN"]}, **settings}
        self.settings = Settings.model_validate(values)
        self.engine = build_engine(self.settings, clock=self.clock, database_url="sqlite://", executors={}, team="T1")
        self.restarted()

    def restarted(self) -> None:
        self.engine.digests._began_at = None
        self.engine.digests.send_due()

    # -- time

    def to(self, day: int, hour: int = 9, minute: int = 0) -> None:
        """To an hour of a day of November 2026, with a look for digests every half hour, as the schedule does."""
        until = datetime(2026, 11, day, hour, minute, tzinfo=UTC)
        while self.clock.now() + HOUR / 2 <= until:
            self.clock.advance(HOUR / 2)
            self.engine.digests.send_due()
        self.clock.move_to(until)
        self.engine.digests.send_due()

    def down_until(self, day: int, hour: int = 9, minute: int = 0) -> None:
        """Nothing runs."""
        self.clock.move_to(datetime(2026, 11, day, hour, minute, tzinfo=UTC))
        self.restarted()

    # -- what happens

    def lines(self, service: str, text: str, count: int = 10) -> None:
        now = self.clock.now()
        self.engine.ingest.take([LogRecord(now, service, text.format(n=n), "info") for n in range(count)])

    def incident(
        self,
        service: str,
        title: str,
        severity: Severity = Severity.MAJOR,
        *,
        ago: float = 0,
        lasted: float | None = None,
        by: Person | None = None,
        after: float = 5,
        resolution: Resolution = Resolution.QUIET,
        kind: SignalKind = SignalKind.RATE_UP,
        times: int = 1,
        measure: Measure | None = None,
    ) -> Incident:
        """Opened `ago` minutes ago, noticed two minutes after it began; `by` acknowledged it `after` minutes."""
        opened = self.clock.now() - ago * MINUTE
        one = Incident(service, title, severity, opened - 2 * MINUTE, opened, opened, channel="#incidents")
        if by is not None:
            one = one.acknowledge(by.key, opened + after * MINUTE)
        if lasted is not None:
            one = one.resolve(by.key if by else "", opened + lasted * MINUTE, resolution)
        evidence = Evidence(template=title, measure=measure)
        print_ = f"{service}-{title}"[:64]
        signal = Signal(print_, kind, service, severity, opened - 2 * MINUTE, opened, title, evidence, count=times)
        with self.engine.store.write() as tx:
            one = tx.incidents.add(one)
            tx.signals.add(signal, one.id)
        return one

    def forecast(self, service: str, hours: float) -> Incident:
        now = self.clock.now()
        measure = Measure(
            Measured.REACHES_LIMIT, "disk (device=sda)", "%", 81.0, limit=95.0, per_day=12.0, at=now + hours * HOUR
        )
        return self.incident(
            service, "disk (device=sda)", Severity.MINOR, by=BEN, kind=SignalKind.FORECAST, measure=measure
        )

    def change(self, service: str, version: str, previous: str, kind: ChangeKind = ChangeKind.DEPLOY) -> None:
        now = self.clock.now()
        self.engine.changes.report(Change(f"{service}-{version}-{kind}", kind, service, now, version, previous, "ana"))

    def run(self, pipeline: str, state: RunState, service: str = "warehouse") -> None:
        now = self.clock.now()
        with self.engine.store.write() as tx:
            tx.sources.note_run(PipelineRun(f"{pipeline}-{now.isoformat()}", pipeline, service, state, now))

    def check(self, subject: str, passed: bool, service: str = "recommender") -> None:
        now = self.clock.now()
        with self.engine.store.write() as tx:
            tx.sources.note_measured(
                Figure(f"{subject}-{now.isoformat()}", service, subject, "drift", now, 0.2, passed)
            )

    def asked(self, service: str, by: Person) -> None:
        """A rollback waits for a yes."""
        now = self.clock.now()
        plan = Plan(f"{service} 1.4.2 → 1.4.1", "1.4.2", "1.4.1", "diff", "abc")
        run = Run("rollback", ActionKind.ROLLBACK, service, {}, plan, by.key, now, now + 48 * HOUR, "hash")
        with self.engine.store.write() as tx:
            tx.runs.add(run)

    def silenced(self, service: str, hid: Severity) -> None:
        now = self.clock.now()
        signal = Signal("hidden", SignalKind.ALERT, service, hid, now, now, "5xx above 2 %")
        with self.engine.store.write() as tx:
            made = tx.silences.add(Silence((Matcher("service", service),), ANA.key, "load test", now, now + 48 * HOUR))
            tx.silences.hide("silence", str(made.id), replace(signal, service=service), now)

    def knows(self, person: Person, name: str, timezone: str) -> None:
        with self.engine.store.write() as tx:
            tx.people.note(Known(person.key, name, timezone), self.clock.now())

    # -- what is told

    def notices(self, template: str = "digest") -> list[Notice]:
        with self.engine.store.read() as tx:
            due = tx.outbox.due(datetime.max.replace(tzinfo=UTC), 10_000)
        return [d.notice for d in due if d.notice.template == template]

    def told_keys(self) -> list[str]:
        return [notice.key for notice in self.notices()]

    def told(self, root: Notice) -> Sequence[Message]:
        """A digest and what stands in its thread, as they are worded now."""
        parts = [n for part in ("digest_noise", "digest_more", "digest_health") for n in self.notices(part)]
        thread = [n for n in parts if n.thread_of == root.key]
        return [RENDERER.render(n.template, self.engine.reading.page(n)) for n in (root, *thread)]
