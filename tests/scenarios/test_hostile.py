"""Do hostile log lines stop nothing, and are they shown harmlessly?"""

import json
from datetime import timedelta

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.logs.record import LogRecord
from bot.slack.courier import Courier
from bot.workspace import Workspace
from tests.scenarios.world import World

HOSTILE = {
    "a ping": "payment failed <!channel> <!here> <@U123> <!subteam^S1> <https://evil.example|click>",
    "back-ticks": "payment failed ``` *bold* `code` ```\nsecond line",
    "a template": "payment failed {{7*7}} {% for x in y %} {{ config }} ${7*7}",
    "a megabyte": "payment failed " + "x" * 1_000_000,
    "control characters": "payment failed \x00\x01\x07\x1b[31mred\x1b[0m \x7f",
    "half a surrogate": "payment failed \ud800 \udfff",
    "right to left": "payment failed \u202e\u2066gpj.exe \u200f",
    "nothing but marks": "error <*> <NUM> <:*:> %s %d \\ \" ' ; DROP TABLE incident; --",
    "very many words": "payment failed " + "a b " * 20_000,
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_line_becomes_a_harmless_message(name: str) -> None:
    world = World(services={})
    now = world.clock.now()
    quiet = [LogRecord(now - timedelta(minutes=m), "checkout", f"order {m} accepted") for m in range(120)]
    world.engine.ingest.take(quiet)
    world.run(minutes=1)
    at = world.clock.now()
    world.engine.ingest.take([LogRecord(at, "checkout", HOSTILE[name], "error") for _ in range(40)])
    world.run(minutes=2)
    [incident] = world.incidents()
    async with Workspace(clock=world.clock) as workspace:  # strict: it refuses what Slack would refuse
        client = AsyncWebClient(token=workspace.bot_token, base_url=workspace.base_url)
        await Courier(world.engine, client, pace=timedelta(0)).deliver_due()
        history = await client.conversations_history(channel=workspace.channels["incidents"])
    [message] = history["messages"]
    said = json.dumps(message, ensure_ascii=False)
    assert incident.key in message["text"]
    for dangerous in (
        "<!channel",
        "<!here",
        "<@U123",
        "<!subteam",
        "<https://evil",
        "\x00",
        "\x1b",
        "\u202e",
        "```\n*",
    ):
        assert dangerous not in said
    assert "49" not in message["text"].replace(incident.key, "")
    assert len(said) < 15_000
