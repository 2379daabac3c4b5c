"""How does Tocsin start a workflow of GitHub Actions, exactly once, and see how it goes?

[connectors.github]
type = "github_actions"
url = "https://api.github.com"          # of GitHub Enterprise: https://HOST/api/v3
token = "env:GITHUB_TOKEN"              # may write actions and read contents of the repository

[actions.deploy-web]
kind = "deploy"                         # deploy | trigger
service = "web"
connector = "github"
target = { repository = "shop/web", workflow = "deploy.yml", ref = "main", key = "tocsin_key" }

A dispatch has no key of its own, so the workflow carries it: it needs an input with the name `key` that its run-name
shows, and the plan looks whether that is so:

    run-name: Deploy ${{ inputs.version }} (${{ inputs.tocsin_key }})
    on: {workflow_dispatch: {inputs: {version: {required: true}, tocsin_key: {}}}}

Before anything is started again, the names of the last runs are searched for the key.
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

KINDS = frozenset({ActionKind.DEPLOY, ActionKind.TRIGGER})
RUNS_MAX = 100
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
        return (Parameter("version", required=True),) if kind is ActionKind.DEPLOY else ()

    def choices(self, action: Action, parameter: str) -> list[str]:
        return []

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
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
        found = self.find(key, action, plan)
        if found is not None:
            return found
        inputs = {**_inputs(action, parameters), _key_name(action): key}
        body = {"ref": _ref(action), "inputs": inputs, "return_run_details": True}
        made = self._web.send("POST", f"{_workflow(action)}/dispatches", body=body, headers=_HEADERS)
        details = made if isinstance(made, dict) else {}  # an older server answers 204 and says nothing
        return self._started(key, action, str(details.get("workflow_run_id") or ""), str(details.get("html_url") or ""))

    def find(self, key: str, action: Action, plan: Plan | None = None) -> Started | None:
        run = self._run_of(key, action)
        return self._started(key, action, str(run["id"]), str(run.get("html_url") or "")) if run else None

    def follow(self, started: Started, action: Action) -> Progress | Done:
        known = json.loads(started.reference)
        run = self._get(f"{_runs(action)}/{known['run']}") if known["run"] else self._run_of(known["key"], action)
        if run is None:
            return Progress(0, 0, "not listed yet")
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

    def _started(self, key: str, action: Action, run: str, link: str) -> Started:
        reference = json.dumps({"key": key, "run": run})
        return Started(
            reference, f"{action.target['workflow']} is running", link if link.startswith("https://") else ""
        )


def _workflow(action: Action) -> str:
    return f"/repos/{action.target['repository']}/actions/workflows/{action.target['workflow']}"


def _runs(action: Action) -> str:
    return f"/repos/{action.target['repository']}/actions/runs"


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
