"""When something is not as it was: does each end in a clear word to somebody who can mend it, and in a right state?"""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.errors import Stale
from bot.incidents.model import IncidentState
from bot.signals.severity import Severity
from tests.slack.stage import MANIFEST, Stage


async def test_two_people_at_once_one_leads_and_the_other_is_told(stage: Stage) -> None:
    incident = stage.declare()
    card = stage.people.as_("ana").in_("#incidents").message("Checkout refuses")
    await card.found()
    ana, ben = stage.people.as_("ana").in_("#incidents"), stage.people.as_("ben").in_("#incidents")
    await asyncio.gather(
        ana.message("Checkout refuses").press("Acknowledge"), ben.message("Checkout refuses").press("Acknowledge")
    )
    await card.expects("is on it")
    page = stage.engine.reading.incident(incident.id)
    assert [entry.kind for entry in page.timeline].count("acknowledged") == 1
    loser = ben if page.incident.acknowledged_by == stage.person("ana").key else ana
    await loser.expects_ephemeral("is on it already")


async def test_a_form_that_is_handed_in_after_the_end_says_so_and_changes_nothing(stage: Stage) -> None:
    ana = stage.people.as_("ana")
    incident = stage.declare()
    await ana.in_("#incidents").message("Checkout refuses").press("Acknowledge")
    await ana.in_("#incidents").message("Checkout refuses").press("Update …")
    await ana.form().expects("What do we know now?")
    stage.engine.incidents.resolve(incident.id, stage.person("ben"))
    await ana.form().fill(text="Still looking").submit()
    await ana.in_("#incidents").expects_ephemeral("resolved it already")
    assert stage.engine.reading.incident(incident.id).life.updates == ()
    with pytest.raises(Stale):
        stage.engine.roles.take(incident.id, stage.person("ben"))


async def test_a_deleted_message_is_posted_again_with_its_state(stage: Stage) -> None:
    ana = stage.people.as_("ana").in_("#incidents")
    incident = stage.declare()
    await ana.message("Checkout refuses").press("Acknowledge")
    await ana.message("Checkout refuses").expects("is on it")
    (root,) = await stage.channel()
    await stage.side.client.chat_delete(channel=stage.workspace.channels["incidents"], ts=root["ts"])
    stage.engine.updates.post(incident.id, "Half of it works", stage.person("ana"))
    await ana.message("Half of it works").expects("is on it")
    (again,) = await stage.channel()
    assert again["ts"] != root["ts"]


async def test_an_archived_channel_is_told_of_to_who_declared_once_a_day() -> None:
    async with Stage() as stage:
        stage.deliver()
        team, channel = stage.workspace.core.team, stage.workspace.channels["incidents"]
        team.channels.put(channel, {**(team.channels.get(channel) or {}), "is_archived": True})
        stage.declare()
        direct = stage.people.as_("ana").in_("@tocsin")
        await direct.expects_message("INC-1 cannot be told in")
        await direct.expects_message("Create or unarchive it")
        stage.declare("Search is empty", "search")  # the same trouble is told once a day
        await asyncio.sleep(0.5)
        shown = [m for m in await direct.messages() if "cannot be told" in m["text"]]
        assert len(shown) == 1
        await direct.message("INC-1 cannot be told").press("Acknowledge")  # it can be worked on all the same
        for _ in range(100):
            if stage.engine.reading.incident(1).incident.state is IncidentState.ACKNOWLEDGED:
                return
            await asyncio.sleep(0.02)
        raise AssertionError("it was not acknowledged")


async def test_an_incident_of_a_channel_that_does_not_work_goes_on_in_the_main_one() -> None:
    async with Stage(services={"web": {"channel": "#web-team"}}) as stage:
        stage.deliver()
        incident = stage.engine.incidents.declare(stage.person("ana"), "web", "Blank page", Severity.MAJOR)
        await stage.people.as_("ana").in_("@tocsin").expects_message("Tocsin sees no such open channel")
        card = stage.people.as_("ben").in_("#incidents").message("Blank page")
        await card.press("Acknowledge")
        await card.expects_thread_reply("is on it")
        assert stage.engine.reading.incident(incident.id).incident.channel == "#incidents"


async def test_removed_from_a_public_channel_it_comes_back_by_itself(stage: Stage) -> None:
    channel = stage.workspace.channels["incidents"]
    members = stage.workspace.core.team.members_of(channel)
    stage.workspace.core.team.set_members(channel, [member for member in members if member != stage.side.user])
    stage.declare()
    await stage.people.as_("ana").in_("#incidents").message("Checkout refuses").found()


async def test_somebody_deactivated_who_cannot_be_told_is_told_of_in_the_thread(stage: Stage) -> None:
    incident = stage.declare()
    await stage.people.fault("error", method="conversations.open", error="user_disabled")
    stage.engine.roles.give(incident.id, stage.person("ben"), stage.person("ana"))
    card = stage.people.as_("ana").in_("#incidents").message("Checkout refuses")
    await card.expects_thread_reply("could not be told in direct messages: the account is deactivated")
    assert stage.engine.reading.incident(incident.id).life.leader == stage.person("ben").key


async def test_without_the_scope_for_direct_messages_nothing_is_lost() -> None:
    scopes = [s for s in MANIFEST["oauth_config"]["scopes"]["bot"] if s != "im:write"]
    lesser: dict[str, Any] = {**MANIFEST, "oauth_config": {"scopes": {"bot": scopes}}}
    async with Stage(manifest=lesser, held=True, listening=False) as stage:
        incident = stage.declare()
        stage.engine.roles.give(incident.id, stage.person("ben"), stage.person("ana"))
        for _ in range(6):
            stage.held.advance(timedelta(seconds=5))
            await stage.courier.deliver_due()
        (root,) = await stage.channel()
        assert any("made" in m["text"] for m in await stage.thread(root["ts"]))
        assert stage.waiting() == 1  # the word to Ben waits until the access is mended
