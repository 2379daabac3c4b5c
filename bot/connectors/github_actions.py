"""How does Tocsin start a workflow of GitHub Actions or run again what failed in one, once, and see how it goes?

[connectors.github]
type = "github_actions"
url = "https://api.github.com"          # of GitHub Enterprise: https://HOST/api/v3
token = "env:GITHUB_TOKEN"              # may write actions and read contents of the repository

[actions.deploy-web]
kind = "deploy"                         # deploy | trigger | rerun
service = "web"
connector = "github"
target = { repository = "shop/web", workflow = "deploy.yml", ref = "main", key = "tocsin_key" }

A dispatch has no key of its own, so the workflow carries it: it needs an input with the name `key` that its run-name
shows, and the plan looks whether that is so:

    run-name: Deploy ${{ inputs.version }} (${{ inputs.tocsin_key }})
    on: {workflow_dispatch: {inputs: {version: {required: true}, tocsin_key: {}}}}

Before anything is started again, the names of the last runs are searched for the key.

*Rerun* runs the failed jobs of the latest failed run again (or of `run`; with `ref`, of that branch). GitHub counts a
run's attempts and keeps no key with them: one more than when the plan was made is this run's, and a run that somebody
else ran again before is left alone.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bot.actions.model import Action, ActionKind, Done, Plan, Progress, Started
from bot.actions.parameters import Parameter
from bot.connectors._web import Problem, Web, WebOptions
from bot.errors import InputError, WorldChanged

KINDS = frozenset({ActionKind.DEPLOY, ActionKind.TRIGGER, ActionKind.RERUN})
RUNS_MAX = 100
FAILED_MAX = 20
_FAILED = frozenset({"failure", "timed_out", "cancelled", "startup_failure"})
_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_TARGET = {"repository": r"[\w.-]+/[\w.-]+", "workflow": r"[\w.-]+\.ya?ml", "ref": r"[\w./-]+", "key": r"[A-Za-z_]\w*"}


def executor(name: str, options: Mapping[str, Any]) -> "GithubActionsExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    return GithubActionsExecutor(name, Web(name, WebOptions.model_validate(options)))


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    problems = [f"target.{name}: there is no such setting" for name in sorted(set(target) - set(_TARGET))]
    for name, pattern in _TARGET.items():
        value = target.get(name, "")
        if not value and name in ("repository", "workflow"):
            problems.append(f"target.{name}: say which")
        if value and not re.fullmatch(pattern, value, re.ASCII):
            problems.append(f"target.{name}: {value!r} does not look like one")
    return problems


class GithubActionsExecutor:
    """Fulfils `bot.engine.ports.Executor`."""

    def __init__(self, name: str, web: Web) -> None:
        self._name, self._web = name, web

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        if kind is ActionKind.RERUN:
            return (Parameter("run", hint="Empty: the latest that failed.", pattern="[0-9]{1,20}", live=True),)
        return (Parameter("version", required=True),) if kind is ActionKind.DEPLOY else ()

    def choices(self, action: Action, parameter: str) -> list[str]:
        return [str(run.get("id")) for run in self._failed(action)] if parameter == "run" else []

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        if action.kind is ActionKind.RERUN:
            return self._plan_rerun(action, parameters.get("run", ""))
        workflow, ref = action.target["workflow"], _ref(action)
        if self._get(_workflow(action)).get("state") != "active":
            raise self._web.problem(f"the workflow {workflow} is disabled")
        text = self._text_of(action)
        if not re.search(rf"^run-name:.*inputs\.{re.escape(_key_name(action))}\b", text, re.MULTILINE):
            words = (
                f"{workflow} needs an input {_key_name(action)} that its run-name shows, or a run is not found again"
            )
            raise self._web.problem(words)
        diff = "\n".join(f"{name} = {value}" for name, value in _inputs(action, parameters).items())
        commands = (f"dispatch {workflow} of {action.target['repository']} on {ref}",)
        return Plan(f"a run of {workflow} on {ref}", "", parameters.get("version", ""), diff, "", commands)

    def execute(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Started:
        if action.kind is ActionKind.RERUN:
            return self._rerun(key, action, plan)
        found = self.find(key, action, plan)
        if found is not None:
            return found
        inputs = {**_inputs(action, parameters), _key_name(action): key}
        body = {"ref": _ref(action), "inputs": inputs, "return_run_details": True}
        made = self._web.send("POST", f"{_workflow(action)}/dispatches", body=body, headers=_HEADERS)
        details = made if isinstance(made, dict) else {}  # an older server answers 204 and says nothing
        return self._started(key, action, str(details.get("workflow_run_id") or ""), str(details.get("html_url") or ""))

    def find(self, key: str, action: Action, plan: Plan | None = None) -> Started | None:
        if action.kind is ActionKind.RERUN:
            return self._rerun_of(key, action, plan) if plan else None
        run = self._run_of(key, action)
        return self._started(key, action, str(run["id"]), str(run.get("html_url") or "")) if run else None

    def follow(self, started: Started, action: Action) -> Progress | Done:
        known = json.loads(started.reference)
        run = self._get(f"{_runs(action)}/{known['run']}") if known["run"] else self._run_of(known["key"], action)
        if run is None:
            return Progress(0, 0, "not listed yet")
        if _attempt(run) < int(known.get("attempt") or 0):  # it still shows how it ended before
            return Progress(0, 0, "begins")
        jobs = self._get(f"{_runs(action)}/{run['id']}/jobs?per_page=100").get("jobs") or []
        if run.get("status") != "completed":
            over = sum(job.get("status") == "completed" for job in jobs)
            return Progress(over, len(jobs), str(run.get("status") or "").replace("_", " "))
        if run.get("conclusion") != "success":
            raise self._web.problem(f"run {run['id']} of {action.target['workflow']}: {_why(run, jobs)}")
        summary = f"{action.target['workflow']} run {run['id']} succeeded"
        link = str(run.get("html_url") or "")
        return Done("", "", f"{self._name}:{known['key']}", summary, link if link.startswith("https://") else "")

    def cancel(self, started: Started, action: Action) -> None:
        known = json.loads(started.reference)
        run = known["run"] or str((self._run_of(known["key"], action) or {}).get("id", ""))
        if not run:
            raise self._web.problem("the run is not listed yet; it cannot be stopped", permanent=False)
        try:
            self._web.send("POST", f"{_runs(action)}/{run}/cancel", headers=_HEADERS)
        except Problem as problem:
            if problem.status != 409:  # over already
                raise

    def _plan_rerun(self, action: Action, wanted: str) -> Plan:
        workflow = action.target["workflow"]
        found = [self._get(f"{_runs(action)}/{wanted}")] if wanted else self._failed(action)
        if not found or found[0].get("conclusion") not in _FAILED or not _is_of(found[0], workflow):
            words = f"{wanted} is no run of {workflow} that failed" if wanted else f"no run of {workflow} has failed"
            raise InputError(words, place="run")
        run = found[0]
        jobs = self._get(f"{_runs(action)}/{run['id']}/jobs?filter=latest&per_page=100").get("jobs") or []
        again = [str(job.get("name")) for job in jobs if job.get("conclusion") in _FAILED]
        summary = f"{workflow} run {run['id']} ({run.get('display_title')}): {len(again)} failed jobs again"
        world, commands = f"{run['id']} {_attempt(run)}", (f"run the failed jobs of run {run['id']} again",)
        return Plan(summary, "", "", "\n".join(again), world, commands)

    def _rerun(self, key: str, action: Action, plan: Plan) -> Started:
        id_, attempt = plan.world.split()
        run = self._get(f"{_runs(action)}/{id_}")
        if _attempt(run) != int(attempt) or run.get("status") != "completed":
            raise WorldChanged(f"run {id_} was run again since the plan was made", connector=self._name)
        self._web.send("POST", f"{_runs(action)}/{id_}/rerun-failed-jobs", body={}, headers=_HEADERS)
        return self._started(key, action, id_, str(run.get("html_url") or ""), int(attempt) + 1)

    def _rerun_of(self, key: str, action: Action, plan: Plan) -> Started | None:
        id_, attempt = plan.world.split()
        run = self._get(f"{_runs(action)}/{id_}")
        link, is_done = str(run.get("html_url") or ""), _attempt(run) > int(attempt)
        return self._started(key, action, id_, link, int(attempt) + 1) if is_done else None

    def _failed(self, action: Action) -> list[Mapping[str, Any]]:
        """The latest first."""
        branch = f"&branch={quote(action.target['ref'], safe='')}" if action.target.get("ref") else ""
        found = self._get(f"{_workflow(action)}/runs?status=failure{branch}&per_page={FAILED_MAX}").get("workflow_runs")
        if not isinstance(found, list):
            raise self._web.odd("no runs")
        return found

    def _run_of(self, key: str, action: Action) -> Mapping[str, Any] | None:
        found = self._get(f"{_workflow(action)}/runs?event=workflow_dispatch&per_page={RUNS_MAX}")
        runs = found.get("workflow_runs")
        if not isinstance(runs, list):
            raise self._web.odd("no runs")
        whole = re.compile(rf"(?<![\w-]){re.escape(key)}(?![\w-])")
        return next((run for run in runs if whole.search(str(run.get("display_title") or ""))), None)

    def _text_of(self, action: Action) -> str:
        """The workflow file, as it is at the ref."""
        path = f"/repos/{action.target['repository']}/contents/.github/workflows/{action.target['workflow']}"
        found = self._get(f"{path}?ref={quote(_ref(action), safe='')}")
        try:
            return base64.b64decode(str(found["content"])).decode()
        except (KeyError, binascii.Error, UnicodeDecodeError) as error:
            raise self._web.odd("no content") from error

    def _get(self, path: str) -> Mapping[str, Any]:
        found = self._web.send("GET", path, headers=_HEADERS)
        if not isinstance(found, dict):
            raise self._web.odd("not an object")
        return found

    def _started(self, key: str, action: Action, run: str, link: str, attempt: int = 1) -> Started:
        reference = json.dumps({"key": key, "run": run, "attempt": attempt})
        return Started(
            reference, f"{action.target['workflow']} is running", link if link.startswith("https://") else ""
        )


def _workflow(action: Action) -> str:
    return f"/repos/{action.target['repository']}/actions/workflows/{action.target['workflow']}"


def _runs(action: Action) -> str:
    return f"/repos/{action.target['repository']}/actions/runs"


def _attempt(run: Mapping[str, Any]) -> int:
    return int(run.get("run_attempt") or 1)


def _is_of(run: Mapping[str, Any], workflow: str) -> bool:
    """Its path is .github/workflows/deploy.yml@main."""
    return str(run.get("path")).partition("@")[0].rpartition("/")[2] == workflow


def _ref(action: Action) -> str:
    return action.target.get("ref", "main")


def _key_name(action: Action) -> str:
    return action.target.get("key", "tocsin_key")


def _inputs(action: Action, parameters: Mapping[str, str]) -> dict[str, str]:
    return {p.name: parameters[p.name] for p in action.parameters if p.name in parameters}


def _why(run: Mapping[str, Any], jobs: list[Mapping[str, Any]]) -> str:
    """What it ended with, and where."""
    for job in jobs:
        for step in job.get("steps") or ():
            if step.get("conclusion") == "failure":
                return f"{run.get('conclusion')} in {job.get('name')}, step {step.get('name')}"
    return str(run.get("conclusion"))
