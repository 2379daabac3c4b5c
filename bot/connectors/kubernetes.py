"""How does a Deployment in Kubernetes get restarted, scaled, given another image, or rolled back?

[connectors.cluster]
type = "kubernetes"
url = "https://10.0.0.1:6443"           # in a cluster: https://kubernetes.default.svc
token = "file:/var/run/secrets/kubernetes.io/serviceaccount/token"
ca_file = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"

[actions.restart-checkout]
kind = "restart"                        # restart | scale | deploy | rollback
service = "checkout"
connector = "cluster"
target = { namespace = "shop", deployment = "checkout" }      # container = "…" when it has several

The whole object is read, changed and put back under its `resourceVersion`, so that nobody's change in between is lost;
the key of Tocsin's run goes with it as an annotation, and is looked for first. *What an approval holds for*: the number
of replicas when it scales, else the pod template; status and other people's annotations do not matter. The plan is
tried out with `dryRun=All`. *Stopping* a rollout pauses it where it is. Needs get and update on
deployments, and list on replicasets (apps/v1).
"""

import copy
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from bot.actions.model import Action, ActionKind, Done, Plan, Progress, Started
from bot.actions.parameters import Parameter, ParameterType
from bot.connectors._web import Problem, Web, WebOptions
from bot.errors import ConnectorError, InputError, Refused, WorldChanged

KINDS = frozenset({ActionKind.RESTART, ActionKind.SCALE, ActionKind.DEPLOY, ActionKind.ROLLBACK})
KEY = "tocsin/run"
REPLICAS_MAX = 1000
WRITES_MAX = 5
_REVISION = "deployment.kubernetes.io/revision"
_PARAMETERS = {
    ActionKind.RESTART: (),
    ActionKind.SCALE: (
        Parameter("replicas", ParameterType.NUMBER, required=True, pattern="[0-9]{1,4}", maximum=REPLICAS_MAX),
    ),
    ActionKind.DEPLOY: (Parameter("version", required=True, pattern=r"[A-Za-z0-9_][\w.-]{0,127}"),),
    ActionKind.ROLLBACK: (),
}
Object = Mapping[str, Any]


def executor(name: str, options: Mapping[str, Any]) -> "KubernetesExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    return KubernetesExecutor(name, Web(name, WebOptions.model_validate(options)))


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    known = ("namespace", "deployment", "container")
    problems = [f"target.{name}: there is no such setting" for name in sorted(set(target) - set(known))]
    for name in known:
        value = target.get(name, "")
        if not value and name == "deployment":
            problems.append(f"target.{name}: say which")
        if value and not re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", value):
            problems.append(f"target.{name}: {value!r} is not a name in Kubernetes")
    return problems


class KubernetesExecutor:
    """Fulfils `bot.engine.ports.Executor`."""

    def __init__(self, name: str, web: Web) -> None:
        self._name, self._web = name, web

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        return _PARAMETERS[kind]

    def choices(self, action: Action, parameter: str) -> list[str]:
        return []

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        found = self._deployment(action)
        wanted = self._wanted(action, found, parameters)
        before, after = _shown(action, found), _shown(action, wanted)
        if before == after and action.kind is not ActionKind.RESTART:
            raise InputError(f"{action.service} has {before} already", place=next(iter(parameters), action.name))
        self._put(action, wanted, dry=True)
        name = action.target["deployment"]
        versions = ("", "") if action.kind is ActionKind.RESTART else (before, after)
        summary = f"{name} {before} → {after}" if before != after else f"{name}: new pods, one after the other"
        diff = "" if before == after else f"-{before}\n+{after}"
        return Plan(summary, *versions, diff, _world(action, found), (f"{action.kind} deployment/{name}",))

    def execute(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Started:
        for _ in range(WRITES_MAX):
            found = self._deployment(action)
            if _annotations(found).get(KEY) == key:
                return self._started(key, action)
            if _world(action, found) != plan.world:
                words = f"{action.target['deployment']} was changed since the plan was made"
                raise WorldChanged(words, connector=self._name)
            wanted = self._wanted(action, found, parameters)
            if action.kind is not ActionKind.RESTART and _shown(action, wanted) != plan.after:
                raise WorldChanged(f"it would now go to {_shown(action, wanted)}", connector=self._name)
            try:
                self._put(action, _marked(action, wanted, key))
            except Problem as problem:
                if problem.status == 409:  # its status, or something else of it, moved between reading and writing
                    continue
                raise
            return self._started(key, action)
        raise self._web.problem("it changes too often to be written", permanent=False)

    def find(self, key: str, action: Action, plan: Plan | None = None) -> Started | None:
        is_ours = _annotations(self._deployment(action)).get(KEY) == key
        return self._started(key, action) if is_ours else None

    def follow(self, started: Started, action: Action) -> Progress | Done:
        found, known = self._deployment(action), json.loads(started.reference)
        if _annotations(found).get(KEY) != known["key"]:
            raise self._web.problem("another change came in between")
        spec, status = found["spec"], found.get("status") or {}
        if spec.get("paused"):
            raise self._web.problem("the rollout is paused")
        wanted = int(spec.get("replicas", 1))
        stuck = next((c for c in status.get("conditions") or () if c.get("reason") == "ProgressDeadlineExceeded"), None)
        if stuck is not None and _is_seen(found):
            raise self._web.problem(f"the rollout is stuck: {str(stuck.get('message', ''))[:200]}")
        updated, ready = int(status.get("updatedReplicas") or 0), int(status.get("availableReplicas") or 0)
        if _is_seen(found) and updated == ready == int(status.get("replicas") or 0) == wanted:
            summary = f"{action.target['deployment']} has {wanted} pods of {_image(action, found)}"
            shown = "" if action.kind is ActionKind.RESTART else _shown(action, found)
            return Done(shown, "", f"{self._name}:{known['key']}", summary)
        return Progress(min(updated, ready), wanted, f"{updated} new pods, {ready} ready")

    def cancel(self, started: Started, action: Action) -> None:
        """Pauses the rollout; what is rolled out stays."""
        for _ in range(WRITES_MAX):
            found = self._deployment(action)
            if found["spec"].get("paused"):
                return
            wanted = copy.deepcopy(dict(found))
            wanted["spec"]["paused"] = True
            try:
                self._put(action, wanted)
            except Problem as problem:
                if problem.status != 409:
                    raise
                continue
            return
        raise self._web.problem("it changes too often to be written", permanent=False)

    # -- what is wanted

    def _wanted(self, action: Action, found: Object, parameters: Mapping[str, str]) -> dict[str, Any]:
        """The object as it should be, without the mark."""
        wanted = copy.deepcopy(dict(found))
        wanted["spec"].pop("paused", None)
        if action.kind is ActionKind.SCALE:
            wanted["spec"]["replicas"] = int(parameters["replicas"])
        elif action.kind is ActionKind.DEPLOY:
            container = _container(action, wanted)
            container["image"] = f"{_split(container['image'])[0]}:{parameters['version']}"
        elif action.kind is ActionKind.ROLLBACK:
            wanted["spec"]["template"] = self._template_before(action, found)
        return wanted

    def _template_before(self, action: Action, found: Object) -> dict[str, Any]:
        """The pod template of the revision before the present one."""
        path = f"/apis/apps/v1/namespaces/{self._namespace(action)}/replicasets"
        listed = self._web.get(path)
        sets = listed.get("items") if isinstance(listed, dict) else None
        uid, now = found["metadata"].get("uid"), int(_annotations(found).get(_REVISION, "0"))
        owned = [
            one
            for one in sets or ()
            if any(owner.get("uid") == uid for owner in one["metadata"].get("ownerReferences") or ())
            and int(_annotations(one).get(_REVISION, "0")) < now
        ]
        if not owned:
            raise Refused("nothing_to_roll_back", service=action.service, version=_image(action, found))
        latest = max(owned, key=lambda one: int(_annotations(one)[_REVISION]))
        template: dict[str, Any] = copy.deepcopy(latest["spec"]["template"])
        template["metadata"].get("labels", {}).pop("pod-template-hash", None)
        return template

    # -- asking Kubernetes

    def _namespace(self, action: Action) -> str:
        return action.target.get("namespace", "default")

    def _path(self, action: Action) -> str:
        return f"/apis/apps/v1/namespaces/{self._namespace(action)}/deployments/{action.target['deployment']}"

    def _deployment(self, action: Action) -> Object:
        found = self._web.get(self._path(action))
        if not isinstance(found, dict) or "template" not in (found.get("spec") or {}):
            raise self._web.odd("no deployment")
        return found

    def _put(self, action: Action, wanted: Object, *, dry: bool = False) -> None:
        query = {"dryRun": "All"} if dry else {}
        self._web.send("PUT", self._path(action), body=dict(wanted), query={**query, "fieldManager": "tocsin"})

    def _started(self, key: str, action: Action) -> Started:
        name = action.target["deployment"]
        return Started(json.dumps({"name": name, "key": key}), f"{name} is rolling out")


def _marked(action: Action, wanted: dict[str, Any], key: str) -> dict[str, Any]:
    """With the key; a restart is a pod template that names it too, so the same key twice is one restart."""
    wanted["metadata"].setdefault("annotations", {})[KEY] = key
    if action.kind is ActionKind.RESTART:
        template = wanted["spec"]["template"].setdefault("metadata", {})
        template["annotations"] = {**(template.get("annotations") or {}), KEY: key}
    return wanted


def _world(action: Action, found: Object) -> str:
    if action.kind is ActionKind.SCALE:
        return str(found["spec"].get("replicas", 1))
    text = json.dumps(found["spec"]["template"], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _shown(action: Action, found: Object) -> str:
    if action.kind is ActionKind.SCALE:
        return f"{found['spec'].get('replicas', 1)} replicas"
    return _split(_image(action, found))[1]


def _image(action: Action, found: Object) -> str:
    return str(_container(action, found)["image"])


def _container(action: Action, found: Object) -> dict[str, Any]:
    containers: list[dict[str, Any]] = found["spec"]["template"]["spec"]["containers"]
    wanted = action.target.get("container", "")
    if not wanted and len(containers) == 1:
        return containers[0]
    for container in containers:
        if container["name"] == wanted:
            return container
    known = ", ".join(container["name"] for container in containers)
    raise ConnectorError(f"say target.container: {known}", permanent=True)


def _split(image: str) -> tuple[str, str]:
    """Repository and tag; a port is not a tag, a digest counts as one."""
    if "@" in image:
        repository, _, digest = image.partition("@")
        return repository, digest
    repository, colon, tag = image.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (image, "latest")


def _annotations(found: Object) -> Mapping[str, str]:
    return found["metadata"].get("annotations") or {}


def _is_seen(found: Object) -> bool:
    """Whether the status speaks of the present specification."""
    status = found.get("status") or {}
    return int(status.get("observedGeneration") or 0) >= int(found["metadata"].get("generation") or 0)
