"""The stories of a bad deploy, a failed pipeline and a bad model, on a fake or a real backend: by a command, and by the
button of their incident."""

import asyncio
from datetime import timedelta
from typing import Any

from bot.actions.model import RunState
from bot.changes.model import Change, ChangeKind
from bot.workspace.person import Message
from tests.slack.stage import Stage

FOLLOWED = timedelta(seconds=3)


def airflow_settings(url: str, username: str, password: str, check: str = "") -> dict[str, Any]:
    """`check`: an address that says *success* when the last run is well."""
    connector = {"type": "airflow", "url": url, "username": username, "password": password}
    orders = {"service": "orders_hourly", "connector": "airflow", "target": {"dag": "orders_hourly"}}
    again = {"kind": "rerun", **orders, **_verified(check, "success")}
    return {
        "connectors": {"airflow": connector},
        "actions": {"rerun-orders": again, "start-orders": {"kind": "trigger", **orders}},
    }


def mlflow_settings(url: str, model: str, token: str = "", check: str = "") -> dict[str, Any]:
    """`check`: an address that says which version is the champion, as MLflow does."""
    churn = {"service": "churn", "connector": "mlflow", "target": {"model": model, "alias": "champion"}}
    churn |= _verified(check, '"version": "2"')
    kinds = ("model_rollback", "model_promote")
    return {
        "connectors": {"mlflow": {"type": "mlflow", "url": url, "token": token}},
        "actions": {f"{kind}-churn": {"kind": kind, **churn} for kind in kinds},
    }


def _verified(check: str, contains: str) -> dict[str, Any]:
    return {"verify": {"url": check, "contains": contains, "every_s": 5}} if check else {}


async def worked(stage: Stage, until: str, calls_max: int = 400, pause_s: float = 0.0) -> None:
    """A worker at work until the last run is in the state `until`."""
    for _ in range(calls_max):
        if stage.clock is stage.held:
            stage.held.advance(FOLLOWED)
        await asyncio.to_thread(stage.engine.runs.work, "worker")
        await asyncio.to_thread(stage.engine.runs.watch)
        with stage.engine.store.read() as tx:
            last = tx.runs.in_state(*RunState)[-1]
        if last.state == until:
            return
        await asyncio.sleep(pause_s)
    raise AssertionError(f"the run is {last.state}, not {until}: {last.error} {last.progress}")


HELPED = "it helped: the problem is gone"
"""What is said when the action's own check failed before and does not any more."""


async def a_failed_pipeline_is_run_again(
    stage: Stage, command: str, pause_s: float = 0.0, *, checked: bool = False
) -> None:
    ana, ben = stage.people.as_("ana").in_("#incidents"), stage.people.as_("ben").in_("#incidents")
    await ana.types(command)
    await ana.expects_ephemeral("The plan is ready: Run again orders_hourly")
    card = ana.message("*Run again orders_hourly*")
    await card.expects("load (failed, try 1)")
    await card.press("Approve")
    await ana.expects_ephemeral("another person has to say yes")
    await ben.message("*Run again orders_hourly*").press("Approve")
    await card.expects("It starts now")
    await worked(stage, "succeeded", pause_s=pause_s)
    await card.expects(HELPED if checked else "Done")
    await card.expects("succeeded")


async def a_bad_deploy_is_rolled_back(stage: Stage) -> None:
    """`held`, with a check of the action's own."""
    now = stage.clock.now()
    stage.engine.changes.report(Change("d", ChangeKind.DEPLOY, "checkout", now, "1.4.2", "1.4.1", by="ana"))
    ana, ben = stage.people.as_("ana").in_("#incidents"), stage.people.as_("ben").in_("#incidents")
    await ana.types("/rollback checkout")
    await ana.expects_ephemeral("The plan is ready: Roll back checkout 1.4.2 → 1.4.1")
    card = ana.message("*Roll back checkout*")
    await card.expects('tag: "1.4.1"')
    await card.press("Approve")
    await ana.expects_ephemeral("another person has to say yes")
    await ben.message("*Roll back checkout*").press("Approve")
    await card.expects("It starts now")
    await worked(stage, "succeeded")
    await card.expects(HELPED)


async def a_bad_model_is_rolled_back(stage: Stage, *, checked: bool = False) -> None:
    ana, ben = stage.people.as_("ana").in_("#incidents"), stage.people.as_("ben").in_("#incidents")
    await ana.types("/model rollback churn")
    await ana.expects_ephemeral("The plan is ready: Roll back the model of churn 3 → 2")
    card = ana.message("*Roll back the model of churn*")
    await card.expects("champion = version 2 (auc 0.82)")
    await ben.message("*Roll back the model of churn*").press("Approve")
    await card.expects("It starts now")
    await worked(stage, "succeeded")
    await card.expects("is version 2")
    if checked:
        await card.expects(HELPED)


async def a_failed_pipeline_is_run_again_from_its_incident(stage: Stage, pause_s: float = 0.0) -> None:
    """`held`, with a check of the action's own that fails until the pipeline is well."""
    stage.alert("orders_hourly failed in load", "orders_hourly")
    plan = await _planned_from(stage, "orders_hourly failed", "Run again orders_hourly")
    await plan.expects("load (failed, try 1)")
    await _approved_and_helped(stage, plan, pause_s)


async def a_bad_model_is_rolled_back_from_its_incident(stage: Stage) -> None:
    """As above, with the version before last as the champion."""
    now = stage.clock.now()
    stage.engine.changes.report(Change("churn-3", ChangeKind.MODEL_VERSION, "churn", now, "3", "2", by="ana"))
    stage.alert("churn predicts worse than before", "churn")
    plan = await _planned_from(stage, "churn predicts worse", "Roll back the model of churn")
    await plan.expects("champion = version 2 (auc 0.82)")
    await _approved_and_helped(stage, plan)


async def a_bad_deploy_is_rolled_back_from_its_incident(stage: Stage) -> None:
    now = stage.clock.now()
    stage.engine.changes.report(Change("d", ChangeKind.DEPLOY, "checkout", now, "1.4.2", "1.4.1", by="ana"))
    stage.alert("checkout refuses cards", "checkout")
    plan = await _planned_from(stage, "checkout refuses cards", "Roll back checkout")
    await plan.expects('tag: "1.4.1"')
    await _approved_and_helped(stage, plan)


async def _planned_from(stage: Stage, incident: str, button: str) -> Message:
    """Ana presses the button of the incident; gives the plan in its thread, as Ben sees it."""
    ana, ben = stage.people.as_("ana").in_("#incidents"), stage.people.as_("ben").in_("#incidents")
    await ana.message(incident).press(button)
    await ana.expects_ephemeral("It stands in the thread of INC-1 and waits for another person’s yes")
    thread = await ben.message(incident).thread()
    own = (await ana.message(incident).thread()).message(f"*{button}*")
    await own.press("Approve")
    await (await ana.message(incident).thread()).expects_ephemeral("another person has to say yes")
    return thread.message(f"*{button}*")


async def _approved_and_helped(stage: Stage, plan: Message, pause_s: float = 0.0) -> None:
    await plan.press("Approve")
    await plan.expects("It starts now")
    await worked(stage, "succeeded", pause_s=pause_s)
    await plan.expects(HELPED)
    await stage.people.as_("ana").in_("#incidents").message("has recovered after").expects("approved by")
