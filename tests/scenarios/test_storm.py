"""What does a storm of ten thousand signals in five minutes do? A few messages, the last state, and quick answers."""

import asyncio
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from bot.people import Person
from bot.signals.fingerprint import fingerprint
from bot.signals.model import Signal, SignalKind
from bot.signals.severity import Severity
from bot.workspace.person import Place
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


@pytest.mark.timeout(600)
async def test_a_storm_while_slack_answers_429_is_a_handful_of_messages_and_commands_are_answered(
    tmp_path: Path,
) -> None:
    """Every third call of the courier is refused; nothing is lost, and the last state stands when Slack is well."""
    refused = [0, 0]
    async with Stage(database_url=f"sqlite:///{tmp_path}/storm.db") as stage:
        stage.people.patience_s = 30.0
        place = stage.people.as_("ana").in_("#incidents")
        calm_s = sorted([await _asked_s(place) for _ in range(3)])[1]
        refusing = asyncio.create_task(_refuse(stage, refused))
        stage.deliver()
        storming = asyncio.create_task(asyncio.to_thread(_report_all, stage))
        took_s: list[float] = []
        while not storming.done():
            took_s.append(await _asked_s(place))
            await asyncio.sleep(0.5)
        await storming
        stage.engine.incidents.acknowledge(1, stage.person("ana"))
        refusing.cancel()
        stage.workspace.core.faults.clear()
        await _told(stage)
        cards = await stage.channel()
        with stage.engine.store.read() as tx:
            signals = [signal for one in tx.incidents.active() for signal in tx.signals.of(one.id)]
    assert sum(signal.count for signal in signals) == SIGNALS
    assert refused[0] >= 1
    assert 1 <= len(cards) <= 5
    assert any("is on it" in str(card["blocks"]) for card in cards)
    assert stage.courier.errors == 0
    assert took_s
    assert sorted(took_s)[len(took_s) // 2] < max(1.0, 4 * calm_s), "slower than what a busy machine explains"


async def _asked_s(place: Place) -> float:
    """Seconds until somebody who asks for the status has it."""
    began = time.monotonic()
    await place.note()
    await place.types("/tocsin status")
    await place.expects_ephemeral("open")
    return time.monotonic() - began


async def _refuse(stage: Stage, refused: list[int]) -> None:
    """Slack refuses a post and a change each, as soon as the last refusals were met."""
    faults = [stage.workspace.core.faults.add("ratelimited", method=m, times=1) for m in _TELLING]
    while True:
        await asyncio.sleep(0.05)
        for place, fault in enumerate(faults):
            if fault.hits:
                refused[0] += 1
                await asyncio.sleep(1.2)
                faults[place] = stage.workspace.core.faults.add("ratelimited", method=fault.method, times=1)


_TELLING = ("chat.postMessage", "chat.update")


def _report_all(stage: Stage) -> None:
    """Ten thousand signals, a hundred a delivery."""
    now = stage.clock.now()
    for start in range(0, SIGNALS, 100):
        stage.engine.signals.report(
            [
                Signal(
                    fingerprint("alert", SERVICES[n % 3], f"rule-{n // 3 % 40}"),
                    SignalKind.ALERT, SERVICES[n % 3], Severity.MAJOR, now, now, f"rule-{n // 3 % 40} fires",
                )
                for n in range(start, start + 100)
            ]
        )  # fmt: skip
        time.sleep(0.05)


async def _told(stage: Stage) -> None:
    """Until nothing waits any more."""
    for _ in range(300):
        if not stage.waiting():
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{stage.waiting()} notices still wait")
