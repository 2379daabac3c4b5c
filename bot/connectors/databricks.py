"""How does Tocsin run a job of Databricks, repair a run that failed, and stop one, exactly once?

[connectors.databricks]
type = "databricks"
url = "https://adb-1234567890.7.azuredatabricks.net"
token = "env:DATABRICKS_TOKEN"              # may manage runs of the job

[actions.rerun-orders]
kind = "rerun"                              # rerun (repair) | trigger (run now)
service = "orders"
connector = "databricks"
target = { job = "512", key = "tocsin_key" }

*Trigger* runs the job with the key of Tocsin's run as its idempotency token, so that Databricks itself never starts
it twice, and as the job parameter `key`, by which the run is found again; the job has to have that parameter, and the
plan looks. The action's parameters go with it as job parameters. *Rerun* repairs the latest failed run (or the one
named by `run`): its failed tasks and what depends on them. A repair names the repair before it, and Databricks
refuses one that is not the latest, so it happens once; after a crash a repair that began since the plan was made
counts as this one. Jobs API 2.2.
"""

import json
from collections.abc import Mapping
from typing import Any

from bot.actions.model import Action, ActionKind, Done, Plan, Started
from bot.actions.parameters import Parameter
from bot.connectors._jobs import Job, JobExecutor, asked_for, problems_of, shown
from bot.connectors._web import Web, WebOptions
from bot.errors import InputError, WorldChanged

KINDS = frozenset({ActionKind.TRIGGER, ActionKind.RERUN})
RUNS_MAX = 25
_API = "/api/2.2/jobs"
_OVER = frozenset({"TERMINATED", "SKIPPED", "INTERNAL_ERROR"})
_FAILED = frozenset({"FAILED", "TIMEDOUT", "CANCELED", "UPSTREAM_FAILED", "MAXIMUM_CONCURRENT_RUNS_REACHED"})
Object = Mapping[str, Any]


def executor(name: str, options: Mapping[str, Any]) -> "DatabricksExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    return DatabricksExecutor(Web(name, WebOptions.model_validate(options)))


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    return problems_of(target, {"job": "[0-9]{1,19}"}, {"key": r"[A-Za-z_]\w*"})


class DatabricksExecutor(JobExecutor[Web]):
    """Fulfils `bot.engine.action_ports.Executor`."""

    OVER = frozenset({400, 409})

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        if kind is not ActionKind.RERUN:
            return ()
        return (Parameter("run", hint="Empty: the latest that failed.", pattern="[0-9]{1,19}", live=True),)

    def choices(self, action: Action, parameter: str) -> list[str]:
        return [str(run["run_id"]) for run in self._runs(action) if _has_failed(run)]

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        job = self._web.object(f"{_API}/get", job_id=action.target["job"])
        settings = job.get("settings") or {}
        name = str(settings.get("name") or action.target["job"])
        if action.kind is ActionKind.TRIGGER:
            known = [str(one.get("name")) for one in settings.get("parameters") or ()]
            if _key_name(action) not in known:
                words = f"the job {name} needs a parameter {_key_name(action)}, or its runs are not found again"
                raise self._web.problem(words)
            return Plan(f"a run of {name}", "", "", shown(asked_for(action, parameters)), "", (f"run {name} now",))
        run = self._run_to_repair(action, parameters.get("run", ""))
        failed = [task for task in _latest_attempts(run) if _has_failed(task)]
        lines = [f"{task.get('task_key')}: {(task.get('state') or {}).get('result_state')}" for task in failed]
        summary = f"run {run['run_id']} of {name}: {len(failed)} tasks again, and what depends on them"
        world = f"{run['run_id']} {_latest_repair(run)}"
        return Plan(summary, "", "", "\n".join(lines), world, (f"repair run {run['run_id']}",))

    def execute(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Done | Started:
        """A repair that began since the plan is another's, unless `find` was asked about it."""
        if action.kind is not ActionKind.RERUN:
            return super().execute(key, action, parameters, plan)
        id_, latest = plan.world.split()
        if _latest_repair(self._run(id_)) != int(latest):
            raise WorldChanged(f"run {id_} was repaired since the plan was made", connector=self._web.name)
        body: dict[str, Any] = {"run_id": int(id_), "rerun_all_failed_tasks": True, "rerun_dependent_tasks": True}
        if int(latest):
            body["latest_repair_id"] = int(latest)
        self._web.object(f"{_API}/runs/repair", body)
        return self._started(key, action, Job(id_, "pending"))

    def _title(self, action: Action) -> str:
        return "run"

    def _begin(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Job:
        sent = {**asked_for(action, parameters), _key_name(action): key}
        body = {"job_id": int(action.target["job"]), "idempotency_token": key, "job_parameters": sent}
        return Job(str(self._web.object(f"{_API}/run-now", body)["run_id"]), "pending")

    def _search(self, key: str, action: Action, plan: Plan | None) -> Job | None:
        if action.kind is ActionKind.RERUN:
            id_, latest = plan.world.split() if plan else ("", "0")
            return Job(id_, "pending") if plan and _latest_repair(self._run(id_)) != int(latest) else None
        for run in self._runs(action):
            given = run.get("job_parameters") or ()
            if any(one.get("name") == _key_name(action) and one.get("value") == key for one in given):
                return Job(str(run["run_id"]), "pending")
        return None

    def _look(self, id_: str, action: Action) -> Job:
        run = self._run(id_)
        state, tasks = run.get("state") or {}, _latest_attempts(run)
        result = str(state.get("result_state") or state.get("life_cycle_state") or "").lower()
        is_over = state.get("life_cycle_state") in _OVER
        is_well = is_over and state.get("result_state") == "SUCCESS"
        return Job(
            id=id_,
            state=result,
            is_over=is_over,
            is_well=is_well,
            done=sum((task.get("state") or {}).get("life_cycle_state") in _OVER for task in tasks),
            total=len(tasks),
            why=self._why(state, tasks) if is_over and not is_well else "",
            link=str(run.get("run_page_url") or ""),
        )

    def _stop(self, job: Job, action: Action) -> None:
        self._web.send("POST", f"{_API}/runs/cancel", body={"run_id": int(job.id)})

    def _why(self, state: Object, tasks: list[Object]) -> str:
        """The first task that failed, and its error."""
        for task in tasks:
            if (task.get("state") or {}).get("result_state") == "FAILED":
                error = _error(self._web.text_if_any(f"{_API}/runs/get-output", run_id=task.get("run_id")))
                words = error or str(task["state"].get("state_message") or "")
                return f"{task.get('task_key')}: {' '.join(words.split())}"
        return str(state.get("state_message") or "")

    def _run_to_repair(self, action: Action, wanted: str) -> Object:
        found = wanted or next((str(run["run_id"]) for run in self._runs(action) if _has_failed(run)), "")
        run = self._run(found) if found else {}
        if not _has_failed(run):
            raise InputError("it has not failed" if wanted else "no run has failed", place="run")
        if str(run.get("job_id")) != action.target["job"]:
            raise InputError(f"it is not a run of the job {action.target['job']}", place="run")
        return run

    def _runs(self, action: Action) -> list[Object]:
        """The latest first."""
        found = self._web.object(f"{_API}/runs/list", job_id=action.target["job"], limit=RUNS_MAX)
        return list(found.get("runs") or ())

    def _run(self, id_: str) -> Object:
        return self._web.object(f"{_API}/runs/get", run_id=id_, include_history="true")


def _key_name(action: Action) -> str:
    return action.target.get("key", "tocsin_key")


def _has_failed(run: Object) -> bool:
    state = run.get("state") or {}
    return state.get("life_cycle_state") in _OVER and state.get("result_state") in _FAILED


def _latest_repair(run: Object) -> int:
    """0: it was never repaired."""
    repairs = [one for one in run.get("repair_history") or () if one.get("type") == "REPAIR"]
    return int(max(repairs, key=lambda one: int(one.get("start_time") or 0))["id"]) if repairs else 0


def _latest_attempts(run: Object) -> list[Object]:
    """Of each task, the attempt that counts."""
    latest: dict[str, Object] = {}
    for task in run.get("tasks") or ():
        before = latest.get(str(task.get("task_key")))
        if before is None or int(task.get("attempt_number") or 0) >= int(before.get("attempt_number") or 0):
            latest[str(task.get("task_key"))] = task
    return list(latest.values())


def _error(output: str) -> str:
    """What a task's output says went wrong."""
    try:
        return str(json.loads(output).get("error") or "")
    except (ValueError, AttributeError):
        return ""
