"""Do Rotel (a real collector), curl and logger deliver every line once, as docs/sources.md has them?"""

import os
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.clients.conftest import HERE, Tocsin, example, until
from tests.clients.debian import daemon
from tests.clients.test_real_clients import speak
from tests.conftest import missing

LINES = 50


@contextmanager
def rotel(python: Path, tocsin: Tocsin, folder: Path) -> Iterator[str]:
    """The address that Rotel listens on; it sends on what it gets, as docs/sources.md has it."""
    (program,) = python.parent.parent.glob("lib/*/site-packages/rotel/rotel-agent")
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        http, grpc = one.getsockname()[1], other.getsockname()[1]
    command = shlex.split(tocsin.filled(example("otlp", "Rotel")))
    command = [str(program), *command[1:], "--logs-batch-timeout", "200ms", "--pid-file", str(folder / "rotel.pid")]
    command += ["--otlp-http-endpoint", f"127.0.0.1:{http}", "--otlp-grpc-endpoint", f"127.0.0.1:{grpc}"]
    with daemon(command, dict(os.environ), folder / "rotel.log"):
        until(lambda: _listens(http), told=(folder / "rotel.log").read_text)
        yield f"http://127.0.0.1:{http}"


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("trouble", ["none", "seconds of 503", "a lost answer", "a full queue"])
def test_every_line_through_rotel_arrives_once(
    tocsin: Tocsin, python_clients: Path, tmp_path: Path, trouble: str
) -> None:
    tocsin.storm_s = 4 if trouble == "seconds of 503" else 0
    tocsin.lost_answers = 1 if trouble == "a lost answer" else 0
    tocsin.is_full = trouble == "a full queue"
    with tocsin.running(), rotel(python_clients, tocsin, tmp_path) as url:
        speak([str(python_clients), str(HERE / "speak.py"), "otlp", url, str(LINES)])
        if tocsin.is_full:
            until(lambda: 429 in tocsin.weather.told)
            tocsin.make_room()
        until(lambda: tocsin.lines() >= LINES, told=(tmp_path / "rotel.log").read_text)
        time.sleep(1.5)
        assert tocsin.lines() == LINES


def test_every_line_through_rotel_arrives_once_over_a_restart(
    tocsin: Tocsin, python_clients: Path, tmp_path: Path
) -> None:
    with tocsin.running():
        pass
    with rotel(python_clients, tocsin, tmp_path) as url:
        speak([str(python_clients), str(HERE / "speak.py"), "otlp", url, str(LINES)])
        time.sleep(2)  # nobody listens
        with tocsin.running():
            until(lambda: tocsin.lines() >= LINES, told=(tmp_path / "rotel.log").read_text)
            time.sleep(1.5)
            assert tocsin.lines() == LINES


def test_lines_that_curl_sends_are_counted_once_with_a_key_of_their_own(tocsin: Tocsin, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        missing("curl is not installed")
    (tmp_path / "app.log").write_text("".join(f"order {number} failed\n" for number in range(LINES)))
    with tocsin.running():
        command = [*shlex.split(tocsin.filled(example("lines", "curl"))), "--fail", "--silent", "--show-error"]
        for _ in range(2):
            speak([*command, "-H", "Idempotency-Key: app-1"], tmp_path)
        assert tocsin.lines() == LINES


def test_lines_that_logger_sends_arrive_once(tocsin: Tocsin) -> None:
    if shutil.which("logger") is None:
        missing("logger is not installed")
    with tocsin.running():
        for number in range(5):
            command = shlex.split(tocsin.filled(example("syslog", "logger")))
            subprocess.run([*command[:-1], f"order {number} failed"], check=True, timeout=30)
        until(lambda: tocsin.lines() == 5)
