"""A bus of each kind, and an engine that counts what is on it."""

import os
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bot.clock import HeldClock
from bot.engine.whole import Engine
from bot.errors import ConnectorError
from bot.main import build_engine
from bot.settings import Settings
from bot.store.database import Database
from bot.stream import table
from bot.stream.bus import Bus
from bot.stream.jetstream import JetStreamBus
from bot.stream.table import TableBus
from tests.conftest import missing, new_postgres
from tests.stream.builders import NOW

NATS = os.environ.get("TOCSIN_TEST_NATS", "nats://127.0.0.1:4222")


_made: list[JetStreamBus] = []


@pytest.fixture(autouse=True)
def _no_stream_is_left() -> Iterator[None]:
    """Also when a test fails."""
    yield
    while _made:
        bus = _made.pop()
        with suppress(ConnectorError):
            bus.delete_stream()
        bus.close()


def nats_bus(name: str = "", bytes_max: int = 32 << 20) -> JetStreamBus:
    """A stream of its own on the NATS that runs here."""
    bus = JetStreamBus(NATS, name=name or f"TOCSIN_TEST_{uuid.uuid4().hex[:8]}", bytes_max=bytes_max)
    try:
        bus.identity()
    except ConnectorError as error:
        bus.close()
        if error.permanent:
            raise
        missing(f"no NATS with JetStream answers at {NATS} ({error})")
    _made.append(bus)
    return bus


@pytest.fixture(scope="session")
def bus_postgres_url(worker_id: str) -> Iterator[str]:
    """Not the store's database: its migrations make the bus tables too."""
    with new_postgres(f"tocsin_test_bus_{os.getpid()}_{worker_id}") as url:
        yield url


@pytest.fixture(params=["table on sqlite", "table on postgresql", "nats"])
def bus(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bus]:
    """A bus with room for about 32 MB."""
    if request.param == "nats":
        yield nats_bus()
        return
    is_sqlite = request.param == "table on sqlite"
    database = Database(f"sqlite:///{tmp_path}/bus.db" if is_sqlite else request.getfixturevalue("bus_postgres_url"))
    table.metadata.create_all(database.engine)
    yield TableBus(database, bytes_max=32 << 20)
    table.metadata.drop_all(database.engine)
    database.close()


@pytest.fixture
def engine(database: Database) -> Engine:
    return build_engine(Settings(), clock=HeldClock(NOW), store=database)
