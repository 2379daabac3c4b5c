"""A shop with people on call, in simulated time: who was asked, when, and what stands where.

duty = Duty(start="2026-03-28T08:00")
duty.declare()
duty.run(minutes=10)
assert duty.asked() == ["08:00 UANA", "08:05 UBEN"]
"""

import weakref
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from bot.clock import HeldClock
from bot.engine.calling_ports import Pager, PagerEvent
from bot.engine.ports import Notice, Posted
from bot.engine.whole import Engine
from bot.errors import ConnectorError
from bot.incidents.model import Incident
from bot.main import build_engine
from bot.oncall.escalation import Page, PageState
from bot.people import Person
from bot.settings import Settings
from bot.signals.severity import Severity
from bot.store.database import Database

ANA, BEN, CAT = (Person("T1", name) for name in ("UANA", "UBEN", "UCAT"))
STEP = timedelta(seconds=30)
WEEKLY = {"people": ["UANA", "UBEN"], "starts": "2026-03-02", "handover": "09:00"}
SHOP = {"timezone": "Europe/Berlin", "rotations": [WEEKLY]}
LEAD = {"timezone": "Europe/Berlin", "rotations": [{**WEEKLY, "people": ["UCAT"], "name": "lead"}]}
STEPS = [{"schedule": "shop"}, {"schedule": "lead", "wait_minutes": 10}]


class Bell:
    """A pager that remembers; `fails` is what it raises, as long as it stands there."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.fails: list[ConnectorError] = []

    def tell(self, event: PagerEvent, incident: Incident, link: str) -> None:
        if self.fails:
            raise self.fails.pop(0)
        self.told.append((event.action.value, incident.key))


class Duty:
    engine: Engine

    def __init__(
        self,
        *,
        start: str = "2026-03-18T10:00",
        database_url: str = "sqlite://",
        calendars: Mapping[str, str] | None = None,
        **settings: Any,
    ) -> None:
        values: dict[str, Any] = {
            "slack": {"operators": ["UANA", "UBEN", "UCAT"]},
            "oncall": {"shop": SHOP, "lead": LEAD},
            "escalation": {"all": {"steps": STEPS}},
            "pagers": {"main": {"type": "pagerduty", "routing_key": "r" * 32, "people": {"PBEN": "UBEN"}}},
        }
        self.settings = Settings.model_validate(values | settings)
        self.clock = HeldClock(datetime.fromisoformat(start).replace(tzinfo=UTC))
        self.bell = Bell()
        self.calendars: dict[str, str] = dict(calendars or {})
        self.database_url = database_url
        self.restart()

    def restart(self) -> None:
        """A new process on the same database: in memory, on the very same one."""
        pagers: dict[str, Pager] = {"main": self.bell}
        in_memory = self.engine.store if hasattr(self, "engine") and self.database_url == "sqlite://" else None
        self.engine = build_engine(
            self.settings,
            clock=self.clock,
            database_url=self.database_url,
            store=cast(Database | None, in_memory),
            executors={},
            pagers=pagers,
            fetch_calendar=self._fetch,
            team="T1",
        )
        if self.database_url.startswith("postgresql"):
            weakref.finalize(self, self.engine.store.close)  # type: ignore[attr-defined]

    def _fetch(self, url: str) -> str:
        if url not in self.calendars:
            raise ConnectorError(f"{url} answers 500", permanent=False, connector="calendar")
        return self.calendars[url]

    # -- time

    def run(self, minutes: float = 0, *, days: float = 0) -> None:
        until = self.clock.now() + timedelta(minutes=minutes, days=days)
        self.tick()
        while self.clock.now() < until:
            self.clock.move_to(min(until, self.clock.now() + STEP))
            self.tick()

    def tick(self) -> None:
        self.engine.escalations.run()
        self.engine.pagers.run()
        while self.engine.pagers.work():
            pass
        self.engine.oncall.tell_handovers()

    # -- what happens

    def declare(self, service: str = "checkout", severity: Severity = Severity.CRITICAL) -> Incident:
        return self.engine.incidents.declare(CAT, service, f"{service} is down", severity)

    def deliver(self, *, refused: tuple[str, ...] = ()) -> None:
        """The courier's part: what is due stands in Slack, but not with those it refuses."""
        with self.engine.store.write() as tx:
            for due in tx.outbox.due(self.clock.now(), 10_000):
                if due.notice.channel in refused:
                    tx.outbox.sending(due.id)
                    tx.outbox.give_up(due.id, "user_disabled")
                else:
                    tx.outbox.sent(due, Posted(due.notice.key, "C000000001", "1.1"), self.clock.now())

    # -- what is seen

    def pages(self, incident: Incident | None = None) -> list[Page]:
        """Of an incident, or all: in the order in which they were made."""
        with self.engine.store.read() as tx:
            every = [i.id for i in tx.incidents.recent(datetime.min.replace(tzinfo=UTC), 10_000)]
            ids = [incident.id] if incident else every
            found = [page for one in ids for page in tx.calls.every_page(one)]
        return sorted(found, key=lambda page: page.id)

    def asked(self, incident: Incident | None = None) -> list[str]:
        return [f"{page.at:%H:%M} {page.target.rpartition('/')[2]}" for page in self.pages(incident)]

    def states(self) -> list[PageState]:
        return [page.state for page in self.pages()]

    def notices(self, template: str) -> list[Notice]:
        with self.engine.store.read() as tx:
            due = tx.outbox.due(datetime.max.replace(tzinfo=UTC), 100_000)
        return [one.notice for one in due if one.notice.template == template]

    def timeline(self, incident: Incident) -> list[str]:
        with self.engine.store.read() as tx:
            return [entry.kind for entry in tx.incidents.timeline(incident.id)]
