"""How is an object of the Kubernetes API changed exactly once, built-in or a custom resource?

The whole object is read, changed and put back under its `resourceVersion`, so that nobody's change in between is lost;
the key of Tocsin's run goes with it as an annotation, and is looked for first. What lives in the status (Argo Rollouts)
is patched after that, while the world is still as it was when the key was written.
"""

import copy
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from bot.actions.model import Action, ActionKind, Done, Plan, Progress, Started
from bot.actions.parameters import Parameter
from bot.connectors._web import Problem, Web
from bot.errors import WorldChanged

KEY = "tocsin/run"
WRITES_MAX = 5
MERGE = {"Content-Type": "application/merge-patch+json"}
NAME = r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?"
Object = Mapping[str, Any]


class ObjectExecutor(ABC):
    """Fulfils `bot.engine.action_ports.Executor` for one object. `API`: its group and version; `KIND`: its plural,
    whose singular is the setting of the target that names it."""

    API = ""
    KIND = ""

    def __init__(self, web: Web) -> None:
        self._web = web

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        return ()

    def choices(self, action: Action, parameter: str) -> list[str]:
        return []

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        """Tried out with `dryRun=All`; while its controller writes the status all the time, too."""
        for _ in range(WRITES_MAX):
            plan, wanted = self._planned(action, self._object(action), parameters)
            if wanted is None or self._put(action, wanted, dry=True):
                return plan
        raise self._too_often()

    def execute(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Done | Started:
        found = self._write(key, action, parameters, plan)
        patch = self._status_patch(action, found)
        if patch is not None and self._world(action, found) == plan.world:
            self._web.send("PATCH", f"{self._path(action)}/status", body={"status": patch}, headers=MERGE)
        return self._set_going(key, action)

    def find(self, key: str, action: Action, plan: Plan | None = None) -> Done | Started | None:
        found = self._object(action)
        is_ours = annotations(found).get(KEY) == key
        has_moved = plan is None or self._world(action, found) != plan.world
        return self._set_going(key, action) if is_ours and has_moved else None

    def follow(self, started: Started, action: Action) -> Progress | Done:
        found, known = self._object(action), json.loads(started.reference)
        if annotations(found).get(KEY) != known["key"]:
            raise self._web.problem("another change came in between")
        return self._progress(f"{self._web.name}:{known['key']}", action, found)

    def cancel(self, started: Started, action: Action) -> None:
        """Leaves it where it is."""
        for _ in range(WRITES_MAX):
            wanted = copy.deepcopy(dict(self._object(action)))
            if wanted["spec"].get(self._halts):
                return
            wanted["spec"][self._halts] = True
            if self._put(action, wanted):
                return
        raise self._too_often()

    _halts = "paused"
    """The field of the specification that stops it."""

    @abstractmethod
    def _planned(self, action: Action, found: Object, parameters: Mapping[str, str]) -> tuple[Plan, Object | None]:
        """And what is tried out, when something of the specification changes."""

    @abstractmethod
    def _wanted(self, action: Action, found: Object, parameters: Mapping[str, str], key: str) -> dict[str, Any]:
        """The object as it should be; only a copy is changed."""

    @abstractmethod
    def _world(self, action: Action, found: Object) -> str:
        """What an approval holds for; it differs once the action is done."""

    @abstractmethod
    def _progress(self, reference: str, action: Action, found: Object) -> Progress | Done: ...

    def _drift(self, action: Action, wanted: Object, plan: Plan) -> str:
        """What would be written, when it is not what was planned."""
        return ""

    def _status_patch(self, action: Action, found: Object) -> Mapping[str, Any] | None:
        """What is to be changed of the status, when that is how the action is done."""
        return None

    def _set_going(self, key: str, action: Action) -> Done | Started:
        name = self._name(action)
        return Started(json.dumps({"name": name, "key": key}), f"{name} is rolling out")

    def _write(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Object:
        """The object with the key on it."""
        for _ in range(WRITES_MAX):
            found = self._object(action)
            if annotations(found).get(KEY) == key:
                return found
            if self._world(action, found) != plan.world:
                raise WorldChanged(
                    f"{self._name(action)} was changed since the plan was made", connector=self._web.name
                )
            wanted = self._wanted(action, found, parameters, key)
            drift = self._drift(action, wanted, plan)
            if drift:
                raise WorldChanged(f"it would now go to {drift}", connector=self._web.name)
            wanted["metadata"].setdefault("annotations", {})[KEY] = key
            if self._put(action, wanted):
                return found
        raise self._too_often()

    def _put(self, action: Action, wanted: Object, *, dry: bool = False) -> bool:
        """False when it moved between reading and writing: its status, or something else of it."""
        query = {"dryRun": "All"} if dry else {}
        try:
            self._web.send("PUT", self._path(action), body=dict(wanted), query={**query, "fieldManager": "tocsin"})
        except Problem as problem:
            if problem.status == 409:
                return False
            raise
        return True

    def _object(self, action: Action) -> Object:
        found = self._web.object(self._path(action))
        if not all(isinstance(found.get(part), dict) for part in ("metadata", "spec")):
            raise self._web.odd(f"no {self.KIND.removesuffix('s')}")
        return found

    def _path(self, action: Action) -> str:
        return f"{self._folder(action, self.API, self.KIND)}/{self._name(action)}"

    def _folder(self, action: Action, api: str, kind: str) -> str:
        return f"/apis/{api}/namespaces/{action.target.get('namespace', 'default')}/{kind}"

    def _name(self, action: Action) -> str:
        return action.target[self.KIND.removesuffix("s")]

    def _too_often(self) -> Exception:
        return self._web.problem("it changes too often to be written", permanent=False)


def annotations(found: Object) -> Mapping[str, str]:
    return found["metadata"].get("annotations") or {}


def is_seen(found: Object) -> bool:
    """Whether the status speaks of the present specification."""
    status = found.get("status") or {}
    return int(status.get("observedGeneration") or 0) >= int(found["metadata"].get("generation") or 0)
