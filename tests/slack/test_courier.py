"""Does everything that is to be told arrive in Slack once, in order, and in its latest state, whatever goes wrong?"""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from bot.engine.ports import Notice
from bot.slack.courier import Courier, Delivered
from tests.slack.stage import Stage

LINE = {"kind": "acknowledged", "by": "T1/UANA"}


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    async with Stage(held=True, listening=False) as made:
        yield made


def line(key: str, channel: str = "#incidents", thread_of: str = "") -> Notice:
    return Notice(key, "line", channel, LINE, thread_of=thread_of)


def key_of(message: dict[str, Any]) -> str:
    return str(message["metadata"]["event_payload"]["key"])


async def settled(stage: Stage, courier: Courier | None = None, *, passes: int = 30) -> Delivered:
    """Passes of the courier, a second apart, until nothing waits."""
    total = Delivered()
    for _ in range(passes):
        total += await (courier or stage.courier).deliver_due()
        if not stage.waiting():
            return total
        stage.held.advance(timedelta(seconds=1))
    return total


async def test_an_incident_is_one_root_message_with_its_history_in_the_thread(stage: Stage) -> None:
    incident = stage.declare()
    await settled(stage)
    stage.engine.incidents.acknowledge(incident.id, stage.person("ben"))
    await settled(stage)
    (root,) = await stage.channel()
    assert root["metadata"] == {"event_type": "tocsin_notice", "event_payload": {"key": "incident:1"}}
    assert f"<@{stage.workspace.users['ben']}> is on it" in str(root["blocks"])
    stage.engine.incidents.resolve(incident.id, stage.person("ana"), "the card network is back")
    await settled(stage)
    assert [m["text"] for m in await stage.thread(root["ts"])] == [
        f"<@{stage.workspace.users['ben']}> is on it.",
        f"<@{stage.workspace.users['ana']}> resolved it: the card network is back",
    ]


async def test_messages_never_unfurl_and_always_have_text_and_blocks(stage: Stage) -> None:
    incident = stage.declare()
    await settled(stage)
    stage.engine.incidents.resolve(incident.id, stage.person("ben"))
    await settled(stage)
    posts, updates = stage.calls("chat.postMessage"), stage.calls("chat.update")
    assert posts
    assert updates
    assert all(not call["args"]["unfurl_links"] and not call["args"]["unfurl_media"] for call in posts)
    assert all(call["args"]["text"] and call["args"]["blocks"] for call in [*posts, *updates])


async def test_a_card_put_many_times_is_one_update_and_the_last_state_arrives(stage: Stage) -> None:
    incident = stage.declare()
    await settled(stage)
    ben = stage.person("ben")
    for _ in range(5):
        stage.engine.incidents.resolve(incident.id, ben)
        stage.engine.incidents.reopen(incident.id, ben)
    stage.engine.incidents.resolve(incident.id, ben)
    await settled(stage)
    assert len(stage.calls("chat.update")) == 1
    assert "is resolved" in (await stage.channel())[0]["text"]


async def test_a_card_that_looks_the_same_is_not_updated(stage: Stage) -> None:
    incident = stage.declare()
    await settled(stage)
    stage.put(Notice(f"incident:{incident.id}", "incident", incident.channel, {"incident": incident.id}, card=True))
    assert (await settled(stage)) == Delivered(unchanged=1)
    assert stage.calls("chat.update") == []


async def test_a_put_while_it_is_being_sent_is_told_afterwards(stage: Stage) -> None:
    incident = stage.declare()
    stage.workspace.fault("latency", method="chat.postMessage", ms=300, times=1)
    sending = asyncio.ensure_future(stage.courier.deliver_due())
    await asyncio.sleep(0.1)
    stage.engine.incidents.acknowledge(incident.id, stage.person("ben"))
    await sending
    await settled(stage)
    assert "is on it" in str((await stage.channel())[0]["blocks"])


async def test_one_message_a_second_a_channel_and_other_channels_go_on(stage: Stage) -> None:
    courier = stage.new_courier(pace=timedelta(seconds=1))
    for number in range(3):
        stage.put(line(f"a{number}"))
        stage.put(line(f"b{number}", "#random"))
    assert await courier.deliver_due() == Delivered(posted=2, waiting=4)
    assert await courier.deliver_due() == Delivered()
    stage.held.advance(timedelta(seconds=1))
    assert await courier.deliver_due() == Delivered(posted=2)
    stage.held.advance(timedelta(seconds=1))
    assert await courier.deliver_due() == Delivered(posted=2)
    assert [key_of(m) for m in await stage.channel()] == ["a0", "a1", "a2"]


async def test_a_full_channel_does_not_starve_another(stage: Stage) -> None:
    courier = stage.new_courier(pace=timedelta(seconds=1))
    for number in range(120):
        stage.put(line(f"a{number}"))
    stage.put(line("b", "#random"))
    for _ in range(4):
        await courier.deliver_due()
    assert [key_of(m) for m in await stage.channel("random")] == ["b"]


async def test_a_429_waits_exactly_as_told_for_that_channel_only(stage: Stage) -> None:
    stage.put(line("a"))
    stage.workspace.fault("ratelimited", method="chat.postMessage", times=1, retry_after=17)
    assert (await stage.courier.deliver_due()).failed == 1
    stage.put(line("b", "#random"))
    stage.put(line("c"))
    assert (await stage.courier.deliver_due()).posted == 1
    stage.held.advance(timedelta(seconds=16.9))
    assert (await stage.courier.deliver_due()).posted == 0
    assert await stage.channel() == []
    stage.held.advance(timedelta(seconds=0.1))
    await settled(stage)
    assert [key_of(m) for m in await stage.channel()] == ["a", "c"]


@pytest.mark.parametrize("kind", ["status", "reset", "hang"])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_lost_answer_neither_loses_nor_doubles_a_message(
    stage: Stage, kind: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage.courier._wire._client, "timeout", 1)
    incident = stage.declare()
    stage.workspace.fault(kind, method="chat.postMessage", times=1, when=when)
    await settled(stage)
    stage.workspace.fault(kind, method="chat.postMessage", times=1, when=when)
    stage.engine.incidents.acknowledge(incident.id, stage.person("ben"))
    await settled(stage)
    assert stage.workspace.core.faults.listed() == []
    (root,) = await stage.channel()
    thread = [key_of(m) for m in await stage.thread(root["ts"])]
    assert thread == [f"incident:1:line:{thread[0].rpartition(':')[2]}"]
    assert "is on it" in str(root["blocks"])


@pytest.mark.parametrize("reached", [False, True])
async def test_killed_while_sending_it_is_found_again_instead_of_said_twice(stage: Stage, reached: bool) -> None:
    """The process ends between the mark `sending` and the record of what Slack answered."""
    incident = stage.declare()
    if reached:
        sent = stage.courier._sent
        stage.courier._sent = _killed  # type: ignore[assignment]
        with pytest.raises(asyncio.CancelledError):
            await stage.courier.deliver_due()
        stage.courier._sent = sent  # type: ignore[method-assign]
    else:
        with stage.engine.store.write() as tx:
            for due in tx.outbox.due(stage.held.now()):
                tx.outbox.sending(due.id)
    stage.engine.incidents.acknowledge(incident.id, stage.person("ben"))
    await settled(stage, stage.new_courier())
    (root,) = await stage.channel()
    assert "is on it" in str(root["blocks"])
    assert len(await stage.thread(root["ts"])) == 1
    assert stage.posted("incident:1") is not None


async def _killed(*_: object) -> None:
    raise asyncio.CancelledError


async def test_a_lost_message_is_found_among_many_and_threads_are_searched_too(stage: Stage) -> None:
    incident = stage.declare()
    await settled(stage)
    (root,) = await stage.channel()
    for number in range(250):
        thread = {"thread_ts": root["ts"]} if number % 2 else {}
        await stage.side.client.chat_postMessage(channel=root_channel(stage), text=f"talk {number}", **thread)
    with stage.engine.store.write() as tx:
        tx.outbox.forget_posted("incident:1")
        tx.outbox.put(
            Notice("incident:1", "incident", "#incidents", {"incident": incident.id}, card=True), stage.held.now()
        )
        for due in tx.outbox.due(stage.held.now()):
            tx.outbox.sending(due.id)
    before = len(stage.calls("chat.postMessage"))
    await settled(stage)
    assert len(stage.calls("chat.postMessage")) == before
    posted = stage.posted("incident:1")
    assert posted is not None
    assert posted.ts == root["ts"]


def root_channel(stage: Stage) -> str:
    return stage.workspace.channels["incidents"]


async def test_what_stands_in_a_thread_waits_for_its_root(stage: Stage) -> None:
    stage.put(line("incident:9:line:1", thread_of="incident:9"))
    assert (await stage.courier.deliver_due()) == Delivered(waiting=1)
    assert await stage.channel() == []


async def test_a_deleted_root_message_is_posted_once_more_and_not_again(stage: Stage) -> None:
    incident, ben = stage.declare(), stage.person("ben")
    await settled(stage)
    (first,) = await stage.channel()
    await stage.side.client.chat_delete(channel=root_channel(stage), ts=first["ts"])
    stage.engine.incidents.acknowledge(incident.id, ben)
    await settled(stage)
    second = (await stage.channel())[-1]
    assert second["ts"] != first["ts"]
    assert "is on it" in str(second["blocks"])
    await stage.side.client.chat_delete(channel=root_channel(stage), ts=second["ts"])
    stage.engine.incidents.resolve(incident.id, ben)
    await settled(stage)
    assert [m for m in await stage.channel() if m.get("blocks")] == []


async def test_blocks_that_slack_refuses_are_told_without(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.workspace.fault("error", method="chat.postMessage", error="invalid_blocks", times=1)
    stage.declare()
    await settled(stage)
    (root,) = await stage.channel()
    assert root["text"] == "INC-1 Critical · checkout: Checkout refuses every card."
    assert "Slack refused the blocks of incident:1" in caplog.text


async def test_a_public_channel_is_joined(stage: Stage) -> None:
    ana, ben = stage.workspace.users["ana"], stage.workspace.users["ben"]
    stage.workspace.core.team.set_members(root_channel(stage), [ana, ben])
    stage.declare()
    await settled(stage)
    assert len(await stage.channel()) == 1
    assert len(stage.calls("conversations.join")) == 1


@pytest.mark.parametrize(
    ("error", "mend"),
    [
        ("channel_not_found", "there is no channel #incidents that Tocsin can see"),
        ("is_archived", "#incidents is archived; unarchive it"),
        ("restricted_action_read_only_channel", "do not let apps post"),
        ("msg_too_long", "Slack answered msg_too_long for #incidents"),
    ],
)
async def test_what_will_never_arrive_is_given_up_with_the_words_how_to_mend_it(
    stage: Stage, caplog: pytest.LogCaptureFixture, error: str, mend: str
) -> None:
    stage.put(line("a"))
    stage.workspace.fault("error", method="chat.postMessage", error=error, times=1)
    assert (await stage.courier.deliver_due()) == Delivered(given_up=1)
    assert mend in caplog.text
    assert stage.waiting() == 0


async def test_an_unknown_channel_is_said_clearly_and_others_go_on(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.put(line("a", "#nowhere"))
    stage.put(line("b"))
    assert (await stage.courier.deliver_due()) == Delivered(posted=1, given_up=1)
    assert "there is no channel #nowhere" in caplog.text


@pytest.mark.parametrize("error", ["missing_scope", "account_inactive", "invalid_auth"])
async def test_with_a_token_that_does_not_work_nothing_is_lost(
    stage: Stage, caplog: pytest.LogCaptureFixture, error: str
) -> None:
    stage.put(line("a"))
    stage.workspace.fault("error", method="chat.postMessage", error=error, times=1)
    assert (await stage.courier.deliver_due()).failed == 1
    assert any(
        (record.levelno == logging.ERROR and "install" in record.message) or "token" in record.message
        for record in caplog.records
    )
    stage.held.advance(timedelta(seconds=60))
    assert (await stage.courier.deliver_due()).posted == 1


async def test_what_cannot_be_worded_is_still_told(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.put(Notice("odd", "line", "#incidents", {"kind": "suspect"}))
    await settled(stage)
    assert "Tocsin has news about `odd`" in (await stage.channel())[0]["text"]
    assert stage.courier.errors == 1


async def test_what_is_about_nothing_is_given_up(stage: Stage) -> None:
    stage.put(Notice("incident:77", "incident", "#incidents", {"incident": 77}, card=True))
    assert (await stage.courier.deliver_due()) == Delivered(given_up=1)


async def test_an_outage_of_slack_ends_with_everything_told_once(stage: Stage) -> None:
    stage.workspace.fault("outage", for_s=0.4)
    incident = stage.declare()
    for _ in range(3):
        await stage.courier.deliver_due()
        stage.held.advance(timedelta(seconds=70))
        await asyncio.sleep(0.2)
    stage.engine.incidents.resolve(incident.id, stage.person("ana"))
    await settled(stage, passes=200)
    (root,) = await stage.channel()
    assert "is resolved" in root["text"]
    assert len(await stage.thread(root["ts"])) == 1


async def test_the_loop_wakes_when_it_is_nudged_and_survives_a_fault() -> None:
    async with Stage(listening=False) as stage:
        stage.deliver()
        stage.declare()
        stage.courier.nudge()
        await stage.people.as_("ana").in_("#incidents").expects_message("Checkout refuses every card")
