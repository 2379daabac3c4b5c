"""Does what people pin or mark come into the timeline, once, at its time, and does it go again?"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.incidents.model import TimelineEntry
from bot.workspace.operating import Message
from tests.slack.stage import MANIFEST, Stage


def marked(stage: Stage, number: int = 1) -> list[TimelineEntry]:
    return [entry for entry in stage.engine.reading.incident(number).timeline if entry.kind == "marked"]


async def until(stage: Stage, count: int) -> list[TimelineEntry]:
    for _ in range(250):
        if len(marked(stage)) == count:
            return marked(stage)
        await asyncio.sleep(0.02)
    raise AssertionError(f"{marked(stage)} are not {count}")


async def settled(stage: Stage) -> None:
    """What was delivered so far has been handled."""
    await asyncio.sleep(0.3)


async def said(stage: Stage, name: str, text: str) -> Message:
    """A message of `name` in the thread of the first incident."""
    card = stage.people.as_(name).in_("#incidents").message("Checkout refuses")
    await card.replies(text)
    return (await card.thread()).message(text)


async def act(stage: Stage, who: str, do: str, message: Message, **more: str) -> None:
    found = await message.found()
    channel = stage.workspace.channels["incidents"]
    await stage.people.as_(who).act(do, channel=channel, ts=found["ts"], **more)


async def test_a_marked_message_stands_in_the_timeline_at_its_time_until_the_last_mark_goes(stage: Stage) -> None:
    stage.declare()
    message = await said(stage, "ben", "The <bank> says: back at noon")
    found = await message.found()
    await act(stage, "ana", "react", message, name="pushpin")
    (entry,) = await until(stage, 1)
    assert entry.at == datetime.fromtimestamp(float(found["ts"]), UTC)
    assert entry.by == stage.person("ben").key
    facts = dict(entry.facts)
    assert facts["text"] == "The <bank> says: back at noon"
    assert f"/p{found['ts'].replace('.', '')}" in facts["link"]
    await act(stage, "ben", "react", message, name="pushpin")
    await act(stage, "ana", "pin", message)
    await settled(stage)
    assert len(marked(stage)) == 1
    await act(stage, "ana", "unreact", message, name="pushpin")
    await act(stage, "ben", "unpin", message)
    await settled(stage)
    assert len(marked(stage)) == 1
    await act(stage, "ben", "unreact", message, name="pushpin")
    await until(stage, 0)
    await act(stage, "ana", "pin", message)
    await until(stage, 1)


async def test_why_shows_it_and_the_review_has_it_escaped(stage: Stage) -> None:
    incident = stage.declare()
    await act(stage, "ana", "pin", await said(stage, "ben", "rm -rf <!channel> *now*"))
    await until(stage, 1)
    ana = stage.people.as_("ana").in_("#incidents")
    await ana.message("Checkout refuses").press("Why?")
    shown = await ana.expects_ephemeral("rm -rf")
    assert "<!channel>" not in str(shown["blocks"])
    page = stage.engine.reading.review(incident.id)
    review = stage.courier._renderer.render_markdown("review", page)
    assert "<!channel>" not in review
    assert "rm -rf" in review


async def test_somebody_who_may_not_act_changes_nothing() -> None:
    async with Stage(slack={"operators": []}) as stage:
        stage.deliver()
        nobody = replace(stage.engine.policy, operators=frozenset({stage.person("ana").key}))
        object.__setattr__(stage.engine.incidents, "_policy", nobody)
        stage.declare()
        await act(stage, "ana", "pin", await said(stage, "ben", "look here"))
        await settled(stage)
        assert marked(stage) == []


async def test_what_is_not_about_an_incident_is_left_alone(stage: Stage) -> None:
    stage.declare()
    place = stage.people.as_("ana").in_("#incidents")
    await place.types("lunch?")
    await act(stage, "ana", "react", place.message("lunch?"), name="pushpin")
    await act(stage, "ana", "pin", place.message("lunch?"))
    reply = await said(stage, "ben", "looking")
    await act(stage, "ana", "react", reply, name="eyes")
    await act(stage, "ana", "pin", place.message("Checkout refuses"))  # Tocsin's own
    await settled(stage)
    assert marked(stage) == []


async def test_twice_delivered_is_once_marked(stage: Stage) -> None:
    stage.declare()
    message = await said(stage, "ben", "look here")
    await stage.people.fault("duplicate", times=1)
    await act(stage, "ana", "react", message, name="pushpin")
    await until(stage, 1)
    await settled(stage)
    assert len(marked(stage)) == 1


async def test_without_the_scope_to_read_nothing_breaks() -> None:
    scopes = [s for s in MANIFEST["oauth_config"]["scopes"]["bot"] if s not in ("channels:history", "groups:history")]
    lesser: dict[str, Any] = {**MANIFEST, "oauth_config": {"scopes": {"bot": scopes}}}
    async with Stage(manifest=lesser) as stage:
        stage.deliver()
        stage.declare()
        message = await said(stage, "ben", "look here")
        await act(stage, "ana", "react", message, name="pushpin")
        await settled(stage)
        assert marked(stage) == []
        await act(stage, "ana", "pin", message)  # a pin brings its message along
        await until(stage, 1)


async def test_a_message_in_the_incidents_own_channel_counts_too() -> None:
    async with Stage(incidents={"channel": {"from_severity": "critical"}}) as stage:
        stage.deliver()
        stage.declare()
        for _ in range(250):
            room = stage.engine.reading.incident(1).life.room
            if room is not None and "pin" in room.done:
                break
            await asyncio.sleep(0.02)
        assert room is not None
        place = stage.people.as_("ana").in_(room.channel)
        await place.types("restarting the gateway")
        await place.message("restarting the gateway").reacts("pushpin")
        (entry,) = await until(stage, 1)  # Tocsin's own pin of its card is none
        assert dict(entry.facts)["text"] == "restarting the gateway"


async def test_a_message_from_which_it_is_declared_is_quoted_and_it_began_with_it(stage: Stage) -> None:
    ana, ben = stage.people.as_("ana"), stage.people.as_("ben")
    await ben.in_("#random").types("checkout <is> down & out\nsince noon")
    message = await ben.in_("#random").message("down &amp; out").found()
    await ana.in_("#random").message("down &amp; out").uses_shortcut("declare_incident_from_message")
    await ana.form().fill(service="checkout").submit()
    await ana.in_("#random").expects_ephemeral("Declared as INC-1")
    card = ana.in_("#incidents").message("checkout &lt;is&gt; down &amp; out")
    await card.expects_thread_reply(f"Declared from what <@{stage.workspace.users['ben']}> wrote")
    await card.expects_thread_reply("since noon")
    incident = stage.engine.reading.incident(1).incident
    written = datetime.fromtimestamp(float(message["ts"]), UTC)
    assert abs(incident.began_at - written) < timedelta(milliseconds=1)
    assert incident.opened_at >= incident.began_at
