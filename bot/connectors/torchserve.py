"""Which version of a model does TorchServe answer with, and how many workers has it?

[connectors.torchserve]
type = "torchserve"
url = "http://models.example.com:8081"      # the management API
token = "env:TORCHSERVE_MANAGEMENT_KEY"     # unless token authorization is off

[actions.rollback-churn]
kind = "model_rollback"                     # model_rollback | model_promote | scale
service = "churn"
connector = "torchserve"
target = { model = "churn" }

A promotion makes another registered version the default one; a rollback, when nobody says which, the next lower one:
TorchServe keeps no history, and the plan says what it took. A version without a ready worker would answer nothing and
is refused; *scale* gives it workers first. Both set a value, and TorchServe keeps no key: the value is compared with
the plan and set, and who takes over counts it as done when it is there. It remembers the default over a restart only
with snapshots. A management key ends after an hour unless `token_expiration` says otherwise. Management API of 0.12,
which is no longer maintained.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from bot.actions.model import Action, ActionKind, Done, Plan, Progress, Started
from bot.actions.parameters import Parameter, ParameterType
from bot.connectors._jobs import problems_of
from bot.connectors._web import Web, WebOptions
from bot.errors import InputError, Refused, WorldChanged

KINDS = frozenset({ActionKind.MODEL_PROMOTE, ActionKind.MODEL_ROLLBACK, ActionKind.SCALE})
_VERSION = r"[\w.+-]{1,64}"
_WORKERS = Parameter("workers", ParameterType.NUMBER, required=True, pattern="[0-9]{1,3}", minimum=1)
Object = Mapping[str, Any]


def executor(name: str, options: Mapping[str, Any]) -> "TorchserveExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    return TorchserveExecutor(Web(name, WebOptions.model_validate(options)))


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    return problems_of(target, {"model": r"[\w.-]{1,200}"}, {})


class TorchserveExecutor:
    """Fulfils `bot.engine.action_ports.Executor`."""

    def __init__(self, web: Web) -> None:
        self._web = web

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        hints = {ActionKind.MODEL_ROLLBACK: "Empty: the next lower one.", ActionKind.SCALE: "Empty: the default one."}
        is_promotion = kind is ActionKind.MODEL_PROMOTE
        hint = hints.get(kind, "")
        version = Parameter("version", hint=hint, required=is_promotion, pattern=_VERSION, live=True)
        return (_WORKERS, version) if kind is ActionKind.SCALE else (version,)

    def choices(self, action: Action, parameter: str) -> list[str]:
        return list(self._versions(action))

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        model, default, versions = action.target["model"], self._default(action), self._versions(action)
        if action.kind is ActionKind.SCALE:
            return self._scale_plan(action, versions, parameters.get("version") or default, parameters["workers"])
        after, why = self._wanted(action, default, versions, parameters.get("version", ""))
        if not _ready(versions[after]):
            raise InputError(f"version {after} of {model} has no worker that is ready; scale it first", place="version")
        diff = [f"-{model} = {_shown(versions[default])}", f"+{model} = {_shown(versions[after])}"]
        commands = (f"set the default version of {model} to {after}",)
        summary = f"{model}: {default} → {after}"
        return Plan(summary, default, after, "\n".join([*diff, *([f"# {why}"] if why else [])]), default, commands)

    def execute(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Done | Started:
        now, path = self._now(action, plan), f"/models/{action.target['model']}"
        if now not in (plan.world, _wanted_world(action, plan)):
            what = f"has {now} workers" if action.kind is ActionKind.SCALE else f"is {now}"
            words = f"{action.target['model']} {what} now; the plan was made when it was {plan.before}"
            raise WorldChanged(words, connector=self._web.name)
        if action.kind is ActionKind.SCALE:
            version, workers = plan.world.rpartition(" ")[0], plan.after
            asked = {"min_worker": workers, "max_worker": workers}
            self._web.send("PUT", f"{path}/{version}", query=asked)
        elif now != plan.after:
            self._web.send("PUT", f"{path}/{plan.after}/set-default")
        return self._outcome(key, action, plan)

    def find(self, key: str, action: Action, plan: Plan | None = None) -> Done | Started | None:
        if plan is None or self._now(action, plan) != _wanted_world(action, plan):
            return None
        return self._outcome(key, action, plan)

    def follow(self, started: Started, action: Action) -> Progress | Done:
        known = json.loads(started.reference)
        version, wanted = known["version"], int(known["workers"])
        found = self._version(action, version)
        ready, asked = _ready(found), int(found.get("minWorkers") or 0)
        model = action.target["model"]
        if asked != wanted:
            raise self._web.problem(f"{model} {version} is asked for {asked} workers now, not for {wanted}")
        if ready != wanted:
            return Progress(min(ready, wanted), wanted, f"{ready} of {wanted} workers are ready")
        summary = f"{model} {version} has {wanted} workers"
        return Done(str(wanted), known["before"], f"{self._web.name}:{known['key']}", summary)

    def cancel(self, started: Started, action: Action) -> None:
        if isinstance(self.follow(started, action), Progress):
            raise self._web.problem("TorchServe cannot stop it; scale it to what it should have")

    # -- which version

    def _wanted(self, action: Action, default: str, versions: Mapping[str, Object], wanted: str) -> tuple[str, str]:
        """The version to go to, and why that one when nobody said."""
        model, known = action.target["model"], list(versions)
        if default not in versions:
            raise self._web.odd(f"the default version {default} of {model} is not among its versions")
        if wanted == default:
            raise InputError(f"{model} answers with {default} already", place="version")
        if wanted and wanted not in versions:
            raise InputError(f"{model} has the versions {', '.join(known)}", place="version")
        if wanted:
            return wanted, ""
        lower = known[known.index(default) + 1 :]
        if action.kind is not ActionKind.MODEL_ROLLBACK or not lower:
            raise Refused("nothing_to_roll_back", service=action.service, version=default)
        return lower[0], f"TorchServe keeps no history; {lower[0]} is the version below {default}"

    def _scale_plan(self, action: Action, versions: Mapping[str, Object], version: str, workers: str) -> Plan:
        model, wanted = action.target["model"], str(int(float(workers)))
        if version not in versions:
            raise InputError(f"{model} has the versions {', '.join(versions)}", place="version")
        before = str(int(versions[version].get("minWorkers") or 0))
        if before == wanted:
            raise InputError(f"{model} {version} has {before} workers already", place="workers")
        summary, commands = f"{model} {version}: {before} → {wanted} workers", (f"scale {model} {version} to {wanted}",)
        return Plan(summary, before, wanted, "", f"{version} {before}", commands)

    # -- asking TorchServe

    def _now(self, action: Action, plan: Plan) -> str:
        """What the plan's world says, as it is by now."""
        if action.kind is not ActionKind.SCALE:
            return self._default(action)
        version = plan.world.rpartition(" ")[0]
        return f"{version} {int(self._version(action, version).get('minWorkers') or 0)}"

    def _default(self, action: Action) -> str:
        return str(self._described(action, "")[0]["modelVersion"])

    def _version(self, action: Action, version: str) -> Object:
        return self._described(action, f"/{version}")[0]

    def _versions(self, action: Action) -> dict[str, Object]:
        """The highest first."""
        found = {str(one["modelVersion"]): one for one in self._described(action, "/all")}
        return dict(sorted(found.items(), key=lambda one: _order(one[0]), reverse=True))

    def _described(self, action: Action, version: str) -> list[Object]:
        found = self._web.listed(f"/models/{action.target['model']}{version}")
        if not found or not all(one.get("modelVersion") for one in found):
            raise self._web.odd("no modelVersion")
        return found

    def _outcome(self, key: str, action: Action, plan: Plan) -> Done | Started:
        model = action.target["model"]
        if action.kind is not ActionKind.SCALE:
            summary = f"{model} answers with version {plan.after}"
            return Done(plan.after, plan.before, f"{self._web.name}:{key}", summary)
        known = {"key": key, "version": plan.world.rpartition(" ")[0], "workers": plan.after, "before": plan.before}
        return Started(json.dumps(known), f"{model} gets {plan.after} workers")


def _wanted_world(action: Action, plan: Plan) -> str:
    return f"{plan.world.rpartition(' ')[0]} {plan.after}" if action.kind is ActionKind.SCALE else plan.after


def _ready(version: Object) -> int:
    return sum(one.get("status") == "READY" for one in version.get("workers") or ())


def _shown(version: Object) -> str:
    """As in "version 2.0 (churn-2.mar, 2 workers ready)"."""
    ready = _ready(version)
    workers = f"{ready} worker{'' if ready == 1 else 's'} ready"
    return f"version {version['modelVersion']} ({version.get('modelUrl') or 'no archive'}, {workers})"


def _order(version: str) -> list[tuple[int, int, str]]:
    """1.10 comes after 1.9."""
    parts = re.findall(r"\d+|[^\d.]+", version)
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts]
