"""Do commands and forms follow the catalogue: what fits, what is asked for, what is closed?"""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from bot.connectors import executors
from bot.errors import Stale
from bot.settings import Settings
from tests.connectors.faulty import Answer, Asked, served
from tests.slack.stage import Stage

CACHE: dict[str, Any] = {"kind": "call", "service": "shop", "connector": "cache"}


def catalogue(url: str) -> dict[str, Any]:
    region = {"region": {"choices": ["eu", "us"], "required": True}}
    size = {"size": {"type": "number", "minimum": 1, "maximum": 9, "required": True}}
    target = {"path": "/v1/x"}
    places = {"kind": "restart", "service": "shop", "connector": "cache", "target": target}
    return {
        "connectors": {"cache": {"type": "http", "url": url, "repeatable": True}},
        "actions": {
            "purge": {**CACHE, "target": {"path": "/v1/purge/{region}"}, "parameters": region},
            "scale-shop": {**CACHE, "kind": "scale", "target": target, "parameters": size},
            "scale-web": {**CACHE, "kind": "scale", "service": "web", "target": target, "parameters": region},
            "restart-live": places,
            "restart-staging": {**places, "environment": "staging", "approvals": 0},
        },
        "roles": {"leads": {"people": ["*"]}},
        "policy": {"break_glass": ["leads"]},
        "remedies": {"restart-shop": {"services": ["shop"], "action": "restart-live", "mode": "dry"}},
    }


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    def answer(asked: Asked) -> Answer:
        return Answer(200, {"message": "done"})

    with served(answer) as faulty:
        settings = catalogue(faulty.url)
        async with Stage(executors=executors(Settings.model_validate(settings)), **settings) as made:
            made.deliver()
            yield made


async def test_run_lists_what_there_is_and_helps_with_names(stage: Stage) -> None:
    ana = stage.people.as_("ana").in_("#incidents")
    await ana.types("/run")
    await ana.expects_ephemeral("/run purge")
    await ana.types("/run purg")
    await ana.expects_ephemeral("Did you mean `/run purge`?")
    await ana.types("/run purge mars")
    await ana.expects_ephemeral("'mars' is none of eu, us")
    await ana.types("/run purge eu everything")
    await ana.expects_ephemeral("I do not know what 'everything' is meant to be")
    await ana.types("/run purge region=eu because of old prices")
    await ana.expects_ephemeral("The plan is ready: Call shop")
    await ana.message("*Call shop*").expects("of old prices")


async def test_a_form_has_the_choices_and_nothing_else_is_taken(stage: Stage) -> None:
    ana = stage.people.as_("ana")
    await ana.in_("#incidents").types("/run purge")
    await ana.form().fill(region="us", reason="prices").submit()
    await ana.in_("#incidents").message("*Call shop*").expects("POST /v1/purge/us")


async def test_actions_that_ask_for_different_things_are_chosen_first(stage: Stage) -> None:
    ana = stage.people.as_("ana")
    await ana.in_("#incidents").types("/run scale-shop 12")
    await ana.in_("#incidents").expects_ephemeral("at most 9, not 12")
    await ana.in_("#incidents").types("/run scale-shop 3")
    await ana.in_("#incidents").message("*Scale shop*").expects("size = 3")


async def test_the_environment_is_said_or_asked_for(stage: Stage) -> None:
    ana = stage.people.as_("ana")
    await ana.in_("#incidents").types("/run restart-staging")
    await ana.in_("#incidents").expects_ephemeral("Restart shop: approved, starts now")
    await ana.in_("#incidents").types("/run restart-live")
    await ana.in_("#incidents").expects_ephemeral("The plan is ready: Restart shop")


async def test_a_lock_shuts_others_out_until_it_is_opened(stage: Stage) -> None:
    ana, ben = stage.people.as_("ana").in_("#incidents"), stage.people.as_("ben").in_("#incidents")
    await ana.types("/lock")
    await ana.expects_ephemeral("Nothing is locked or frozen")
    await ben.types("/lock production until 2h because of the audit")
    await ana.message("locked `production`").expects("of the audit")
    await ana.types("/run purge eu")
    await ana.expects_ephemeral("`production` is locked by")
    await ana.types("/unlock production")
    await ana.message("unlocked `production`").expects("which")
    await ana.types("/run purge eu")
    await ana.expects_ephemeral("The plan is ready")


async def test_the_glass_is_broken_with_a_reason_and_everybody_sees_it(stage: Stage) -> None:
    ana, ben = stage.people.as_("ana").in_("#incidents"), stage.people.as_("ben").in_("#incidents")
    await ben.types("/lock production")
    await ana.types("/run purge eu --break-glass")
    await ana.expects_ephemeral("breaking the glass needs a reason")
    await ana.types("/run purge eu --break-glass because the shop shows old prices")
    await ana.message("broke the glass").expects("the shop shows old prices")
    await ana.message("*Call shop*").expects("Without a second person")


async def test_remedies_are_listed_stopped_and_resumed(stage: Stage) -> None:
    ana = stage.people.as_("ana").in_("#incidents")
    await ana.types("/tocsin remedies")
    await ana.expects_ephemeral("Restart shop – dry")
    await ana.types("/tocsin remedy stop restart-shop")
    await ana.expects_ephemeral("Does nothing now: somebody stopped it.")
    await ana.types("/tocsin remedy resume restart-shop")
    await ana.expects_ephemeral("Restart shop – dry: it only says what it would do")
    await ana.types("/tocsin remedy burn restart-shop")
    await ana.expects_ephemeral("Say it like this: `/tocsin remedies`")
    await ana.types("/tocsin remedy stop nothing")
    await ana.expects_ephemeral("There is no remedy called `nothing`")


async def test_a_lock_until_a_time_is_shown_and_ends_and_its_old_button_opens_no_newer_one() -> None:
    def answer(asked: Asked) -> Answer:
        return Answer(200, {"message": "done"})

    with served(answer) as faulty:
        settings = catalogue(faulty.url)
        made = executors(Settings.model_validate(settings))
        async with Stage(held=True, executors=made, **settings) as stage:
            stage.deliver()
            stage.people.patience_s = 20
            ana, ben = stage.people.as_("ana").in_("#incidents"), stage.people.as_("ben").in_("#incidents")
            await ben.types("/lock production until 18:00 because the books are closed")
            await ben.expects_ephemeral("18:00 UTC")
            await ana.types("/run purge eu")
            await ana.expects_ephemeral("`production` is locked by")
            await ana.types("/lock production")
            await ana.expects_ephemeral("the books are closed")
            stage.held.advance(timedelta(hours=6))
            await ana.types("/lock")
            await ana.expects_ephemeral("Nothing is locked or frozen")
            await ana.types("/lock production because of mine")
            await ana.expects_ephemeral("of mine")
            assert stage.engine.locks.held()[0].serial == 2
            with pytest.raises(Stale):
                stage.engine.locks.unlock(stage.person("ben"), serial=1)
            await ben.types("/run purge eu")
            await ben.expects_ephemeral("`production` is locked by")
            await ben.types("/lock")
            await ben.message("of mine").press("Unlock")
            await ben.expects_message("unlocked `production`, which")
            await ben.types("/run purge eu")
            await ben.expects_ephemeral("The plan is ready")
