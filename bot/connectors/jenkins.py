"""How does Tocsin start a job in Jenkins, exactly once, and see how it goes?

[connectors.jenkins]
type = "jenkins"
url = "https://jenkins.example.com"
username = "tocsin"
password = "env:JENKINS_API_TOKEN"      # an API token: with one, Jenkins asks for no crumb

[actions.deploy-web]
kind = "deploy"                         # deploy | trigger
service = "web"
connector = "jenkins"
target = { job = "shop/deploy-web", key = "TOCSIN_ACTION_ID" }
[actions.deploy-web.parameters.version]
required = true

The job must have a string parameter with the name `key`: it carries the key of Tocsin's run, by which the queue and the
last builds are searched before anything is started again. The other parameters go by their names, or in capitals when
the job has them so. Jenkins itself folds an equal build that still waits in the queue into one (303).
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from bot.actions.model import Action, ActionKind, Done, Plan, Progress, Started
from bot.actions.parameters import Parameter
from bot.connectors._web import Problem, Web, WebOptions

KINDS = frozenset({ActionKind.DEPLOY, ActionKind.TRIGGER})
BUILDS_MAX = 100
TAIL_MAX = 2_000
_PARAMETERS = "actions[parameters[name,value]]"


def executor(name: str, options: Mapping[str, Any]) -> "JenkinsExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    return JenkinsExecutor(name, Web(name, WebOptions.model_validate(options)))


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    problems = [f"target.{name}: there is no such setting" for name in sorted(set(target) - {"job", "key"})]
    if not target.get("job"):
        problems.append("target.job: say which")
    if not re.fullmatch(r"\w{1,100}", target.get("key", "TOCSIN_ACTION_ID")):
        problems.append(f"target.key: {target['key']!r} cannot be a parameter's name")
    return problems


class JenkinsExecutor:
    """Fulfils `bot.engine.ports.Executor`."""

    def __init__(self, name: str, web: Web) -> None:
        self._name, self._web = name, web

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        return (Parameter("version", required=True),) if kind is ActionKind.DEPLOY else ()

    def choices(self, action: Action, parameter: str) -> list[str]:
        return []

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        job = action.target["job"]
        sent = self._sent(action, parameters)
        version = parameters.get("version", "")
        diff = "\n".join(f"{name} = {value}" for name, value in sent.items())
        return Plan(f"a build of {job}", "", version, diff, "", (f"build {job} with parameters",))

    def execute(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Started:
        found = self.find(key, action, plan)
        if found is not None:
            return found
        sent = {**self._sent(action, parameters), _key_name(action): key}
        answer = self._web.answer("POST", f"{_path(action)}/buildWithParameters", query=sent)
        place = re.search(r"/queue/item/(\d+)", answer.headers.get("location", ""))
        if answer.status_code not in (201, 303) or place is None:
            raise self._web.odd("no place in the queue")
        return self._started(key, action, place[1])

    def find(self, key: str, action: Action, plan: Plan | None = None) -> Started | None:
        waiting = self._object(f"/queue/api/json?tree=items[id,{_PARAMETERS}]").get("items") or ()
        for item in waiting:
            if _has(item, action, key):
                return self._started(key, action, str(item["id"]))
        return self._started(key, action, "") if self._build_of(key, action) else None

    def follow(self, started: Started, action: Action) -> Progress | Done:
        known = json.loads(started.reference)
        build = self._build_of(known["key"], action)
        if build is None:
            return self._waiting(known, action)
        number = build["number"]
        if build.get("building") or not build.get("result"):
            return Progress(0, 0, f"build {number} is running", self._log(action, number))
        if build["result"] == "SUCCESS":
            version = str(build.get("displayName") or f"#{number}")
            link = str(build.get("url") or "")
            return Done(version, "", f"{self._name}:{known['key']}", f"{action.target['job']} build {number} succeeded",
                        link if link.startswith("https://") else "")  # fmt: skip
        said = next((line for line in reversed(self._log(action, number).splitlines()) if "Finished:" not in line), "")
        raise self._web.problem(f"build {number} of {action.target['job']}: {build['result']}. {said[:300]}")

    def cancel(self, started: Started, action: Action) -> None:
        known = json.loads(started.reference)
        build = self._build_of(known["key"], action)
        if build is None:
            self._take_out(known["item"])
            build = self._build_of(known["key"], action)  # it may have begun between the two
        if build is not None and build.get("building"):
            self._web.answer("POST", f"{_path(action)}/{build['number']}/stop")

    def _take_out(self, item: str) -> None:
        try:
            self._web.answer("POST", "/queue/cancelItem", query={"id": item})
        except Problem as problem:
            if problem.status not in (404, 500):  # it has left the queue
                raise

    def _sent(self, action: Action, parameters: Mapping[str, str]) -> dict[str, str]:
        """The job's own parameters, by its own names."""
        tree = "buildable,property[parameterDefinitions[name]]"
        job = self._object(f"{_path(action)}/api/json?tree={tree}")
        if not job.get("buildable", True):
            raise self._web.problem(f"the job {action.target['job']} is disabled")
        known = [str(one.get("name")) for property_ in job.get("property") or ()
                 for one in property_.get("parameterDefinitions") or ()]  # fmt: skip
        if _key_name(action) not in known:
            raise self._web.problem(f"the job {action.target['job']} needs a string parameter {_key_name(action)}")
        sent = {}
        for name in (p.name for p in action.parameters if p.name in parameters):
            own = next((one for one in known if one.lower() == name), None)
            if own is None:
                raise self._web.problem(f"the job {action.target['job']} has no parameter {name}")
            sent[own] = parameters[name]
        return sent

    def _build_of(self, key: str, action: Action) -> Mapping[str, Any] | None:
        tree = f"builds[number,building,result,url,displayName,{_PARAMETERS}]{{0,{BUILDS_MAX}}}"
        builds = self._object(f"{_path(action)}/api/json?tree={quote(tree, safe='[],')}").get("builds") or ()
        return next((build for build in builds if _has(build, action, key)), None)

    def _waiting(self, known: Mapping[str, str], action: Action) -> Progress:
        try:
            item = self._object(f"/queue/item/{known['item']}/api/json") if known["item"] else {}
        except Problem as problem:
            if problem.status != 404:
                raise
            item = {"cancelled": True}
        if item.get("cancelled"):
            if self._build_of(known["key"], action) is None:  # else it became a build between the two questions
                raise self._web.problem("it was taken out of the queue")
            return Progress(0, 0, "begins")
        return Progress(0, 0, str(item.get("why") or "waits in the queue")[:200])

    def _log(self, action: Action, number: int) -> str:
        answer = self._web.answer("GET", f"{_path(action)}/{number}/logText/progressiveText", query={"start": 0})
        return answer.text[-TAIL_MAX:]

    def _object(self, path: str) -> Mapping[str, Any]:
        found = self._web.get(path)
        if not isinstance(found, dict):
            raise self._web.odd("not an object")
        return found

    def _started(self, key: str, action: Action, item: str) -> Started:
        link = f"{self._web.url}{_path(action)}"
        shown = link if urlsplit(link).scheme == "https" else ""
        return Started(json.dumps({"key": key, "item": item}), f"{action.target['job']} is in the queue", shown)


def _path(action: Action) -> str:
    """Folders and job: "shop/deploy-web" is /job/shop/job/deploy-web."""
    return "".join(f"/job/{quote(part, safe='')}" for part in action.target["job"].split("/") if part)


def _key_name(action: Action) -> str:
    return action.target.get("key", "TOCSIN_ACTION_ID")


def _has(found: Mapping[str, Any], action: Action, key: str) -> bool:
    given = [one for part in found.get("actions") or () if part for one in part.get("parameters") or ()]
    return any(one.get("name") == _key_name(action) and one.get("value") == key for one in given)
