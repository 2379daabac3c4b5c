"""A stage for tests: the real engine on SQLite, Tocsin's Slack side, and the local workspace with people in it."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from pydantic import SecretStr
from ruamel.yaml import YAML
from slack_bolt.async_app import AsyncApp

from bot.clock import Clock, HeldClock, SystemClock
from bot.engine.action_ports import Executor
from bot.engine.ports import Notice, Posted
from bot.engine.whole import Engine
from bot.incidents.model import Incident
from bot.logs.record import LogRecord
from bot.main import build_engine
from bot.people import Person
from bot.settings import Settings, SlackSettings
from bot.signals.fingerprint import fingerprint
from bot.signals.model import Signal, SignalKind
from bot.signals.severity import Severity
from bot.slack.client import SlackSide, sign_in
from bot.slack.courier import Courier
from bot.slack.render import Renderer
from bot.slack.rooms import RoomKeeper
from bot.workspace import Workspace
from bot.workspace.person import Slack
from handlers import bolt_app

MANIFEST = YAML(typ="safe").load((Path(__file__).parents[2] / "slack-manifest.yaml").read_text(encoding="utf-8"))
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Stage:
    """`held`: engine and courier stand at `clock`, which the test moves; else the real time. `listening`: Bolt hears
    what people do, over Socket Mode."""

    def __init__(
        self,
        *,
        held: bool = False,
        listening: bool = True,
        executors: Mapping[str, Executor] | None = None,
        manifest: Mapping[str, Any] = MANIFEST,
        database_url: str = "sqlite://",
        **settings: Any,
    ) -> None:
        self.held = HeldClock(NOON)
        self.clock: Clock = self.held if held else SystemClock()
        self.workspace = Workspace(manifest=manifest)
        self._listening, self._executors, self._more = listening, executors or {}, settings
        self._database_url = database_url
        self._stack = AsyncExitStack()

    engine: Engine
    side: SlackSide
    app: AsyncApp
    courier: Courier
    keeper: RoomKeeper
    people: Slack

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self.workspace)
        self.side = await self.sign_in()
        self.engine = build_engine(
            Settings.model_validate({"slack": {"operators": ["*"]}, **self._more}),
            clock=self.clock,
            database_url=self._database_url,
            executors=self._executors,
            team=self.side.team,
        )
        self.people = await self._stack.enter_async_context(Slack(self.workspace.page_url))
        self.courier = self.new_courier()
        self.keeper = RoomKeeper(self.engine, self.side.client)
        if self._listening:
            self.app = bolt_app(self.side, self.engine, Renderer())
            self._run(self.side.listen(self.app))
            await self._connected()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def sign_in(self) -> SlackSide:
        tokens = SlackSettings(
            bot_token=SecretStr(self.workspace.bot_token),
            app_token=SecretStr(self.workspace.app_token),
            signing_secret=SecretStr(self.workspace.signing_secret),
        )
        return await sign_in(tokens, base_url=self.workspace.base_url)

    def new_courier(self, pace: timedelta = timedelta()) -> Courier:
        return Courier(self.engine, self.side.client, pace=pace)

    def deliver(self) -> None:
        """From now on the courier runs by itself, and what looks after the incidents' channels."""
        self._run(self.courier.run())
        self._run(self.keeper.run())

    def _run(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._stack.push_async_callback(_ended, task)

    async def _connected(self) -> None:
        for _ in range(200):
            state = await self.people._http.get("/_workspace/state", params={"user": self.workspace.users["ana"]})
            if any(app["connected"] for app in state.json()["apps"]):
                return
            await asyncio.sleep(0.02)
        raise AssertionError("the app did not connect over Socket Mode")

    # -- who and what

    def person(self, name: str) -> Person:
        return Person(self.side.team, self.workspace.users[name])

    def declare(self, title: str = "Checkout refuses every card", service: str = "checkout") -> Incident:
        return self.engine.incidents.declare(self.person("ana"), service, title, Severity.CRITICAL)

    def alert(self, title: str, service: str) -> Incident:
        """Something outside reports trouble; a change that was told before is suspected."""
        now = self.clock.now()
        found = fingerprint("alert", service, title)
        signal = Signal(found, SignalKind.ALERT, service, Severity.CRITICAL, now, now, title, source="alerts")
        self.engine.signals.report([signal])
        with self.engine.store.read() as tx:
            return tx.incidents.active()[-1]

    def take(self, service: str, *lines: str) -> None:
        now = self.clock.now()
        self.engine.ingest.take([LogRecord(now, service, line, "info") for line in lines])

    def put(self, notice: Notice) -> None:
        with self.engine.store.write() as tx:
            tx.outbox.put(notice, self.clock.now())

    def posted(self, key: str) -> Posted | None:
        with self.engine.store.read() as tx:
            return tx.outbox.posted(key)

    def waiting(self) -> int:
        with self.engine.store.read() as tx:
            return tx.outbox.waiting()

    async def channel(self, name: str = "incidents") -> list[dict[str, Any]]:
        """Every root message of Tocsin in the channel, the oldest first, with metadata."""
        found = await self.side.client.conversations_history(
            channel=self.workspace.channels[name], include_all_metadata=True, limit=200
        )
        return [m for m in reversed(found["messages"]) if m.get("user") == self.side.user and "subtype" not in m]

    async def thread(self, root_ts: str, name: str = "incidents") -> list[dict[str, Any]]:
        found = await self.side.client.conversations_replies(
            channel=self.workspace.channels[name], ts=root_ts, include_all_metadata=True, limit=200
        )
        return list(found["messages"][1:])

    def calls(self, method: str) -> list[Any]:
        return [call for call in self.workspace.core.calls.since(0) if call["method"] == method]


async def _ended(task: asyncio.Task[Any]) -> None:
    """Stops a part of the stage; one that had failed before fails the test."""
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass
