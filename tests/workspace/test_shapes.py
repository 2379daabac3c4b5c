"""Have our payloads the shape of Slack's? Keys and types beside recorded payloads; every difference is listed here."""

import asyncio
import json
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace import Workspace
from bot.workspace.person import Slack
from tests.conftest import shared_data
from tests.workspace.test_delivery import MODAL, RawSocket, connected

Json = dict[str, Any]
REPLAY = ("vercel-chat-replay", "packages", "integration-tests", "fixtures", "replay")
SAMPLES = ("java-sdk-samples", "json-logs", "samples")


def differences(recorded: Any, ours: Any, at: str = "") -> set[str]:
    """Keys that were recorded and that we lack, and values of another type; what we have besides is no difference."""
    if isinstance(recorded, dict) and isinstance(ours, dict):
        found = {f"{at}.{key} missing" for key in recorded if key not in ours}
        return found.union(
            *(differences(value, ours[key], f"{at}.{key}") for key, value in recorded.items() if key in ours)
        )
    if isinstance(recorded, list) and isinstance(ours, list):
        return differences(recorded[0], ours[0], f"{at}[]") if recorded and ours else set()
    if recorded is None or ours is None or recorded == "":
        return set()
    same = type(recorded) is type(ours)
    return set() if same else {f"{at} is {type(ours).__name__}, recorded {type(recorded).__name__}"}


def recorded(*path: str) -> Json:
    found: Json = json.loads(shared_data("slack", *path).read_text())
    return found


async def next_of(raw: RawSocket, kind: str, name: str = "") -> Json:
    """The next payload of a kind (and event type); everything on the way is acknowledged."""
    while True:
        frame = await raw.next()
        if frame["type"] == "hello":
            continue
        await raw.acknowledge(frame)
        payload: Json = frame["payload"]
        if frame["type"] == kind and name in ("", payload.get("event", payload).get("type")):
            return payload


# Recorded in an Enterprise Grid; this workspace is not part of one.
GRID = {".enterprise_id missing", ".event.enterprise missing"}
SECTION = {
    "type": "actions",
    "elements": [{"type": "button", "action_id": "info", "text": {"type": "plain_text", "text": "Show Info"}}],
}


async def test_events_have_the_recorded_shape(workspace: Workspace, slack: Slack) -> None:
    async with connected(workspace) as raw:
        ana = slack.as_("ana").in_("#incidents")
        await ana.types("@tocsin Hey #general")
        ours = await next_of(raw, "events_api", "app_mention")
        theirs = recorded(*REPLAY, "slack-multi-workspace", "team1.json")["mention"]
        assert differences(theirs, ours) <= GRID
        mention = recorded(*REPLAY, "channel-mention", "slack.json")["mention"]
        await ana.types("@tocsin Can you see #general?")
        assert differences(mention, await next_of(raw, "events_api", "message")) == set()
        await ana.message("Can you see").reacts("+1")
        reaction = recorded(*REPLAY, "actions-reactions", "slack.json")["reaction"]
        assert differences(reaction, await next_of(raw, "events_api", "reaction_added")) == set()
        await slack.as_("ana").in_("@tocsin").types("Hey!")
        direct = recorded(*REPLAY, "dm", "slack.json")["dmMessage"]
        assert differences(direct, await next_of(raw, "events_api", "message")) == set()
        joined = recorded(*REPLAY, "member-joined-channel", "slack.json")["memberJoinedChannel"]
        channel = (await slack.as_("ana").act("create_channel", name="fresh"))["channel"]
        await slack.as_("ana").act("invite", channel=channel, users=[workspace.users["tocsin"]])
        found = differences(joined, await next_of(raw, "events_api", "member_joined_channel"))
        assert found == GRID


async def test_presses_and_forms_have_the_recorded_shape(
    workspace: Workspace, slack: Slack, client: AsyncWebClient
) -> None:
    form = recorded(*REPLAY, "modals", "slack.json")
    theirs = form["action"]["message"]["blocks"]
    async with connected(workspace) as raw:
        parent = await client.chat_postMessage(channel="#incidents", text="a thread")
        await client.chat_postMessage(channel="#incidents", text="card", blocks=theirs, thread_ts=parent["ts"])
        thread = await slack.as_("ana").in_("#incidents").message("a thread").thread()
        pressing = asyncio.create_task(thread.message("card").press("Send Feedback"))
        pressed = await next_of(raw, "interactive", "block_actions")
        await pressing
        assert differences(form["action"], pressed) == set()
        inputs = [{"type": "input", "block_id": "message", "label": {"type": "plain_text", "text": "Your Feedback"},
                   "element": {"type": "plain_text_input", "action_id": "message", "multiline": True,
                               "placeholder": {"type": "plain_text", "text": "Tell us"}}}]  # fmt: skip
        buttons = {"submit": {"type": "plain_text", "text": "Send"}, "close": {"type": "plain_text", "text": "No"}}
        view = {**MODAL, **buttons, "blocks": inputs, "callback_id": "feedback_form", "private_metadata": "m"}
        await client.views_open(trigger_id=pressed["trigger_id"], view=view)
        submitting = asyncio.create_task(slack.as_("ana").form().fill(message="Hello!").submit())
        submitted = await next_of(raw, "interactive", "view_submission")
        await submitting
        found = differences(form["viewSubmission"], submitted)
        # Recorded fields of the recorded form itself.
        assert found == {".view.state.values.category missing", ".view.state.values.email missing"}


async def test_commands_have_the_recorded_shape(workspace: Workspace, slack: Slack) -> None:
    sample = recorded(*SAMPLES, "app-backend", "slash-commands", "SlashCommandPayload.json")
    async with connected(workspace) as raw:
        typing = asyncio.create_task(slack.as_("ana").in_("#incidents").types("/test hello"))
        ours = await next_of(raw, "slash_commands")
        await typing
    found = differences(sample, ours)
    # Enterprise Grid again; and a form can only carry the text "false".
    assert found == {
        ".enterprise_id missing",
        ".enterprise_name missing",
        ".is_enterprise_install is str, recorded bool",
    }
    theirs = recorded(*REPLAY, "slash-commands", "slack.json")
    form = theirs.get("slashCommand") or theirs.get("command") or {}
    assert differences({key: value for key, value in form.items() if isinstance(value, str)}, ours) <= found


@pytest.mark.parametrize("kind", ["BlockActionPayload", "MessageShortcutPayload"])
async def test_samples_of_the_java_sdk_name_no_key_that_we_lack(
    workspace: Workspace, slack: Slack, client: AsyncWebClient, kind: str
) -> None:
    sample = recorded(*SAMPLES, "app-backend", "interactive-components", f"{kind}.json")
    await client.chat_postMessage(channel="#incidents", text="card", blocks=[SECTION])
    message = slack.as_("ana").in_("#incidents").message("card")
    async with connected(workspace) as raw:
        doing = message.press("Show Info") if kind.startswith("Block") else message.uses_shortcut("keep")
        task = asyncio.create_task(doing)
        ours = await next_of(raw, "interactive")
        await task
    top = {one.split()[0] for one in differences(sample, ours) if one.count(".") == 1 and one.endswith("missing")}
    # The sample lists every key of every case; these belong to other cases (an enterprise, old attachments, views).
    assert top <= {".enterprise", ".app_unfurl", ".view", ".bot_access_token", ".function_data", ".interactivity"}, top
