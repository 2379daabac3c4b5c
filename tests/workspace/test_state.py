"""Does the workspace keep what it promised to keep? Restarts, kills, torn writes, and the command that starts it."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import InputError
from bot.workspace import Workspace
from bot.workspace.person import Slack
from tests.workspace.conftest import client_of

Json = dict[str, Any]
COMMAND = ("-m", "bot", "workspace")
ALONE = ("-c", "import typer; from bot.workspace.cli import workspace; typer.run(workspace)")
"""The same without the rest of Tocsin: it starts sooner."""


@asynccontextmanager
async def started(
    *arguments: str, program: tuple[str, ...] = ALONE
) -> AsyncIterator[tuple[Json, asyncio.subprocess.Process]]:
    """The command as its own process, and what it printed."""
    root = Path(__file__).parents[2]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *program, "--json", *arguments, stdout=asyncio.subprocess.PIPE, cwd=root, env={**os.environ}
    )
    assert process.stdout is not None
    try:
        yield json.loads(await asyncio.wait_for(process.stdout.readline(), 60)), process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_a_message_that_was_answered_survives_kill_9(tmp_path: Path) -> None:
    state = tmp_path / "workspace.jsonl"
    async with started("--state", str(state)) as (facts, process):
        client = AsyncWebClient(token=facts["bot_token"], base_url=facts["base_url"])
        channel = facts["channels"]["incidents"]
        stamps = [str((await client.chat_postMessage(channel=channel, text=f"m{n}"))["ts"]) for n in range(20)]
        metadata = {"event_type": "notice", "event_payload": {"key": "k"}}
        await client.chat_update(channel=channel, ts=stamps[3], text="changed", metadata=metadata)
        await client.pins_add(channel=channel, timestamp=stamps[3])
        process.send_signal(signal.SIGKILL)
        await process.wait()
    async with started("--state", str(state)) as (again, process):
        assert again["bot_token"] == facts["bot_token"]
        assert again["channels"] == facts["channels"]
        client = AsyncWebClient(token=again["bot_token"], base_url=again["base_url"])
        history = await client.conversations_history(channel=channel, include_all_metadata=True)
        assert [message["ts"] for message in history["messages"]] == stamps[::-1]
        assert history["messages"][-4]["metadata"] == metadata
        assert history["messages"][-4]["pinned_to"] == [channel]
        newest = str((await client.chat_postMessage(channel=channel, text="after"))["ts"])
        assert newest > stamps[-1]
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 20) == 0


async def test_the_command_prints_what_an_app_needs_and_people_can_use_it_over_http() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with started("--port", str(port), program=COMMAND) as (facts, process):
        assert set(facts) == {"page", "base_url", "bot_token", "app_token", "signing_secret", "channels", "users"}
        assert (facts["page"], facts["base_url"]) == (f"http://127.0.0.1:{port}/", f"http://127.0.0.1:{port}/api/")
        client = AsyncWebClient(token=facts["bot_token"], base_url=facts["base_url"])
        assert (await client.auth_test())["user_id"] == facts["users"]["tocsin"]
        opened = await AsyncWebClient(base_url=facts["base_url"]).apps_connections_open(app_token=facts["app_token"])
        assert opened["url"].startswith(f"ws://127.0.0.1:{port}/")
        assert {"general", "incidents"} <= set(facts["channels"])
        assert {"ana", "ben", "tocsin"} <= set(facts["users"])
        async with Slack(facts["page"]) as slack:
            await slack.as_("ana").in_("#incidents").types("hello @ben")
            heard = await slack.as_("ben").in_("#incidents").messages()
            assert heard[-1]["text"] == f"hello <@{facts['users']['ben']}>"
            assert (await slack.transcript("#incidents")).startswith("ana: hello")
        process.send_signal(signal.SIGINT)
        rest, _ = await asyncio.wait_for(process.communicate(), 20)
        assert (rest, process.returncode) == (b"", 0), "one line of JSON and nothing else"


async def test_a_torn_last_line_is_dropped_and_damage_elsewhere_is_named(tmp_path: Path) -> None:
    state = tmp_path / "workspace.jsonl"
    async with Workspace(state_path=state) as workspace:
        await client_of(workspace).chat_postMessage(channel="#general", text="kept")
    with state.open("ab") as file:
        file.write(b'["message","C1/1.0",{"text":"torn')
    async with Workspace(state_path=state) as workspace:
        history = await client_of(workspace).conversations_history(channel=workspace.channels["general"])
        assert [message["text"] for message in history["messages"]] == ["kept"]
    lines = state.read_bytes().splitlines(keepends=True)
    state.write_bytes(b"".join([lines[0], b"{nonsense\n", *lines[1:]]))
    with pytest.raises(InputError, match=r"workspace\.jsonl:2"):
        Workspace(state_path=state)


async def test_one_state_is_open_in_one_workspace_only(tmp_path: Path) -> None:
    async with Workspace(state_path=tmp_path / "s.jsonl"):
        with pytest.raises(InputError, match="another workspace"):
            Workspace(state_path=tmp_path / "s.jsonl")


async def test_a_manifest_gives_commands_scopes_and_events() -> None:
    manifest = {
        "features": {
            "slash_commands": [{"command": "/tocsin", "description": "all", "should_escape": True}],
            "shortcuts": [{"name": "Declare", "type": "global", "callback_id": "declare", "description": "d"}],
        },
        "oauth_config": {"scopes": {"bot": ["chat:write", "commands"]}},
        "settings": {"event_subscriptions": {"bot_events": ["app_mention"]}},
    }
    async with Workspace(manifest=manifest) as workspace, Slack(workspace.page_url) as slack:
        state = await slack.as_("ana").state()
        assert [command["command"] for command in state["commands"]] == ["/tocsin"]
        assert [shortcut["callback_id"] for shortcut in state["shortcuts"]] == ["declare"]
        ana = slack.as_("ana").in_("#incidents")
        with pytest.raises(AssertionError, match="unknown_command"):
            await ana.types("/deploy")
        await ana.expects_ephemeral("`/deploy` is not a valid command")
        assert workspace.app["scopes"] == ["chat:write", "commands"]
