"""Programs that log as docs/sources.md shows it: its examples, unchanged, with a few lines around them that send."""

import itertools
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clients.conftest import Tocsin, example

LINES = 50
_NUMBERS = itertools.count(1)
_PAUSE_S = 0.02

_LOKI_PY = """
import logging, time
logger = logging.getLogger("app")
logger.addHandler(handler)
for number in range({lines}):
    logger.error("order %d failed", number)
    time.sleep({pause_s})
"""
_BULK_PY = """
from datetime import UTC, datetime
lines = [(datetime.now(UTC).isoformat(), f"order {{number}} failed") for number in range({lines})]
"""
_BULK_JS = """
const lines = Array.from({{ length: {lines} }}, (_, number) => (
  {{ at: new Date(Date.now() + number).toISOString(), message: `order ${{number}} failed` }}))
"""
_PINO_JS = """
import pino from 'pino'
const transport = pino.transport({{ target: `${{import.meta.dirname}}/tocsin-loki.mjs` }})
const logger = pino(transport)
for (let number = 0; number < {lines}; number++) logger.error(`order ${{number}} failed`)
await new Promise((over) => process.stdin.on('end', over).resume())
transport.end()
"""
_WINSTON_JS = """
const transport = new LokiTransport({{ host: '{url}', labels: {{ service: '{service}' }}, json: {json}, interval: 1,
  headers: {{ Authorization: 'Bearer t0ken' }} }})
const logger = winston.createLogger({{ transports: [transport] }})
for (let number = 0; number < {lines}; number++) logger.error(`order ${{number}} failed`)
await new Promise((over) => process.stdin.on('end', over).resume())
await new Promise((closed) => transport.batcher.close(closed))
process.exit()
"""
_WINSTON_IMPORTS = "import winston from 'winston'\nimport LokiTransport from 'winston-loki'\n"
_OTLP_JS = "await import('./speak.mjs')\n"


@dataclass(frozen=True, slots=True)
class Program:
    """`write` puts the program for a service into a folder and gives its command. With `sends_at_its_end` what was
    refused goes out when its standard input is closed."""

    language: str
    write: Callable[[Tocsin, Path, str], list[str]]
    sends_at_its_end: bool = False


def _filled(tocsin: Tocsin, source: str, shipper: str, service: str) -> str:
    return tocsin.filled(example(source, shipper)).replace("checkout", service)


def _before_the_call(text: str, before: str) -> str:
    """The example, with what it names (`lines`) put before its last statement."""
    head, _, call = text.rstrip().rpartition("\n")
    return f"{head}\n{before}\n{call}\n"


def _python(text: str, folder: Path) -> list[str]:
    (folder / "program.py").write_text(text)
    return ["{python}", str(folder / "program.py")]


def _loki_python(tocsin: Tocsin, folder: Path, service: str) -> list[str]:
    text = _filled(tocsin, "loki", "python-logging-loki", service)
    return _python(text + _LOKI_PY.format(lines=LINES, pause_s=_PAUSE_S), folder)


def _bulk_python(tocsin: Tocsin, folder: Path, service: str) -> list[str]:
    text = _filled(tocsin, "bulk", "elasticsearch-py", service)
    return _python(_before_the_call(text, _BULK_PY.format(lines=LINES)), folder)


def _bulk_node(tocsin: Tocsin, folder: Path, service: str) -> list[str]:
    text = _filled(tocsin, "bulk", "@elastic/elasticsearch", service)
    (folder / "program.mjs").write_text(_before_the_call(text, _BULK_JS.format(lines=LINES)))
    return ["node", str(folder / "program.mjs")]


def _pino(tocsin: Tocsin, folder: Path, service: str) -> list[str]:
    (folder / "tocsin-loki.mjs").write_text(_filled(tocsin, "loki", "pino-loki", service))
    (folder / "program.mjs").write_text(_PINO_JS.format(lines=LINES))
    return ["node", str(folder / "program.mjs")]


def _winston(tocsin: Tocsin, folder: Path, service: str, *, json: bool = True) -> list[str]:
    words = {"lines": LINES, "url": tocsin.url, "service": service, "json": str(json).lower()}
    (folder / "program.mjs").write_text(_WINSTON_IMPORTS + _WINSTON_JS.format(**words))
    return ["node", str(folder / "program.mjs")]


def _winston_snappy(tocsin: Tocsin, folder: Path, service: str) -> list[str]:
    return _winston(tocsin, folder, service, json=False)


def _otlp_node(tocsin: Tocsin, folder: Path, service: str) -> list[str]:
    (folder / "program.mjs").write_text(_OTLP_JS.replace("./speak", "../speak"))
    return ["node", str(folder / "program.mjs"), "otlp-proto", tocsin.url, str(LINES), service]


def _otlp_node_json(tocsin: Tocsin, folder: Path, service: str) -> list[str]:
    return [*_otlp_node(tocsin, folder, service)[:2], "otlp-http", tocsin.url, str(LINES), service]


def _curl(tocsin: Tocsin, folder: Path, service: str) -> list[str]:
    (folder / "app.log").write_text("".join(f"order {number} failed\n" for number in range(LINES)))
    text = _filled(tocsin, "lines", "curl, until it is taken", service)
    return ["bash", "-c", text.replace("@app.log", "@{folder}/app.log").replace("< app", "< {folder}/app")]


PROGRAMS = {
    "python-logging-loki": Program("python", _loki_python),
    "pino-loki": Program("node", _pino),
    "winston-loki": Program("node", _winston, sends_at_its_end=True),
    "winston-loki, snappy": Program("node", _winston_snappy, sends_at_its_end=True),
    "elasticsearch-py": Program("python", _bulk_python),
    "@elastic/elasticsearch": Program("node", _bulk_node),
    "OpenTelemetry, JavaScript": Program("node", _otlp_node),
    "OpenTelemetry, JavaScript, JSON": Program("node", _otlp_node_json),
    "curl": Program("", _curl),
}
SERVICES = {client: f"shop-{number}" for number, client in enumerate(PROGRAMS)}


@contextmanager
def speaking(
    name: str, tocsin: Tocsin, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """The program, running, for its one of `SERVICES`. It is told to end by the end of its standard input, and has to
    end well."""
    program = PROGRAMS[name]
    folder = tmp_path
    if program.language == "node":  # where the clients are found
        folder = request.getfixturevalue("node_clients") / f"{os.getpid()}-{next(_NUMBERS)}"
    else:
        folder = tmp_path / f"program-{next(_NUMBERS)}"
    folder.mkdir()
    python = str(request.getfixturevalue("python_clients")) if program.language == "python" else ""
    command = [part.replace("{python}", python).replace("{folder}", str(folder))
               for part in program.write(tocsin, folder, SERVICES[name])]  # fmt: skip
    with (folder / "words").open("wb") as words:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=words, stderr=words)
    assert process.stdin is not None
    try:
        yield process
        process.stdin.close()
        code = process.wait(90)
        assert code == 0, (folder / "words").read_text()[-2000:]
    finally:
        process.stdin.close()
        process.kill()
        process.wait()
        shutil.rmtree(folder)
