"""Is every message told once, whichever step the courier dies at?"""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import SystemClock
from bot.engine.whole import Engine
from bot.main import build_engine
from bot.people import Person
from bot.settings import Settings
from bot.signals.severity import Severity
from bot.slack.courier import Courier
from bot.store import migrate
from bot.store.database import Database
from bot.workspace import Workspace
from tests.scenarios.kills import Fuse, FusedDatabase, Killed

STEPS_MAX = 30


class FusedClient(AsyncWebClient):
    """Dies before a message reaches Slack, or after it did and before its answer came."""

    fuse: Fuse

    async def api_call(self, api_method: str, **arguments: Any) -> Any:
        if not api_method.startswith("chat."):
            return await super().api_call(api_method, **arguments)
        self.fuse.step()
        answer = await super().api_call(api_method, **arguments)
        self.fuse.step()
        return answer


class Telling:
    def __init__(self, folder: Path, workspace: Workspace) -> None:
        self.url, self.workspace = f"sqlite:///{folder}/tocsin.db", workspace
        self.settings = Settings.model_validate({"slack": {"operators": ["*"]}})
        with_schema = Database(self.url)
        migrate.upgrade(with_schema.engine)
        with_schema.close()

    def start(self, fuse: Fuse) -> tuple[Engine, Courier]:
        engine = build_engine(
            self.settings, clock=SystemClock(), store=FusedDatabase(self.url, fuse), executors={}, team="T"
        )
        client = FusedClient(token=self.workspace.bot_token, base_url=self.workspace.base_url)
        client.fuse = fuse
        return engine, Courier(engine, client, pace=timedelta(0))


@pytest.mark.parametrize("at", range(1, STEPS_MAX, 1))
async def test_an_incident_told_by_a_courier_that_dies_stands_once(tmp_path: Path, at: int) -> None:
    async with Workspace() as workspace:
        telling = Telling(tmp_path, workspace)
        engine, _ = telling.start(Fuse())
        ana = Person("T", "UANA")
        incident = engine.incidents.declare(ana, "checkout", "payments fail", Severity.MAJOR)
        engine.incidents.acknowledge(incident.id, ana)
        engine.incidents.resolve(incident.id, ana)
        fuse = Fuse(at)
        engine, courier = telling.start(fuse)
        try:
            await _deliver_all(engine, courier)
        except Killed:
            engine, courier = telling.start(Fuse())
            await _deliver_all(engine, courier)
        else:
            assert fuse.steps < at
        told = await _told(workspace)
        assert told == Counter({"incident:1": 1, "incident:1:line:2": 1, "incident:1:line:3": 1})


async def _deliver_all(engine: Engine, courier: Courier) -> None:
    for _ in range(200):
        await courier.deliver_due()
        with engine.store.read() as tx:
            if not tx.outbox.waiting():
                return
    raise AssertionError("the outbox is never empty")


async def _told(workspace: Workspace) -> Counter[str]:
    """How often each notice stands in the channel and its threads."""
    client = AsyncWebClient(token=workspace.bot_token, base_url=workspace.base_url)
    channel = workspace.channels["incidents"]
    told: Counter[str] = Counter()
    history = await client.conversations_history(channel=channel, include_all_metadata=True, limit=100)
    for root in history["messages"]:
        replies = await client.conversations_replies(
            channel=channel, ts=root["ts"], include_all_metadata=True, limit=100
        )
        for message in replies["messages"]:
            told[message.get("metadata", {}).get("event_payload", {}).get("key", message["text"])] += 1
    return told
