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
from collections.abc import Mapping
from typing import Any

from bot.actions.model import Action, ActionKind, Done, Plan, Progress
from bot.actions.parameters import Parameter, ParameterType
from bot.connectors import _pods
from bot.connectors._jobs import problems_of
from bot.connectors._objects import KEY, NAME, Object, is_seen
from bot.connectors._pods import PodsExecutor
from bot.connectors._web import Web, WebOptions
from bot.errors import InputError

KINDS = frozenset({ActionKind.RESTART, ActionKind.SCALE, ActionKind.DEPLOY, ActionKind.ROLLBACK})
REPLICAS_MAX = 1000
_PARAMETERS = {
    ActionKind.RESTART: (),
    ActionKind.SCALE: (
        Parameter("replicas", ParameterType.NUMBER, required=True, pattern="[0-9]{1,4}", maximum=REPLICAS_MAX),
    ),
    ActionKind.DEPLOY: (_pods.VERSION,),
    ActionKind.ROLLBACK: (),
}


def executor(name: str, options: Mapping[str, Any]) -> "KubernetesExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    return KubernetesExecutor(Web(name, WebOptions.model_validate(options)))


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    return problems_of(target, {"deployment": NAME}, {"namespace": NAME, "container": NAME})


class KubernetesExecutor(PodsExecutor):
    """Fulfils `bot.engine.action_ports.Executor`."""

    API, KIND = "apps/v1", "deployments"
    REVISION, HASH = "deployment.kubernetes.io/revision", "pod-template-hash"

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        return _PARAMETERS[kind]

    def _planned(self, action: Action, found: Object, parameters: Mapping[str, str]) -> tuple[Plan, Object | None]:
        wanted = self._wanted(action, found, parameters, "planned")
        before, after = _shown(action, found), _shown(action, wanted)
        if before == after and action.kind is not ActionKind.RESTART:
            raise InputError(f"{action.service} has {before} already", place=next(iter(parameters), action.name))
        name = self._name(action)
        versions = ("", "") if action.kind is ActionKind.RESTART else (before, after)
        summary = f"{name} {before} → {after}" if before != after else f"{name}: new pods, one after the other"
        diff = "" if before == after else f"-{before}\n+{after}"
        commands = (f"{action.kind} deployment/{name}",)
        return Plan(summary, *versions, diff, self._world(action, found), commands), wanted

    def _wanted(self, action: Action, found: Object, parameters: Mapping[str, str], key: str) -> dict[str, Any]:
        wanted = copy.deepcopy(dict(found))
        wanted["spec"].pop("paused", None)
        if action.kind is ActionKind.SCALE:
            wanted["spec"]["replicas"] = int(parameters["replicas"])
        elif action.kind is ActionKind.DEPLOY:
            _pods.set_version(action, wanted, parameters["version"])
        elif action.kind is ActionKind.ROLLBACK:
            wanted["spec"]["template"] = self._template_before(action, found)
        else:  # a restart is a pod template that names the key, so the same key twice is one restart
            template = wanted["spec"]["template"].setdefault("metadata", {})
            template["annotations"] = {**(template.get("annotations") or {}), KEY: key}
        return wanted

    def _has_its_number(self, found: Object) -> bool:
        """Its controller needs a moment for it, and does not do it while the rollout is paused."""
        return is_seen(found) and not found["spec"].get("paused")

    def _drift(self, action: Action, wanted: Object, plan: Plan) -> str:
        after = "" if action.kind is ActionKind.RESTART else _shown(action, wanted)
        return after if after != plan.after else ""

    def _world(self, action: Action, found: Object) -> str:
        is_scaled = action.kind is ActionKind.SCALE
        return str(found["spec"].get("replicas", 1)) if is_scaled else _pods.template_digest(found)

    def _progress(self, reference: str, action: Action, found: Object) -> Progress | Done:
        spec, status = found["spec"], found.get("status") or {}
        if spec.get("paused"):
            raise self._web.problem("the rollout is paused")
        wanted = int(spec.get("replicas", 1))
        stuck = next((c for c in status.get("conditions") or () if c.get("reason") == "ProgressDeadlineExceeded"), None)
        if stuck is not None and is_seen(found):
            raise self._web.problem(f"the rollout is stuck: {str(stuck.get('message', ''))[:200]}")
        updated, ready = int(status.get("updatedReplicas") or 0), int(status.get("availableReplicas") or 0)
        if is_seen(found) and updated == ready == int(status.get("replicas") or 0) == wanted:
            summary = f"{self._name(action)} has {wanted} pods of {_pods.image(action, found)}"
            return Done("" if action.kind is ActionKind.RESTART else _shown(action, found), "", reference, summary)
        return Progress(min(updated, ready), wanted, f"{updated} new pods, {ready} ready")


def _shown(action: Action, found: Object) -> str:
    if action.kind is ActionKind.SCALE:
        return f"{found['spec'].get('replicas', 1)} replicas"
    return _pods.version(action, found)
