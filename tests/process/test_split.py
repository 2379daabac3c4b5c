"""Do the Procfile's processes do together what one process does? Web, worker and clock, on one database."""

import asyncio
import json
import os
import random
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from bot.workspace import Workspace
from bot.workspace.person import Slack

ROOT = Path(__file__).parents[2]
SETTINGS = """
bus = "table"
[slack]
operators = ["*"]
[detection]
window_s = 4
grace_s = 1
learning_minutes = 1
history_minutes = 10
"""


@pytest.mark.timeout(180)
@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
async def test_web_worker_and_clock_tell_an_incident_together(
    tmp_path: Path, backend: str, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/tocsin.db" if backend == "sqlite" else request.getfixturevalue("empty_postgres_url")
    async with (
        Workspace() as workspace,
        _procfile(tmp_path, url, workspace) as address,
        httpx.AsyncClient(base_url=address, timeout=30) as sender,
    ):
        now, rng = datetime.now(UTC), random.Random(5)
        history = [_line(now - timedelta(seconds=s), f"order {rng.randint(1, 9999)} accepted") for s in range(600)]
        await _send(sender, history, "history")
        await sender.post("/v1/changes", json={"kind": "deploy", "service": "checkout", "version": "1.4.2"})
        async with Slack(workspace.page_url, patience_s=20) as slack:
            channel = slack.as_("ana").in_("#incidents")
            for second in range(90):
                errors = [_line(datetime.now(UTC), f"payment {n} failed: no rate", "error") for n in range(5)]
                await _send(sender, errors, f"errors-{second}")
                if any("INC-1" in message["text"] for message in await channel.messages()):
                    break
                await asyncio.sleep(1)
            await channel.expects_message("payment")
            await channel.message("payment").press("Acknowledge")
            await channel.types("/tocsin incidents")
            await channel.expects_ephemeral("INC-1")


def _line(at: datetime, message: str, level: str = "info") -> str:
    return json.dumps({"ts": at.isoformat(), "level": level, "message": message})


async def _send(sender: httpx.AsyncClient, lines: list[str], key: str) -> None:
    answer = await sender.post("/v1/ingest/checkout", content="\n".join(lines), headers={"Idempotency-Key": key})
    assert answer.status_code in (200, 202), answer.text


@asynccontextmanager
async def _procfile(folder: Path, url: str, workspace: Workspace) -> AsyncIterator[str]:
    """`tocsin migrate`, then `web`, `worker` and `clock` as processes of their own; gives the web's address."""
    (folder / "tocsin.toml").write_text(SETTINGS)
    port = _free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "SLACK_BOT_TOKEN": workspace.bot_token,
        "SLACK_APP_TOKEN": workspace.app_token,
        "SLACK_API_URL": workspace.base_url,
        "PORT": str(port),
        "PYTHONPATH": str(ROOT),
    }
    tocsin = [sys.executable, "-m", "bot"]
    await asyncio.to_thread(subprocess.run, [*tocsin, "migrate"], cwd=folder, env=environment, check=True, timeout=60)
    parts = [subprocess.Popen([*tocsin, part], cwd=folder, env=environment) for part in ("web", "worker", "clock")]
    try:
        yield await _answering(f"http://127.0.0.1:{port}", parts)
    finally:
        for part in parts:
            part.terminate()
        codes = [await asyncio.to_thread(part.wait, 20) for part in parts]
    assert codes == [0, 0, 0]


async def _answering(address: str, parts: list["subprocess.Popen[bytes]"]) -> str:
    async with httpx.AsyncClient() as probe:
        for _ in range(240):
            assert all(part.poll() is None for part in parts), "a part ended"
            try:
                if (await probe.get(f"{address}/healthz")).status_code == 200:
                    return address
            except httpx.TransportError:
                await asyncio.sleep(0.25)
    raise AssertionError("the web part never answers")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
