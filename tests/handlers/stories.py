"""The stories of a failed pipeline and of a bad model, told on a fake or a real backend."""

import asyncio
from datetime import timedelta
from typing import Any

from tests.slack.stage import Stage

FOLLOWED = timedelta(seconds=3)


def airflow_settings(url: str, username: str, password: str) -> dict[str, Any]:
    connector = {"type": "airflow", "url": url, "username": username, "password": password}
    orders = {"service": "orders_hourly", "connector": "airflow", "target": {"dag": "orders_hourly"}}
    return {
        "connectors": {"airflow": connector},
        "actions": {"rerun-orders": {"kind": "rerun", **orders}, "start-orders": {"kind": "trigger", **orders}},
    }


def mlflow_settings(url: str, model: str, token: str = "") -> dict[str, Any]:
    churn = {"service": "churn", "connector": "mlflow", "target": {"model": model, "alias": "champion"}}
    kinds = ("model_rollback", "model_promote")
    return {
        "connectors": {"mlflow": {"type": "mlflow", "url": url, "token": token}},
        "actions": {f"{kind}-churn": {"kind": kind, **churn} for kind in kinds},
    }


async def worked(stage: Stage, until: str, calls_max: int = 400, pause_s: float = 0.0) -> None:
    """A worker at work until the last run is in the state `until`."""
    for _ in range(calls_max):
        if stage.clock is stage.held:
            stage.held.advance(FOLLOWED)
        await asyncio.to_thread(stage.engine.runs.work, "worker")
        await asyncio.to_thread(stage.engine.runs.watch)
        with stage.engine.store.read() as tx:
            last = tx.runs.of(0)[-1]
        if last.state == until:
            return
        await asyncio.sleep(pause_s)
    raise AssertionError(f"the run is {last.state}, not {until}: {last.error} {last.progress}")


async def a_failed_pipeline_is_run_again(stage: Stage, command: str, pause_s: float = 0.0) -> None:
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
    await card.expects("Done")
    await card.expects("succeeded")


async def a_bad_model_is_rolled_back(stage: Stage) -> None:
    ana, ben = stage.people.as_("ana").in_("#incidents"), stage.people.as_("ben").in_("#incidents")
    await ana.types("/model rollback churn")
    await ana.expects_ephemeral("The plan is ready: Roll back the model of churn 3 → 2")
    card = ana.message("*Roll back the model of churn*")
    await card.expects("champion = version 2 (auc 0.82)")
    await ben.message("*Roll back the model of churn*").press("Approve")
    await card.expects("It starts now")
    await worked(stage, "succeeded")
    await card.expects("is version 2")
