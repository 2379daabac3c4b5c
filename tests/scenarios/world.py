"""A world in simulated time: services that write, people who press, a Slack that remembers, and a clock that is moved.

    world.run(minutes=60)
    world.deploy("checkout", "1.4.2")
    world.service("checkout").faults.append(Line("…", 80, "error"))
    world.run(minutes=3)
    assert world.incidents()[0].service == "checkout"

Everything is the real thing except time: the engine on SQLite in memory, git for deployments.
"""

import random
import weakref
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.changes.model import Change, ChangeKind
from bot.clock import HeldClock
from bot.engine.action_ports import Executor
from bot.incidents.model import Incident
from bot.logs.windows import window_start
from bot.main import build_engine
from bot.people import Person
from bot.settings import Settings
from tests.scenarios.traffic import Service, shop

ANA = Person("T1", "UANA")
BEN = Person("T1", "UBEN")
STRANGER = Person("T1", "UEVE")
BOT = Person("T1", "UBOT", is_bot=True)


class World:
    def __init__(
        self,
        *,
        start: str = "2026-11-16T06:00:00+00:00",
        seed: int = 1,
        window: timedelta = timedelta(minutes=1),
        services: dict[str, Service] | None = None,
        executors: Mapping[str, Executor] | None = None,
        database_url: str = "sqlite://",
        **settings: Any,
    ) -> None:
        self.rng = random.Random(seed)
        self.services = services if services is not None else shop()
        self.window = window
        self.clock = HeldClock(datetime.fromisoformat(start).astimezone(UTC))
        self.settings = _settings(window, self.services, settings)
        self.executors = executors
        self.database_url = database_url
        self.batches = 0
        self.restart()

    def restart(self) -> None:
        """A new process on the same database (which must be a file to be the same)."""
        self.engine = build_engine(
            self.settings, clock=self.clock, database_url=self.database_url, executors=self.executors or {}, team="T1"
        )
        if self.database_url.startswith("postgresql"):
            weakref.finalize(self, self.engine.store.close)  # type: ignore[attr-defined]

    # -- time

    def run(self, minutes: float = 0, *, days: float = 0) -> None:
        """Moves time on, window by window: the services write, the checks run, the digests go out."""
        until = self.clock.now() + timedelta(minutes=minutes, days=days)
        while self.clock.now() + self.window <= until:
            self.step()

    def step(self) -> None:
        start = window_start(self.clock.now(), self.window)
        records = [r for service in self.services.values() for r in service.write(start, self.window, self.rng)]
        self.clock.move_to(start + self.window)
        if records:
            self.batches += 1
            self.engine.ingest.take(records, key=f"world-{self.batches}")
        self.tick()

    def tick(self) -> None:
        """What the schedule and the workers do."""
        self.clock.advance(timedelta(seconds=self.settings.detection.grace_s))
        self.engine.checks.run()
        self.engine.remedies.run()
        self.engine.rhythms.run()
        self.engine.mixes.run()
        self.engine.sessions.run()
        self.engine.events.keep()
        while self.engine.runs.work("world"):
            pass
        self.engine.runs.watch()
        self.engine.runbooks.offer()
        self.engine.digests.send_due()
        self.engine.updates.remind()

    # -- what happens

    def service(self, name: str) -> Service:
        return self.services[name]

    def deploy(self, service: str, version: str, *, previous: str = "", by: str = "ana") -> Change | None:
        at = self.clock.now()
        change = Change(f"{service}-{version}-{at.timestamp()}", ChangeKind.DEPLOY, service, at, version, previous, by)
        return self.engine.changes.report(change)

    # -- what is seen

    def incidents(self) -> list[Incident]:
        """Every incident ever, the oldest first."""
        with self.engine.store.read() as tx:
            return list(reversed(tx.incidents.recent(datetime.min.replace(tzinfo=UTC), 1000)))

    def notices(self, template: str = "") -> list[str]:
        """The keys of what is to be told."""
        with self.engine.store.read() as tx:
            due = tx.outbox.due(datetime.max.replace(tzinfo=UTC), 10_000)
        return [d.notice.key for d in due if not template or d.notice.template == template]

    def timeline(self, incident: Incident) -> list[str]:
        with self.engine.store.read() as tx:
            return [entry.kind for entry in tx.incidents.timeline(incident.id)]


def _settings(window: timedelta, services: Mapping[str, Service], more: Mapping[str, Any]) -> Settings:
    graph = {"web": ("checkout",), "checkout": ("payments",)}
    values: dict[str, Any] = {
        "slack": {"operators": ["UANA", "UBEN"]},
        "services": {name: {"depends_on": [d for d in graph.get(name, ()) if d in services]} for name in services},
        "detection": {"window_s": int(window.total_seconds()), "grace_s": 5},
    }
    for name, section in more.items():
        values[name] = {**values.get(name, {}), **section} if isinstance(section, dict) else section
    return Settings.model_validate(values)
