"""How does Tocsin run a deployment of Prefect, or a flow run that failed again, exactly once?

[connectors.prefect]
type = "prefect"
url = "https://prefect.example.com/api"     # Prefect Cloud: https://api.prefect.cloud/api/accounts/…/workspaces/…
token = "env:PREFECT_API_KEY"               # or username and password, where the server asks for them

[actions.rerun-orders]
kind = "rerun"                              # rerun | trigger
service = "orders"
connector = "prefect"
target = { deployment = "orders/hourly" }   # flow/deployment

*Trigger* creates a flow run with the key of Tocsin's run as its idempotency key; the action's parameters are the
flow's. *Rerun* puts the latest failed or crashed flow run (or the one named by `run`) back in line as
`AwaitingRetry`, which runs only its tasks that have no stored result; the key stands in the message of that state.
REST API of Prefect 3.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bot.actions.model import Action, ActionKind, Plan
from bot.actions.parameters import Parameter
from bot.connectors._jobs import Job, JobExecutor, asked_for, problems_of, shown
from bot.connectors._web import Web, WebOptions
from bot.errors import InputError, WorldChanged

KINDS = frozenset({ActionKind.TRIGGER, ActionKind.RERUN})
RUNS_MAX = 50
LINES_MAX, LINE_MAX = 10, 200
_OVER = {"COMPLETED": True, "FAILED": False, "CRASHED": False, "CANCELLED": False}
_FAILED = ["FAILED", "CRASHED"]
_PART = r"[^/\\\x00-\x1f]{1,200}"
Object = Mapping[str, Any]


def executor(name: str, options: Mapping[str, Any]) -> "PrefectExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    return PrefectExecutor(Web(name, WebOptions.model_validate(options)))


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    return problems_of(target, {"deployment": f"{_PART}/{_PART}"}, {})


class PrefectExecutor(JobExecutor[Web]):
    """Fulfils `bot.engine.action_ports.Executor`."""

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        if kind is not ActionKind.RERUN:
            return ()
        return (Parameter("run", hint="Empty: the latest that failed.", pattern="[0-9a-f-]{36}", live=True),)

    def choices(self, action: Action, parameter: str) -> list[str]:
        return [str(run["id"]) for run in self._failed(self._deployment(action))]

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        deployment = self._deployment(action)
        name = action.target["deployment"]
        if action.kind is ActionKind.TRIGGER:
            sent = asked_for(action, parameters)
            self._typed(deployment, sent)
            return Plan(f"a flow run of {name}", "", "", shown(sent), "", (f"create a flow run of {name}",))
        run = self._run_to_retry(action, deployment, parameters.get("run", ""))
        state = run.get("state") or {}
        said = " ".join(str(state.get("message") or "").split())[:300]
        summary = f"flow run {run.get('name')} of {name} again ({str(state.get('name')).lower()})"
        return Plan(
            summary, "", "", said, f"{run['id']} {state.get('id')}", (f"set {run.get('name')} to AwaitingRetry",)
        )

    def _title(self, action: Action) -> str:
        return f"the flow run of {action.target['deployment']}"

    def _begin(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Job:
        if action.kind is ActionKind.RERUN:
            return self._retry(key, plan)
        deployment = self._deployment(action)
        sent = self._typed(deployment, asked_for(action, parameters))
        body = {"parameters": sent, "idempotency_key": key, "tags": ["tocsin"]}
        return _job(self._web.object(f"/deployments/{deployment['id']}/create_flow_run", body))

    def _retry(self, key: str, plan: Plan) -> Job:
        id_, state = plan.world.split()
        found = self._run(id_)
        if str((found.get("state") or {}).get("id")) != state:
            raise WorldChanged(f"flow run {found.get('name')} moved on since the plan", connector=self._web.name)
        refused = self._set_state(id_, "SCHEDULED", "AwaitingRetry", f"asked for by Tocsin ({key})")
        if refused:
            raise self._web.problem(f"Prefect does not accept it: {refused}")
        return _job(self._run(id_))

    def _search(self, key: str, action: Action, plan: Plan | None) -> Job | None:
        if action.kind is ActionKind.RERUN:
            return self._retried(key, plan)
        found = self._runs({"idempotency_key": {"any_": [key]}})
        return _job(found[0]) if found else None

    def _retried(self, key: str, plan: Plan | None) -> Job | None:
        id_ = plan.world.split()[0] if plan else ""
        states = self._web.listed("/flow_run_states/", flow_run_id=id_) if id_ else []
        is_ours = any(f"({key})" in str(state.get("message") or "") for state in states)
        return _job(self._run(id_)) if is_ours else None

    def _look(self, id_: str, action: Action) -> Job:
        return _job(self._run(id_), self._log(id_))

    def _stop(self, job: Job, action: Action) -> None:
        self._set_state(job.id, "CANCELLING", "Cancelling", "stopped by Tocsin")  # refused: over already

    def _set_state(self, id_: str, type_: str, name: str, message: str) -> str:
        """Why it was refused."""
        state = {"type": type_, "name": name, "message": message}
        got = self._web.object(f"/flow_runs/{id_}/set_state", {"state": state, "force": False})
        status = str(got.get("status"))
        return "" if status == "ACCEPT" else str((got.get("details") or {}).get("reason") or status)

    def _log(self, id_: str) -> str:
        body = {"logs": {"flow_run_id": {"any_": [id_]}}, "sort": "TIMESTAMP_DESC", "limit": LINES_MAX}
        found = self._web.send("POST", "/logs/filter", body=body)
        said = [str(one.get("message") or "").strip() for one in found or () if isinstance(one, dict)]
        lines = [message.splitlines()[0][:LINE_MAX] for message in said if message]
        return self._web.hide("\n".join(reversed(lines)))

    def _run_to_retry(self, action: Action, deployment: Object, wanted: str) -> Object:
        found = [self._run(wanted)] if wanted else self._failed(deployment)
        if not found or found[0].get("state_type") not in _FAILED:
            raise InputError("it has not failed" if wanted else "no flow run has failed", place="run")
        if found[0].get("deployment_id") != deployment["id"]:
            raise InputError(f"it is not a run of {action.target['deployment']}", place="run")
        return found[0]

    def _failed(self, deployment: Object) -> list[Object]:
        wanted = {"deployment_id": {"any_": [deployment["id"]]}, "state": {"type": {"any_": _FAILED}}}
        return self._runs(wanted)

    def _runs(self, wanted: Object) -> list[Object]:
        """The latest first."""
        body = {"flow_runs": wanted, "sort": "START_TIME_DESC", "limit": RUNS_MAX}
        found = self._web.send("POST", "/flow_runs/filter", body=body)
        if not isinstance(found, list):
            raise self._web.odd("no flow runs")
        return found

    def _run(self, id_: str) -> Object:
        return self._web.object(f"/flow_runs/{id_}")

    def _deployment(self, action: Action) -> Object:
        flow, _, name = action.target["deployment"].partition("/")
        found = self._web.object(f"/deployments/name/{quote(flow, safe='')}/{quote(name, safe='')}")
        if not found.get("id"):
            raise self._web.odd("no deployment")
        return found

    def _typed(self, deployment: Object, sent: Mapping[str, str]) -> dict[str, Any]:
        """The values in the types that the flow declares."""
        declared = (deployment.get("parameter_openapi_schema") or {}).get("properties") or {}
        return {name: _typed(name, value, (declared.get(name) or {}).get("type")) for name, value in sent.items()}


def _typed(name: str, value: str, type_: str | None) -> Any:
    try:
        if type_ == "boolean":
            return {"yes": True, "true": True, "no": False, "false": False}[value.lower()]
        return int(value) if type_ == "integer" else float(value) if type_ == "number" else value
    except (ValueError, KeyError) as error:
        raise InputError(f"{value[:50]!r} is no {type_}, which the flow wants", place=name) from error


def _job(run: Object, tail: str = "") -> Job:
    state = run.get("state") or {}
    type_ = str(run.get("state_type") or state.get("type") or "")
    return Job(
        id=str(run["id"]),
        state=re.sub(r"(?<=[a-z])(?=[A-Z])", " ", str(state.get("name") or type_)).lower(),
        is_over=type_ in _OVER,
        is_well=_OVER.get(type_, False),
        tail=tail,
        why=str(state.get("message") or ""),
    )
