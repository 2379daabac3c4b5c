"""Is whoever is on call asked in Slack, and do all the doors say who that is?"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from bot.signals.severity import Severity
from bot.slack.client import SlackSide
from bot.slack.courier import Courier
from bot.slack.usergroups import ask
from handlers.http import application
from handlers.http.oncall import OncallRoutes
from tests.slack.stage import Stage
from tests.slack.test_crashes import Fuse, Killed, fused

ESCALATION = {"all": {"steps": [{"schedule": "shop"}, {"schedule": "lead"}, {"channel": "#random"}]}}


class DutyStage(Stage):
    """Ben is on call for the shop, Ana is the lead; Slack gives them their ids only now."""

    async def sign_in(self) -> SlackSide:
        ids = self.workspace.users

        def weekly(*names: str) -> dict[str, Any]:
            return {"rotations": [{"people": [ids[name] for name in names], "starts": "2026-01-05"}]}

        self._more["oncall"] = {"shop": weekly("ben"), "lead": weekly("ana")}
        self._more["escalation"] = {"all": {**ESCALATION["all"], "services": ["checkout"]}}
        return await super().sign_in()

    async def look(self) -> None:
        await asyncio.to_thread(self.engine.escalations.run)


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[DutyStage]:
    async with DutyStage() as made:
        made.deliver()
        yield made


async def test_who_is_on_call_is_asked_directly_and_acknowledges_there(stage: DutyStage) -> None:
    stage.declare()
    await stage.look()
    ben = stage.people.as_("ben").in_("@tocsin")
    page = ben.message("Nobody is on it yet")
    await page.expects("you are on call")
    await page.expects("step 1 of 3")
    await page.press("Open")
    await ben.expects_ephemeral("Checkout refuses every card")
    await page.press("Acknowledge")
    await stage.look()
    await ben.message("is on it").expects("Checkout refuses every card")
    assert stage.engine.reading.incident(1).incident.acknowledged_by == stage.person("ben").key
    assert await stage.people.as_("ana").in_("@tocsin").messages() == []


async def test_who_cannot_be_reached_is_told_in_the_thread_and_the_next_one_is_asked(stage: DutyStage) -> None:
    await stage.people.fault("error", method="conversations.open", error="user_disabled", times=1)
    stage.declare()
    await stage.look()
    for _ in range(100):
        await asyncio.sleep(0.05)
        await stage.look()
        if [m for m in await stage.people.as_("ana").in_("@tocsin").messages() if "Nobody is on it" in str(m)]:
            break
    (root,) = await stage.channel()
    ben = stage.workspace.users["ben"]
    for _ in range(100):
        said = [message["text"] for message in await stage.thread(root["ts"])]
        if f"<@{ben}> cannot be reached in Slack." in said:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(said)


async def test_the_command_says_who_is_on_call_and_hands_a_shift_over(stage: DutyStage) -> None:
    ana = stage.people.as_("ana").in_("#incidents")
    await ana.types("/oncall")
    said = await ana.expects_ephemeral("*shop*")
    assert f"*shop*  <@{stage.workspace.users['ben']}>" in str(said)
    assert "until" not in str(said["blocks"][0])  # he alone takes turns
    await ana.types("/oncall shifts shop 21d")
    await ana.expects_ephemeral("*shop*")
    await ana.types("/oncall swap checkout @ana until 2h because Ben is on a train")
    await ana.expects_ephemeral("Swap 1:")
    stage.declare()
    await stage.look()
    await stage.people.as_("ana").in_("@tocsin").message("Nobody is on it yet").expects("you are on call")
    swap = ana.message("Swap 1:")
    await ana.note()
    await swap.press("End it")
    await ana.expects_ephemeral("*shop*")
    assert stage.engine.oncall.page("shop").schedules[0].overrides == ()
    await ana.types("/oncall end 1")
    await ana.expects_ephemeral("over already")
    with stage.engine.store.read() as tx:
        kinds = [entry.what for entry in tx.records.audit_of("oncall:shop:1")]
    assert kinds == ["oncall.swapped", "oncall.swap_ended"]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("/oncall nothing", "There is no schedule called"),
        ("/oncall swap", "/oncall swap @ana until 18:00"),
        ("/oncall swap shop @ana until yesterday", "no time to come"),
        ("/oncall shifts nothing", "There is no schedule called"),
        ("/oncall end x", "not the number of a swap"),
    ],
)
async def test_what_cannot_be_is_said(stage: DutyStage, typed: str, said: str) -> None:
    ana = stage.people.as_("ana").in_("#incidents")
    await ana.types(typed)
    await ana.expects_ephemeral(said)


async def test_the_home_says_who_is_on_call_and_when_i_am(stage: DutyStage) -> None:
    home = stage.people.as_("ben").home()
    await home.expects("On call now")
    await home.expects("You are on call")


async def test_programs_are_told_who_is_on_call(stage: DutyStage) -> None:
    routes = OncallRoutes(stage.engine, stage.engine.settings).routes()
    transport = httpx.ASGITransport(application(stage.engine, stage.engine.settings, more=routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://tocsin") as client:
        now = (await client.get("/v1/oncall", params={"schedule": "checkout"})).json()
        assert [line["schedule"] for line in now["schedules"]] == ["shop", "lead"]
        assert now["schedules"][0]["now"][0]["person"] == stage.person("ben").key
        assert now["schedules"][0]["until"] is None
        when = {"since": "2026-03-02T00:00Z", "until": "2026-03-30T00:00Z"}
        ahead = (await client.get("/v1/oncall/shop/shifts", params=when)).json()
        assert (len(ahead["shifts"]), ahead["gaps"]) == (1, [])
        for path, status in (("/v1/oncall?schedule=x", 404), ("/v1/oncall/shop/shifts?since=soon", 400)):
            assert (await client.get(path)).status_code == status
        too_long = {"since": "2026-01-01", "until": "2028-01-01"}
        assert (await client.get("/v1/oncall/shop/shifts", params=too_long)).status_code == 400


async def test_the_members_of_a_group_are_asked_for_and_a_refusal_keeps_the_last_copy(stage: DutyStage) -> None:
    groups = stage.engine.usergroups
    groups.named = ("S0TEAM",)
    groups.learn("S0TEAM", ["U1"])
    with stage.engine.store.write() as tx:
        known = tx.calls.copy("group", "S0TEAM")
        assert known is not None
        tx.calls.keep_copy(replace(known, tried_at=known.tried_at - timedelta(hours=1)))
    await ask(groups, stage.side.client)  # there is no such group
    with stage.engine.store.read() as tx:
        after = tx.calls.copy("group", "S0TEAM")
        assert after is not None
        assert (groups.members(tx, "S0TEAM"), bool(after.problem)) == (("U1",), True)


@pytest.mark.parametrize("at", range(1, 7))
async def test_killed_at_any_step_of_the_courier_nobody_is_asked_twice(at: int) -> None:
    async with DutyStage(held=True, listening=False) as stage:
        stage.engine.incidents.declare(stage.person("ana"), "checkout", "it is down", Severity.CRITICAL)
        stage.engine.escalations.run()
        fuse = Fuse(at)
        try:
            await _delivered(stage, fused(stage, fuse))
        except Killed:
            await _delivered(stage, stage.new_courier())
        direct = await stage.side.client.conversations_open(users=[stage.workspace.users["ben"]])
        found = await stage.side.client.conversations_history(channel=direct["channel"]["id"])
        assert len([m for m in found["messages"] if "Nobody is on it yet" in m["text"]]) == 1


async def _delivered(stage: Stage, courier: Courier) -> None:
    for _ in range(12):
        await courier.deliver_due()
        if not stage.waiting():
            return
        stage.held.advance(timedelta(seconds=2))
    raise AssertionError("something still waits")
