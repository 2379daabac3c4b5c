"""Do the values of a healthy service's lines tell of its trouble, through the whole program?"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.logs.record import LogRecord
from bot.signals.model import Measured, Signal, SignalKind
from tests.scenarios.traffic import Service, shop
from tests.scenarios.world import World


@dataclass
class Queries(Service):
    """Sixty a minute to eight hosts, 80 ms each in the middle."""

    middle: float = 80.0
    one_host: float = 0.0

    def write(self, start: datetime, length: timedelta, rng: random.Random) -> list[LogRecord]:
        records = []
        for n in range(60):
            host = 3 if rng.random() < self.one_host else rng.randint(0, 7)
            took = self.middle * rng.lognormvariate(0, 0.6)
            text = f"query from host=db-{host} took {took:.0f} ms"
            records.append(LogRecord(start + length * (n / 60), self.name, text, "info"))
        return records


def world_with(queries: Queries) -> World:
    return World(services={**shop(), "queries": queries})


def found(world: World) -> list[Signal]:
    with world.engine.store.read() as tx:
        now = world.clock.now()
        signals = tx.signals.between(now - timedelta(hours=2), now + timedelta(minutes=1), "queries")
    return [signal for _, signal in signals if signal.kind is SignalKind.UNUSUAL_VALUES]


def test_a_duration_that_doubled_and_a_host_that_dominates_are_seen_and_do_not_wake_anybody() -> None:
    queries = Queries("queries", [])
    world = world_with(queries)
    world.run(minutes=100)
    assert found(world) == []
    queries.middle = 250
    world.run(minutes=12)
    [slow] = found(world)
    assert slow.evidence.measure is not None
    assert (slow.evidence.measure.what, slow.evidence.measure.subject) == (Measured.LARGER, "took")
    queries.middle, queries.one_host = 80, 0.9
    world.run(minutes=12)
    dominated = found(world)[-1]
    assert dominated.evidence.measure is not None
    assert dominated.evidence.measure.parts == (("value", "db-3"),)
    assert world.incidents() == []
