"""Can a person have something done, and only with another's yes?"""

import asyncio

from tests.scenarios.deployments import Deployments
from tests.slack.stage import Stage


async def worked(stage: Stage) -> bool:
    return await asyncio.to_thread(stage.engine.runs.work, "test")


async def test_a_rollback_is_planned_approved_by_another_and_done_once(stage: Stage, deployments: Deployments) -> None:
    ana, ben = stage.people.as_("ana"), stage.people.as_("ben")
    await ana.in_("#incidents").types("/rollback checkout")
    await ana.in_("#incidents").expects_ephemeral("The plan is ready: Roll back checkout 1.4.2 → 1.4.1")
    plan = ana.in_("#incidents").message("*Roll back checkout*")
    await plan.expects("has to say yes")
    await plan.press("Approve")
    await ana.in_("#incidents").expects_ephemeral("another person has to say yes")
    assert not await worked(stage)
    await ben.in_("#incidents").message("*Roll back checkout*").press("Approve")
    await plan.expects("It starts now")
    assert await worked(stage)
    await plan.expects("Watching until")
    assert deployments.version("checkout") == "1.4.1"
    assert deployments.commits_by("Tocsin-Action") == 1


async def test_a_deploy_form_asks_for_what_was_not_typed(stage: Stage) -> None:
    ana = stage.people.as_("ana")
    await ana.in_("#incidents").types("/deploy web")
    await ana.form().fill(version="3.1.0").submit()
    await ana.in_("#incidents").expects_ephemeral("Deploy web 3.0.0 → 3.1.0")
    await ana.in_("#incidents").message("*Deploy web*").press("Cancel")
    await ana.in_("#incidents").message("*Deploy web*").expects("cancelled it. Nothing was changed.")


async def test_what_cannot_be_done_is_said_politely(stage: Stage) -> None:
    ana = stage.people.as_("ana").in_("#incidents")
    await ana.types("/rollback chekout")
    await ana.expects_ephemeral("There is no rollback action called `chekout`. Known: `checkout`, `web`.")
    await ana.types("/rollback web")
    await ana.expects_ephemeral("There is no earlier version of `web`")
    await ana.types("/deploy checkout 1.4.2")
    await ana.expects_ephemeral("checkout is at 1.4.2 already")
    await ana.types("/rerun orders_hourly")
    await ana.expects_ephemeral("A new pipeline run needs the connector `airflow`")
    await ana.types("/model rollback recommender")
    await ana.expects_ephemeral("A model rollback needs the connector `mlflow`")
    await ana.types("/model")
    await ana.expects_ephemeral("/model rollback recommender")
    assert await stage.channel() == []


async def test_the_rollback_of_an_incident_is_planned_in_its_thread(stage: Stage) -> None:
    ana = stage.people.as_("ana")
    incident = stage.declare()
    run = stage.engine.runs.ask(
        next(iter(stage.engine.settings.actions.values())).kind,
        "checkout",
        {},
        stage.person("ana"),
        incident=incident.id,
    )
    card = ana.in_("#incidents").message("Checkout refuses")
    await card.expects("waits for another person")
    await card.expects_thread_reply("*Roll back checkout*")
    assert len(await stage.channel()) == 1
    assert run.incident == incident.id


async def test_someone_who_may_only_look_is_refused(deployments: Deployments) -> None:
    settings = {**deployments.settings(), "slack": {"operators": ["UNOBODY"]}}
    async with Stage(executors={"shop": deployments.executor}, **settings) as stage:
        ana = stage.people.as_("ana").in_("#incidents")
        await ana.types("/rollback checkout")
        await ana.expects_ephemeral("not among those who may act")
        await ana.types("/tocsin status")
        await ana.expects_ephemeral("Nothing is open")
