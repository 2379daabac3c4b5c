"""Does an action that asks for a code get one, from the right person, once, and is the secret shown to nobody else?"""

import base64
import re
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from typer.testing import CliRunner

from bot.actions.model import ActionKind, Run, RunState
from bot.actions.totp import CLOSED_FOR, FAILURES_MAX, STEP_S, code_at, step_of
from bot.cli import app
from bot.clock import SystemClock
from bot.engine.runs import Wish
from bot.engine.second_factor import SecondFactors
from bot.errors import Refused
from bot.people import Person
from bot.settings import Settings
from bot.store import migrate
from bot.store.database import Database
from bot.workspace.reading import words
from tests.scenarios.deployments import Deployments
from tests.slack.stage import Stage

KEY = "a key of at least thirty-two characters"
WRONG = "000000"
_STEP = timedelta(seconds=STEP_S)


@pytest_asyncio.fixture
async def stage(deployments: Deployments) -> AsyncIterator[Stage]:
    settings: dict[str, Any] = deployments.settings()
    settings["actions"]["rollback-checkout"]["step_up"] = True
    settings["roles"] = {"leads": {"people": ["*"]}}
    settings["policy"] = {"step_up_key": KEY, "break_glass": ["leads"]}
    async with Stage(held=True, executors={"shop": deployments.executor}, **settings) as made:
        made.deliver()
        yield made


class Phone:
    """An authenticator that was given what the person saw."""

    def __init__(self, stage: Stage, secret: str) -> None:
        self.stage, self.secret = stage, base64.b32decode(secret)

    def code(self) -> str:
        return code_at(self.secret, step_of(self.stage.clock.now()))

    def next_code(self) -> str:
        self.stage.held.advance(_STEP)
        return self.code()


async def enrolled(stage: Stage, name: str) -> Phone:
    place = stage.people.as_(name).in_("@tocsin")
    await place.types("/tocsin totp")
    shown = words(await place.expects_ephemeral("otpauth://totp/Tocsin:"))
    found = re.search(r"\b[A-Z2-7]{32}\b", shown)
    assert found is not None
    phone = Phone(stage, found[0])
    await place.types(f"/tocsin totp {phone.code()}")
    await place.expects_ephemeral("That is right")
    return phone


def run_of(stage: Stage, number: int = 1) -> Run:
    return stage.engine.reading.run(number).run


async def test_an_approval_asks_for_the_code_and_takes_each_once(stage: Stage) -> None:
    phone = await enrolled(stage, "ben")
    ana, ben = stage.people.as_("ana"), stage.people.as_("ben")
    await ana.in_("#incidents").types("/rollback checkout")
    plan = ben.in_("#incidents").message("*Roll back checkout*")
    await plan.press("Approve")
    await ben.form().fill(code=phone.code()).submit()
    await ben.in_("#incidents").expects_ephemeral("That code is used up")
    await plan.press("Approve")
    await ben.form().fill(code=WRONG).submit()
    await ben.in_("#incidents").expects_ephemeral("That code is not right")
    assert run_of(stage).state is RunState.ASKED
    await plan.press("Approve")
    await ben.form().fill(code=phone.next_code()).submit()
    await plan.expects("It starts now")
    with stage.engine.store.read() as tx:
        approved = next(e for e in tx.records.audit_of("run:1") if e.what == "run.approved")
        said = str(tx.records.audit_of(f"person:{stage.person('ben').key}"))
    assert approved.facts["step_up"] == "totp"
    assert phone.code() not in said
    assert "wrong_code" in said


async def test_who_may_not_approve_is_not_even_asked(stage: Stage) -> None:
    ana, ben = stage.people.as_("ana"), stage.people.as_("ben")
    await ana.in_("#incidents").types("/rollback checkout")
    await ana.in_("#incidents").message("*Roll back checkout*").press("Approve")
    await ana.in_("#incidents").expects_ephemeral("another person has to say yes")
    await ben.in_("#incidents").message("*Roll back checkout*").press("Approve")
    await ben.form().fill(code=WRONG).submit()
    await ben.in_("#incidents").expects_ephemeral("you have not set one up")
    with pytest.raises(Refused, match="code_missing"):
        stage.engine.runs.approve(1, stage.person("ben"))


async def test_breaking_the_glass_asks_for_it_too(stage: Stage, deployments: Deployments) -> None:
    phone = await enrolled(stage, "ana")
    ana = stage.people.as_("ana")
    stage.engine.locks.lock("production", stage.person("ben"))
    wanted = "/rollback checkout --break-glass because cards are refused"
    await ana.in_("#incidents").types(wanted)
    await ana.form().fill(code=WRONG).submit()
    await ana.in_("#incidents").expects_ephemeral("That code is not right")
    await ana.in_("#incidents").types(wanted)
    await ana.form().fill(code=phone.next_code()).submit()
    await ana.in_("#incidents").message("broke the glass").expects("cards are refused")
    assert run_of(stage).break_glass == "cards are refused"
    with pytest.raises(Refused, match="code_missing"):
        stage.engine.runs.request(_glass(), stage.person("ana"))


async def test_the_secret_is_only_shown_alone_and_only_until_it_is_confirmed(stage: Stage) -> None:
    ana = stage.people.as_("ana")
    await ana.in_("#incidents").types("/tocsin totp")
    await ana.in_("#incidents").expects_ephemeral("Write this in a direct message")
    await enrolled(stage, "ana")
    await ana.in_("@tocsin").types("/tocsin totp")
    await ana.in_("@tocsin").expects_ephemeral("You have set up an authenticator already")
    posted = str(stage.calls("chat.postMessage"))
    assert "otpauth" not in posted


async def test_guessing_ends_after_five_tries(stage: Stage) -> None:
    phone = await enrolled(stage, "ben")
    factors, ben = stage.engine.second_factors, stage.person("ben")
    for _ in range(FAILURES_MAX):
        with pytest.raises(Refused, match="wrong_code"):
            factors.check(ben, WRONG)
    with pytest.raises(Refused, match="too_many_codes"):
        factors.check(ben, phone.next_code())
    stage.held.advance(CLOSED_FOR)
    factors.check(ben, phone.code())


async def test_a_lost_one_is_forgotten_and_its_codes_are_worthless(stage: Stage) -> None:
    phone = await enrolled(stage, "ben")
    ben = stage.person("ben")
    assert stage.engine.second_factors.forget(ben.key, "shell/root")
    with pytest.raises(Refused, match="second_factor_missing"):
        stage.engine.second_factors.check(ben, phone.next_code())
    again = await enrolled(stage, "ben")
    assert again.secret != phone.secret
    for nobody, reason in ((Person("", "UEVE"), "not_an_operator"), (Person("T1", "UB", True), "bots_may_not_act")):
        with pytest.raises(Refused, match=reason):
            stage.engine.second_factors.begin(nobody)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_of_many_who_say_one_code_at_once_one_is_taken(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/t.db"
    if kind == "postgresql":
        url = str(request.getfixturevalue("empty_postgres_url"))
    store = Database(url)
    migrate.upgrade(store.engine)
    clock, settings = SystemClock(), Settings.model_validate({"policy": {"step_up_key": KEY}})
    factors, ana = SecondFactors(store, clock, settings), Person("T1", "UANA")
    secret = base64.b32decode(factors.begin(ana).secret)
    factors.confirm(ana, code_at(secret, step_of(clock.now()) - 1))
    code, outcomes = code_at(secret, step_of(clock.now())), list[str]()

    def say() -> None:
        try:
            SecondFactors(store, clock, settings).check(ana, code)
            outcomes.append("taken")
        except Refused as error:
            outcomes.append(error.reason)

    threads = [threading.Thread(target=say) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    store.close()
    assert sorted(outcomes) == ["code_used"] * 3 + ["taken"]


def test_it_is_forgotten_from_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "tocsin.toml"
    file.write_text(f'database = "sqlite:///{tmp_path}/t.db"\n[policy]\nstep_up_key = "{KEY}"\n')
    store = Database(f"sqlite:///{tmp_path}/t.db")
    migrate.upgrade(store.engine)
    settings = Settings.model_validate({"policy": {"step_up_key": KEY}})
    SecondFactors(store, SystemClock(), settings).begin(Person("T1", "UANA"))
    done = CliRunner().invoke(app, ["totp", "forget", "T1/UANA", "-c", str(file)])
    assert done.stdout == "The authenticator of T1/UANA is forgotten.\n"
    assert CliRunner().invoke(app, ["totp", "forget", "T1/UBEN", "-c", str(file)]).exit_code == 1
    store.close()


def _glass() -> Wish:
    return Wish(ActionKind.ROLLBACK, "checkout", {}, action="rollback-checkout", reason="x", break_glass=True)
