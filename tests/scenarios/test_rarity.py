"""Does the message say how seldom a log line is: never seen, not for so long, the first since a deployment?"""

from datetime import timedelta

from bot.logs.record import LogRecord
from bot.signals.model import Rarity
from tests.scenarios.traffic import Line, small_shop
from tests.scenarios.world import World

FAULT = Line("total of order {n} cannot be converted", 40, "error", steady=True)


def rarity_told(world: World) -> Rarity | None:
    return world.engine.reading.incident(world.incidents()[-1].id).signals[0].evidence.rarity


def test_a_line_nobody_has_seen_is_the_first_since_the_deployment_before_it() -> None:
    world = World()
    world.run(minutes=70)
    world.deploy("checkout", "1.4.2")
    world.service("checkout").faults.append(FAULT)
    world.run(minutes=2)
    told = rarity_told(world)
    assert told is not None
    assert (told.unseen_s, told.since) == (0, "1.4.2")
    assert told.known_s >= 3600


def test_a_line_not_seen_for_a_month_says_so_and_is_told_at_once() -> None:
    world = World(services=small_shop())
    now = world.clock.now()
    past = [LogRecord(now, "checkout", FAULT.text.format(n=n), "error") for n in range(3)]
    world.engine.ingest.take(past, key="past")
    world.run(minutes=1)
    world.engine.upkeep.run()
    world.clock.advance(timedelta(days=34))
    world.engine.upkeep.run()  # its counts are in rows by the hour now
    world.run(minutes=4 * 60)
    assert world.incidents() == []
    world.service("checkout").faults.append(FAULT)
    world.run(minutes=1)
    told = rarity_told(world)
    assert told is not None
    assert round(told.unseen_s / 86400) == 34
    assert told.since == ""
