"""How is Flux told to reconcile, to stop, or to go on? Through its custom resources in the Kubernetes API.

[connectors.flux]
type = "flux"
url = "https://10.0.0.1:6443"           # in a cluster: https://kubernetes.default.svc
token = "file:/var/run/secrets/kubernetes.io/serviceaccount/token"
ca_file = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"

[actions.reconcile-shop]
kind = "call"
service = "shop"
connector = "flux"
target = { namespace = "flux-system", kustomization = "shop", does = "reconcile" }     # or helmrelease = "…"

`does` is `reconcile` (now, and told when Flux has applied it), `suspend` (leave the cluster alone, whatever git says)
or `resume`. The key of Tocsin's run is the value of `reconcile.fluxcd.io/requestedAt`, which Flux writes back when it
has handled it; so it is known that it was this request. A rollback is a revert in git (a connector of type `git`).
*Stopping* a reconciliation suspends it. Needs get and update on kustomizations or helmreleases.
"""

import copy
from collections.abc import Mapping
from typing import Any

from bot.actions.model import Action, ActionKind, Done, Plan, Progress, Started
from bot.connectors._jobs import problems_of
from bot.connectors._objects import NAME, Object, ObjectExecutor, annotations
from bot.connectors._web import Web, WebOptions
from bot.errors import InputError

KINDS = frozenset({ActionKind.CALL})
REQUESTED = "reconcile.fluxcd.io/requestedAt"
_APIS = {
    "kustomization": "kustomize.toolkit.fluxcd.io/v1",
    "helmrelease": "helm.toolkit.fluxcd.io/v2",
}


def executor(name: str, options: Mapping[str, Any]) -> "FluxExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    return FluxExecutor(Web(name, WebOptions.model_validate(options)))


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    named = sorted(set(target) & set(_APIS))
    problems = [] if len(named) == 1 else [f"target: say one of {', '.join(_APIS)}"]
    needed = {"does": "reconcile|suspend|resume"}
    return problems + problems_of(target, needed, {"namespace": NAME, **dict.fromkeys(_APIS, NAME)})


class FluxExecutor(ObjectExecutor):
    """Fulfils `bot.engine.action_ports.Executor`."""

    _halts = "suspend"

    def _planned(self, action: Action, found: Object, parameters: Mapping[str, str]) -> tuple[Plan, Object | None]:
        does, name = action.target["does"], self._name(action)
        is_suspended = bool(found["spec"].get("suspend"))
        if does == "reconcile" and is_suspended:
            raise InputError(f"{name} is suspended; resume it first", place="does")
        if is_suspended is (does == "suspend") and does != "reconcile":
            raise InputError(f"{name} is {'suspended' if is_suspended else 'not suspended'} already", place="does")
        at = _revision(found)
        summary = f"{does} {name}" + (f", which has {at}" if at else "")
        commands = (f"{does} {_kind(action)}/{name}",)
        plan = Plan(summary, "", "", _state(found), self._world(action, found), commands)
        return plan, self._wanted(action, found, parameters, "")

    def _wanted(self, action: Action, found: Object, parameters: Mapping[str, str], key: str) -> dict[str, Any]:
        wanted, does = copy.deepcopy(dict(found)), action.target["does"]
        if does == "suspend":
            wanted["spec"]["suspend"] = True
            return wanted
        wanted["spec"].pop("suspend", None)
        wanted["metadata"].setdefault("annotations", {})[REQUESTED] = key
        return wanted

    def _world(self, action: Action, found: Object) -> str:
        requested = annotations(found).get(REQUESTED, "")
        return f"{bool(found['spec'].get('suspend'))} {requested if action.target['does'] != 'suspend' else ''}"

    def _set_going(self, key: str, action: Action) -> Done | Started:
        if action.target["does"] != "suspend":
            return super()._set_going(key, action)
        return Done("", "", f"{self._web.name}:{key}", f"{self._name(action)} is suspended")

    def _progress(self, reference: str, action: Action, found: Object) -> Progress | Done:
        status = found.get("status") or {}
        if found["spec"].get("suspend"):
            raise self._web.problem(f"{self._name(action)} is suspended")
        if status.get("lastHandledReconcileAt") != annotations(found).get(REQUESTED):
            return Progress(0, 0, "waits for Flux")
        ready = _condition(found, "Ready")
        if ready.get("status") == "True":
            return Done(
                _revision(found), "", reference, f"{self._name(action)} has {_revision(found) or 'what git says'}"
            )
        if ready.get("status") == "False" and not _condition(found, "Reconciling"):
            raise self._web.problem(f"{self._name(action)}: {str(ready.get('message') or ready.get('reason'))[:300]}")
        return Progress(0, 0, str(ready.get("message") or "is reconciled")[:200])

    def _path(self, action: Action) -> str:
        kind = _kind(action)
        return f"{self._folder(action, _APIS[kind], f'{kind}s')}/{self._name(action)}"

    def _name(self, action: Action) -> str:
        return action.target[_kind(action)]


def _kind(action: Action) -> str:
    return next(kind for kind in _APIS if kind in action.target)


def _revision(found: Object) -> str:
    """What was applied last, as in main@sha1:4f2a…; a Helm release has a chart's version."""
    status = found.get("status") or {}
    history = status.get("history") or [{}]
    return str(status.get("lastAppliedRevision") or history[0].get("chartVersion") or "")


def _condition(found: Object, type_: str) -> Mapping[str, Any]:
    conditions = (found.get("status") or {}).get("conditions") or ()
    return next((one for one in conditions if one.get("type") == type_), {})


def _state(found: Object) -> str:
    return str(_condition(found, "Ready").get("message") or "")[:500]
