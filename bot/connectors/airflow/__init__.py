"""How does Tocsin run Airflow's pipelines again? REST API v2 of Airflow 3: clear what failed, start a run, backfill,
answer a task that waits for people.

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

[actions.release-orders]
kind = "call"                       # answers the task `ask`, an HITLOperator or ApprovalOperator (Airflow 3.1)
service = "orders_release"
connector = "airflow"
target = { dag = "orders_release", task = "ask" }
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
    needed = {"dag": "a DAG", "task": "a task"} if kind is ActionKind.CALL else {"dag": "a DAG"}
    problems = [f"target.{name}: there is no such setting" for name in sorted(set(target) - set(needed))]
    for name, what in needed.items():
        if not target.get(name):
            problems.append(f"target.{name}: say which")
        elif not re.fullmatch(r"[\w.\-]{1,250}", target[name]):
            problems.append(f"target.{name}: {target[name]!r} is not the id of {what}")
    return problems
