"""Is a week-end, and the Monday after it, no news once it is known, and a real drop news?"""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.logs.record import LogRecord
from bot.logs.windows import window_start
from bot.signals.model import Signal, SignalKind
from tests.scenarios.traffic import Service
from tests.scenarios.world import World

HOUR = timedelta(hours=1)
RATES = (SignalKind.RATE_UP, SignalKind.RATE_DOWN)


@dataclass
class Office(Service):
    """Thirty lines an hour on working days, day and night; one at the week-end. Sixty of a batch on Mondays at
    nine. `down`: nothing but the batch is written in it."""

    down: list[tuple[datetime, datetime]] = field(default_factory=list)

    def write(self, start: datetime, length: timedelta, rng: random.Random) -> list[LogRecord]:
        is_down = any(since <= start < until for since, until in self.down)
        count = 0 if is_down else 1 if start.weekday() >= 5 else rng.randint(25, 35)
        texts = [f"ticket {rng.randint(1, 9_999)} answered" for _ in range(count)]
        if start.weekday() == 0 and start.hour == 9:
            texts += [f"report {rng.randint(1, 9_999)} mailed" for _ in range(60)]
        return [LogRecord(start + length * rng.random(), self.name, text, "info") for text in sorted(texts)]


def world_of(office: Office) -> World:
    """From a Monday on."""
    return World(
        start="2026-10-05T00:00:00+00:00",
        window=HOUR,
        services={office.name: office},
        detection={"history_minutes": 1_440, "learning_minutes": 120},
        digest={"enabled": False, "timezone": "UTC"},
        incidents={"quiet_minutes": 60},
    )


def rates(world: World, days: float) -> list[Signal]:
    """Of the last so many days."""
    now = world.clock.now()
    with world.engine.store.read() as tx:
        signals = tx.signals.between(now - timedelta(days=days), now + timedelta(minutes=1))
    return [signal for _, signal in signals if signal.kind in RATES]


def write(world: World, office: Office, *, hours: int, checked: bool) -> None:
    """The service writes, hour by hour; what is not checked becomes history."""
    engine = world.engine
    for _ in range(hours):
        start = window_start(world.clock.now(), HOUR)
        records = office.write(start, HOUR, world.rng)
        world.clock.move_to(start + HOUR)
        if records:
            engine.ingest.take(records)
        world.clock.advance(timedelta(seconds=5))
        if checked:
            engine.checks.run()


def test_in_the_third_week_a_week_end_and_its_monday_are_not_told_and_a_real_drop_is() -> None:
    office = Office("desk", [])
    world = world_of(office)
    write(world, office, hours=4 * 24, checked=False)
    write(world, office, hours=30, checked=True)
    assert [s.kind for s in rates(world, 1.5)] == [SignalKind.RATE_DOWN], "the first Saturday is not known yet"
    write(world, office, hours=13 * 24, checked=False)
    assert world.clock.now().weekday() == 4
    write(world, office, hours=4 * 24, checked=True)
    assert world.clock.now().weekday() == 1
    assert rates(world, 4) == []
    began_at = window_start(world.clock.now(), HOUR)
    office.down.append((began_at, began_at + 5 * HOUR))
    write(world, office, hours=4, checked=True)
    assert [s.kind for s in rates(world, 0.2)] == [SignalKind.RATE_DOWN]
