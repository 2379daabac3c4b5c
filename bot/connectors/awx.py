"""How is a job template of AWX (Ansible Automation Platform) launched, exactly once, or run again where it failed?

[connectors.awx]
type = "awx"
url = "https://awx.example.com"
token = "env:AWX_TOKEN"                     # with the scope write; or username and password

[actions.restart-cache]
kind = "command"                            # command | deploy | restart | rerun
service = "cache"
connector = "awx"
target = { template = "42", limit = "cache" }

The template has to ask for variables on launch: the key of Tocsin's run is one (`tocsin_key`), by which the
template's last jobs are searched before another one is launched; the action's parameters are the others. What AWX
would still ask for is said in the plan. *Rerun* relaunches the latest failed job on the hosts that failed, as long as
nobody launched the template since. AWX templates what variables hold as Ansible does, so values with braces are
refused. API v2.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from bot.actions.model import Action, ActionKind, Done, Plan, Started
from bot.connectors._jobs import Job, JobExecutor, asked_for, problems_of, shown
from bot.connectors._web import Web, WebOptions
from bot.errors import InputError, WorldChanged

KINDS = frozenset({ActionKind.COMMAND, ActionKind.DEPLOY, ActionKind.RESTART, ActionKind.RERUN})
KEY = "tocsin_key"
JOBS_MAX = 50
LINES_MAX = 12
_API = "/api/v2"
_OVER = {"successful": True, "failed": False, "error": False, "canceled": False}
Object = Mapping[str, Any]


def executor(name: str, options: Mapping[str, Any]) -> "AwxExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    return AwxExecutor(Web(name, WebOptions.model_validate(options)))


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    return problems_of(target, {"template": "[0-9]{1,12}"}, {"limit": r"[\w!&:*.,-]+"})


class AwxExecutor(JobExecutor[Web]):
    """Fulfils `bot.engine.action_ports.Executor`."""

    OVER = frozenset({405, 409})

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        template = self._web.object(f"{_path(action)}/")
        name = str(template.get("name") or action.target["template"])
        if action.kind is ActionKind.RERUN:
            jobs = self._jobs(action)
            if not jobs or jobs[0].get("status") not in ("failed", "error"):
                raise InputError(f"the last job of {name} has not failed", place=action.name)
            id_ = str(jobs[0]["id"])
            return Plan(
                f"job {id_} of {name} again on the hosts that failed", "", "", "", id_, (f"relaunch job {id_}",)
            )
        sent = self._variables(action, parameters)
        launch = self._web.object(f"{_path(action)}/launch/")
        if not launch.get("ask_variables_on_launch"):
            raise self._web.problem(f"the template {name} has to ask for variables on launch, or no key reaches it")
        missing = [str(one) for one in launch.get("variables_needed_to_start") or () if one not in sent]
        if missing or launch.get("passwords_needed_to_start"):
            wanted = ", ".join([*missing, *map(str, launch.get("passwords_needed_to_start") or ())])
            raise InputError(f"{name} asks for {wanted} too", place=action.name)
        limit = f" on {action.target['limit']}" if action.target.get("limit") else ""
        return Plan(f"a job of {name}{limit}", "", parameters.get("version", ""), shown(sent), "", (f"launch {name}",))

    def execute(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Done | Started:
        """A job that was launched since the plan is another's, unless `find` was asked about it."""
        if action.kind is not ActionKind.RERUN:
            return super().execute(key, action, parameters, plan)
        jobs = self._jobs(action)
        if not jobs or str(jobs[0]["id"]) != plan.world:
            raise WorldChanged("the template was launched since the plan was made", connector=self._web.name)
        made = self._web.object(f"{_API}/jobs/{plan.world}/relaunch/", {"hosts": "failed"})
        return self._started(key, action, Job(str(made["id"]), "pending"))

    def _title(self, action: Action) -> str:
        return "job"

    def _begin(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Job:
        body: dict[str, Any] = {"extra_vars": {**self._variables(action, parameters), KEY: key}}
        if action.target.get("limit"):
            body["limit"] = action.target["limit"]
        made = self._web.object(f"{_path(action)}/launch/", body)
        return Job(str(made.get("job") or made["id"]), "pending")

    def _search(self, key: str, action: Action, plan: Plan | None) -> Job | None:
        jobs = self._jobs(action)
        if action.kind is ActionKind.RERUN:
            newer = [job for job in jobs if plan and int(job["id"]) > int(plan.world)]
            return Job(str(newer[-1]["id"]), "pending") if newer else None
        return next((Job(str(job["id"]), "pending") for job in jobs if _key(job) == key), None)

    def _look(self, id_: str, action: Action) -> Job:
        job = self._web.object(f"{_API}/jobs/{id_}/")
        state = str(job.get("status") or "")
        said = self._output(id_) if state == "running" or state in _OVER else []
        failed = next((line for line in said if line.startswith(("fatal:", "failed:"))), "")
        why = failed[:300] or str(job.get("job_explanation") or "")
        return Job(id_, state, state in _OVER, _OVER.get(state, False), tail="\n".join(said[-LINES_MAX:]), why=why)

    def _stop(self, job: Job, action: Action) -> None:
        self._web.send("POST", f"{_API}/jobs/{job.id}/cancel/", body={})

    def _output(self, id_: str) -> list[str]:
        found = self._web.object(f"{_API}/jobs/{id_}/stdout/", format="json").get("content")
        return [line for line in self._web.hide(str(found or "")).splitlines() if line.strip()]

    def _jobs(self, action: Action) -> list[Object]:
        """The latest first."""
        path, order = f"{_path(action)}/jobs/", "-id"
        found = self._web.object(path, order_by=order, page_size=JOBS_MAX).get("results")
        if not isinstance(found, list):
            raise self._web.odd("no jobs")
        return found

    def _variables(self, action: Action, parameters: Mapping[str, str]) -> dict[str, str]:
        sent = asked_for(action, parameters)
        for name, value in sent.items():
            if re.search(r"\{[{%#]", value):
                raise InputError("braces like {{ are a template for Ansible; they are not taken", place=name)
        return sent


def _path(action: Action) -> str:
    return f"{_API}/job_templates/{action.target['template']}"


def _key(job: Object) -> str:
    """AWX tells the variables as the text of a JSON."""
    try:
        return str(json.loads(str(job.get("extra_vars") or "{}")).get(KEY) or "")
    except (ValueError, AttributeError):
        return ""
