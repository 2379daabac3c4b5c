"""Do the players go by what stands in the channel, on a real workspace with a real Bolt app behind the buttons?"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import HeldClock, SystemClock
from bot.demo import play as play_module
from bot.demo.channel import Channel
from bot.demo.pace import Pace
from bot.demo.play import Play
from bot.workspace import Workspace
from bot.workspace.person import Slack

OPEN = ("incident.roll_back", "incident.acknowledge", "incident.why")
TAKEN = ("incident.roll_back", "incident.update", "incident.resolve")
UNDER_WAY = ("incident.update", "incident.resolve")
OVER = ("incident.why", "incident.reopen")


@dataclass
class App:
    """What Tocsin's messages do when they are pressed, as far as the players can see. `deaf` presses bring nothing;
    `ends` is what the incident says at the end; with `helps` False the rollback button comes back."""

    client: AsyncWebClient
    channel: str
    deaf: int = 0
    ends: str = "INC-1 checkout has recovered after 1 min"
    helps: bool = True
    presses: list[tuple[str, str]] = field(default_factory=list)
    card: str = ""
    plan: str = ""

    def listen(self, app: AsyncApp) -> None:
        for action in (*OPEN, "run.approve"):
            app.action(action)(self._pressed)

    async def _pressed(self, ack: Any, body: dict[str, Any]) -> None:
        await ack()
        action, user = body["actions"][0]["action_id"], body["user"]["id"]
        if self.deaf:
            self.deaf -= 1
            return
        self.presses.append((user, action))
        if action == "incident.acknowledge":
            await self.shows("INC-1 Major · checkout", TAKEN)
        elif action == "incident.roll_back":
            await self.shows("INC-1 Major · checkout", UNDER_WAY)
            await self.plans()
        elif action == "run.approve":
            await self.client.chat_update(channel=self.channel, ts=self.plan, text="Done", blocks=_blocks("Done", ()))
            await self.shows(self.ends if self.helps else "INC-1 Major", OVER if self.helps else TAKEN)

    async def opens(self, actions: tuple[str, ...] = OPEN, text: str = "INC-1 Major · checkout") -> None:
        answer = await self.client.chat_postMessage(channel=self.channel, text=text, blocks=_blocks(text, actions))
        self.card = str(answer["ts"])

    async def plans(self) -> None:
        blocks = _blocks("Roll back checkout?", ("run.approve", "run.cancel"))
        answer = await self.client.chat_postMessage(
            channel=self.channel, thread_ts=self.card, text="Roll back checkout?", blocks=blocks
        )
        self.plan = str(answer["ts"])

    async def shows(self, text: str, actions: tuple[str, ...]) -> None:
        await self.client.chat_update(channel=self.channel, ts=self.card, text=text, blocks=_blocks(text, actions))


def _blocks(text: str, actions: tuple[str, ...]) -> list[dict[str, Any]]:
    buttons = [
        {"type": "button", "action_id": action, "value": "1", "text": {"type": "plain_text", "text": action}}
        for action in actions
    ]
    section = {"type": "section", "text": {"type": "mrkdwn", "text": text}}
    return [section, {"type": "actions", "elements": buttons}] if buttons else [section]


@pytest_asyncio.fixture
async def workspace() -> AsyncIterator[Workspace]:
    async with Workspace() as made:
        yield made


@pytest_asyncio.fixture
async def app(workspace: Workspace) -> AsyncIterator[App]:
    client = AsyncWebClient(token=workspace.bot_token, base_url=workspace.base_url)
    bolt = AsyncApp(client=client)
    made = App(client, workspace.channels["incidents"])
    made.listen(bolt)
    handler = AsyncSocketModeHandler(bolt, workspace.app_token)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    yield made
    await handler.close_async()  # type: ignore[no-untyped-call]


@dataclass
class Stage:
    """The players in front of the workspace; `says` is what they told."""

    play: Play
    says: list[str]

    async def until_over(self, *, within_s: float = 20) -> int:
        async with asyncio.timeout(within_s):
            while True:
                code = await self.play.look(await self.play.ana.messages())
                if code is not None:
                    return code
                await asyncio.sleep(0.05)


@pytest_asyncio.fixture
async def stage(workspace: Workspace) -> AsyncIterator[Stage]:
    async with Slack(workspace.page_url) as slack:
        says: list[str] = []
        ana, ben = (Channel(slack.as_(name), "#incidents") for name in ("ana", "ben"))
        play = Play(
            ana, ben, lambda: True, Pace(), SystemClock(), lambda who, sentence: says.append(f"{who}: {sentence}")
        )
        yield Stage(play, says)


def _pressed(workspace: Workspace, app: App) -> list[tuple[str, str]]:
    names = {user: name for name, user in workspace.users.items()}
    return [(names[user], action) for user, action in app.presses]


async def test_ana_acknowledges_and_rolls_back_and_ben_says_yes(workspace: Workspace, app: App, stage: Stage) -> None:
    await app.opens()
    assert await stage.until_over() == 0
    assert _pressed(workspace, app) == [
        ("ana", "incident.acknowledge"),
        ("ana", "incident.roll_back"),
        ("ben", "run.approve"),
    ]
    assert stage.says[-1] == "story: The service has recovered. That was the story."


@pytest.mark.parametrize(
    ("actions", "has_plan", "presses"),
    [
        (TAKEN, False, [("ana", "incident.roll_back"), ("ben", "run.approve")]),
        (UNDER_WAY, True, [("ben", "run.approve")]),
        (OPEN, True, [("ana", "incident.acknowledge"), ("ben", "run.approve")]),
    ],
)
async def test_started_in_the_middle_they_go_on_from_there(
    workspace: Workspace,
    app: App,
    stage: Stage,
    actions: tuple[str, ...],
    has_plan: bool,
    presses: list[tuple[str, str]],
) -> None:
    await app.opens(actions)
    if has_plan:
        await app.plans()
    assert await stage.until_over() == 0
    assert _pressed(workspace, app) == presses


async def test_a_story_that_is_over_already_needs_no_press(app: App, stage: Stage) -> None:
    await app.opens(OVER, "INC-1 checkout has recovered after 1 min")
    assert await stage.until_over() == 0
    assert app.presses == []


async def test_a_recovered_incident_is_not_the_end_while_the_shop_is_not_well(app: App, stage: Stage) -> None:
    await app.opens(OVER, "INC-1 checkout has recovered after 1 min")
    stage.play.is_well = lambda: False
    with pytest.raises(TimeoutError):
        await stage.until_over(within_s=0.5)


async def test_a_press_that_came_to_nothing_is_made_again(
    workspace: Workspace, app: App, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(play_module, "PRESS_AGAIN_AFTER", timedelta(seconds=0.3))
    app.deaf = 2
    await app.opens()
    assert await stage.until_over() == 0
    assert len(app.presses) == 3
    assert stage.says.count("Ana: presses “incident.acknowledge”") == 3


async def test_a_rollback_that_does_not_help_is_tried_three_times(
    app: App, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(play_module, "PRESS_AGAIN_AFTER", timedelta(seconds=0))
    app.helps = False
    await app.opens()
    assert await stage.until_over() == 1
    assert [action for _, action in app.presses].count("incident.roll_back") == 3
    assert "3 rollbacks were asked for" in stage.play.problem


async def test_an_incident_that_ends_without_a_rollback_is_a_failure(app: App, stage: Stage) -> None:
    await app.opens(OVER, "INC-1 checkout is quiet again after 10 min")
    assert await stage.until_over() == 1
    assert "quiet again" in stage.play.problem


async def test_who_waits_too_long_says_for_what_and_what_was_seen_last(app: App, stage: Stage) -> None:
    clock = HeldClock(SystemClock().now())
    stage.play.clock = clock
    assert await stage.play.look(await stage.play.ana.messages()) is None
    clock.advance(timedelta(minutes=10))
    assert await stage.play.look(await stage.play.ana.messages()) == 1
    assert "waited 250 s for an incident in the channel" in stage.says[-1]
    assert "nothing in the channel" in stage.says[-1]


async def test_an_app_that_is_not_there_is_told_and_waited_for(workspace: Workspace, stage: Stage) -> None:
    client = AsyncWebClient(token=workspace.bot_token, base_url=workspace.base_url)
    alone = App(client, workspace.channels["incidents"])
    await alone.opens()
    assert await stage.play.look(await stage.play.ana.messages()) is None
    assert any(sentence.startswith("Ana: gets no answer") for sentence in stage.says), json.dumps(stage.says)
