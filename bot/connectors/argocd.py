"""How is an application of Argo CD synced, or brought back to the revision that it had before?

[connectors.argocd]
type = "argocd"
url = "https://argocd.example.com"
token = "env:ARGOCD_TOKEN"              # of an account that may get and sync the application

[actions.rollback-checkout]
kind = "rollback"                       # rollback | deploy (sync, to a revision if one is given)
service = "checkout"
connector = "argocd"
target = { application = "checkout", prune = "no" }       # namespace = "…" when it is not Argo CD's own

Argo CD's call for a rollback can carry no key; a sync can (`infos`), and Argo CD keeps it in the operation's state. So
a rollback is a sync to the older revision of its history, which is what Argo CD's own rollback does, too. *Where
auto-sync is on*, Argo CD goes only where git says: the plan is refused and says that the revert belongs in git (a
connector of type `git` does it). An approval holds as long as nothing else was synced and git's head did not move.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bot.actions.model import Action, ActionKind, Plan, Progress
from bot.actions.parameters import Parameter
from bot.connectors._jobs import Job, JobExecutor, problems_of
from bot.connectors._web import Web, WebOptions
from bot.errors import InputError, Refused, WorldChanged

KINDS = frozenset({ActionKind.DEPLOY, ActionKind.ROLLBACK})
RESOURCES_SHOWN_MAX = 30
_INFO = "tocsin"
_OVER = {"Succeeded": True, "Failed": False, "Error": False}
_NAME = r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?"
Object = Mapping[str, Any]


def executor(name: str, options: Mapping[str, Any]) -> "ArgocdExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    return ArgocdExecutor(Web(name, WebOptions.model_validate(options)))


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    return problems_of(target, {"application": _NAME}, {"namespace": _NAME, "project": r"[\w.-]+", "prune": "yes|no"})


class ArgocdExecutor(JobExecutor[Web]):
    """Fulfils `bot.engine.action_ports.Executor`."""

    OVER = frozenset({400, 404, 409})

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        hint = "Empty: the revision before." if kind is ActionKind.ROLLBACK else "Empty: what git has now."
        return (Parameter("version", hint=hint, pattern=r"[\w./+-]{1,100}", live=True),)

    def choices(self, action: Action, parameter: str) -> list[str]:
        return list(dict.fromkeys(str(one.get("revision")) for one in reversed(_history(self._application(action)))))

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        found = self._application(action)
        self._must_be_idle(action, found)
        before, wanted = _deployed(found), parameters.get("version", "")
        is_back = action.kind is ActionKind.ROLLBACK
        after = self._revision_before(action, found, wanted) if is_back else wanted or _head(found)
        if _is_automatic(found) and after not in (_head(found), _tracked(found)):
            words = (
                f"auto-sync is on for {_name(action)}, so Argo CD goes only to what git has ({_short(_head(found))}); "
                "revert the commit in git, which an action with a connector of type git does"
            )
            raise self._web.problem(words)
        if after == before and (found.get("status") or {}).get("sync", {}).get("status") == "Synced":
            raise InputError(
                f"{action.service} has {_short(before)} already, and nothing differs from it", place="version"
            )
        summary = f"{_name(action)} {_short(before) or 'nothing'} → {_short(after)}"
        commands = (f"sync {_name(action)} to {after}" + (" and prune" if _prunes(action) else ""),)
        world = f"{after} {_world(action, found)}"
        return Plan(summary, _short(before), _short(after), _differing(found), world, commands)

    def _title(self, action: Action) -> str:
        return f"the sync of {_name(action)}"

    def _begin(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Job:
        found, (revision, _, world) = self._application(action), plan.world.partition(" ")
        if _world(action, found) != world:
            words = f"{_name(action)} was synced, or git moved on, since the plan was made"
            raise WorldChanged(words, connector=self._web.name)
        body: dict[str, Any] = {
            **_scope(action),
            "name": _name(action),
            "prune": _prunes(action),
            "infos": [{"name": _INFO, "value": key}],
        }
        if not _is_automatic(found):
            body["revision"] = revision
        self._web.object(f"{_path(action)}/sync", body)
        return Job("", "Running")

    def _search(self, key: str, action: Action, plan: Plan | None) -> Job | None:
        found = self._application(action)
        status = found.get("status") or {}
        if _carries(found.get("operation"), key):
            return Job("", "waits for Argo CD")
        operation = status.get("operationState") or {}
        if not _carries(operation.get("operation"), key):
            return None
        result = operation.get("syncResult") or {}
        resources = result.get("resources") or []
        phase, health = str(operation.get("phase") or ""), str((status.get("health") or {}).get("status") or "")
        message = str(operation.get("message") or "")
        well = _OVER.get(phase)
        if well and health == "Progressing":
            return Job("", "the pods are not ready yet", version=_short(str(result.get("revision") or "")))
        if well and health == "Degraded":
            said = str((status.get("health") or {}).get("message") or "")
            return Job("", "synced, but its health is Degraded", True, False, why=said)
        return Job(
            id="",
            state=phase or "Running",
            is_over=well is not None,
            is_well=bool(well),
            done=sum(bool(one.get("status")) for one in resources),
            total=len(resources),
            tail=message,
            why=message,
            version=_short(str(result.get("revision") or "")),
        )

    def _look(self, id_: str, action: Action) -> Job:
        raise self._web.odd("an operation has no id")

    def _unlisted(self, action: Action) -> Progress:
        raise self._web.problem(f"another sync of {_name(action)} came in between")

    def _stop(self, job: Job, action: Action) -> None:
        self._web.send("DELETE", f"{_path(action)}/operation", query=_scope(action))

    def _must_be_idle(self, action: Action, found: Object) -> None:
        phase = ((found.get("status") or {}).get("operationState") or {}).get("phase")
        if found.get("operation") or phase in ("Running", "Terminating"):
            raise self._web.problem(f"another sync of {_name(action)} is going on", permanent=False)
        if not isinstance((found.get("spec") or {}).get("source"), dict):
            raise self._web.problem(f"{_name(action)} has several sources; Tocsin moves only applications with one")

    def _revision_before(self, action: Action, found: Object, wanted: str) -> str:
        """The revision to go back to: that source and no other may have made it."""
        history, now = _history(found), _deployed(found)
        older = [
            one for one in history if str(one.get("revision")) != now and str(one.get("revision")).startswith(wanted)
        ]
        if not older:
            raise Refused("nothing_to_roll_back", service=action.service, version=_short(wanted or now))
        if _bare(older[-1].get("source")) != _bare(found["spec"]["source"]):
            words = f"{_name(action)} had other settings with {_short(str(older[-1]['revision']))}; revert them in git"
            raise self._web.problem(words)
        return str(older[-1]["revision"])

    def _application(self, action: Action) -> Object:
        return self._web.object(_path(action), **_scope(action))


def _name(action: Action) -> str:
    return action.target["application"]


def _path(action: Action) -> str:
    return f"/api/v1/applications/{quote(_name(action), safe='')}"


def _scope(action: Action) -> dict[str, str]:
    names = {"namespace": "appNamespace", "project": "project"}
    return {there: action.target[ours] for ours, there in names.items() if ours in action.target}


def _prunes(action: Action) -> bool:
    return action.target.get("prune") == "yes"


def _history(found: Object) -> list[Object]:
    """What was deployed, the oldest first."""
    return list((found.get("status") or {}).get("history") or ())


def _deployed(found: Object) -> str:
    history = _history(found)
    return str(history[-1].get("revision") or "") if history else ""


def _head(found: Object) -> str:
    """What git has now, as Argo CD last saw it."""
    return str(((found.get("status") or {}).get("sync") or {}).get("revision") or "")


def _tracked(found: Object) -> str:
    return str(found["spec"]["source"].get("targetRevision") or "HEAD")


def _is_automatic(found: Object) -> bool:
    automated = ((found.get("spec") or {}).get("syncPolicy") or {}).get("automated")
    return isinstance(automated, dict) and automated.get("enabled", True) is not False


def _world(action: Action, found: Object) -> str:
    """The last deployment and the last operation; when it follows git, git's head too."""
    status, history = found.get("status") or {}, _history(found)
    facts = [history[-1].get("id") if history else "", (status.get("operationState") or {}).get("startedAt")]
    return " ".join(str(fact or "") for fact in (*facts, "" if action.kind is ActionKind.ROLLBACK else _head(found)))


def _carries(operation: Any, key: str) -> bool:
    infos = operation.get("info") if isinstance(operation, dict) else None
    return any(one.get("name") == _INFO and one.get("value") == key for one in infos or ())


def _differing(found: Object) -> str:
    """The resources that are not as git has them."""
    resources = (found.get("status") or {}).get("resources") or ()
    names = [f"{one.get('kind')}/{one.get('name')} differs" for one in resources if one.get("status") == "OutOfSync"]
    more = len(names) - RESOURCES_SHOWN_MAX
    return "\n".join([*names[:RESOURCES_SHOWN_MAX], *([f"… and {more} more"] if more > 0 else [])])


def _bare(source: Any) -> dict[str, Any]:
    """A source without its revision."""
    return {name: value for name, value in (source or {}).items() if name != "targetRevision" and value}


def _short(revision: str) -> str:
    is_commit = len(revision) == 40 and all(letter in "0123456789abcdef" for letter in revision)
    return revision[:7] if is_commit else revision
