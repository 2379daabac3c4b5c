"""Does a bad incident get a channel of its own, and does every refusal of Slack end in a clear word, a right state?"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from bot.incidents.life import Room, RoomState
from bot.incidents.rooms import next_steps, numbered, room_name, with_step
from bot.signals.severity import Severity
from bot.slack.rooms import RoomKeeper
from tests.slack.stage import MANIFEST, Stage
from tests.templates import pages

CHANNEL: dict[str, Any] = {"incidents": {"channel": {"from_severity": "critical"}}}


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    async with Stage(**CHANNEL) as made:
        made.deliver()
        yield made


def room(stage: Stage, number: int = 1) -> Room:
    found = stage.engine.reading.incident(number).life.room
    assert found is not None
    return found


async def until(stage: Stage, state: RoomState, number: int = 1) -> Room:
    for _ in range(250):
        found = stage.engine.reading.incident(number).life.room
        if found is not None and found.state is state:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(f"the room is {found}")


async def step_done(stage: Stage, step: str) -> None:
    for _ in range(250):
        if step in room(stage).done:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{step} is not among {room(stage).done}")


def channel_of(stage: Stage, channel: str) -> Mapping[str, Any]:
    return stage.workspace.core.team.channels.get(channel) or {}


async def test_a_bad_incident_gets_a_channel_with_topic_people_and_its_pinned_card(stage: Stage) -> None:
    ana, ben = stage.people.as_("ana"), stage.people.as_("ben")
    incident = stage.declare()
    made = await until(stage, RoomState.OPEN)
    card = ana.in_("#incidents").message("Checkout refuses")
    await card.expects(f"also in <#{made.channel}>")
    await card.expects_thread_reply(f"It has a channel of its own: <#{made.channel}>")
    await step_done(stage, "pin")
    shown = channel_of(stage, made.channel)
    assert shown["name"] == "inc-1-checkout"
    assert shown["topic"]["value"] == "🔴 Critical · INC-1 checkout: Checkout refuses every card"
    assert "INC-1" in shown["purpose"]["value"]
    there = ana.in_(made.channel)
    pinned = await there.message("Declared by").found()
    assert pinned["pinned_to"] == [made.channel]
    await there.message("Declared by").expects(f"also in <#{stage.workspace.channels['incidents']}>")
    stage.engine.roles.give(incident.id, stage.person("ben"), stage.person("ana"), "scribe")
    await step_done(stage, f"invite:{stage.workspace.users['ben']}")
    await ben.in_(made.channel).message("made").found()
    await there.message("Declared by").press("Acknowledge")
    await card.expects("is on it")
    await there.types("/incident update Half of it works")  # no number: it is the incident of this channel
    await there.expects_ephemeral("Posted in the thread of INC-1")
    await there.expects_message("Half of it works")
    await card.expects_thread_reply("Half of it works")


async def test_a_small_incident_has_none_until_somebody_says_that_it_is_bad(stage: Stage) -> None:
    ana = stage.person("ana")
    incident = stage.engine.incidents.declare(ana, "web", "Slow", Severity.MAJOR)
    await stage.people.as_("ana").in_("#incidents").message("Slow").found()
    assert await stage.keeper.keep() == 0
    stage.engine.incidents.grade(incident.id, Severity.CRITICAL, "", ana)
    await until(stage, RoomState.OPEN)


async def test_without_the_setting_nothing_is_made() -> None:
    async with Stage(listening=False) as stage:
        stage.declare()
        await stage.courier.deliver_due()
        assert await stage.keeper.keep() == 0
        assert stage.engine.reading.incident(1).life.room is None


async def test_a_taken_name_gets_a_number_and_one_of_our_own_after_a_crash_is_taken(stage: Stage) -> None:
    ana = stage.people.as_("ana")
    await ana.act("create_channel", name="inc-1-checkout")
    stage.declare()
    made = await until(stage, RoomState.OPEN)
    assert channel_of(stage, made.channel)["name"] == "inc-1-checkout-2"
    before = await stage.side.client.conversations_create(name="inc-2-search")  # made, and then the process died
    stage.declare("Search is empty", "search")
    assert (await until(stage, RoomState.OPEN, 2)).channel == before["channel"]["id"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("restricted_action", "An admin of the workspace can allow it"),
        ("not_allowed_token_type", "An admin of the workspace can allow it"),
        ("invalid_name_specials", "Slack answers `invalid_name_specials`"),
    ],
)
async def test_when_no_channel_can_be_made_it_says_why_and_goes_on(stage: Stage, error: str, words: str) -> None:
    await stage.people.fault("error", method="conversations.create", error=error)
    stage.declare()
    card = stage.people.as_("ana").in_("#incidents").message("Checkout refuses")
    await card.expects_thread_reply("It gets no channel of its own, and goes on here")
    await card.expects_thread_reply(words)
    assert room(stage).state is RoomState.REFUSED
    await card.press("Acknowledge")
    await card.expects("is on it")
    assert len(stage.calls("conversations.create")) == 1


async def test_a_missing_scope_is_named_to_those_who_can_mend_it() -> None:
    scopes = [scope for scope in MANIFEST["oauth_config"]["scopes"]["bot"] if scope != "channels:manage"]
    lesser = {**MANIFEST, "oauth_config": {"scopes": {"bot": scopes}}}
    async with Stage(manifest=lesser, **CHANNEL) as stage:
        stage.deliver()
        stage.declare()
        card = stage.people.as_("ana").in_("#incidents").message("Checkout refuses")
        await card.expects_thread_reply("the app lacks the scope `channels:manage`")


async def test_what_is_refused_for_a_moment_is_tried_again(stage: Stage) -> None:
    await stage.people.fault("status", method="conversations.create", status=503, times=1)
    await stage.people.fault("status", method="conversations.setTopic", status=500, times=1, when="after")
    stage.declare()
    made = await until(stage, RoomState.OPEN)
    await step_done(stage, "topic:critical")
    assert channel_of(stage, made.channel)["name"] == "inc-1-checkout"


async def test_somebody_who_cannot_be_asked_in_is_told_of_and_the_rest_is_done(stage: Stage) -> None:
    await stage.people.fault("error", method="conversations.invite", error="user_disabled", times=1)
    await stage.people.fault("error", method="pins.add", error="missing_scope", times=1)
    stage.declare()
    card = stage.people.as_("ana").in_("#incidents").message("Checkout refuses")
    await card.expects_thread_reply("the account is deactivated: give their role to somebody else")
    await card.expects_thread_reply("the pin could not be set")
    assert room(stage).state is RoomState.OPEN
    assert room(stage).done.count(f"invite:{stage.workspace.users['ana']}") == 1


@pytest.mark.parametrize("how", ["archived", "removed"])
async def test_a_channel_that_is_archived_or_closed_to_it_is_left_and_it_goes_on_in_the_main_one(
    stage: Stage, how: str
) -> None:
    ana = stage.people.as_("ana").in_("#incidents")
    incident = stage.declare()
    made = await until(stage, RoomState.OPEN)
    await step_done(stage, "pin")
    if how == "archived":
        team = stage.workspace.core.team
        team.channels.put(made.channel, {**channel_of(stage, made.channel), "is_archived": True})
    else:
        await stage.people.fault("error", method="conversations.join", error="method_not_supported_for_channel_type")
        stage.workspace.core.team.set_members(made.channel, [stage.workspace.users["ana"]])
    stage.engine.updates.post(incident.id, "Still looking", stage.person("ana"))
    await until(stage, RoomState.REFUSED)
    card = ana.message("Checkout refuses")
    await card.expects_thread_reply("it was archived" if how == "archived" else "Tocsin was removed from it")
    await card.expects_thread_reply("Still looking")
    stage.engine.incidents.resolve(incident.id, stage.person("ana"))
    await ana.message("checkout is resolved").expects_thread_reply("resolved it")
    kinds = [entry.kind for entry in stage.engine.reading.incident(1).timeline]
    assert kinds.count("room_refused") == 1


@pytest.mark.parametrize("slack_lets_it", [False, True])
async def test_opened_again_after_it_was_archived_it_goes_on_where_slack_lets_it(slack_lets_it: bool) -> None:
    """Slack lets no bot unarchive a channel, as its documentation says; where a person was faster, it is open."""
    async with Stage(held=True, listening=False, **CHANNEL) as stage:
        incident, by = stage.declare(), stage.person("ana")

        async def work() -> None:
            for _ in range(6):
                stage.held.advance(timedelta(seconds=5))
                await stage.courier.deliver_due()
                await stage.keeper.keep()

        await work()
        made = room(stage)
        stage.engine.incidents.resolve(incident.id, by)
        stage.held.advance(timedelta(hours=25))
        await work()
        assert room(stage).state is RoomState.ARCHIVED
        if slack_lets_it:
            team = stage.workspace.core.team
            team.channels.put(made.channel, {**channel_of(stage, made.channel), "is_archived": False})
        stage.engine.incidents.reopen(incident.id, by)
        await work()
        assert len(stage.calls("conversations.unarchive")) == 1
        assert room(stage).state is (RoomState.OPEN if slack_lets_it else RoomState.ARCHIVED)
        if not slack_lets_it:
            card = stage.people.as_("ana").in_("#incidents").message("Checkout refuses")
            await card.expects_thread_reply("Slack does not let apps open a channel again (`not_in_channel`)")
            assert stage.engine.reading.incident(1).life.elsewhere == ""


async def test_it_is_archived_some_time_after_the_end_and_not_when_it_is_open_again() -> None:
    async with Stage(held=True, listening=False, **CHANNEL) as stage:
        incident, by = stage.declare(), stage.person("ana")

        async def work() -> None:
            for _ in range(6):
                stage.held.advance(timedelta(seconds=5))
                await stage.courier.deliver_due()
                await stage.keeper.keep()

        await work()
        made = room(stage)
        stage.engine.incidents.resolve(incident.id, by)
        await work()
        assert channel_of(stage, made.channel)["topic"]["value"].startswith("✅ Over")
        stage.held.advance(timedelta(hours=23))
        stage.engine.incidents.reopen(incident.id, by)
        stage.held.advance(timedelta(hours=5))
        await work()
        assert channel_of(stage, made.channel)["topic"]["value"].startswith("🔴")
        assert not channel_of(stage, made.channel)["is_archived"]
        stage.engine.incidents.resolve(incident.id, by)
        stage.held.advance(timedelta(hours=24))
        await RoomKeeper(stage.engine, stage.side.client).keep()  # another process
        assert channel_of(stage, made.channel)["is_archived"]
        assert room(stage).state is RoomState.ARCHIVED
        calls = len(stage.workspace.core.calls.since(0))
        await stage.keeper.keep()
        assert len(stage.workspace.core.calls.since(0)) == calls


async def test_the_card_is_pinned_while_the_incident_lasts_if_that_is_wanted() -> None:
    async with Stage(incidents={"pin_card": True}) as stage:
        stage.deliver()
        incident = stage.declare()
        card = stage.people.as_("ana").in_("#incidents").message("Checkout refuses")

        async def pinned(wanted: bool) -> None:
            for _ in range(250):
                if bool((await stage.channel())[0].get("pinned_to")) is wanted:
                    return
                await asyncio.sleep(0.02)
            raise AssertionError(await card.found())

        await card.found()
        await pinned(True)
        stage.engine.incidents.resolve(incident.id, stage.person("ana"))
        await pinned(False)
        assert len(stage.calls("pins.add")) == 1


# -- pure


@pytest.mark.parametrize(
    ("pattern", "service", "name"),
    [
        ("inc-{number}-{service}", "Check Out/API", "inc-3-check-out-api"),
        ("{date}_{service}", "web", "2026-11-20_web"),
        ("{service}", "…", "inc-3"),
        ("{service}", "x" * 200, "x" * 76),
    ],
)
def test_names_are_what_slack_takes(pattern: str, service: str, name: str) -> None:
    assert room_name(pattern, pages.incident(service=service)) == name
    assert len(numbered(name, 8)) <= 80


def test_steps_are_what_is_not_done_yet() -> None:
    open_room = Room(3, RoomState.OPEN, "C1", "inc-3", ("purpose", "topic:critical", "invite:U1"))
    steps = next_steps(open_room, pages.incident(), ["U1", "U2"], pages.NOW, timedelta(hours=1), True)
    assert steps == ("invite:U2", "pin")
    assert with_step(open_room.done, "topic:over") == ("purpose", "invite:U1", "topic:over")
    over = pages.recovered()
    assert next_steps(open_room, over, [], pages.NOW + timedelta(hours=2), timedelta(hours=1), True) == ("archive",)
