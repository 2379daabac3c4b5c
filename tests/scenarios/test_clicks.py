"""Does a click only count when Slack sent it, just now, once, and by somebody who may?

Requests as Slack's HTTP would bring them, signed or not, at Tocsin's own door.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import pytest_asyncio
from slack_sdk.signature import SignatureVerifier

from bot.actions.model import RunState
from tests.scenarios.deployments import Deployments
from tests.scenarios.test_attacks import ask
from tests.slack.stage import Stage

TOO_OLD_S = 6 * 60


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    deployments = Deployments(tmp_path, {"checkout": "1.4.1"})
    deployments.commit("checkout", "1.4.2")
    async with Stage(executors={"shop": deployments.executor}, **deployments.settings()) as made:
        made.deliver()
        yield made


def click(stage: Stage, who: str, action: str = "run.approve", value: str = "1", **more: Any) -> dict[str, Any]:
    """What Slack sends for a button; `who` is an id."""
    channel = more.pop("channel", stage.workspace.channels["incidents"])
    pressed = {"action_id": action, "block_id": "b", "type": "button", "value": value, "action_ts": "1.1"}
    return {
        "type": "block_actions",
        "team": {"id": stage.side.team},
        "user": {"id": who, "team_id": stage.side.team},
        "api_app_id": "A1",
        "container": {"type": "message", "channel_id": channel, "message_ts": "1.1"},
        "channel": {"id": channel},
        "trigger_id": more.pop("trigger", f"t.{who}.{len(more)}.{action}.{value}.{channel}"),
        "actions": [pressed],
        **more,
    }


async def delivered(
    stage: Stage, payload: Mapping[str, Any], *, secret: str = "", age_s: int = 0, signature: str = ""
) -> int:
    """The status that Tocsin answers with."""
    body = urlencode({"payload": json.dumps(payload)})
    at = str(int(time.time()) - age_s)
    signed = SignatureVerifier(secret or stage.workspace.signing_secret).generate_signature(timestamp=at, body=body)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": at,
        "X-Slack-Signature": signature or str(signed),
    }
    transport = httpx.ASGITransport(stage.side.http_app(stage.app))
    async with httpx.AsyncClient(transport=transport, base_url="http://tocsin") as client:
        return (await client.post("/events", content=body, headers=headers)).status_code


def state(stage: Stage) -> RunState:
    with stage.engine.store.read() as tx:
        return tx.runs.get(1).state


def audited(stage: Stage) -> list[str]:
    with stage.engine.store.read() as tx:
        return [entry.what for entry in tx.records.audit_of("run:1")]


async def whispered(stage: Stage, after: int) -> str:
    """What Tocsin says to somebody alone, in the first answer after so many."""
    for _ in range(250):
        calls = stage.calls("chat.postEphemeral")
        if len(calls) > after:
            return str(calls[after]["args"])
        await asyncio.sleep(0.02)
    raise AssertionError("nothing was answered")


async def test_a_click_that_slack_did_not_sign_just_now_is_turned_away(stage: Stage) -> None:
    ask(stage)
    payload = click(stage, stage.workspace.users["ben"])
    assert await delivered(stage, payload, secret="a guessed secret") == 401
    assert await delivered(stage, payload, signature="v0=") == 401
    assert await delivered(stage, payload, signature="v0=" + "0" * 64) == 401
    assert await delivered(stage, payload, age_s=TOO_OLD_S) == 401  # recorded, and played again
    assert await delivered(stage, payload, age_s=-TOO_OLD_S) == 401
    assert state(stage) is RunState.ASKED


async def test_a_signed_click_counts_once_however_often_it_comes(stage: Stage) -> None:
    ask(stage)
    ben = stage.people.as_("ben").in_("#incidents")
    await ben.note()
    payload = click(stage, stage.workspace.users["ben"])
    for _ in range(3):
        assert await delivered(stage, payload) == 200
    await ben.message("*Deploy checkout*").expects("It starts now")
    assert audited(stage) == ["run.asked", "run.approved"]
    await ben.expects_nothing("You have said yes already")


@pytest.mark.parametrize("value", ["x", "1 OR 1=1", '{"run": 1}', "999999", "-1", "1" * 5_000])
async def test_a_click_with_a_forged_value_changes_nothing(stage: Stage, value: str) -> None:
    ask(stage)
    ben = stage.people.as_("ben").in_("#incidents")
    await ben.note()
    await delivered(stage, click(stage, stage.workspace.users["ben"], value=value))
    await ben.expects_ephemeral("")
    assert state(stage) is RunState.ASKED


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"is_bot": True}, "Only people can do this"),
        ({"deleted": True}, "You can look, but not change anything"),
        ({"is_restricted": True}, "You can look, but not change anything"),
        ({"is_stranger": True}, "You can look, but not change anything"),
    ],
)
async def test_bots_guests_strangers_and_those_who_left_may_not(
    stage: Stage, changed: dict[str, bool], said: str
) -> None:
    ask(stage)
    users, ben = stage.workspace.core.team.users, stage.workspace.users["ben"]
    found = users.get(ben)
    assert found is not None
    users.put(ben, {**found, **changed})
    whispers = len(stage.calls("chat.postEphemeral"))
    await delivered(stage, click(stage, ben))
    assert said in await whispered(stage, whispers)
    assert state(stage) is RunState.ASKED


async def test_the_askers_second_account_of_the_same_name_is_nobody(tmp_path: Path) -> None:
    deployments = Deployments(tmp_path, {"checkout": "1.4.1"})
    deployments.commit("checkout", "1.4.2")
    async with Stage(executors={"shop": deployments.executor}, **deployments.settings()) as stage:
        stage.deliver()
        ask(stage)
        users, ana, ben = stage.workspace.core.team.users, stage.person("ana"), stage.person("ben")
        object.__setattr__(stage.engine.policy, "operators", frozenset({ana.key, ben.key}))
        found = users.get(ana.user)
        assert found is not None
        users.put("U0ALIKE00", {**found, "id": "U0ALIKE00"})
        whispers = len(stage.calls("chat.postEphemeral"))
        await delivered(stage, click(stage, "U0ALIKE00"))
        assert "not among those who may act" in await whispered(stage, whispers)
        elsewhere: dict[str, Any] = {"team": {"id": "T0OTHER"}, "user": {"id": ben.user, "team_id": "T0OTHER"}}
        await delivered(stage, click(stage, ben.user, **elsewhere))
        assert "not among those who may act" in await whispered(stage, whispers + 1)
        assert state(stage) is RunState.ASKED


async def test_in_a_private_channel_shared_with_another_organisation_nothing_is_done(stage: Stage) -> None:
    ask(stage)
    ana, ben = stage.people.as_("ana"), stage.people.as_("ben")
    made = str((await ana.act("create_channel", name="with-a-partner", is_private=True))["channel"])
    await ana.act("invite", channel=made, users=[stage.workspace.users["ben"], stage.side.user])
    channels = stage.workspace.core.team.channels
    channel = channels.get(made)
    assert channel is not None
    channels.put(made, {**channel, "is_ext_shared": True})
    await ana.in_("#with-a-partner").types("/deploy checkout 1.6.0")
    await ana.in_("#with-a-partner").expects_ephemeral("shared with another organisation")
    await ben.in_("#with-a-partner").note()
    await delivered(stage, click(stage, stage.workspace.users["ben"], channel=made))
    await ben.in_("#with-a-partner").expects_ephemeral("shared with another organisation")
    for callback in ("run.ask", "run.code"):
        await ben.in_("#with-a-partner").note()
        await delivered(stage, _form(stage, callback, made))
        await ben.in_("#with-a-partner").expects_ephemeral("shared with another organisation")
    assert (state(stage), audited(stage)) == (RunState.ASKED, ["run.asked"])
    assert all(call["args"].get("channel") != made for call in stage.calls("chat.postMessage"))


async def test_from_a_private_channel_that_tocsin_cannot_see_nothing_is_told_there(stage: Stage) -> None:
    ana = stage.people.as_("ana")
    made = str((await ana.act("create_channel", name="hidden", is_private=True))["channel"])
    await ana.in_("#hidden").types("/deploy checkout 1.6.0")
    await ana.in_("#hidden").expects_ephemeral("It stands in #incidents")
    await ana.in_("#incidents").message("*Deploy checkout*").expects("has to say yes")
    assert all(call["args"].get("channel") != made for call in stage.calls("chat.postMessage"))


def _form(stage: Stage, callback: str, channel: str) -> dict[str, Any]:
    remembered: dict[str, str] = {"channel": channel, "run": "1", "action": "deploy-checkout"}
    view: dict[str, Any] = {
        "type": "modal",
        "callback_id": callback,
        "private_metadata": json.dumps(remembered),
        "id": f"V{callback}",
    }
    view |= {"state": {"values": {"version": {"value": {"type": "plain_text_input", "value": "1.6.0"}}}}, "hash": "1"}
    user = {"id": stage.workspace.users["ben"], "team_id": stage.side.team}
    team = {"id": stage.side.team}
    return {
        "type": "view_submission",
        "team": team,
        "user": user,
        "api_app_id": "A1",
        "trigger_id": f"t.{callback}",
        "view": view,
    }
