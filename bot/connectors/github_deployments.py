"""How is a deployment asked for through GitHub's Deployments, and how is its outcome told at the commit?

[connectors.github]
type = "github_deployments"
url = "https://api.github.com"          # of GitHub Enterprise: https://HOST/api/v3
token = "env:GITHUB_TOKEN"              # may write deployments and commit statuses, and read contents and environments

[actions.deploy-web]
kind = "deploy"                         # deploy | rollback
service = "web"
connector = "github"
target = { repository = "shop/web", environment = "production", status = "tocsin/production" }

A deployment is a wish that a workflow (`on: deployment`) or another tool carries out and answers with deployment
statuses; Tocsin follows those. Its payload has the key of Tocsin's run, by which the environment's last deployments
are searched before another one is asked for. *A rollback* asks for the commit of the successful deployment before the
present one. The plan shows the environment's protection rules; GitHub refuses a commit whose other checks are not
green. With `status`, Tocsin also writes a commit status of that name: pending, then success or failure. *Stopping*
marks the deployment as inactive, which is all that GitHub offers; stop the workflow with it.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from bot.actions.model import Action, ActionKind, Done, Plan, Progress, Started
from bot.actions.parameters import Parameter
from bot.connectors._jobs import Job, JobExecutor, problems_of
from bot.connectors._web import Problem, Web, WebOptions
from bot.errors import ConnectorError, InputError, Refused, WorldChanged

KINDS = frozenset({ActionKind.DEPLOY, ActionKind.ROLLBACK})
DEPLOYMENTS_MAX = 30
HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_OVER = {"success": True, "failure": False, "error": False, "inactive": False}
_REF = r"[\w./+-]{1,200}"
Object = Mapping[str, Any]


def executor(name: str, options: Mapping[str, Any]) -> "GithubDeploymentsExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    return GithubDeploymentsExecutor(Web(name, WebOptions.model_validate(options)))


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    needed = {"repository": r"[\w.-]+/[\w.-]+", "environment": r"[\w ./-]{1,255}"}
    return problems_of(target, needed, {"ref": _REF, "task": r"[\w:.-]+", "status": r"[\w ./:-]{1,100}"})


class GithubDeploymentsExecutor(JobExecutor[Web]):
    """Fulfils `bot.engine.action_ports.Executor`."""

    OVER = frozenset({409, 422})

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        hint = "A commit, tag or branch." + ("" if kind is ActionKind.DEPLOY else " Empty: what was there before.")
        return (Parameter("version", hint=hint, pattern=_REF),)

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        deployed = self._deployed(action)
        before = str(deployed[0]["sha"]) if deployed else ""
        wanted = parameters.get("version") or (action.target.get("ref", "main") if _is_new(action) else "")
        after = self._commit(action, wanted) if wanted else self._before(action, deployed)
        if after == before:
            raise InputError(f"{_environment(action)} has {before[:7]} already", place="version")
        lines = [f"-{before[:7] or 'nothing'}", f"+{after[:7]} ({wanted or 'deployed before'})", *self._rules(action)]
        shown = f"{action.target['repository']} {_environment(action)}: {before[:7] or 'nothing'} → {after[:7]}"
        commands = (f"create a deployment of {after[:7]} to {_environment(action)}",)
        return Plan(shown, before[:7], after[:7], "\n".join(lines), f"{after} {_latest(deployed)}", commands)

    def follow(self, started: Started, action: Action) -> Progress | Done:
        try:
            seen = super().follow(started, action)
        except ConnectorError as error:
            if error.permanent and not isinstance(error, Problem):
                self._mark(started, action, "failure")
            raise
        if isinstance(seen, Done):
            self._mark(started, action, "success")
            return replace(seen, version=seen.version[:7])
        return seen

    def _title(self, action: Action) -> str:
        return f"the deployment to {_environment(action)}"

    def _begin(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Job:
        sha, _, latest = plan.world.partition(" ")
        if _latest(self._deployed(action)) != latest:
            raise WorldChanged(f"{_environment(action)} was deployed to since the plan", connector=self._web.name)
        body = {
            "ref": sha,
            "task": action.target.get("task", "deploy"),
            "auto_merge": False,
            "required_contexts": self._other_checks(action, sha),
            "payload": {"tocsin": key},
            "environment": _environment(action),
            "description": f"Tocsin: {action.name}",
        }
        made = self._object("POST", f"{_repository(action)}/deployments", body)
        self._report(action, sha, "pending")
        return Job(str(made["id"]), "pending")

    def _search(self, key: str, action: Action, plan: Plan | None) -> Job | None:
        for one in self._deployments(action):
            payload = one.get("payload")
            if isinstance(payload, dict) and payload.get("tocsin") == key:
                return Job(str(one["id"]), "pending")
        return None

    def _look(self, id_: str, action: Action) -> Job:
        statuses = self._list(f"{_repository(action)}/deployments/{id_}/statuses?per_page=1")
        latest = statuses[0] if statuses else {}
        state = str(latest.get("state") or "waits to be picked up")
        link = str(latest.get("environment_url") or latest.get("log_url") or "")
        why = str(latest.get("description") or "")
        sha = str(self._object("GET", f"{_repository(action)}/deployments/{id_}").get("sha") or "")
        return Job(id_, state, state in _OVER, _OVER.get(state, False), why=why, link=link, version=sha)

    def _stop(self, job: Job, action: Action) -> None:
        body = {"state": "inactive", "description": "stopped by Tocsin"}
        self._object("POST", f"{_repository(action)}/deployments/{job.id}/statuses", body)
        self._report(action, job.version, "error")

    def _mark(self, started: Started, action: Action, state: str) -> None:
        if action.target.get("status"):
            job = self._look(json.loads(started.reference)["id"], action)
            self._report(action, job.version, state)

    def _report(self, action: Action, sha: str, state: str) -> None:
        """The commit status, when one is wanted."""
        context = action.target.get("status")
        if context and sha:
            body = {"state": state, "context": context, "description": f"{action.name} by Tocsin"}
            self._object("POST", f"{_repository(action)}/statuses/{sha}", body)

    def _other_checks(self, action: Action, sha: str) -> list[str]:
        """The checks that must be green: all but Tocsin's own."""
        found = self._object("GET", f"{_repository(action)}/commits/{sha}/status").get("statuses") or ()
        return sorted({str(one.get("context")) for one in found} - {action.target.get("status")})

    def _rules(self, action: Action) -> list[str]:
        path = f"{_repository(action)}/environments/{quote(_environment(action), safe='')}"
        found = self._object("GET", path).get("protection_rules") or ()
        return [f"# {_environment(action)} has the rule {str(one.get('type')).replace('_', ' ')}" for one in found]

    def _before(self, action: Action, deployed: list[Object]) -> str:
        older = [str(one["sha"]) for one in deployed[1:] if one["sha"] != deployed[0]["sha"]]
        if not older:
            version = str(deployed[0]["sha"])[:7] if deployed else ""
            raise Refused("nothing_to_roll_back", service=action.service, version=version)
        return older[0]

    def _deployed(self, action: Action) -> list[Object]:
        """The deployments that succeeded once, the latest first."""
        found = []
        for one in self._deployments(action)[:DEPLOYMENTS_MAX]:
            states = self._list(f"{_repository(action)}/deployments/{one['id']}/statuses")
            if any(status.get("state") == "success" for status in states):
                found.append(one)
            if len(found) > 1 and found[0]["sha"] != found[-1]["sha"]:
                break
        return found

    def _deployments(self, action: Action) -> list[Object]:
        query = f"environment={quote(_environment(action), safe='')}&per_page={DEPLOYMENTS_MAX}"
        return self._list(f"{_repository(action)}/deployments?{query}")

    def _commit(self, action: Action, ref: str) -> str:
        found = self._object("GET", f"{_repository(action)}/commits/{quote(ref, safe='')}")
        return str(found["sha"])

    def _object(self, method: str, path: str, body: Any = None) -> Object:
        found = self._web.send(method, path, body=body, headers=HEADERS)
        if not isinstance(found, dict):
            raise self._web.odd("not an object")
        return found

    def _list(self, path: str) -> list[Object]:
        found = self._web.send("GET", path, headers=HEADERS)
        if not isinstance(found, list):
            raise self._web.odd("not a list")
        return found


def _repository(action: Action) -> str:
    return f"/repos/{action.target['repository']}"


def _environment(action: Action) -> str:
    return action.target["environment"]


def _is_new(action: Action) -> bool:
    return action.kind is ActionKind.DEPLOY


def _latest(deployed: list[Object]) -> str:
    return str(deployed[0]["id"]) if deployed else ""
