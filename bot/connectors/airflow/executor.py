"""How is a pipeline run again, started, backfilled or answered in Airflow, exactly once?

*Running again* clears the failed tasks of a run and what depends on them. The clearing carries the key of Tocsin's run
as the tasks' note, and the note is read before anything is cleared. *What an approval holds for*: the very tasks in the
very tries that were shown; when one of them has moved meanwhile, nothing is cleared. *Starting* names the new run after
the key, which Airflow takes once only (409). *A backfill* carries the key in its configuration. *A question* on which
a task waits is answered in `answering.py`.
"""

import json
from collections.abc import Mapping
from typing import Any

from bot.actions.model import Action, ActionKind, Done, Plan, Progress, Started
from bot.actions.parameters import Parameter, ParameterType
from bot.connectors.airflow import answering
from bot.connectors.airflow.api import RUNS_MAX, Api, DagRun, Task
from bot.errors import ConnectorError, InputError, Refused, WorldChanged

KINDS = frozenset({ActionKind.RERUN, ActionKind.TRIGGER, ActionKind.BACKFILL, ActionKind.CALL})

_SHOWN_TASKS_MAX = 30
_OVER = ("success", "failed", "upstream_failed", "skipped", "removed")
_PARAMETERS = {
    ActionKind.RERUN: (
        Parameter("run", hint="Empty: the last one that failed.", live=True),
        Parameter("since", ParameterType.MOMENT, hint="All that failed since then, e.g. yesterday."),
    ),
    ActionKind.TRIGGER: (),
    ActionKind.CALL: answering.PARAMETERS,
    ActionKind.BACKFILL: (
        Parameter("since", ParameterType.MOMENT, required=True),
        Parameter("until", ParameterType.MOMENT, required=True),
    ),
}


class AirflowExecutor:
    """Fulfils `bot.engine.ports.Executor`."""

    def __init__(self, name: str, api: Api) -> None:
        self._name, self._api, self._answers = name, api, answering.Answers(name, api)

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        return _PARAMETERS[kind]

    def choices(self, action: Action, parameter: str) -> list[str]:
        if action.kind is ActionKind.CALL:
            return self._answers.choices(action, parameter)
        return [run.id for run in self._api.failed_runs(action.target["dag"], "", RUNS_MAX)]

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        if action.kind is ActionKind.RERUN:
            return self._plan_rerun(action, parameters)
        if action.kind is ActionKind.BACKFILL:
            return self._plan_backfill(action, parameters)
        if action.kind is ActionKind.CALL:
            return self._answers.plan(action, parameters)
        return self._plan_start(action, parameters)

    def execute(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Done | Started:
        dag = action.target["dag"]
        if action.kind is ActionKind.CALL:
            return self._answers.execute(action, parameters, plan)
        if action.kind is ActionKind.RERUN:
            return self._clear(key, dag, plan)
        if action.kind is ActionKind.BACKFILL:
            made = self._api.backfill(self._backfill(dag, parameters, key), dry=False)
            return self._started(dag, key, [], backfill=str(made.get("id", "")))
        self._must_be_on(dag)
        run = self._api.start(dag, key, _conf(action, parameters), f"Tocsin {key}")
        return self._started(dag, key, [run.id])

    def find(self, key: str, action: Action, plan: Plan | None = None) -> Done | Started | None:
        dag = action.target["dag"]
        if action.kind is ActionKind.CALL:
            return self._answers.find(action, plan)
        if action.kind is ActionKind.TRIGGER:
            return self._started(dag, key, [key]) if self._api.run(dag, key) else None
        if action.kind is ActionKind.BACKFILL:
            own = [b for b in self._api.backfills(dag) if (b.get("dag_run_conf") or {}).get("tocsin") == key]
            return self._started(dag, key, [], backfill=str(own[0].get("id"))) if own else None
        runs = list(_world(plan)) if plan else []
        is_done = bool(runs) and all(self._is_cleared(dag, run, key) for run in runs)
        return self._started(dag, key, runs) if is_done else None

    def follow(self, started: Started, action: Action) -> Progress | Done:
        known = json.loads(started.reference)
        if known["backfill"]:
            return self._follow_backfill(known)
        dag = known["dag"]
        runs = [self._existing(dag, run) for run in known["runs"]]
        failed = next((run for run in runs if run.state == "failed"), None)
        if failed is not None:
            raise ConnectorError(self._why(dag, failed.id), permanent=True, connector=self._name)
        if all(run.is_over for run in runs):
            return _done(known, f"{dag}: {', '.join(known['runs'])} succeeded")
        return self._how_far(dag, [run for run in runs if not run.is_over], runs)

    def cancel(self, started: Started, action: Action) -> None:
        known = json.loads(started.reference)
        if known["backfill"]:
            self._api.cancel_backfill(known["backfill"])
        runs = known["runs"] or [run.id for run in self._api.backfilled(known["dag"], known["key"])]
        for run in runs:
            if not self._existing(known["dag"], run).is_over:
                self._api.stop(known["dag"], run, f"stopped by Tocsin ({known['key']})")

    # -- running again

    def _plan_rerun(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        dag = action.target["dag"]
        world = {run.id: self._facts(self._api.clear(dag, run.id, dry=True)) for run in self._wanted(dag, parameters)}
        world = {run: tasks for run, tasks in world.items() if tasks}
        if not world:
            raise Refused("nothing_to_rerun", service=action.service)
        many = sum(len(tasks) for tasks in world.values())
        lines = [f"{run}: {task} ({state}, try {tries})" for run, tasks in world.items()
                 for task, _, state, tries in tasks]  # fmt: skip
        diff = "\n".join([*lines[:_SHOWN_TASKS_MAX], *(["…"] if many > _SHOWN_TASKS_MAX else [])])
        summary = f"{many} task{'s' * (many > 1)} of {', '.join(list(world)[:3])}{' …' if len(world) > 3 else ''}"
        commands = tuple(f"clear the failed tasks of {dag} {run} and what depends on them" for run in world)
        return Plan(summary, "", "", diff, json.dumps(world, sort_keys=True), commands)

    def _wanted(self, dag: str, parameters: Mapping[str, str]) -> list[DagRun]:
        """The runs to clear, the oldest first."""
        if parameters.get("run"):
            run = self._api.run(dag, parameters["run"])
            if run is None:
                raise InputError(f"{dag} has no run {parameters['run']!r}", place="run")
            return [run]
        since = parameters.get("since", "")
        found = self._api.failed_runs(dag, since, RUNS_MAX + 1 if since else 1)
        if len(found) > RUNS_MAX:
            raise InputError(f"more than {RUNS_MAX} runs of {dag} failed since then; say a later moment", place="since")
        return found[::-1]

    def _clear(self, key: str, dag: str, plan: Plan) -> Started:
        world = _world(plan)
        left = [run for run in world if not self._is_cleared(dag, run, key)]
        for run in left:
            if self._facts(self._api.clear(dag, run, dry=True)) != world[run]:
                words = f"the failed tasks of {run} are not those of the plan any more"
                raise WorldChanged(words, connector=self._name)
        for run in left:
            self._api.clear(dag, run, dry=False, note=key)
        return self._started(dag, key, list(world))

    def _is_cleared(self, dag: str, run: str, key: str) -> bool:
        return any(task.note == key for task in self._api.tasks(dag, run))

    def _facts(self, tasks: list[Task]) -> list[list[Any]]:
        return sorted([task.id, task.map_index, task.state, task.tries] for task in tasks)

    # -- starting and backfilling

    def _plan_start(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        dag = action.target["dag"]
        self._must_be_on(dag)
        conf = _conf(action, parameters)
        diff = json.dumps(conf, ensure_ascii=False, indent=1) if conf else ""
        return Plan(f"a new run of {dag}", "", "", diff, "", (f"start a run of {dag}",))

    def _must_be_on(self, dag: str) -> None:
        if self._api.dag(dag).get("is_paused"):
            words = f"{dag} is paused in Airflow; a run would only wait"
            raise ConnectorError(words, permanent=True, connector=self._name)

    def _plan_backfill(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        dag = action.target["dag"]
        if parameters["since"] > parameters["until"]:
            raise InputError("it ends before it begins", place="until")
        found = self._api.backfill(self._backfill(dag, parameters, ""), dry=True)
        dates = [str(one.get("logical_date")) for one in found.get("backfills") or ()]
        if not dates:
            raise Refused("nothing_to_rerun", service=action.service)
        diff = "\n".join(dates[:_SHOWN_TASKS_MAX]) + ("\n…" if len(dates) > _SHOWN_TASKS_MAX else "")
        summary = f"{len(dates)} run{'s' * (len(dates) > 1)} of {dag}"
        return Plan(summary, "", "", diff, json.dumps(dates), (f"backfill {dag} from {dates[0]} to {dates[-1]}",))

    def _backfill(self, dag: str, parameters: Mapping[str, str], key: str) -> dict[str, Any]:
        body = {"dag_id": dag, "from_date": parameters["since"], "to_date": parameters["until"]}
        rest = {"run_backwards": False, "reprocess_behavior": "failed", "max_active_runs": 2}
        return body | rest | {"dag_run_conf": {"tocsin": key} if key else {}}

    # -- how it goes

    def _follow_backfill(self, known: Mapping[str, Any]) -> Progress | Done:
        is_over = self._api.one_backfill(known["backfill"]).get("completed_at") is not None
        runs = self._api.backfilled(known["dag"], known["key"])
        failed = [run for run in runs if run.state == "failed"]
        if is_over and failed:
            words = f"{len(failed)} of {len(runs)} runs failed, e.g. {failed[0].id}"
            raise ConnectorError(words, permanent=True, connector=self._name)
        if is_over:
            return _done(known, f"{known['dag']}: {len(runs)} runs backfilled")
        return Progress(sum(run.is_over for run in runs), len(runs), "running")

    def _how_far(self, dag: str, going: list[DagRun], runs: list[DagRun]) -> Progress:
        tasks = [(run, task) for run in going for task in self._api.tasks(dag, run.id)]
        done = sum(task.state in _OVER for _, task in tasks)
        begun = [(run, task) for run, task in tasks if task.started and task.tries]
        tail: list[str] = []
        if begun:
            run, task = max(begun, key=lambda pair: pair[1].started)
            tail = self._api.log(dag, run.id, task)
        state = ", ".join(sorted({run.state for run in runs}))
        return Progress(done, len(tasks), state, "\n".join(tail))

    def _why(self, dag: str, run: str) -> str:
        """What the first failed task of a failed run says."""
        failed = next((task for task in self._api.tasks(dag, run) if task.state == "failed"), None)
        if failed is None:
            return f"{dag} {run} failed"
        lines = self._api.log(dag, run, failed)
        said = next((line for line in reversed(lines) if "Error" in line or "Exception" in line), "")
        return f"{dag} {run} failed in {failed.id} (try {failed.tries}){': ' + said[:300] if said else ''}"

    def _existing(self, dag: str, run: str) -> DagRun:
        found = self._api.run(dag, run)
        if found is None:
            raise ConnectorError(f"{dag} {run} is no longer there", permanent=True, connector=self._name)
        return found

    def _started(self, dag: str, key: str, runs: list[str], backfill: str = "") -> Started:
        reference = json.dumps({"dag": dag, "runs": runs, "backfill": backfill, "key": key})
        page = f"/runs/{runs[0]}" if runs else ""
        return Started(reference, f"{dag} is running", self._api.link(f"/dags/{dag}{page}"))


def _world(plan: Plan) -> dict[str, list[list[Any]]]:
    found: dict[str, list[list[Any]]] = json.loads(plan.world)
    return found


def _conf(action: Action, parameters: Mapping[str, str]) -> dict[str, str]:
    """What the settings let people say, as the run's configuration."""
    return {p.name: parameters[p.name] for p in action.parameters if p.name in parameters}


def _done(known: Mapping[str, Any], summary: str) -> Done:
    return Done("", "", f"airflow:{known['dag']}:{known['key']}", summary)
