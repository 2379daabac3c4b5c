"""How is the database opened, and what is a transaction?

SQLite: WAL, `synchronous=FULL`, one writer at a time (`BEGIN IMMEDIATE`), foreign keys on. PostgreSQL: read committed;
conditional updates guard what several processes touch. `sqlite://` (in memory) is one connection behind a lock.
Audit entries are sealed before each commit.
"""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.pool import StaticPool

from bot.engine.audit import seal
from bot.errors import StoreError
from bot.store.audit import AuditTable
from bot.store.calling import CallTable
from bot.store.changes import ChangeTable
from bot.store.incidents import IncidentTable
from bot.store.leases import LeaseTable
from bot.store.lessons import LessonTable
from bot.store.life import MarkTable, RoleTable, RoomTable, TaskTable, UpdateTable
from bot.store.locks import LockTable
from bot.store.logs import LogTable
from bot.store.mixes import MixTable
from bot.store.outbox import OutboxTable
from bot.store.pagers import PagerTable
from bot.store.people import PeopleTable
from bot.store.records import RecordTable
from bot.store.remedies import RemedyTable
from bot.store.rhythms import RhythmTable
from bot.store.runs import RunTable
from bot.store.second_factors import SecondFactorTable
from bot.store.sensitivity import SensitivityTable
from bot.store.sessions import SessionTable
from bot.store.signals import SignalTable
from bot.store.silences import SilenceTable
from bot.store.sources import SourceTable
from bot.store.subscriptions import SubscriptionTable
from bot.store.tickets import TicketTable
from bot.store.watched import WatchTable

_BUSY_TIMEOUT_S = 15


@dataclass(frozen=True, slots=True)
class SqlTransaction:
    """The groups of rows, all on one connection and in one transaction."""

    logs: LogTable
    changes: ChangeTable
    signals: SignalTable
    incidents: IncidentTable
    runs: RunTable
    outbox: OutboxTable
    records: RecordTable
    leases: LeaseTable
    watched: WatchTable
    sensitivity: SensitivityTable
    silences: SilenceTable
    lessons: LessonTable
    sources: SourceTable
    audit: AuditTable
    locks: LockTable
    subscriptions: SubscriptionTable
    people: PeopleTable
    calls: CallTable
    pagers: PagerTable
    roles: RoleTable
    updates: UpdateTable
    tasks: TaskTable
    rooms: RoomTable
    marks: MarkTable
    remedies: RemedyTable
    second_factors: SecondFactorTable
    rhythms: RhythmTable
    mixes: MixTable
    tickets: TicketTable
    sessions: SessionTable
    connection: Connection


class Database:
    """Fulfils `bot.engine.ports.Store`."""

    def __init__(self, url: str) -> None:
        self.engine = _open(url)
        in_memory = self.engine.dialect.name == "sqlite" and self.engine.url.database in (None, "", ":memory:")
        lock: AbstractContextManager[Any] = threading.RLock()
        self._write_lock = lock if self.engine.dialect.name == "sqlite" else nullcontext()
        self._read_lock = lock if in_memory else nullcontext()

    @contextmanager
    def write(self) -> Iterator[SqlTransaction]:
        with self._write_lock, _worded_errors(), self.engine.connect() as connection:
            connection = connection.execution_options(tocsin_write=True)
            with connection.begin():
                transaction = self._transaction(connection)
                yield transaction
                if transaction.records.noted:
                    seal(transaction.audit, transaction.audit.entries(transaction.records.noted))

    @contextmanager
    def read(self) -> Iterator[SqlTransaction]:
        with self._read_lock, _worded_errors(), self.engine.connect() as connection, connection.begin():
            yield self._transaction(connection)

    def close(self) -> None:
        """In memory there is one connection: whoever is using it comes to an end first."""
        with self._read_lock:
            self.engine.dispose()

    def _transaction(self, connection: Connection) -> SqlTransaction:
        return SqlTransaction(
            LogTable(connection),
            ChangeTable(connection),
            SignalTable(connection),
            IncidentTable(connection),
            RunTable(connection),
            OutboxTable(connection),
            RecordTable(connection),
            LeaseTable(connection),
            WatchTable(connection),
            SensitivityTable(connection),
            SilenceTable(connection),
            LessonTable(connection),
            SourceTable(connection),
            AuditTable(connection),
            LockTable(connection),
            SubscriptionTable(connection),
            PeopleTable(connection),
            CallTable(connection),
            PagerTable(connection),
            RoleTable(connection),
            UpdateTable(connection),
            TaskTable(connection),
            RoomTable(connection),
            MarkTable(connection),
            RemedyTable(connection),
            SecondFactorTable(connection),
            RhythmTable(connection),
            MixTable(connection),
            TicketTable(connection),
            SessionTable(connection),
            connection,
        )


def _open(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(f"database: {url!r} is not a database URL such as sqlite:///tocsin.db") from error
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise StoreError(f"database: {parsed.get_backend_name()} is not supported; use SQLite or PostgreSQL")
    if parsed.get_backend_name() == "postgresql":
        return create_engine(parsed, pool_pre_ping=True, pool_size=10)
    return _open_sqlite(parsed)


def _open_sqlite(url: Any) -> Engine:
    options: dict[str, Any] = {"connect_args": {"check_same_thread": False, "timeout": _BUSY_TIMEOUT_S}}
    if url.database in (None, "", ":memory:"):
        options["poolclass"] = StaticPool
    else:
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"database: cannot create the folder of {url.database}: {error.strerror}") from error
    engine = create_engine(url, **options)

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we begin ourselves
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("tocsin_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def _worded_errors() -> Iterator[None]:
    """The database's own complaints, said so that one can act."""
    try:
        yield
    except OperationalError as error:
        raise StoreError(f"the database does not answer as it should: {error.orig}") from error
    except DBAPIError as error:
        raise StoreError(f"the database refused: {error.orig}") from error
