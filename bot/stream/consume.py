"""How does a worker count what is on the bus, each batch once?

The position stands in the database and moves in the transaction that counts, fenced by the lease: a worker that is
killed, frozen or replaced at any moment neither loses nor doubles a batch. The bus is asked from the position on, and
trimmed after the commit. A hole in the bus is written down and told; it never passes in silence.
"""

import asyncio
import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.clock import Clock
from bot.engine.ports import AuditEntry, Lease, Notice, Store, Transaction
from bot.errors import ConnectorError, InputError, Stale, StoreError
from bot.logs.record import LogRecord
from bot.settings import Settings
from bot.stream.batch import decode
from bot.stream.bus import Bus
from bot.stream.errors import BatchesLost
from bot.stream.partition import PARTITIONS

log = logging.getLogger(__name__)

BATCHES_MAX = 64
"""In one transaction: about 32,000 lines, half a second of mining."""
LEASE_FOR = timedelta(seconds=15)
POLL_S = 0.3
LOOK_EVERY = timedelta(seconds=30)
"""Also when nothing seems to be new, every partition is looked at so often: that finds what was lost."""


class TakesFromBus(Protocol):
    def take_from_bus(
        self, partition: int, batches: Sequence[tuple[int, str, Sequence[LogRecord]]], lease: Lease
    ) -> int: ...
    def forget_all(self) -> None: ...


class CountingEngine(Protocol):
    """What the worker needs of the engine."""

    @property
    def clock(self) -> Clock: ...
    @property
    def store(self) -> Store: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def ingest(self) -> TakesFromBus: ...


@dataclass(frozen=True, slots=True)
class Consumed:
    """`lost`: batches were missing and that was written down. `more`: there may be further batches at once."""

    batches: int = 0
    lines: int = 0
    lost: bool = False
    more: bool = False


def consume_once(bus: Bus, engine: CountingEngine, partition: int, lease: Lease, limit: int = BATCHES_MAX) -> Consumed:
    """Counts the next batches of `partition`. Raises `Stale` when `lease` is lost, `ConnectorError` when the bus is
    away; nothing is counted then.
    """
    with engine.store.read() as transaction:
        position = transaction.leases.position(partition)
        known = transaction.records.recall(_identity_key(partition))
    identity = bus.identity()
    if known not in ("", identity):
        told = f"partition {partition} was counted up to {position} of a bus that is gone ({known})"
        _move(engine, partition, lease, position, 0, identity, told, 0)
        return Consumed(lost=True, more=True)
    try:
        found = bus.read(partition, position + 1, limit)
    except BatchesLost as error:
        _move(engine, partition, lease, position, error.first_seq - 1, bus.identity(), str(error), error.lost)
        return Consumed(lost=True, more=True)
    if not found:
        return Consumed()
    if not known:
        _meet(engine, partition, lease, identity)
    batches = [(seq, key, _records(engine, partition, seq, batch)) for seq, key, batch in found]
    lines = engine.ingest.take_from_bus(partition, batches, lease)
    bus.trim(partition, found[-1][0])
    return Consumed(batches=len(found), lines=lines, more=len(found) == limit)


def _meet(engine: CountingEngine, partition: int, lease: Lease, identity: str) -> None:
    """From now on it is known in which bus the position of `partition` is."""
    with engine.store.write() as transaction:
        transaction.leases.advance(partition, transaction.leases.position(partition), lease)
        transaction.records.remember(_identity_key(partition), identity)


def _move(
    engine: CountingEngine, partition: int, lease: Lease, seen: int, position: int, identity: str, told: str, lost: int
) -> None:
    """Writes down what is missing and goes on behind it, unless another worker has moved the position meanwhile."""
    now = engine.clock.now()
    with engine.store.write() as transaction:
        if transaction.leases.position(partition) != seen:
            return
        transaction.leases.advance(partition, position, lease)
        transaction.records.remember(_identity_key(partition), identity)
        facts = {"told": told, "lost": str(lost) if lost else "", "from": str(seen), "to": str(position)}
        _tell(engine, transaction, AuditEntry(now, "", "batches_lost", f"partition:{partition}", facts))
    log.error("batches that were accepted are missing: %s", told)


def _records(engine: CountingEngine, partition: int, seq: int, batch: bytes) -> list[LogRecord]:
    """The batch's records; none when it cannot be read, which is written down too."""
    try:
        return decode(batch)
    except InputError as error:
        log.error("batch %d of partition %d is left out: %s", seq, partition, error)
        with engine.store.write() as transaction:
            facts = {"told": str(error), "seq": str(seq)}
            entry = AuditEntry(engine.clock.now(), "", "batch_unreadable", f"partition:{partition}", facts)
            _tell(engine, transaction, entry)
        return []


def _tell(engine: CountingEngine, transaction: Transaction, entry: AuditEntry) -> None:
    """Into the audit, and to the people: from now on counts may be too low."""
    transaction.records.audit(entry)
    place = entry.facts.get("seq") or entry.facts.get("to", "")
    key = f"bus:{entry.subject}:{place}:{int(entry.at.timestamp())}"
    facts = {"kind": entry.what, "by": "", "lost": entry.facts.get("lost", ""), "told": entry.facts["told"]}
    transaction.outbox.put(Notice(key, "line", engine.settings.slack.channel, facts), entry.at)


def _identity_key(partition: int) -> str:
    return f"bus:{partition}:identity"


async def consume(bus: Bus, engine: CountingEngine, holder: str) -> None:
    """Counts what is on the bus in every partition this worker gets hold of, until cancelled."""
    worker = Worker(bus, engine, holder)
    try:
        while True:
            try:
                busy = await asyncio.to_thread(worker.round)
            except (ConnectorError, StoreError) as error:
                log.error("nothing can be counted at the moment: %s", error)
                busy = False
            if not busy:
                await asyncio.sleep(POLL_S)
    finally:
        with suppress(StoreError):
            await asyncio.to_thread(worker.release)


class Worker:
    """Takes every free partition; another worker gets those whose lease ran out or was let go."""

    def __init__(self, bus: Bus, engine: CountingEngine, holder: str) -> None:
        self._bus, self._engine, self._holder = bus, engine, holder
        self._leases: dict[int, Lease] = {}
        self._renew_at: datetime | None = None
        self._look_at: datetime | None = None
        self._seen = ""
        self._turn = threading.Lock()

    def round(self) -> bool:
        """Counts the next batches of each partition. False when there was nothing to do."""
        with self._turn:
            return self._round()

    def _round(self) -> bool:
        self._renew()
        now = self._engine.clock.now()
        mark = self._bus.mark()
        if mark == self._seen and self._look_at is not None and now < self._look_at:
            return False
        busy = [self._consume(partition) for partition in list(self._leases)]
        if not any(busy):
            self._seen, self._look_at = mark, now + LOOK_EVERY
        return any(busy)

    def release(self) -> None:
        """After the round that may be going on: so that another worker need not wait for the leases to run out."""
        with self._turn, self._engine.store.write() as transaction:
            for lease in self._leases.values():
                transaction.leases.release(lease.name, lease.holder)
            self._leases.clear()
            self._renew_at = None

    def _consume(self, partition: int) -> bool:
        self._renew()
        lease = self._leases.get(partition)
        if lease is None:
            return False
        try:
            consumed = consume_once(self._bus, self._engine, partition, lease)
        except Stale:
            log.warning("partition %d is another worker's now", partition)
            self._leases.pop(partition, None)
            return False
        return consumed.batches > 0 or consumed.more

    def _renew(self) -> None:
        """The leases, every third of their length. With a new one, templates may have been mined by somebody else."""
        now = self._engine.clock.now()
        if self._renew_at is not None and now < self._renew_at:
            return
        before = {partition: lease.epoch for partition, lease in self._leases.items()}
        with self._engine.store.write() as transaction:
            names = [(partition, f"partition:{partition}") for partition in range(PARTITIONS)]
            taken = [(p, transaction.leases.take(name, self._holder, now, now + LEASE_FOR)) for p, name in names]
        self._leases = {partition: lease for partition, lease in taken if lease is not None}
        self._renew_at = now + LEASE_FOR / 3
        if any(before.get(partition) != lease.epoch for partition, lease in self._leases.items()):
            self._engine.ingest.forget_all()
            self._look_at = None
