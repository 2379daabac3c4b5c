"""Is every batch counted once when the worker is killed again and again?"""

import multiprocessing
import random
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.engine.whole import Engine
from bot.main import build_engine
from bot.settings import Settings
from bot.store import migrate
from bot.store.database import Database
from bot.stream import table
from bot.stream.bus import Bus
from bot.stream.consume import Worker
from bot.stream.publish import publish
from bot.stream.table import TableBus
from tests.stream.builders import SHAPES, shaped
from tests.stream.conftest import NATS, nats_bus
from tests.stream.test_consume import counted, told_lost
from tests.stream.worker_program import main

KILLS = 6
BATCHES = 240
LINES = 100
SERVICES = ("checkout", "payments", "web")


def lines(engine: Engine) -> int:
    with engine.store.read() as tx:
        return tx.logs.total_lines()


def publish_all(bus: Bus, rng: random.Random) -> None:
    """All batches, some of them twice, as a sender does that got no answer."""
    for number in range(BATCHES):
        service = SERVICES[number % 3]
        for _ in range(1 + (rng.random() < 0.2)):
            publish(bus, service, f"sender:{number}", shaped(number, LINES, service=service))
        time.sleep(0.02)


def kill_while_counting(engine: Engine, arguments: list[str], rng: random.Random) -> int:
    """Starts the worker and kills it in the middle, KILLS times; returns how often it had counted something."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([main.__module__])  # imported once
    counting = 0
    for _ in range(KILLS):
        before = lines(engine)
        process = processes.Process(target=main, args=arguments, daemon=True)
        process.start()
        for _ in range(1500):
            if lines(engine) > before or not process.is_alive():
                break
            time.sleep(0.01)
        time.sleep(rng.random() * 0.15)
        process.kill()
        process.join()
        counting += lines(engine) > before
    return counting


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["table", "nats"])
def test_a_worker_that_is_killed_loses_and_doubles_nothing(tmp_path: Path, kind: str) -> None:
    rng = random.Random(7)
    url = f"sqlite:///{tmp_path}/tocsin.db"
    database = Database(url)
    migrate.upgrade(database.engine)
    table.metadata.create_all(database.engine)
    jetstream = nats_bus() if kind == "nats" else None
    bus: Bus = jetstream or TableBus(database)
    engine = build_engine(Settings(), clock=SystemClock(), store=database, executors={})
    publisher = threading.Thread(target=publish_all, args=(bus, rng))
    publisher.start()
    counting = kill_while_counting(engine, [url, jetstream.name if jetstream else "", NATS], random.Random(8))
    publisher.join()
    last = Worker(bus, engine, "w1")
    while last.round():
        pass
    assert counting >= 5
    assert lines(engine) == BATCHES * LINES
    for service in SERVICES:
        assert counted(engine, service) == Counter(dict.fromkeys(SHAPES, BATCHES * LINES // 3 // 5))
    assert told_lost(engine) == []
    database.close()
