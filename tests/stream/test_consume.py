"""Does every batch on the bus count once, whatever happens?"""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from bot.clock import HeldClock
from bot.engine.ports import Lease
from bot.engine.whole import Engine
from bot.errors import Stale
from bot.stream.batch import encode
from bot.stream.bus import Bus
from bot.stream.consume import Worker, consume, consume_once
from bot.stream.partition import partition_of
from bot.stream.publish import publish
from tests.stream.builders import NOW, SHAPES, records, shaped

PARTITION = partition_of("checkout")


def lease(engine: Engine, holder: str = "w1", seconds: float = 60) -> Lease:
    now = engine.clock.now()
    with engine.store.write() as tx:
        taken = tx.leases.take(f"partition:{PARTITION}", holder, now, now + timedelta(seconds=seconds))
    assert taken is not None
    return taken


def lines(engine: Engine) -> int:
    with engine.store.read() as tx:
        return sum(service.lines for service in tx.logs.services())


def counted(engine: Engine, service: str) -> Counter[str]:
    """Template text → lines counted."""
    found: Counter[str] = Counter()
    with engine.store.read() as tx:
        counts = tx.logs.counts(service, NOW - timedelta(hours=1), NOW + timedelta(hours=1))
        rows = tx.logs.templates(counts)
    for template_id, windows in counts.items():
        found[rows[template_id].text] += sum(windows.values())
    return found


def drain(bus: Bus, engine: Engine, held: Lease) -> None:
    while consume_once(bus, engine, PARTITION, held).more:
        pass
    while consume_once(bus, engine, PARTITION, held).batches:
        pass


def told_lost(engine: Engine) -> list[str]:
    """What the audit holds, and the channel is told."""
    with engine.store.read() as tx:
        found = [entry.what for entry in tx.records.audit_of(f"partition:{PARTITION}")]
        told = [due.notice.facts["kind"] for due in tx.outbox.due(engine.clock.now(), 100)]
    assert sorted(told) == sorted(found)
    return found


def test_what_was_published_is_counted_and_trimmed(bus: Bus, engine: Engine) -> None:
    for number in range(10):
        publish(bus, "checkout", f"k{number}", shaped(number, 100, service="checkout"))
    drain(bus, engine, lease(engine))
    assert counted(engine, "checkout") == Counter(dict.fromkeys(SHAPES, 200))
    with engine.store.read() as tx:
        assert bus.lag(PARTITION, tx.leases.position(PARTITION)) == 0
    assert told_lost(engine) == []


def test_a_batch_that_is_published_again_after_it_was_counted_counts_once(bus: Bus, engine: Engine) -> None:
    held = lease(engine)
    for _ in range(3):
        publish(bus, "checkout", "same", records(40))
        drain(bus, engine, held)
    assert lines(engine) == 40


def test_a_worker_that_lost_its_lease_counts_nothing(bus: Bus, engine: Engine) -> None:
    publish(bus, "checkout", "k", records(10))
    old = lease(engine, seconds=5)
    drain(bus, engine, old)
    publish(bus, "checkout", "k2", records(10))
    assert isinstance(engine.clock, HeldClock)
    engine.clock.advance(timedelta(seconds=10))
    new = lease(engine, "w2")
    with pytest.raises(Stale):
        consume_once(bus, engine, PARTITION, old)
    assert lines(engine) == 10
    drain(bus, engine, new)
    assert lines(engine) == 20


def test_lost_batches_are_written_down_and_the_rest_is_counted(bus: Bus, engine: Engine) -> None:
    held = lease(engine)
    publish(bus, "checkout", "k0", records(5))
    drain(bus, engine, held)
    for number in range(1, 5):
        publish(bus, "checkout", f"k{number}", records(5))
    with engine.store.read() as tx:
        position = tx.leases.position(PARTITION)
    seqs = [seq for seq, _, _ in bus.read(PARTITION, position + 1, 9)]
    bus.trim(PARTITION, seqs[2])
    drain(bus, engine, held)
    assert told_lost(engine) == ["batches_lost"]
    assert lines(engine) in (10, 15)  # NATS keeps the last trimmed batch, which is then counted too


def test_a_batch_that_cannot_be_read_is_written_down_and_its_neighbours_count(bus: Bus, engine: Engine) -> None:
    publish(bus, "checkout", "k0", records(5))
    bus.publish(PARTITION, "broken", b"\x00\xffnonsense")
    bus.publish(PARTITION, "bomb", encode(records(5))[:-9])
    publish(bus, "checkout", "k1", records(5))
    drain(bus, engine, lease(engine))
    assert lines(engine) == 10
    assert told_lost(engine) == ["batch_unreadable", "batch_unreadable"]


def test_a_worker_takes_every_partition_and_another_waits(bus: Bus, engine: Engine) -> None:
    services = [f"service{n}" for n in range(12)]
    for service in services:
        publish(bus, service, service, records(7, service=service))
    first, second = Worker(bus, engine, "w1"), Worker(bus, engine, "w2")
    while first.round():
        pass
    assert lines(engine) == 7 * len(services)
    publish(bus, "checkout", "later", records(3))
    assert not second.round()
    assert first.round()
    first.release()
    publish(bus, "checkout", "last", records(3))
    assert isinstance(engine.clock, HeldClock)
    engine.clock.advance(timedelta(seconds=6))
    while second.round():
        pass
    assert lines(engine) == 7 * len(services) + 6
    assert told_lost(engine) == []


async def test_a_worker_that_is_stopped_lets_go_of_its_partitions(bus: Bus, engine: Engine) -> None:
    publish(bus, "checkout", "k", records(5))
    working = asyncio.ensure_future(consume(bus, engine, "w1"))
    for _ in range(500):
        if await asyncio.to_thread(lines, engine):
            break
        await asyncio.sleep(0.02)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert lines(engine) == 5
    assert lease(engine, "w2").holder == "w2"
