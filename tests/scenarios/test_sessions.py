"""Are sessions followed live, whole and once, and is it told when they end without a step they usually have?"""

import random
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.anomalies.session_history import SESSIONS_MIN, unpack
from bot.engine import following, sessions
from bot.engine.following import NUMBERS, ids_of, number_of
from bot.logs.record import LogRecord
from bot.signals.model import Measured, Signal, SignalKind
from bot.signals.severity import Severity
from tests.scenarios.traffic import Service
from tests.scenarios.world import World

STEPS = ("order {n} received", "stock of order {n} reserved", "payment of order {n} captured", "order {n} answered")
MINUTE = timedelta(minutes=1)


@dataclass
class Shop(Service):
    """Eight orders a minute, some with a retry; `lacking` says which share of them lacks `step`."""

    rate: int = 8
    step: str = ""
    lacking: float = 0.0
    instead: str = ""
    name_of_id: str = "trace_id"
    requests: int = 0
    held_back: list[LogRecord] = field(default_factory=list)
    late: float = 0.0

    def write(self, start: Any, length: timedelta, rng: random.Random) -> list[LogRecord]:
        records, self.held_back = self.held_back, []
        for _ in range(self.rate):
            self.requests += 1
            trace = f"{self.requests:032x}"
            at = start + length * (0.8 * rng.random())
            texts = [*STEPS[:2], STEPS[1], *STEPS[2:]] if rng.random() < 0.1 else list(STEPS)
            if self.step and rng.random() < self.lacking:
                texts = [self.instead or "" if text == self.step else text for text in texts]
            for place, text in enumerate(filter(None, texts)):
                line = text.format(n=rng.randint(1, 99_999))
                record = LogRecord(at + place * MINUTE / 600, self.name, line, "info", {self.name_of_id: trace})
                (self.held_back if rng.random() < self.late else records).append(record)
        rng.shuffle(records)
        return records


def world_of(shop: Shop, **more: Any) -> World:
    return World(services={shop.name: shop}, **more)


def found(world: World) -> list[Signal]:
    now = world.clock.now()
    with world.engine.store.read() as tx:
        signals = tx.signals.between(now - timedelta(hours=12), now + timedelta(minutes=1))
    return [signal for _, signal in signals if signal.kind is SignalKind.ODD_SESSIONS]


def learnt(world: World, service: str = "checkout") -> int:
    with world.engine.store.read() as tx:
        return unpack(tx.sessions.history(service)).learnt


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    is_sqlite = request.param == "sqlite"
    return f"sqlite:///{tmp_path}/tocsin.db" if is_sqlite else str(request.getfixturevalue("empty_postgres_url"))


def test_sessions_that_end_without_a_step_are_told_with_counts_also_after_a_restart(url: str) -> None:
    shop = Shop("checkout", [], late=0.2)
    world = world_of(shop, database_url=url)
    world.run(minutes=50)
    assert learnt(world) >= SESSIONS_MIN
    assert found(world) == []
    world.engine.store.close()  # type: ignore[attr-defined]
    world.restart()
    shop.step, shop.lacking = STEPS[2], 0.8
    world.run(minutes=7)
    told = found(world)
    assert told
    assert {signal.severity for signal in told} == {Severity.MINOR}
    measure = told[-1].evidence.measure
    assert measure is not None
    assert (measure.what, told[-1].title) == (Measured.STEP_MISSING, "payment of order <NUM> captured")
    assert measure.now is not None
    assert measure.high is not None
    assert 5 <= measure.now <= measure.high
    assert measure.now >= 0.5 * measure.high
    assert all(signal.title == told[0].title for signal in told)
    world.engine.store.close()  # type: ignore[attr-defined]


def test_usual_sessions_in_batches_out_of_order_are_not_told_for_hours() -> None:
    world = world_of(Shop("checkout", [], rate=5, late=0.5))
    world.run(minutes=180)
    assert found(world) == []
    assert learnt(world) > 0.9 * 5 * 170


def test_a_line_that_comes_in_the_place_of_another_is_information() -> None:
    shop = Shop("checkout", [])
    world = world_of(shop)
    world.run(minutes=50)
    shop.step, shop.lacking, shop.instead = STEPS[2], 1.0, "order {n} was paid for"
    world.run(minutes=8)
    told = found(world)
    assert told
    assert {signal.severity for signal in told} == {Severity.INFO}


def test_a_batch_that_comes_twice_counts_once_and_one_that_fails_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_of(Shop("checkout", []))
    now = world.clock.now()
    lines = [LogRecord(now, "checkout", "order 1 received", "info", {"trace_id": "a"})] * 3
    world.engine.ingest.take(lines, key="one")
    world.engine.ingest.take(lines, key="one")
    with monkeypatch.context() as patch:
        patch.setattr("bot.store.logs.LogTable.add_counts", lambda self, counts: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            world.engine.ingest.take(lines, key="two")
    world.clock.advance(timedelta(minutes=10))
    with world.engine.store.write() as tx:
        [session] = tx.sessions.close(world.clock.now(), now, 10)
        assert tx.sessions.close(world.clock.now(), now, 10) == []
    assert list(session.steps.values()) == [3]
    assert session.number == number_of("a")


def test_a_session_is_closed_when_it_is_quiet_and_what_never_ends_says_nothing() -> None:
    world = world_of(Shop("checkout", [], rate=0))
    line = LogRecord(world.clock.now(), "checkout", "still here", "info", {"request_id": "endless"})
    for _ in range(40):
        world.run(minutes=1)
        world.engine.ingest.take([line])
    assert learnt(world) == 0
    with world.engine.store.read() as tx:
        assert tx.sessions.open() == {"checkout": 1}


def test_while_tocsin_was_away_sessions_may_have_lost_lines_and_teach_nothing() -> None:
    shop = Shop("checkout", [])
    world = world_of(shop)
    world.run(minutes=20)
    before = learnt(world)
    assert before > 0
    with world.engine.store.read() as tx:
        assert tx.sessions.open()["checkout"] > 0
    world.clock.advance(timedelta(minutes=30))
    world.engine.sessions.run()
    with world.engine.store.read() as tx:
        assert tx.sessions.open() == {}
    world.run(minutes=3)
    assert learnt(world) == before
    world.run(minutes=6)
    assert learnt(world) > before


def test_of_too_many_sessions_a_part_is_followed_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "SESSIONS_A_BATCH", 20)
    monkeypatch.setattr(sessions, "OPEN_MAX", 40)
    world = world_of(Shop("checkout", [], rate=60))
    world.run(minutes=40)
    with world.engine.store.read() as tx:
        how = tx.sessions.followed(["checkout"])["checkout"]
        history = unpack(tx.sessions.history("checkout"))
    assert how.limit < NUMBERS
    assert history.learnt > 50
    assert {sum(steps.values()) for steps, _ in history.kinds} <= {4, 5}
    assert found(world) == []


def test_the_first_name_that_a_line_has_is_its_id_and_none_is_no_session() -> None:
    at = World(services={}).clock.now()
    lines = [
        LogRecord(at, "s", "a", "", {"request_id": "r", "trace_id": "t"}),
        LogRecord(at, "s", "b", "", {"trace_id": ""}),
        LogRecord(at, "s", "c"),
        LogRecord(at, "s", "d", "", {"request_id": "r"}),
    ]
    assert ids_of(lines, ("trace_id", "request_id")) == [(0, "t"), (3, "r")]
    assert ids_of(lines, ()) == []


def test_nothing_is_followed_where_that_is_switched_off() -> None:
    world = world_of(Shop("checkout", []), detection={"session_ids": []})
    world.run(minutes=5)
    with world.engine.store.read() as tx:
        assert tx.sessions.open() == {}
