"""How does Tocsin launch a job of Dagster, or run a failed run again from where it failed, exactly once?

[connectors.dagster]
type = "dagster"
url = "https://dagster.example.com"         # Dagster+: https://ORGANIZATION.dagster.cloud/DEPLOYMENT
token = "env:DAGSTER_TOKEN"                 # Dagster+ only: sent as Dagster-Cloud-Api-Token

[actions.rerun-orders]
kind = "rerun"                              # rerun | trigger
service = "orders"
connector = "dagster"
target = { job = "orders_hourly", location = "shop.py", repository = "__repository__" }

The key of Tocsin's run is a tag of the Dagster run (`tocsin/run`), by which the runs are searched before another one is
launched. *Rerun* launches the latest failed run (or the one named by `run`) anew with the strategy FROM_FAILURE, unless
somebody did so since the plan was made. *Trigger* has the action's parameters as tags. GraphQL.
"""

import json
from collections.abc import Mapping
from typing import Any

from bot.actions.model import Action, ActionKind, Plan
from bot.actions.parameters import Parameter
from bot.connectors._jobs import Job, JobExecutor, asked_for, problems_of, shown
from bot.connectors._web import Web, WebOptions
from bot.errors import InputError, WorldChanged

KINDS = frozenset({ActionKind.TRIGGER, ActionKind.RERUN})
TAG = "tocsin/run"
_PARENT = "dagster/parent_run_id"
_OVER = {"SUCCESS": True, "FAILURE": False, "CANCELED": False}
_RUNS = """query($filter: RunsFilter!) { runsOrError(filter: $filter, limit: 25) { __typename
  ... on Error { message } ... on Runs { results { runId status pipelineName } } } }"""
_RUN = """query($id: ID!) { runOrError(runId: $id) { __typename ... on Error { message }
  ... on Run { runId status pipelineName stepStats { stepKey status }
    eventConnection { events { ... on ExecutionStepFailureEvent { stepKey error { message causes { message } } }
      ... on RunFailureEvent { message } } } } } }"""
_LAUNCH = """mutation($given: ExecutionParams!) { launchRun(executionParams: $given) { __typename
  ... on Error { message } ... on LaunchRunSuccess { run { runId status pipelineName } }
  ... on RunConfigValidationInvalid { errors { message } } } }"""
_AGAIN = """mutation($given: ReexecutionParams!) { launchRunReexecution(reexecutionParams: $given) { __typename
  ... on Error { message } ... on LaunchRunSuccess { run { runId status pipelineName } }
  ... on RunConfigValidationInvalid { errors { message } } } }"""
_TERMINATE = """mutation($id: String!) { terminateRun(runId: $id) { __typename
  ... on Error { message } ... on TerminateRunFailure { message } } }"""
_JOBS = """query($of: RepositorySelector!) { repositoryOrError(repositorySelector: $of) { __typename
  ... on Error { message } ... on Repository { jobs { name } } } }"""
Object = Mapping[str, Any]


def executor(name: str, options: Mapping[str, Any]) -> "DagsterExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    checked = WebOptions.model_validate(options)
    token = checked.token.get_secret_value()
    return DagsterExecutor(Web(name, checked, sign=(lambda: {"Dagster-Cloud-Api-Token": token}) if token else None))


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    return problems_of(target, {"job": r"\w+", "location": r"[\w.@/:-]+"}, {"repository": r"\w+"})


class DagsterExecutor(JobExecutor[Web]):
    """Fulfils `bot.engine.action_ports.Executor`."""

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        if kind is not ActionKind.RERUN:
            return ()
        return (Parameter("run", hint="Empty: the latest that failed.", pattern="[0-9a-f-]{36}", live=True),)

    def choices(self, action: Action, parameter: str) -> list[str]:
        return [str(run["runId"]) for run in self._runs(action, statuses=["FAILURE"])]

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        job = action.target["job"]
        if action.kind is ActionKind.TRIGGER:
            of = {"repositoryName": _repository(action), "repositoryLocationName": action.target["location"]}
            known = [one.get("name") for one in self._ask(_JOBS, "repositoryOrError", {"of": of})["jobs"]]
            if job not in known:
                raise self._web.problem(f"there is no job {job}; there are: {', '.join(map(str, known[:20]))}")
            tags = asked_for(action, parameters)
            return Plan(f"a run of {job}", "", "", shown(tags), "", (f"launch {job}",))
        wanted = parameters.get("run", "")
        failed = [self._run(wanted)] if wanted else self._runs(action, statuses=["FAILURE"])
        if not failed or failed[0].get("status") != "FAILURE" or failed[0].get("pipelineName") != job:
            raise InputError(f"it is no failed run of {job}" if wanted else f"no run of {job} has failed", place="run")
        run = self._run(str(failed[0]["runId"]))
        steps = run.get("stepStats") or []
        failing = [str(step.get("stepKey")) for step in steps if step.get("status") == "FAILURE"]
        summary = f"run {run['runId'][:8]} of {job} again from {', '.join(failing) or 'its failure'}"
        return Plan(summary, "", "", _why(run), str(run["runId"]), (f"re-execute {run['runId']} from failure",))

    def _title(self, action: Action) -> str:
        return f"the run of {action.target['job']}"

    def _begin(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Job:
        if action.kind is ActionKind.RERUN:
            if self._runs(action, tags=[{"key": _PARENT, "value": plan.world}]):
                raise WorldChanged(f"run {plan.world[:8]} was run again since the plan", connector=self._web.name)
            tags = [{"key": TAG, "value": key}]
            given: dict[str, Any] = {"parentRunId": plan.world, "strategy": "FROM_FAILURE", "extraTags": tags}
            return _job(self._ask(_AGAIN, "launchRunReexecution", {"given": given})["run"])
        sent = {**asked_for(action, parameters), TAG: key}
        selector = {
            "jobName": action.target["job"],
            "repositoryName": _repository(action),
            "repositoryLocationName": action.target["location"],
        }
        metadata = {"tags": [{"key": name, "value": value} for name, value in sent.items()]}
        given = {"selector": selector, "runConfigData": {}, "executionMetadata": metadata}
        return _job(self._ask(_LAUNCH, "launchRun", {"given": given})["run"])

    def _search(self, key: str, action: Action, plan: Plan | None) -> Job | None:
        found = self._runs(action, tags=[{"key": TAG, "value": key}])
        return _job(found[0]) if found else None

    def _look(self, id_: str, action: Action) -> Job:
        return _job(self._run(id_))

    def _stop(self, job: Job, action: Action) -> None:
        self._ask(_TERMINATE, "terminateRun", {"id": job.id}, fine=("TerminateRunFailure",))

    def _runs(self, action: Action, **wanted: Any) -> list[Object]:
        """The latest first."""
        found = self._ask(_RUNS, "runsOrError", {"filter": {"pipelineName": action.target["job"], **wanted}})
        return list(found["results"])

    def _run(self, id_: str) -> Object:
        return self._ask(_RUN, "runOrError", {"id": id_})

    def _ask(self, query: str, field: str, variables: Object, fine: tuple[str, ...] = ()) -> Object:
        """The field of the answer. GraphQL answers 200 to what it refuses: an error is any type with a message."""
        got = self._web.object("/graphql", {"query": query, "variables": variables})
        if got.get("errors"):
            raise self._web.problem(f"Dagster does not accept it: {_said(got['errors'])}")
        found = (got.get("data") or {}).get(field)
        if not isinstance(found, dict):
            raise self._web.odd(f"no {field}")
        if ("message" in found or "errors" in found) and found.get("__typename") not in fine:
            words = str(found.get("message") or _said(found.get("errors")))
            raise self._web.problem(f"{found.get('__typename')}: {words[:300]}")
        return found


def _said(errors: Any) -> str:
    said = [str(one.get("message")) for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
    return "; ".join(said)[:300] or json.dumps(errors)[:300]


def _repository(action: Action) -> str:
    return action.target.get("repository", "__repository__")


def _job(run: Object) -> Job:
    steps = run.get("stepStats") or []
    state = str(run.get("status") or "")
    return Job(
        id=str(run["runId"]),
        state=state.lower(),
        is_over=state in _OVER,
        is_well=_OVER.get(state, False),
        done=sum(step.get("status") in ("SUCCESS", "FAILURE", "SKIPPED") for step in steps),
        total=len(steps),
        why=_why(run),
    )


def _why(run: Object) -> str:
    """The steps that failed, each with the first line of its error."""
    events = (run.get("eventConnection") or {}).get("events") or ()
    failed = [one for one in events if one.get("stepKey") and one.get("error")]
    if failed:
        return "; ".join(f"{one['stepKey']}: {_cause(one['error'])}" for one in failed)
    return "; ".join(str(one["message"])[:200] for one in events if one.get("message"))


def _cause(error: Object) -> str:
    """What the step's own code raised; Dagster's words around it say no more."""
    causes = error.get("causes") or [error]
    return " ".join(str(causes[-1].get("message")).split())[:200]
