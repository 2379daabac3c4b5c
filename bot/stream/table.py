"""How do batches travel without a broker? Through a table of the database.

A partition's row hands out its sequences, and is locked until the batch commits: what has the lower number is there
first, so a reader that stands at a number has missed nothing below it.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from bot.stream.errors import BatchesLost, BusFull

BYTES_MAX = 1 << 30
"""Batches waiting in all partitions; beyond this senders are told to wait."""

metadata = MetaData()
bus_partition = Table(
    "bus_partition",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("waiting_bytes", BigInteger, nullable=False),
)
bus_batch = Table(
    "bus_batch",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("key", String(300), nullable=True),
    Column("batch", LargeBinary, nullable=False),
    UniqueConstraint("partition", "key", name="uq_bus_batch_partition_key"),
)


class _Open(Protocol):
    @property
    def connection(self) -> Connection: ...


class Connections(Protocol):
    """Where transactions come from: `bot.store.database.Database`."""

    def write(self) -> AbstractContextManager[_Open]: ...
    def read(self) -> AbstractContextManager[_Open]: ...


class TableBus:
    """Fulfils `bot.stream.bus.Bus`. Its tables come with the database's migrations."""

    def __init__(self, database: Connections, *, bytes_max: int = BYTES_MAX) -> None:
        self._database = database
        self._bytes_max = bytes_max

    def publish(self, partition: int, key: str, batch: bytes) -> None:
        with self._database.write() as opened:
            seq = _next_seq(opened.connection, partition, len(batch))
            if key and _is_there(opened.connection, partition, key):
                _give_back(opened.connection, partition, len(batch))
                return
            waiting = int(opened.connection.execute(select(func.sum(bus_partition.c.waiting_bytes))).scalar_one())
            if waiting > self._bytes_max:
                raise BusFull(f"{waiting >> 20} MB of batches wait in the table for a worker", connector="table")
            row = {"partition": partition, "seq": seq, "key": key or None, "batch": batch}
            opened.connection.execute(insert(bus_batch), row)

    def read(self, partition: int, from_seq: int, limit: int) -> list[tuple[int, str, bytes]]:
        query = (
            select(bus_batch.c.seq, bus_batch.c.key, bus_batch.c.batch)
            .where(bus_batch.c.partition == partition, bus_batch.c.seq >= from_seq)
            .order_by(bus_batch.c.seq)
            .limit(limit)
        )
        with self._database.read() as opened:
            last_seq = _last_seq(opened.connection, partition)  # first: batches that come meanwhile are no hole
            rows = [(row.seq, row.key or "", row.batch) for row in opened.connection.execute(query)]
        return rows[: _unbroken(partition, from_seq, [seq for seq, _, _ in rows], last_seq)]

    def trim(self, partition: int, upto_seq: int) -> None:
        batches = (bus_batch.c.partition == partition) & (bus_batch.c.seq <= upto_seq)
        with self._database.write() as opened:
            query = select(func.coalesce(func.sum(func.length(bus_batch.c.batch)), 0)).where(batches)
            size = opened.connection.execute(query).scalar_one()
            opened.connection.execute(delete(bus_batch).where(batches))
            _grow(opened.connection, partition, -size)

    def lag(self, partition: int, position: int) -> int:
        with self._database.read() as opened:
            return max(0, _last_seq(opened.connection, partition) - position)

    def identity(self) -> str:
        return "table"  # in the same database as the positions: made anew, both are

    def mark(self) -> str:
        with self._database.read() as opened:
            return str(opened.connection.execute(select(func.sum(bus_partition.c.last_seq))).scalar_one())

    def close(self) -> None:
        """The database is the store's to close."""


def _next_seq(connection: Connection, partition: int, size: int) -> int:
    """The partition's next number. Its row is locked by this until the transaction ends."""
    new = postgresql.insert(bus_partition) if connection.dialect.name == "postgresql" else sqlite.insert(bus_partition)
    changed = {"last_seq": bus_partition.c.last_seq + 1, "waiting_bytes": bus_partition.c.waiting_bytes + size}
    statement = new.on_conflict_do_update(index_elements=["partition"], set_=changed).returning(
        bus_partition.c.last_seq
    )
    row = {"partition": partition, "last_seq": 1, "waiting_bytes": size}
    return int(connection.execute(statement, row).scalar_one())


def _is_there(connection: Connection, partition: int, key: str) -> bool:
    query = select(bus_batch.c.seq).where(bus_batch.c.partition == partition, bus_batch.c.key == key)
    return connection.execute(query).first() is not None


def _give_back(connection: Connection, partition: int, size: int) -> None:
    row = bus_partition.c.partition == partition
    changed = {"last_seq": bus_partition.c.last_seq - 1, "waiting_bytes": bus_partition.c.waiting_bytes - size}
    connection.execute(update(bus_partition).where(row).values(changed))


def _grow(connection: Connection, partition: int, size: int) -> None:
    row = bus_partition.c.partition == partition
    changed = {"waiting_bytes": bus_partition.c.waiting_bytes + size}
    connection.execute(update(bus_partition).where(row).values(changed))


def _last_seq(connection: Connection, partition: int) -> int:
    query = select(bus_partition.c.last_seq).where(bus_partition.c.partition == partition)
    return int(connection.execute(query).scalar_one_or_none() or 0)


def _unbroken(partition: int, from_seq: int, seqs: Sequence[int], last_seq: int) -> int:
    """How many of `seqs` follow on `from_seq` without a hole. Raises `BatchesLost` when the very first is missing."""
    if from_seq > last_seq + 1:
        message = f"partition {partition} should go on at {from_seq}, but the table was made anew"
        raise BatchesLost(message, lost=0, first_seq=1, connector="table")
    count = next((index for index, seq in enumerate(seqs) if seq != from_seq + index), len(seqs))
    if count == 0 and from_seq <= last_seq:
        first = seqs[0] if seqs else last_seq + 1
        message = f"partition {partition} should go on at {from_seq}, but {first - from_seq} batches are gone"
        raise BatchesLost(message, lost=first - from_seq, first_seq=first, connector="table")
    return count
