"""Tocsin and a system of tickets in simulated time: what stands there, and what people did here.

with office("jira") as made:
    incident = made.declare()
    made.run()
    assert made.ticket()["fields"]["summary"] == "INC-1 checkout: checkout is down"
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from bot.clock import HeldClock
from bot.engine.whole import Engine
from bot.incidents.life import Ticket
from bot.incidents.model import Incident
from bot.main import build_engine
from bot.people import Person
from bot.settings import Settings
from bot.signals.severity import Severity
from bot.store.database import Database
from tests.connectors.bench_tickets import TICKETS
from tests.connectors.fake_tickets import FakeTickets
from tests.connectors.faulty import Faulty, served

ANA, BEN = Person("T1", "UANA"), Person("T1", "UBEN")
STEP = timedelta(seconds=10)
STATES: Mapping[str, Mapping[str, str]] = {
    "jira": {"acknowledged": "In Progress", "resolved": "Done", "reopened": "In Progress"},
    "servicenow": {"acknowledged": "In Progress", "resolved": "Resolved", "reopened": "In Progress"},
    "statuspage": {"acknowledged": "identified", "resolved": "resolved", "reopened": "investigating"},
}
_MORE: Mapping[str, Mapping[str, str]] = {"servicenow": {"close_code": "Solved (Permanently)"}}
_PUBLIC = {"title": "Problems with {service}", "text": "We are looking into it.", "comments": ["updates"]}
_INSIDE = {"comments": ["updates", "severity", "steps", "actions"]}


class Office:
    engine: Engine

    def __init__(self, kind: str, fake: FakeTickets, faulty: Faulty, database_url: str, section: Any) -> None:
        self.kind, self.fake, self.faulty, self.database_url = kind, fake, faulty, database_url
        self.settings = Settings.model_validate(settings_of(kind, faulty.url, **section))
        self.clock = HeldClock(datetime(2026, 3, 18, 10, 0, tzinfo=UTC))
        self.there = len(fake.tickets)
        self.restart()

    def restart(self) -> None:
        """A new process on the same database: in memory, on the very same one."""
        before = getattr(self, "engine", None)
        in_memory = before.store if before is not None and self.database_url == "sqlite://" else None
        self.engine = self.another(cast(Database | None, in_memory))
        if before is not None:  # templates are compiled once
            self.engine.tickets._words = before.tickets._words

    def another(self, store: Database | None = None) -> Engine:
        return build_engine(
            self.settings, clock=self.clock, database_url=self.database_url, store=store, executors={}, team="T1"
        )

    # -- time

    def run(self, minutes: float = 1) -> None:
        until = self.clock.now() + timedelta(minutes=minutes)
        self.tick()
        while self.clock.now() < until:
            self.clock.move_to(min(until, self.clock.now() + STEP))
            self.tick()

    def tick(self) -> None:
        self.engine.tickets.run()
        while self.engine.tickets.work():
            pass

    # -- what happens

    def declare(self, service: str = "checkout", severity: Severity = Severity.CRITICAL) -> Incident:
        return self.engine.incidents.declare(ANA, service, f"{service} is down", severity)

    # -- what is seen

    @property
    def opened(self) -> list[dict[str, Any]]:
        """The tickets that Tocsin opened there, as they are now."""
        return self.fake.tickets[self.there :]

    @property
    def state(self) -> str:
        """Of the only one."""
        (ticket,) = self.opened
        return str(
            ticket["fields"]["status"]["name"] if self.kind == "jira" else ticket.get("state") or ticket["status"]
        )

    @property
    def notes(self) -> list[str]:
        """What was written to it, without keys."""
        return [note.partition(" (tocsin-")[0] for note in self.fake.notes if not note.isdigit()]

    def row(self, number: int = 1) -> Ticket:
        with self.engine.store.read() as tx:
            return tx.tickets.of(number)[-1]

    def timeline(self, number: int = 1) -> list[str]:
        with self.engine.store.read() as tx:
            return [entry.kind for entry in tx.incidents.timeline(number)]

    def waiting(self) -> int:
        with self.engine.store.read() as tx:
            return tx.tickets.waiting()

    def audited(self, what: str) -> list[str]:
        """By whom."""
        with self.engine.store.read() as tx:
            return [entry.by for entry in tx.records.audit_of("INC-1") if entry.what == what]


def settings_of(kind: str, url: str, **section: Any) -> dict[str, Any]:
    of = TICKETS[kind]
    own = _PUBLIC if kind == "statuspage" else _INSIDE
    target = {**of.where, **_MORE.get(kind, {})}
    ticket = {"connector": "there", "target": target, "opened": "by_itself", "states": STATES[kind], **own, **section}
    return {
        "slack": {"operators": ["UANA", "UBEN"]},
        "http": {"public_url": "https://tocsin.example"},
        "connectors": {"there": {"type": kind, "url": url, "timeout_s": 0.8, **of.options}},
        "tickets": {"ops": ticket},
    }


@contextmanager
def office(kind: str, database_url: str = "sqlite://", **section: Any) -> Iterator[Office]:
    fake = TICKETS[kind].fake()
    with served(fake.answer) as faulty:
        made = Office(kind, fake, faulty, database_url, section)
        yield made
        made.engine.store.close()  # type: ignore[attr-defined]
