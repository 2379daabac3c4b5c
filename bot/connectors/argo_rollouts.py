"""How is a Rollout of Argo Rollouts moved: another image, abort, promote, undo? Through the Kubernetes API.

[connectors.rollouts]
type = "argo_rollouts"
url = "https://10.0.0.1:6443"           # in a cluster: https://kubernetes.default.svc
token = "file:/var/run/secrets/kubernetes.io/serviceaccount/token"
ca_file = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"

[actions.rollback-checkout]
kind = "rollback"                       # rollback | deploy | call
service = "checkout"
connector = "rollouts"
target = { namespace = "shop", rollout = "checkout" }     # a call says what it does: does = "promote"

*A rollback* aborts a rollout that is under way (all traffic goes back to the stable pods at once; what the Rollout asks
for stays), and else puts the pod template of the revision before back. *A call* is `does = "abort"`, `"retry"` (of what
was aborted), `"promote"` (past the present pause) or `"promote-full"` (past all steps and analyses); these change the
status, as Argo's own command line does. A deployment that reaches a pause without an end is done, and says so.
*Stopping* pauses it. Where Argo CD or Flux keeps the Rollout, an undone template comes back: revert in git. Needs get,
update and patch on rollouts and rollouts/status (argoproj.io), and list on replicasets (apps/v1).
"""

import copy
from collections.abc import Mapping
from typing import Any

from bot.actions.model import Action, ActionKind, Done, Plan, Progress
from bot.actions.parameters import Parameter
from bot.connectors import _pods
from bot.connectors._jobs import problems_of
from bot.connectors._objects import NAME, Object, annotations
from bot.connectors._pods import PodsExecutor
from bot.connectors._web import Web, WebOptions
from bot.errors import InputError

KINDS = frozenset({ActionKind.DEPLOY, ActionKind.ROLLBACK, ActionKind.CALL})
DOES = "tocsin/does"
_STATUS: Mapping[str, Mapping[str, Any]] = {
    "abort": {"abort": True},
    "retry": {"abort": False},
    "promote": {"pauseConditions": None},
    "promote-full": {"promoteFull": True},
}


def executor(name: str, options: Mapping[str, Any]) -> "RolloutExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    return RolloutExecutor(Web(name, WebOptions.model_validate(options)))


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    does = {"does": "|".join(_STATUS)} if kind is ActionKind.CALL else {}
    return problems_of(target, {"rollout": NAME, **does}, {"namespace": NAME, "container": NAME})


class RolloutExecutor(PodsExecutor):
    """Fulfils `bot.engine.action_ports.Executor`."""

    API, KIND = "argoproj.io/v1alpha1", "rollouts"
    REVISION, HASH = "rollout.argoproj.io/revision", "rollouts-pod-template-hash"

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        return (_pods.VERSION,) if kind is ActionKind.DEPLOY else ()

    def _planned(self, action: Action, found: Object, parameters: Mapping[str, str]) -> tuple[Plan, Object | None]:
        if "template" not in found["spec"]:
            raise self._web.problem(f"{self._name(action)} takes its pods from a workloadRef; act on that one")
        does, name, world = _does(action, found), self._name(action), self._world(action, found)
        if does in _STATUS:
            self._can(action, found, does)
            return Plan(f"{does} {name}: {_standing(found)}", "", "", "", world, (f"{does} rollout/{name}",)), None
        wanted = self._wanted(action, found, parameters, "")
        before, after = _pods.version(action, found), _pods.version(action, wanted)
        if found["spec"]["template"] == wanted["spec"]["template"]:
            raise InputError(f"{action.service} has {before} already", place="version")
        diff, commands = f"-{before}\n+{after}", (f"{does} rollout/{name}",)
        return Plan(f"{name} {before} → {after}", before, after, diff, world, commands), wanted

    def _wanted(self, action: Action, found: Object, parameters: Mapping[str, str], key: str) -> dict[str, Any]:
        wanted = copy.deepcopy(dict(found))
        does = _does(action, found)
        wanted["metadata"].setdefault("annotations", {})[DOES] = does
        wanted["spec"].pop("paused", None)
        if does == "deploy":
            _pods.set_version(action, wanted, parameters["version"])
        elif does == "undo":
            wanted["spec"]["template"] = self._template_before(action, found)
        return wanted

    def _drift(self, action: Action, wanted: Object, plan: Plan) -> str:
        after = _pods.version(action, wanted)
        return after if plan.after and after != plan.after else ""

    def _world(self, action: Action, found: Object) -> str:
        """The template, how far it is, and what Argo was told to do with it."""
        status = found.get("status") or {}
        paused = [str(one.get("startTime")) for one in status.get("pauseConditions") or ()]
        told = [bool(status.get("abort")), bool(status.get("promoteFull")), *paused]
        facts = (_pods.template_digest(found), status.get("currentPodHash"), status.get("stableRS"), *told)
        return " ".join(str(fact) for fact in facts)

    def _status_patch(self, action: Action, found: Object) -> Mapping[str, Any] | None:
        return _STATUS.get(_does(action, found))

    def _can(self, action: Action, found: Object, does: str) -> None:
        status, name = found.get("status") or {}, self._name(action)
        is_aborted, is_under_way = bool(status.get("abort")), _is_under_way(found)
        words = ""
        if not is_under_way:
            words = f"{name} has nothing under way"
        elif does == "retry" and not is_aborted:
            words = f"{name} is not aborted"
        elif does != "retry" and is_aborted:
            words = f"{name} is aborted already"
        elif does == "promote" and not status.get("pauseConditions"):
            words = f"{name} waits at no pause"
        if words:
            raise InputError(words, place="does")

    def _progress(self, reference: str, action: Action, found: Object) -> Progress | Done:
        status, name = found.get("status") or {}, self._name(action)
        wanted, ready = int(found["spec"].get("replicas", 1)), int(status.get("availableReplicas") or 0)
        phase, message = str(status.get("phase") or ""), str(status.get("message") or "")[:200]
        is_seen = str(status.get("observedGeneration") or "") == str(found["metadata"].get("generation") or "")
        if found["spec"].get("paused"):
            raise self._web.problem("the rollout is paused")
        if status.get("abort"):
            if annotations(found).get(DOES) == "abort":
                done = Done("", "", reference, f"{name} is aborted: all traffic is with the stable pods again")
                return done if ready >= wanted else Progress(ready, wanted, "back to the stable pods")
            raise self._web.problem(f"{name} was aborted: {message}")
        if is_seen and phase == "Degraded":
            raise self._web.problem(f"{name} is Degraded: {message}")
        if is_seen and phase == "Healthy" and not _is_under_way(found):
            summary = f"{name} runs {_pods.image(action, found)}, {ready} pods ready"
            return Done(_pods.version(action, found), "", reference, summary)
        if is_seen and phase == "Paused" and _waits_for_a_person(found):
            return Done(_pods.version(action, found), "", reference, f"{name}: {_standing(found)}; promote or abort it")
        return Progress(int(status.get("updatedReplicas") or 0), wanted, phase or "not seen yet")


def _does(action: Action, found: Object) -> str:
    if action.kind is ActionKind.CALL:
        return action.target["does"]
    if action.kind is ActionKind.DEPLOY:
        return "deploy"
    return "abort" if _is_under_way(found) else "undo"


def _is_under_way(found: Object) -> bool:
    """Whether the pods that are asked for are not the stable ones yet."""
    status = found.get("status") or {}
    return bool(status.get("currentPodHash")) and status.get("currentPodHash") != status.get("stableRS")


def _steps(found: Object) -> list[Mapping[str, Any]]:
    return list(((found["spec"].get("strategy") or {}).get("canary") or {}).get("steps") or ())


def _index(found: Object) -> int:
    return int((found.get("status") or {}).get("currentStepIndex") or 0)


def _standing(found: Object) -> str:
    phase, steps = str((found.get("status") or {}).get("phase") or "unknown"), _steps(found)
    return f"{phase} at step {min(_index(found) + 1, len(steps))} of {len(steps)}" if steps else phase


def _waits_for_a_person(found: Object) -> bool:
    """Whether this pause has no end of its own."""
    steps, index = _steps(found), _index(found)
    if index < len(steps):
        return not (steps[index].get("pause") or {}).get("duration")
    return not ((found["spec"].get("strategy") or {}).get("blueGreen") or {}).get("autoPromotionSeconds")
