"""Do signals of log lines know the host and pod that their lines come from, and does `why` say so?"""

from bot.logs.record import LogRecord
from bot.slack.render import Renderer
from tests.scenarios.traffic import Line
from tests.scenarios.world import World

FAULT = Line("total of order {n} cannot be converted", 40, "error", steady=True)


def told_from(*hosts: str) -> tuple[World, tuple[tuple[str, str], ...]]:
    """A failure of checkout on these hosts."""
    world = World()
    world.run(minutes=40)
    for minute in range(2):
        now = world.clock.now()
        lines = [
            LogRecord(
                now, "checkout", FAULT.text.format(n=n), "error", {"host": hosts[n % len(hosts)], "pod": f"c-{n % 9}"}
            )
            for n in range(40)
        ]
        world.engine.ingest.take(lines, key=f"fault {minute}")
        world.run(minutes=1)
    [incident] = world.incidents()
    [signal, *_] = world.engine.reading.incident(incident.id).signals
    return world, signal.entities


def test_lines_of_one_host_name_it_in_the_signal_and_in_why() -> None:
    world, entities = told_from("node-3")
    assert entities == (("host", "node-3"),), "of many pods none is named"
    said = Renderer().render("replies/why", world.engine.whys.incident(world.incidents()[-1].id))
    assert "From host `node-3`." in str(said.blocks)


def test_lines_of_many_hosts_name_none() -> None:
    _, entities = told_from("node-1", "node-2", "node-3", "node-4")
    assert entities == ()
