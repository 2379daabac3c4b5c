"""Where does the story of the main job take place? The whole of Tocsin on the world's workspace, beside a service.

Everything is the real thing: the engine on SQLite, the schedule, the courier, Bolt over Socket Mode, git for
deployments. Only the service is made up: it writes what its version in the repository makes it write.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.changes.model import Change, ChangeKind
from bot.clock import SystemClock
from bot.logs.record import LogRecord
from bot.main import build_engine, open_store
from bot.scheduling import lead
from bot.settings import Settings, SlackSettings
from bot.slack.client import sign_in
from bot.slack.courier import Courier
from handlers import bolt_app
from tests.scenarios.deployments import Deployments
from tests.slack.stage import MANIFEST
from tests.workspace_page.world import World

GOOD, BAD = "1.4.1", "1.4.2"
WINDOW_S = 2
PAST = timedelta(minutes=2)
LINE_EVERY = timedelta(milliseconds=100)
TICK_S = 0.25


class TocsinWorld(World):
    """`deploy_badly` breaks checkout; what is done about it is seen in `deployments`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(manifest=MANIFEST)
        self.deployments = Deployments(folder, {"checkout": GOOD})
        self._settings = _settings(self.deployments)
        self._store = open_store(self._settings, database_url="sqlite://")
        self._tasks = self.do(self._live())

    def deploy_badly(self) -> None:
        now = SystemClock().now()
        self.deployments.commit("checkout", BAD)
        self.engine.changes.report(Change("deploy-1", ChangeKind.DEPLOY, "checkout", now, BAD, GOOD, by="eve"))

    def refused_calls(self) -> list[Any]:
        """What the workspace refused of what Tocsin said."""
        calls = self.workspace.core.calls.since(0)
        return [call for call in calls if call["response"].get("ok") is not True]

    def end(self) -> None:
        self.do(_ended(self._tasks))
        self._store.close()
        super().end()

    async def _live(self) -> list[asyncio.Task[None]]:
        tokens = SlackSettings(
            bot_token=SecretStr(self.workspace.bot_token), app_token=SecretStr(self.workspace.app_token)
        )
        side = await sign_in(tokens, base_url=self.workspace.base_url)
        executors = {"shop": self.deployments.executor}
        self.engine = build_engine(self._settings, store=self._store, executors=executors, team=side.team)
        works = [
            side.listen(bolt_app(side, self.engine)),
            Courier(self.engine, side.client, pace=timedelta(seconds=0.2)).run(),
            lead(self.engine, "test"),
            self._work(),
            self._write(),
        ]
        return [asyncio.ensure_future(work) for work in works]

    async def _work(self) -> None:
        while True:
            if not await asyncio.to_thread(self.engine.runs.work, "test"):
                await asyncio.sleep(TICK_S)

    async def _write(self) -> None:
        """The past first, then a line ten times a second, and as many errors while the bad version is out."""
        written_until, version = SystemClock().now() - PAST, GOOD
        while True:
            now = SystemClock().now()
            records = [r for at in _moments(written_until, now) for r in _lines(at, version)]
            await asyncio.to_thread(self.engine.ingest.take, records)
            written_until = now
            await asyncio.sleep(TICK_S)
            version = await asyncio.to_thread(self.deployments.version, "checkout")


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    """Stops Tocsin's parts; one that had failed before fails the test."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _settings(deployments: Deployments) -> Settings:
    return Settings.model_validate(
        {
            **deployments.settings(),
            "slack": {"operators": ["*"]},
            "detection": {
                "window_s": WINDOW_S,
                "grace_s": 0.5,
                "learning_minutes": 0.5,
                "history_minutes": PAST / timedelta(minutes=1),
            },
        }
    )


def _moments(since: datetime, until: datetime) -> Iterator[int]:
    """The numbers of the tenths of a second after `since`, up to `until`: none twice, none left out."""
    epoch = datetime.fromtimestamp(0, UTC)
    yield from range((since - epoch) // LINE_EVERY + 1, (until - epoch) // LINE_EVERY + 1)


def _lines(number: int, version: str) -> Iterator[LogRecord]:
    at = datetime.fromtimestamp(0, UTC) + number * LINE_EVERY
    yield LogRecord(at, "checkout", f"order {number} accepted total={number % 977}", "info")
    if version == BAD:
        yield LogRecord(at, "checkout", f"payment {number} failed: cannot convert total to currency=JPY", "error")
