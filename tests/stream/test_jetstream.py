"""What does the NATS bus do when the server or the stream is not as it was?"""

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import nats
import pytest

from bot.engine.whole import Engine
from bot.errors import ConnectorError
from bot.settings import Settings
from bot.stream import open_bus
from bot.stream.errors import BatchesLost
from bot.stream.jetstream import JetStreamBus
from bot.stream.publish import publish
from tests.conftest import missing
from tests.stream.builders import records
from tests.stream.conftest import nats_bus
from tests.stream.test_consume import PARTITION, drain, lease, lines, told_lost


class Server:
    """A NATS server of our own, to be killed."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("nats-server")
        if program is None:
            missing("nats-server is not installed here")
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.port = free.getsockname()[1]
        self.arguments = [str(program), "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(folder)]
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self.arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError("nats-server did not start")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "jetstream")
    yield made
    made.kill()


def bus_on(server: Server) -> JetStreamBus:
    return JetStreamBus(f"nats://127.0.0.1:{server.port}", bytes_max=32 << 20)


def publish_when_back(bus: JetStreamBus, partition: int, key: str, batch: bytes) -> None:
    for _ in range(40):
        try:
            bus.publish(partition, key, batch)
        except ConnectorError as error:
            if error.permanent:
                raise
            time.sleep(0.25)
        else:
            return
    raise AssertionError("the server did not come back for us")


def test_a_server_that_is_killed_and_comes_back_has_what_was_acknowledged(server: Server) -> None:
    bus = bus_on(server)
    for number in range(50):
        bus.publish(1, f"{number}", b"%d" % number)
    half = bus.read(1, 1, 25)
    server.kill()
    with pytest.raises(ConnectorError) as refused:
        bus.publish(1, "50", b"50")
    assert not refused.value.permanent
    server.start()
    publish_when_back(bus, 1, "50", b"50")
    found: list[tuple[int, str, bytes]] = list(half)
    while len(found) < 51:
        found += bus.read(1, found[-1][0] + 1, 100)
    assert [batch for _, _, batch in found] == [b"%d" % number for number in range(51)]
    bus.close()


def test_a_stream_that_was_made_anew_is_noticed_and_written_down(engine: Engine) -> None:
    bus = nats_bus()
    held = lease(engine)
    publish(bus, "checkout", "k1", records(10))
    drain(bus, engine, held)
    bus.delete_stream()
    for number in range(5):
        publish(bus, "checkout", f"new{number}", records(10))
    drain(bus, engine, held)
    assert lines(engine) == 60
    assert told_lost(engine) == ["batches_lost"]


def test_a_stream_made_anew_is_noticed_by_a_worker_that_starts_later(engine: Engine) -> None:
    first = nats_bus()
    held = lease(engine)
    publish(first, "checkout", "k1", records(10))
    drain(first, engine, held)
    first.delete_stream()
    first.close()
    second = nats_bus(first.name)
    publish(second, "checkout", "k2", records(10))
    drain(second, engine, held)
    assert lines(engine) == 20
    assert told_lost(engine) == ["batches_lost"]


def test_a_position_in_another_stream_is_not_used(engine: Engine) -> None:
    bus = nats_bus()
    publish(bus, "checkout", "k", records(1))
    with pytest.raises(BatchesLost):
        bus.read(PARTITION, 500, 10)
    assert len(bus.read(PARTITION, 1, 10)) == 1


async def stream_with_max_age(server: Server) -> float:
    """As an administrator might make it."""
    client = await nats.connect(f"nats://127.0.0.1:{server.port}")
    info = await client.jetstream().add_stream(name="TOCSIN", subjects=["tocsin.logs.*"], max_age=60)
    await client.close()
    return info.config.max_age or 0


def test_a_stream_that_would_lose_batches_is_refused(server: Server) -> None:
    made = asyncio.run(stream_with_max_age(server))
    assert made == 60
    second = bus_on(server)
    with pytest.raises(ConnectorError, match="would lose batches") as refused:
        second.publish(1, "", b"a")
    assert refused.value.permanent
    second.close()


def test_a_server_that_is_away_is_said_in_words(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    bus = JetStreamBus(f"nats://user:s3cret@127.0.0.1:{port}")
    with pytest.raises(ConnectorError) as refused:
        bus.publish(1, "", b"a")
    assert f"127.0.0.1:{port}" in str(refused.value)
    assert "s3cret" not in str(refused.value)
    bus.close()


def test_the_settings_name_the_bus(engine: Engine) -> None:
    assert open_bus(Settings(), engine) is None
    named = open_bus(Settings(bus="nats://127.0.0.1:4222"), engine)
    assert isinstance(named, JetStreamBus)
    named.close()
    table = open_bus(Settings(bus="table"), engine)
    assert table is not None
    assert table.identity() == "table"
