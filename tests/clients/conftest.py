"""Real clients in environments of their own, made once and kept in the temporary folder, and a Tocsin to talk to."""

import asyncio
import secrets
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.clock import SystemClock
from bot.engine.whole import Engine
from bot.logs.record import LogRecord
from bot.main import build_engine
from bot.settings import Settings, SyslogSettings
from bot.sources.registry import BY_NAME
from bot.store.database import Database
from bot.stream.consume import consume
from bot.stream.errors import BusFull
from bot.stream.publish import publish
from bot.stream.table import TableBus
from handlers.http import application
from handlers.http.body import Room
from handlers.http.logs import LogIntake
from handlers.http.tally import Tally
from handlers.syslog import SyslogIntake
from tests.packages import node_with, python_with

HERE = Path(__file__).parent
QUEUE_BYTES = 64 << 10
SETTINGS = Settings.model_validate({"http": {"tokens": {"shipper": "t0ken"}}})


@pytest.fixture(scope="session")
def python_clients() -> Path:
    """The interpreter of the environment that has the Python clients."""
    return python_with(HERE / "requirements.txt")


@pytest.fixture(scope="session")
def node_clients() -> Path:
    """The folder in which the JavaScript clients are installed, with the speaker beside them."""
    folder = node_with(HERE / "package.json")
    shutil.copy(HERE / "speak.mjs", folder)
    return folder


@dataclass(slots=True)
class Weather:
    """What befalls requests that would bring something, one after the other: `storms` are answered 503 before anybody
    reads them, as is everything for `storm_s`; of `lost_answers` of each client the batch is taken and the answer is
    still 503."""

    app: ASGIApp
    storms: int = 0
    storm_s: float = 0
    lost_answers: int = 0
    refused: int = 0
    answers: list[tuple[float, int, str]] = field(default_factory=list)
    """Seconds by the monotonic clock, status, Retry-After, of each such request."""
    told_to: dict[bytes, list[int]] = field(default_factory=dict)
    """Client → statuses."""
    lost_by: dict[bytes, int] = field(default_factory=dict)
    _until: float = 0

    @property
    def lost(self) -> int:
        return sum(self.lost_by.values())

    @property
    def told(self) -> list[int]:
        return [status for _, status, _ in self.answers]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] == "GET":
            await self.app(scope, receive, send)
        elif self.is_stormy():
            self.refused += 1
            await self._refuse(scope, send)
        elif self.lost_by.get(_client(scope), 0) < self.lost_answers:
            self.lost_by[_client(scope)] = self.lost_by.get(_client(scope), 0) + 1
            await self.app(scope, receive, _unheard)
            await self._refuse(scope, send)
        else:
            await self.app(scope, receive, self._noting(scope, send))

    def is_stormy(self) -> bool:
        if self.storm_s and not self._until:
            self._until = time.monotonic() + self.storm_s
        return self.refused < self.storms or time.monotonic() < self._until

    def _noting(self, scope: Scope, send: Send) -> Send:
        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = {name.lower(): value for name, value in message["headers"]}
                wait = headers.get(b"retry-after", b"").decode()
                self.answers.append((time.monotonic(), message["status"], wait))
                self.told_to.setdefault(_client(scope), []).append(message["status"])
            await send(message)

        return noting

    async def _refuse(self, scope: Scope, send: Send) -> None:
        headers = [(b"retry-after", b"2"), (b"content-length", b"0"), (b"x-elastic-product", b"Elasticsearch")]
        start: Message = {"type": "http.response.start", "status": 503, "headers": headers}
        await self._noting(scope, send)(start)
        await send({"type": "http.response.body", "body": b""})


def _client(scope: Scope) -> bytes:
    """Which program it was, as far as it tells itself apart."""
    headers = dict(scope["headers"])
    told = (headers.get(name, b"") for name in (b"user-agent", b"content-type"))
    return b" ".join((scope["path"].encode(), *told))


async def _unheard(message: Message) -> None:
    """An answer that is lost on its way."""


@dataclass(slots=True)
class Tocsin:
    """A Tocsin that can be ended and started again on the same database and ports. `is_full`: lines go over a bus that
    is full to the last byte, and from which nothing is taken before `make_room`. With a `certificate` (and its key) its
    syslog is heard over TLS."""

    database_url: str
    storms: int = 0
    storm_s: float = 0
    lost_answers: int = 0
    is_full: bool = False
    certificate: tuple[Path, Path] | None = None
    settings: Settings = SETTINGS
    port: int = 0
    syslog_port: int = 0
    engine: Engine = field(init=False)
    weather: Weather = field(init=False)
    _room: threading.Event = field(default_factory=threading.Event)

    @property
    def store(self) -> Database:
        store = self.engine.store
        assert isinstance(store, Database)
        return store

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def running(self) -> Iterator["Tocsin"]:
        self.engine = build_engine(self.settings, clock=SystemClock(), database_url=self.database_url, executors={})
        up, down, failed = threading.Event(), threading.Event(), []

        def run() -> None:
            try:
                asyncio.run(self._serve(up, down))
            except BaseException as error:
                failed.append(error)
                up.set()
                raise

        thread = threading.Thread(target=run)
        thread.start()
        try:
            assert up.wait(30)
            assert not failed, failed
            yield self
        finally:
            down.set()
            thread.join(30)
            self.engine.ledger.flush()
            self.store.close()

    async def _serve(self, up: threading.Event, down: threading.Event) -> None:
        """As bot/process.py puts the parts together."""
        bus = self._full_bus() if self.is_full else None
        self.weather = Weather(
            application(self.engine, self.settings, bus=bus), self.storms, self.storm_s, self.lost_answers
        )
        server = uvicorn.Server(uvicorn.Config(self.weather, log_level="critical", lifespan="off"))
        syslog = SyslogIntake(LogIntake(self.engine, self.settings, bus, Room(0), Tally()), self._syslog())
        with closing(socket.create_server(("127.0.0.1", self.port))) as listening:
            self.port = listening.getsockname()[1]
            async with syslog.listening() as (address,):
                self.syslog_port = int(address.rpartition(":")[2])
                tasks = [asyncio.ensure_future(server.serve([listening])), asyncio.ensure_future(syslog.run())]
                if bus is not None:
                    tasks.append(asyncio.ensure_future(self._drained(bus)))
                up.set()
                await asyncio.to_thread(down.wait)
                server.should_exit = True
                await tasks[0]
                for task in tasks[1:]:
                    task.cancel()
                await asyncio.wait(tasks)

    def _syslog(self) -> SyslogSettings:
        address = f"127.0.0.1:{self.syslog_port}"
        if self.certificate is None:
            return SyslogSettings(tcp=address)
        certificate, key = map(str, self.certificate)
        return SyslogSettings(tls=address, certificate=certificate, key=key)

    def _full_bus(self) -> TableBus:
        bus, now = TableBus(self.store, bytes_max=QUEUE_BYTES), self.engine.clock.now()
        for size in (4096, 256, 1):
            with suppress(BusFull):
                while True:
                    publish(bus, "filler", "", [LogRecord(now, "filler", secrets.token_hex(size))])
        return bus

    async def _drained(self, bus: TableBus) -> None:
        await asyncio.to_thread(self._room.wait, 120)
        await consume(bus, self.engine, "worker")

    def make_room(self) -> None:
        """A worker begins to take batches."""
        self._room.set()

    def lines(self, service: str = "checkout") -> int:
        with self.engine.store.read() as tx:
            return sum(row.lines for row in tx.logs.services() if row.name == service)

    def filled(self, example: str) -> str:
        """A configuration of docs/sources.md, for this Tocsin."""
        filled = example.replace("{url}", self.url).replace("{token}", "t0ken").replace("8321", str(self.port))
        for port in ("5514", "6514"):
            filled = filled.replace(port, str(self.syslog_port))
        return filled.replace("tocsin.example.org", "127.0.0.1")


@pytest.fixture
def tocsin(tmp_path: Path) -> Tocsin:
    return Tocsin(f"sqlite:///{tmp_path}/tocsin.db")


def example(source: str, shipper: str) -> str:
    """The configuration that docs/sources.md shows."""
    return next(one.text for one in BY_NAME[source].examples if one.shipper == shipper)


def until(reached: Callable[[], bool], seconds: float = 60, told: Callable[[], object] = lambda: "") -> None:
    """Waits for it, as long as a busy machine may take."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if reached():
            return
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {told()}")
