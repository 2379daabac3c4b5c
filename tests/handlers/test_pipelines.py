"""Can a failed pipeline be run again, and a bad model taken back, from Slack and with another's yes?"""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from bot.connectors import executors
from bot.settings import Settings
from tests.connectors.fake_airflow import PASSWORD, USER, FakeAirflow
from tests.connectors.fake_mlflow import TOKEN, FakeMlflow
from tests.connectors.faulty import Answer, served
from tests.handlers.stories import (
    FOLLOWED,
    a_bad_deploy_is_rolled_back,
    a_bad_deploy_is_rolled_back_from_its_incident,
    a_bad_model_is_rolled_back,
    a_bad_model_is_rolled_back_from_its_incident,
    a_failed_pipeline_is_run_again,
    a_failed_pipeline_is_run_again_from_its_incident,
    airflow_settings,
    mlflow_settings,
    worked,
)
from tests.scenarios.deployments import Deployments
from tests.slack.stage import Stage


@pytest_asyncio.fixture
async def orders() -> AsyncIterator[tuple[Stage, FakeAirflow]]:
    fake = FakeAirflow()
    fake.failed_run("r1")
    with served(fake.answer) as faulty:
        settings = airflow_settings(faulty.url, USER, PASSWORD)
        made = executors(Settings.model_validate(settings))
        async with Stage(held=True, executors=made, **settings) as stage:
            stage.deliver()
            yield stage, fake


@pytest_asyncio.fixture
async def churn() -> AsyncIterator[tuple[Stage, FakeMlflow]]:
    fake = FakeMlflow()
    with served(fake.answer) as faulty:
        settings = mlflow_settings(faulty.url, "churn", TOKEN)
        made = executors(Settings.model_validate(settings))
        async with Stage(held=True, executors=made, **settings) as stage:
            stage.deliver()
            yield stage, fake


async def test_a_failed_pipeline_is_run_again_from_the_failed_task(orders: tuple[Stage, FakeAirflow]) -> None:
    stage, fake = orders
    fake.locked = False
    await a_failed_pipeline_is_run_again(stage, "/rerun orders_hourly since 2026-11-21")
    assert fake.effects == ["clear r1"]
    assert fake.runs["r1"].tasks["extract"]["try_number"] == 1


async def test_a_pipeline_that_fails_again_says_why(orders: tuple[Stage, FakeAirflow]) -> None:
    stage, _ = orders
    ana, ben = stage.people.as_("ana").in_("#incidents"), stage.people.as_("ben").in_("#incidents")
    await ana.types("/rerun orders_hourly")
    await ben.message("*Run again orders_hourly*").press("Approve")
    await worked(stage, "failed")
    card = ana.message("*Run again orders_hourly*")
    await card.expects("failed in load (try 2): RuntimeError: sales_fact is locked")
    await card.press("Plan it again")
    await ana.expects_ephemeral("The plan is ready")


async def test_a_running_pipeline_shows_how_far_it_is_and_can_be_stopped(orders: tuple[Stage, FakeAirflow]) -> None:
    stage, fake = orders
    fake.locked = False
    ana, ben = stage.people.as_("ana").in_("#incidents"), stage.people.as_("ben").in_("#incidents")
    await ana.types("/rerun orders_hourly")
    await ben.message("*Run again orders_hourly*").press("Approve")
    await ben.message("*Run again orders_hourly*").expects("said yes")
    for _ in range(2):
        stage.engine.runs.work("worker")
        stage.held.advance(FOLLOWED)
    card = ana.message("*Run again orders_hourly*")
    await card.expects("1 of 3 done")
    await card.press("Stop")
    await card.expects("wants it stopped")
    await worked(stage, "cancelled")
    await card.expects("stopped it while it was running")
    assert fake.runs["r1"].state == "failed"


async def test_a_dry_run_only_shows_the_plan(orders: tuple[Stage, FakeAirflow]) -> None:
    stage, fake = orders
    ana = stage.people.as_("ana").in_("#incidents")
    await ana.types("/rerun orders_hourly --dry-run")
    await ana.expects_ephemeral("Only a plan")
    assert fake.effects == []
    with stage.engine.store.read() as tx:
        assert tx.runs.of(0) == []


async def test_the_form_offers_the_runs_that_failed(orders: tuple[Stage, FakeAirflow]) -> None:
    stage, fake = orders
    fake.failed_run("r2")
    ana = stage.people.as_("ana").in_("#incidents")
    await ana.types("/rerun")
    await stage.people.as_("ana").form().fill(run="r1").submit()
    await ana.expects_ephemeral("The plan is ready: Run again orders_hourly")
    await ana.message("*Run again orders_hourly*").expects("r1: load")


async def test_a_bad_model_is_rolled_back(churn: tuple[Stage, FakeMlflow]) -> None:
    stage, fake = churn
    await a_bad_model_is_rolled_back(stage)
    assert fake.alias["champion"] == "2"


async def test_a_model_that_moved_since_the_plan_is_left_alone(churn: tuple[Stage, FakeMlflow]) -> None:
    stage, fake = churn
    ana, ben = stage.people.as_("ana").in_("#incidents"), stage.people.as_("ben").in_("#incidents")
    await ana.types("/model promote churn 1")
    await ben.message("*Promote the model churn*").press("Approve")
    fake.alias["champion"] = "2"
    await worked(stage, "failed")
    card = ana.message("*Promote the model churn*")
    await card.expects("champion is version 2 now; the plan was made when it was 3")
    await card.press("Plan it again")
    await ana.expects_ephemeral("The plan is ready: Promote the model churn 2 → 1")
    assert fake.alias["champion"] == "2"


async def test_a_failed_pipeline_is_run_again_by_the_button_of_its_incident() -> None:
    fake = FakeAirflow()
    fake.failed_run("r1")
    fake.locked = False
    with served(fake.answer) as faulty, served(lambda asked: Answer(200, fake.runs["r1"].state)) as check:
        settings = airflow_settings(faulty.url, USER, PASSWORD, check.url)
        async with Stage(held=True, executors=executors(Settings.model_validate(settings)), **settings) as stage:
            stage.deliver()
            await a_failed_pipeline_is_run_again_from_its_incident(stage)
    assert fake.effects == ["clear r1"]


async def test_a_bad_model_is_rolled_back_by_the_button_of_its_incident() -> None:
    fake = FakeMlflow()
    with (
        served(fake.answer) as faulty,
        served(lambda asked: Answer(200, f'"version": "{fake.alias["champion"]}"')) as check,
    ):
        settings = mlflow_settings(faulty.url, "churn", TOKEN, check.url)
        async with Stage(held=True, executors=executors(Settings.model_validate(settings)), **settings) as stage:
            stage.deliver()
            await a_bad_model_is_rolled_back_from_its_incident(stage)
    assert fake.alias["champion"] == "2"


@pytest.mark.parametrize("by", [a_bad_deploy_is_rolled_back, a_bad_deploy_is_rolled_back_from_its_incident])
async def test_a_bad_deploy_is_rolled_back_by_a_command_and_by_the_button_of_its_incident(
    deployments: Deployments, by: Callable[[Stage], Awaitable[None]]
) -> None:
    with served(lambda asked: Answer(200, deployments.version("checkout"))) as check:
        settings = deployments.settings()
        settings["actions"]["rollback-checkout"]["verify"] = {"url": check.url, "contains": "1.4.1", "every_s": 5}
        async with Stage(held=True, executors={"shop": deployments.executor}, **settings) as stage:
            stage.deliver()
            await by(stage)
    assert deployments.commits_by("Tocsin-Action") == 1
