"""Real clients in environments of their own, made once and kept in the temporary folder, and a Tocsin to talk to."""

import asyncio
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import venv
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.clock import SystemClock
from bot.engine.whole import Engine
from bot.main import build_engine
from bot.settings import Settings
from handlers.http import application
from tests.conftest import missing

HERE = Path(__file__).parent
SETTINGS = Settings.model_validate({"http": {"tokens": {"shipper": "t0ken"}}})


@pytest.fixture(scope="session")
def python_clients() -> Path:
    """The interpreter of the environment that has the Python clients."""
    folder = _kept("python", (HERE / "requirements.txt").read_bytes())
    if not folder.exists():
        made = folder.with_suffix(f".{os.getpid()}")
        venv.create(made, with_pip=True)
        install = [str(made / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _install([*install, "--requirement", str(HERE / "requirements.txt")], made)
        _put(made, folder)
    return folder / "bin" / "python"


@pytest.fixture(scope="session")
def node_clients() -> Path:
    """The folder in which the JavaScript clients are installed, with the speaker beside them."""
    if shutil.which("npm") is None:
        missing("npm is not installed")
    folder = _kept("node", (HERE / "package.json").read_bytes())
    if not folder.exists():
        made = folder.with_suffix(f".{os.getpid()}")
        made.mkdir(parents=True)
        shutil.copy(HERE / "package.json", made)
        _install(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(made)], made)
        _put(made, folder)
    shutil.copy(HERE / "speak.mjs", folder)
    return folder


def _kept(name: str, wanted: bytes) -> Path:
    digest = hashlib.sha256(wanted + sys.version.encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"tocsin-clients-{name}-{digest}"


def _install(command: list[str], made: Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode:
        shutil.rmtree(made, ignore_errors=True)
        missing(f"the clients cannot be installed: {(done.stderr or done.stdout).strip()[-200:]}")


def _put(made: Path, folder: Path) -> None:
    """Another test process may have been faster."""
    try:
        made.rename(folder)
    except OSError:
        shutil.rmtree(made, ignore_errors=True)


@dataclass(slots=True)
class Weather:
    """Answers 503 to the first `storms` requests that would bring something."""

    app: ASGIApp
    storms: int = 0
    refused: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] != "GET" and self.refused < self.storms:
            self.refused += 1
            headers = [(b"retry-after", b"1"), (b"content-length", b"0"), (b"x-elastic-product", b"Elasticsearch")]
            await send({"type": "http.response.start", "status": 503, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        await self.app(scope, receive, send)


@dataclass(slots=True)
class Tocsin:
    """A Tocsin that can be ended and started again on the same database and port."""

    database_url: str
    storms: int = 0
    port: int = 0
    engine: Engine = field(init=False)
    weather: Weather = field(init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def running(self) -> Iterator["Tocsin"]:
        self.engine = build_engine(SETTINGS, clock=SystemClock(), database_url=self.database_url, executors={})
        self.weather = Weather(application(self.engine, SETTINGS), self.storms)
        config = uvicorn.Config(self.weather, log_level="critical", lifespan="off")
        server = uvicorn.Server(config)
        with closing(socket.create_server(("127.0.0.1", self.port))) as listening:
            self.port = listening.getsockname()[1]
            thread = threading.Thread(target=asyncio.run, args=(server.serve([listening]),))
            thread.start()
            try:
                yield self
            finally:
                server.should_exit = True
                thread.join(10)
                self.engine.ledger.flush()
                self.engine.store.close()  # type: ignore[attr-defined]  # a Database

    def lines(self, service: str = "checkout") -> int:
        with self.engine.store.read() as tx:
            return sum(row.lines for row in tx.logs.services() if row.name == service)


@pytest.fixture
def tocsin(tmp_path: Path) -> Tocsin:
    return Tocsin(f"sqlite:///{tmp_path}/tocsin.db")
