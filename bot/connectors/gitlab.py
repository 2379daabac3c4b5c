"""How does Tocsin run a pipeline of GitLab, exactly once, retry what failed in one, and see how it goes?

[connectors.gitlab]
type = "gitlab"
url = "https://gitlab.example.com"
token = "env:GITLAB_TOKEN"              # of a project: the role Developer, the scope api

[actions.deploy-web]
kind = "deploy"                         # deploy | trigger | rerun
service = "web"
connector = "gitlab"
target = { project = "shop/web", ref = "main", key = "TOCSIN_KEY" }

*Deploy* and *trigger* create a pipeline; the action's parameters go with it as CI/CD variables, in capitals. The key
of Tocsin's run is one, too (`key`), and the variables of the last pipelines are searched for it before another one is
created. *Rerun* retries the jobs that failed in the latest failed pipeline of `ref` (or in `pipeline`), as long as it
has not moved since; GitLab's call for that can carry no key, so it is written into the pipeline's name first. REST
API v4.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from bot.actions.model import Action, ActionKind, Plan
from bot.actions.parameters import Parameter
from bot.connectors._jobs import VERSION, Job, JobExecutor, asked_for, problems_of, shown
from bot.connectors._web import Web, WebOptions
from bot.errors import InputError, WorldChanged

KINDS = frozenset({ActionKind.DEPLOY, ActionKind.TRIGGER, ActionKind.RERUN})
PIPELINES_MAX = 20
JOBS_MAX = 100
TAIL_MAX = 2_000
_OVER = {"success": True, "failed": False, "canceled": False, "skipped": False}
_WAITS_FOR_A_PERSON = "manual"
Object = Mapping[str, Any]


def executor(name: str, options: Mapping[str, Any]) -> "GitlabExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    return GitlabExecutor(Web(name, WebOptions.model_validate(options)))


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    return problems_of(target, {"project": r"[\w.-]+(/[\w.-]+)*"}, {"ref": r"[\w./-]+", "key": r"[A-Z_][A-Z0-9_]*"})


class GitlabExecutor(JobExecutor[Web]):
    """Fulfils `bot.engine.action_ports.Executor`."""

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        if kind is ActionKind.RERUN:
            return (Parameter("pipeline", hint="Empty: the latest that failed.", pattern="[0-9]{1,15}", live=True),)
        return (VERSION,) if kind is ActionKind.DEPLOY else ()

    def choices(self, action: Action, parameter: str) -> list[str]:
        return [str(one.get("id")) for one in self._pipelines(action, status="failed")]

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        if action.kind is ActionKind.RERUN:
            return self._plan_retry(action, parameters)
        project = self._web.object(_project(action))
        variables = _variables(action, parameters)
        summary = f"a pipeline of {project.get('path_with_namespace')} on {_ref(action)}"
        commands = (f"run a pipeline of {action.target['project']} on {_ref(action)}",)
        return Plan(summary, "", parameters.get("version", ""), shown(variables), "", commands)

    def _plan_retry(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        wanted = parameters.get("pipeline", "")
        failed = self._pipelines(action, status="failed") if not wanted else [self._pipeline(wanted, action)]
        if not failed or failed[0].get("status") != "failed":
            raise InputError("it has not failed" if wanted else "no pipeline has failed", place="pipeline")
        id_ = str(failed[0]["id"])
        jobs = self._jobs(id_, action)
        again = [job for job in jobs if job.get("status") in ("failed", "canceled") and not job.get("retried")]
        lines = [
            f"{job.get('stage')}: {job.get('name')} ({job.get('failure_reason') or job['status']})" for job in again
        ]
        commands = (f"retry pipeline {id_} of {action.target['project']}",)
        summary = f"pipeline {id_} on {_ref(action)}: {len(again)} jobs again"
        return Plan(summary, "", "", "\n".join(lines), f"{id_} {_newest(jobs)}", commands)

    def _title(self, action: Action) -> str:
        return f"the pipeline of {action.target['project']}"

    def _begin(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Job:
        if action.kind is ActionKind.RERUN:
            return self._retry(key, action, plan)
        variables = {**_variables(action, parameters), _key_name(action): key}
        sent = [{"key": name, "value": value} for name, value in variables.items()]
        return _job(self._web.object(f"{_project(action)}/pipeline", {"ref": _ref(action), "variables": sent}))

    def _retry(self, key: str, action: Action, plan: Plan) -> Job:
        """The key is in the pipeline's name before it is retried: a retry itself can carry none."""
        id_, newest = plan.world.split()
        if str(_newest(self._jobs(id_, action))) != newest:
            raise WorldChanged(f"pipeline {id_} was retried since the plan was made", connector=self._web.name)
        path, name = f"{_project(action)}/pipelines/{id_}", str(self._pipeline(id_, action).get("name") or "pipeline")
        if key not in name:
            self._web.object(f"{path}/metadata", {"name": f"{name[:150]} ({key})"}, "PUT")
        return _job(self._web.object(f"{path}/retry", {}))

    def _search(self, key: str, action: Action, plan: Plan | None) -> Job | None:
        if action.kind is ActionKind.RERUN:
            return self._retried(key, action, plan)
        for one in self._pipelines(action, source="api", ref=_ref(action)):
            given = self._web.listed(f"{_project(action)}/pipelines/{one['id']}/variables")
            if any(one.get("key") == _key_name(action) and one.get("value") == key for one in given):
                return _job(one)
        return None

    def _retried(self, key: str, action: Action, plan: Plan | None) -> Job | None:
        if plan is None:
            return None
        id_, newest = plan.world.split()
        found = self._pipeline(id_, action)
        is_ours = f"({key})" in str(found.get("name") or "")
        return _job(found) if is_ours and _newest(self._jobs(id_, action)) > int(newest) else None

    def _look(self, id_: str, action: Action) -> Job:
        found, jobs = self._pipeline(id_, action), self._jobs(id_, action)
        now = [job for job in jobs if not job.get("retried")]
        over = sum(job.get("status") in _OVER for job in now)
        failed = next((job for job in now if job.get("status") == "failed" and not job.get("allow_failure")), None)
        why = self._why(failed, action) if failed and found.get("status") == "failed" else ""
        return replace(_job(found), done=over, total=len(now), why=why)

    def _why(self, job: Object, action: Action) -> str:
        """The job that failed, and the last line of its log."""
        log = self._web.text_if_any(f"{_project(action)}/jobs/{job['id']}/trace")
        lines = [line.strip() for line in log[-TAIL_MAX:].splitlines() if line.strip()]
        return f"{job.get('name')}: {job.get('failure_reason')}. {lines[-1] if lines else ''}"

    def _stop(self, job: Job, action: Action) -> None:
        self._web.send("POST", f"{_project(action)}/pipelines/{job.id}/cancel", body={})

    def _pipelines(self, action: Action, **query: str) -> list[Object]:
        """The latest first."""
        path, wanted = f"{_project(action)}/pipelines", {"ref": _ref(action), **query}
        return self._web.listed(path, **wanted, order_by="id", sort="desc", per_page=PIPELINES_MAX)

    def _pipeline(self, id_: str, action: Action) -> Object:
        return self._web.object(f"{_project(action)}/pipelines/{id_}")

    def _jobs(self, id_: str, action: Action) -> list[Object]:
        path = f"{_project(action)}/pipelines/{id_}/jobs"
        found = self._web.listed(path, include_retried="true", per_page=JOBS_MAX)
        last = {str(job.get("name")): job["id"] for job in sorted(found, key=lambda job: int(job["id"]))}
        return [{**job, "retried": job["id"] != last[str(job.get("name"))]} for job in found]


def _job(found: Object) -> Job:
    state = str(found.get("status") or "")
    is_waiting = state == _WAITS_FOR_A_PERSON
    return Job(
        id=str(found["id"]),
        state="waits for a manual job" if is_waiting else state,
        is_over=is_waiting or state in _OVER,
        is_well=is_waiting or _OVER.get(state, False),
        link=str(found.get("web_url") or ""),
    )


def _newest(jobs: list[Object]) -> int:
    return max((int(job["id"]) for job in jobs), default=0)


def _project(action: Action) -> str:
    return f"/api/v4/projects/{quote(action.target['project'], safe='')}"


def _ref(action: Action) -> str:
    return action.target.get("ref", "main")


def _key_name(action: Action) -> str:
    return action.target.get("key", "TOCSIN_KEY")


def _variables(action: Action, parameters: Mapping[str, str]) -> dict[str, str]:
    return {name.upper(): value for name, value in asked_for(action, parameters).items()}
