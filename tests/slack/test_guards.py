"""Is every request answered once, by whoever may, and politely when something goes wrong?"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from bot.clock import HeldClock
from bot.engine.whole import Engine
from bot.errors import StoreError
from bot.people import Person
from bot.slack.asked import Asked
from bot.slack.guards import Answer, Guards
from bot.slack.identity import REMEMBERED, Identity
from bot.slack.render import Renderer
from tests.slack.stage import MANIFEST, NOON, Stage


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    async with Stage() as made:
        yield made


async def test_the_same_delivery_twice_acts_once(stage: Stage) -> None:
    ana = stage.people.as_("ana").in_("#incidents")
    stage.workspace.fault("duplicate", times=2)
    await ana.types("/incident INC-1")
    await ana.expects_ephemeral("There is no incident called")
    await ana.types("@tocsin incidents")
    await ana.expects_ephemeral("Nothing is open")
    await asyncio.sleep(0.3)
    seen = [m["text"] for m in await ana.messages() if m.get("ephemeral")]
    assert sum("There is no incident called" in text for text in seen) == 1
    assert sum("0 open incidents" in text for text in seen) == 1


async def test_what_was_not_foreseen_is_an_apology_with_a_reference(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(engine: Engine, asked: Asked) -> Answer:
        raise ZeroDivisionError("deep inside")

    Guards(stage.app, stage.engine, Renderer(), stage.side.client).command("/rerun", broken)
    stage.app._async_listeners.insert(0, stage.app._async_listeners.pop())
    ana = stage.people.as_("ana").in_("#incidents")
    await ana.types("/rerun x")
    message = await ana.expects_ephemeral("Sorry, that went wrong inside Tocsin")
    reference = message["text"].split("`")[1]
    assert reference in caplog.text
    assert "deep inside" in caplog.text
    assert "deep inside" not in message["text"]


async def test_a_store_that_is_away_is_an_apology_too(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> Any:
        raise StoreError("the database does not answer")

    monkeypatch.setattr(type(stage.engine.reading), "status", away)
    ana = stage.people.as_("ana").in_("#incidents")
    await ana.types("/tocsin status")
    await ana.expects_ephemeral("Sorry, that went wrong inside Tocsin")


async def test_slack_gets_its_acknowledgement_at_once_however_slow_the_work_is(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = type(stage.engine.reading).status

    def slow(reading: Any) -> Any:
        import time

        time.sleep(3.5)
        return status(reading)

    monkeypatch.setattr(type(stage.engine.reading), "status", slow)
    ana = stage.people.as_("ana").in_("#incidents")
    started = asyncio.get_running_loop().time()
    await asyncio.gather(*(ana.types("/tocsin status") for _ in range(8)))
    assert asyncio.get_running_loop().time() - started < 2
    await ana.expects_ephemeral("Nothing is open")


async def test_an_answer_reaches_a_person_where_tocsin_is_not(stage: Stage) -> None:
    """Without a response URL (a form), and outside the channel: by direct message."""
    ana = stage.people.as_("ana")
    channel = stage.workspace.channels["random"]
    stage.workspace.core.team.set_members(channel, [stage.workspace.users["ana"]])
    await ana.in_("#random").types("/incident it is slow")
    await ana.form().fill(service="web").submit()
    await ana.in_("@tocsin").expects_message("Declared as INC-1")


# -- who it is


@pytest.mark.parametrize(
    ("changed", "who"),
    [
        ({}, Person("T1", "U1")),
        ({"is_bot": True}, Person("T1", "U1", is_bot=True)),
        ({"is_restricted": True}, Person("", "U1")),
        ({"is_ultra_restricted": True}, Person("", "U1")),
        ({"deleted": True}, Person("", "U1")),
    ],
)
async def test_guests_and_bots_are_not_everyone(changed: dict[str, bool], who: Person) -> None:
    async with Stage(listening=False) as stage:
        ana = stage.workspace.users["ana"]
        stage.workspace.core.team.users.put(ana, {**(stage.workspace.core.team.users.get(ana) or {}), **changed})
        identity = Identity(stage.side.client, HeldClock(NOON), frozenset())
        found = await identity.of("T1", ana)
        assert found == Person(who.team, ana, who.is_bot)


async def test_a_guest_who_is_named_may_act_and_nobody_unnamed_when_slack_cannot_be_asked() -> None:
    manifest = {**MANIFEST, "oauth_config": {"scopes": {"bot": ["chat:write"]}}}
    async with Stage(listening=False, manifest=manifest) as stage:
        ana, ben = stage.workspace.users["ana"], stage.workspace.users["ben"]
        identity = Identity(stage.side.client, HeldClock(NOON), frozenset({f"T1/{ana}"}))
        assert await identity.of("T1", ana) == Person("T1", ana)
        assert await identity.of("T1", ben) == Person("", ben)


async def test_who_someone_is_is_remembered_for_a_while() -> None:
    async with Stage(listening=False) as stage:
        clock = HeldClock(NOON)
        identity = Identity(stage.side.client, clock, frozenset())
        for _ in range(3):
            await identity.of("T1", stage.workspace.users["ana"])
        assert len(stage.calls("users.info")) == 1
        clock.advance(REMEMBERED + timedelta(seconds=1))
        await identity.of("T1", stage.workspace.users["ana"])
        assert len(stage.calls("users.info")) == 2
