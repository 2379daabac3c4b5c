"""What does a storm of ten thousand signals in five minutes do? A few messages, the last state, and quick answers."""

import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from bot.people import Person
from bot.signals.fingerprint import fingerprint
from bot.signals.model import Signal, SignalKind
from bot.signals.severity import Severity
from tests.scenarios.world import World
from tests.slack.stage import Stage

SIGNALS, MINUTES = 10_000, 5
SERVICES = ("payments", "checkout", "web")


def storm(world: World, minute: int) -> list[Signal]:
    """Two thousand a minute: forty alerts of each of three services, each raised many times."""
    now = world.clock.now()
    found = []
    for number in range(SIGNALS // MINUTES):
        service = SERVICES[number % 3]
        name = f"rule-{number // 3 % 40}"
        severity = Severity.CRITICAL if minute == MINUTES - 1 and number % 40 == 0 else Severity.MAJOR
        at = now + timedelta(milliseconds=10 * number)
        found.append(
            Signal(fingerprint("alert", service, name), SignalKind.ALERT, service, severity, at, at, f"{name} fires")
        )
    return found


@pytest.mark.timeout(300)
def test_ten_thousand_signals_in_five_minutes_are_a_handful_of_messages(tmp_path: Path) -> None:
    world = World(database_url=f"sqlite:///{tmp_path}/storm.db")
    slowest = _Asking(world)
    spent = 0.0
    with slowest:
        for minute in range(MINUTES):
            began = time.monotonic()
            assert world.engine.signals.report(storm(world, minute)) == SIGNALS // MINUTES
            spent = max(spent, time.monotonic() - began)
            world.clock.advance(timedelta(minutes=1))
    [incident, *more] = world.incidents()
    assert len(more) <= 4
    assert len(world.notices("incident")) <= 5
    assert incident.severity is Severity.CRITICAL
    with world.engine.store.read() as tx:
        signals = [signal for one in world.incidents() for signal in tx.signals.of(one.id)]
    assert sum(signal.count for signal in signals) == SIGNALS
    assert len(signals) == 120
    assert spent < 60, "a minute's signals must be placed within that minute"
    assert slowest.answers > 0
    assert slowest.seconds_max < 1.0


class _Asking:
    """Somebody asks for the status and takes the first incident in hand, all the while."""

    def __init__(self, world: World) -> None:
        self._world, self._stop = world, threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self.answers, self.seconds_max = 0, 0.0

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._stop.wait(0.2):
            began = time.monotonic()
            self._world.engine.reading.status()
            self.answers += 1
            self.seconds_max = max(self.seconds_max, time.monotonic() - began)


async def test_a_storm_in_the_channel_is_few_messages_and_the_last_state_stands() -> None:
    async with Stage() as stage:
        now = stage.clock.now()
        alerts = [
            Signal(fingerprint("a", str(n)), SignalKind.ALERT, "web", Severity.MAJOR, now, now, f"rule {n} fires")
            for n in range(300)
        ]
        stage.deliver()
        for start in range(0, 300, 50):
            stage.engine.signals.report(alerts[start : start + 50])
        stage.engine.incidents.acknowledge(1, Person(stage.side.team, stage.workspace.users["ana"]))
        await stage.people.as_("ana").in_("#incidents").message("web").expects("is on it")
        assert len(await stage.channel()) == 1
