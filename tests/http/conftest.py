"""A client on the routes, over an engine that remembers what it was told."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import pytest

from bot.changes.model import Change
from bot.clock import Clock, HeldClock
from bot.engine.events import Outcome
from bot.engine.ledger import Ledger
from bot.engine.log_ports import LogBus
from bot.engine.metered import Kept
from bot.engine.ports import Store, Transaction
from bot.logs.record import LogRecord
from bot.logs.redact import Redactor
from bot.settings import Settings
from bot.sources.model import Heard as HeardEvents
from bot.sources.model import MetricPoint, PagerSaid
from handlers.http import application

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Taken:
    lines: int
    duplicate: bool


@dataclass(slots=True)
class Ingest:
    """Remembers each batch; `problem` is raised instead."""

    records: list[LogRecord] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    problem: Exception | None = None

    def take(self, records: Sequence[LogRecord], key: str = "") -> Taken:
        if self.problem is not None:
            raise self.problem
        if key and key in self.keys:
            return Taken(len(records), True)
        self.keys.append(key)
        self.records.extend(records)
        return Taken(len(records), False)

    @property
    def texts(self) -> list[str]:
        return [record.text for record in self.records]


@dataclass(slots=True)
class Changes:
    changes: dict[str, Change] = field(default_factory=dict)

    def report(self, change: Change) -> Change | None:
        if change.key in self.changes:
            return None
        self.changes[change.key] = change
        return change


@dataclass(slots=True)
class Events:
    """Remembers what was heard."""

    heard: list[HeardEvents] = field(default_factory=list)

    def hear(self, source: str, heard: HeardEvents, delivery: str = "") -> Outcome:
        self.heard.append(heard)
        return Outcome()


@dataclass(slots=True)
class Uptime:
    beats: list[tuple[str, str]] = field(default_factory=list)

    def beat(self, name: str, said: str = "") -> None:
        self.beats.append((name, said))


@dataclass(slots=True)
class AwayStore:
    """A database that does not answer."""

    def read(self) -> AbstractContextManager[Transaction]:
        raise OSError("connection refused")

    def write(self) -> AbstractContextManager[Transaction]:
        raise OSError("connection refused")


class NoPagers:
    def hear(self, said: Iterable[PagerSaid]) -> int:
        raise AssertionError("no pager is told of anything here")


class NoMetrics:
    def take(self, points: Sequence[MetricPoint]) -> Kept:
        raise AssertionError("no metric is sent here")


@dataclass(slots=True)
class Heard:
    """An engine of which only what it was told matters."""

    clock: Clock = field(default_factory=lambda: HeldClock(NOW))
    store: Store = field(default_factory=AwayStore)
    ingest: Ingest = field(default_factory=Ingest)
    changes: Changes = field(default_factory=Changes)
    events: Events = field(default_factory=Events)
    uptime: Uptime = field(default_factory=Uptime)
    pagers: NoPagers = field(default_factory=NoPagers)
    metered: NoMetrics = field(default_factory=NoMetrics)
    ledger: Ledger = field(init=False)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.store, self.clock, Redactor())


@pytest.fixture
def heard() -> Heard:
    return Heard()


def client_of(
    heard: Heard, peer: str = "127.0.0.1", bus: LogBus | None = None, **settings: object
) -> httpx.AsyncClient:
    app = application(heard, Settings.model_validate({"http": settings}), bus=bus)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(peer, 50123))
    return httpx.AsyncClient(transport=transport, base_url="http://tocsin")


@pytest.fixture
async def client(heard: Heard) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(heard) as made:
        yield made
