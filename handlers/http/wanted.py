"""What do the routes need of the engine?"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from bot.changes.model import Change
from bot.clock import Clock
from bot.engine.events import Outcome
from bot.engine.ledger import Ledger
from bot.engine.metered import Kept
from bot.engine.ports import Store
from bot.logs.record import LogRecord
from bot.sources.model import Heard, MetricPoint, PagerSaid


class Taken(Protocol):
    @property
    def lines(self) -> int: ...
    @property
    def duplicate(self) -> bool: ...


class Ingest(Protocol):
    def take(self, records: Sequence[LogRecord], key: str = "") -> Taken: ...


class Changes(Protocol):
    def report(self, change: Change) -> Change | None: ...


class Events(Protocol):
    def hear(self, source: str, heard: Heard, delivery: str = "") -> Outcome: ...


class Pagers(Protocol):
    def hear(self, said: Iterable[PagerSaid]) -> int: ...


class Uptime(Protocol):
    def beat(self, name: str, said: str = "") -> None: ...


class Metered(Protocol):
    def take(self, points: Sequence[MetricPoint]) -> Kept: ...


class Engine(Protocol):
    @property
    def clock(self) -> Clock: ...
    @property
    def store(self) -> Store: ...
    @property
    def ingest(self) -> Ingest: ...
    @property
    def changes(self) -> Changes: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def events(self) -> Events: ...
    @property
    def uptime(self) -> Uptime: ...
    @property
    def metered(self) -> Metered: ...
    @property
    def pagers(self) -> Pagers: ...
