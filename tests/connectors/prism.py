"""A second opinion on requests and answers: Prism (npm's @stoplight/prism-cli) between a connector and its fake, with a
published OpenAPI description."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.connectors.faulty import Answer, Asked

READY_S = 120
FORWARDED = ("authorization", "content-type", "accept")


@dataclass
class Prism:
    """`violations`: what it found, in its words."""

    url: str
    violations: list[str] = field(default_factory=list)
    asked: int = 0

    def answer(self, asked: Asked) -> Answer:
        headers = {name: value for name, value in asked.headers.items() if name.lower() in FORWARDED}
        with httpx.Client(base_url=self.url, timeout=60, trust_env=False) as client:
            query, content = dict(asked.query), asked.content
            got = client.request(asked.method, asked.path, params=query, content=content, headers=headers)
        self.asked += 1
        found = json.loads(got.headers.get("sl-violations", "[]"))
        self.violations += [f"{asked.method} {asked.path} {got.status_code}: {json.dumps(one)}" for one in found]
        return Answer(got.status_code, got.json() if got.content else None)


@contextmanager
def between(packages: Path, description: Path, backend: str, folder: Path) -> Iterator[Prism]:
    """Prism in front of the server at `backend`."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    program = packages / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
    command = ["node", str(program), "proxy", str(description), backend, "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log, cwd=folder) as process:
        try:
            _wait(port, process, folder / "log")
            yield Prism(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(20)


def _wait(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + READY_S
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(0.5)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"Prism does not come up: {log.read_text()[-500:]}")


def part_of(description: Path, folder: Path, *under: str) -> Path:
    """The description with nothing but the paths that begin so, and what they refer to."""
    whole = json.loads(description.read_text(encoding="utf-8"))
    paths = {path: whole["paths"][path] for path in whole["paths"] if path.startswith(under)}
    kept: dict[str, dict[str, Any]] = {}
    _collect(paths, whole, kept)
    made = folder / "part.json"
    made.write_text(json.dumps({**{n: whole[n] for n in ("openapi", "info")}, "paths": paths, "components": kept}))
    return made


def _collect(found: Any, whole: Mapping[str, Any], kept: dict[str, dict[str, Any]]) -> None:
    if isinstance(found, list):
        for one in found:
            _collect(one, whole, kept)
    if not isinstance(found, dict):
        return
    reference = found.get("$ref")
    if isinstance(reference, str):
        _, _, kind, name = reference.split("/")
        if name not in kept.setdefault(kind, {}):
            kept[kind][name] = whole["components"][kind][name]
            _collect(kept[kind][name], whole, kept)
    for value in found.values():
        _collect(value, whole, kept)
