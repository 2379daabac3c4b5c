"""How does a plan go through the whole program? Minute by minute, on a clock that is moved; what is told is noted."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.clock import HeldClock
from bot.engine.pages import IncidentPage
from bot.engine.ports import DueNotice, Posted
from bot.engine.whole import Engine
from bot.main import build_engine
from bot.settings import Settings
from bot.simulation.plan import Plan
from bot.simulation.writing import Minute, Writing

_DUE_AT_ONCE = 200


@dataclass(slots=True)
class Told:
    """`messages`: each incident's first message, with the page it showed. `signals`: how many were raised in all."""

    messages: dict[int, tuple[datetime, IncidentPage]] = field(default_factory=dict)
    lines: int = 0
    signals: int = 0


def settings_of(plan: Plan, *, is_declared: bool = True) -> Settings:
    """The graph as a `tocsin.toml` would declare it, or no graph at all."""
    nodes = plan.estate.nodes.values()
    services = {n.name: {"depends_on": list(n.depends_on) if is_declared else []} for n in nodes}
    return Settings.model_validate({"services": services, "digest": {"enabled": False}})


class Drive:
    def __init__(self, plan: Plan, *, is_declared: bool = True) -> None:
        self.plan = plan
        self.clock = HeldClock(plan.begin)
        settings = settings_of(plan, is_declared=is_declared)
        self.engine: Engine = build_engine(settings, clock=self.clock, database_url="sqlite://", executors={})
        self.told = Told()

    def run(self) -> Told:
        for minute in Writing(self.plan).minutes():
            self._step(minute)
        return self.told

    def _step(self, minute: Minute) -> None:
        for change in minute.changes:
            self.clock.move_to(change.at)
            self.engine.changes.report(change)
        self.clock.move_to(minute.end)
        if minute.records:
            self.engine.ingest.take(sorted(minute.records, key=lambda record: record.at))
        self.told.signals += self.engine.signals.report(minute.signals)
        self.clock.advance(timedelta(seconds=self.engine.settings.detection.grace_s))
        self.told.signals += self.engine.checks.run()
        self.engine.mixes.run()
        self.engine.sessions.run()
        self._deliver()

    def _deliver(self) -> None:
        now = self.clock.now()
        while due := self._due(now):
            for notice in due:
                page = self.engine.reading.page(notice.notice)
                if isinstance(page, IncidentPage):
                    self.told.messages.setdefault(page.incident.id, (now, page))
                else:
                    self.told.lines += 1
                with self.engine.store.write() as tx:
                    tx.outbox.sending(notice.id)
                    tx.outbox.sent(notice, Posted(notice.notice.key, notice.notice.channel, str(notice.id)), now)

    def _due(self, now: datetime) -> list[DueNotice]:
        with self.engine.store.read() as tx:
            return tx.outbox.due(now, _DUE_AT_ONCE)
