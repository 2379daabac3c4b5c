"""How does Tocsin run Airflow's pipelines again? REST API v2 of Airflow 3: clear what failed, start a run, backfill.

[connectors.airflow]
type = "airflow"
url = "https://airflow.example.com"
username = "tocsin"                 # a user with the role Op; or token = "env:AIRFLOW_TOKEN"
password = "env:AIRFLOW_PASSWORD"

[actions.rerun-orders]
kind = "rerun"                      # rerun | trigger | backfill
service = "orders_hourly"
connector = "airflow"
target = { dag = "orders_hourly" }
"""

import re
from collections.abc import Mapping
from typing import Any

from bot.actions.model import ActionKind
from bot.connectors._web import WebOptions
from bot.connectors.airflow.api import Api
from bot.connectors.airflow.executor import KINDS, AirflowExecutor

__all__ = ["KINDS", "executor", "target_problems"]


def executor(name: str, options: Mapping[str, Any]) -> AirflowExecutor:
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    return AirflowExecutor(name, Api(name, WebOptions.model_validate(options)))


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    problems = [f"target.{name}: there is no such setting" for name in sorted(set(target) - {"dag"})]
    if not target.get("dag"):
        return [*problems, "target.dag: say which"]
    if not re.fullmatch(r"[\w.\-]{1,250}", target["dag"]):
        problems.append(f"target.dag: {target['dag']!r} is not the id of a DAG")
    return problems
