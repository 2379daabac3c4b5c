"""How does a model get another version in MLflow's registry? By moving an alias (`champion`), exactly once.

[connectors.mlflow]
type = "mlflow"
url = "https://mlflow.example.com"
token = "env:MLFLOW_TOKEN"              # or username and password

[actions.rollback-churn]
kind = "model_rollback"                 # model_rollback | model_promote
service = "churn"
connector = "mlflow"
target = { model = "churn", alias = "champion" }

MLflow keeps no history of an alias, so Tocsin writes one: a tag of the model holds the versions in the order in which
they held the alias. Nor has it a compare-and-set: the holder is read, compared with the plan, set and read again. The
version that gets the alias is tagged with the key of Tocsin's run first, so that after a crash it is known whose doing
it was. REST API 2.0 of MLflow 3.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from bot.actions.model import Action, ActionKind, Done, Plan, Progress, Started
from bot.actions.parameters import Parameter
from bot.connectors._holders import holder_before, line_after
from bot.connectors._web import Problem, Web, WebOptions
from bot.errors import InputError, Refused, WorldChanged

KINDS = frozenset({ActionKind.MODEL_PROMOTE, ActionKind.MODEL_ROLLBACK})
VERSIONS_MAX = 100
METRICS_SHOWN_MAX = 5
_API = "/api/2.0/mlflow"
_RUN_TAG, _JOURNAL_TAG, _BACK_TAG = "tocsin.run", "tocsin.journal", "tocsin.rolled_back"


def executor(name: str, options: Mapping[str, Any]) -> "MlflowExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    return MlflowExecutor(name, Web(name, WebOptions.model_validate(options)))


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    problems = [f"target.{name}: there is no such setting" for name in sorted(set(target) - {"model", "alias"})]
    if not target.get("model"):
        problems.append("target.model: say which")
    alias = target.get("alias", "champion")
    if not re.fullmatch(r"[\w\-]{1,255}", alias) or re.fullmatch(r"v\d+|latest", alias, re.IGNORECASE):
        problems.append(f"target.alias: {alias!r} cannot be an alias")
    return problems


class MlflowExecutor:
    """Fulfils `bot.engine.ports.Executor`."""

    def __init__(self, name: str, web: Web) -> None:
        self._name, self._web = name, web

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        is_promotion = kind is ActionKind.MODEL_PROMOTE
        hint = "" if is_promotion else "Empty: the version that was there before."
        return (Parameter("version", hint=hint, required=is_promotion, pattern=r"[1-9][0-9]{0,9}", live=True),)

    def choices(self, action: Action, parameter: str) -> list[str]:
        return [str(one["version"]) for one in self._versions(action.target["model"])]

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        model, alias = _names(action)
        registered = self._model(model)
        before = _holder(registered, alias)
        after, why = self._wanted(action, registered, before, parameters.get("version", ""))
        found = self._version(model, after)
        old = [f"-{alias} = version {before}{self._known(self._version(model, before))}"] if before else []
        diff = "\n".join([*old, f"+{alias} = version {after}{self._known(found)}", *([f"# {why}"] if why else [])])
        commands = (f"set the alias {alias} of {model} to version {after}",)
        return Plan(f"{model} {alias}: {before or 'none'} → {after}", before, after, diff, before, commands)

    def execute(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Done:
        model, alias = _names(action)
        found = self.find(key, action, plan)
        if found is not None:
            return found
        registered = self._model(model)
        holder = _holder(registered, alias)
        if holder != plan.before:
            raise self._moved(alias, holder, plan)
        self._tag_version(model, plan.after, f"{_RUN_TAG}.{alias}", key)
        line = line_after(action.kind, _journal(registered, alias), plan)
        self._post("registered-models/set-tag", name=model, key=f"{_JOURNAL_TAG}.{alias}", value=json.dumps(line))
        self._post("registered-models/alias", name=model, alias=alias, version=plan.after)
        holder = _holder(self._model(model), alias)
        if holder != plan.after:
            raise self._moved(alias, holder, plan)
        if action.kind is ActionKind.MODEL_ROLLBACK and plan.before:
            self._tag_version(model, plan.before, _BACK_TAG, key)
        return self._done(action, plan, key)

    def find(self, key: str, action: Action, plan: Plan | None = None) -> Done | None:
        model, alias = _names(action)
        if plan is None or _holder(self._model(model), alias) != plan.after:
            return None
        tags = _tags(self._version(model, plan.after))
        return self._done(action, plan, key) if tags.get(f"{_RUN_TAG}.{alias}") == key else None

    def follow(self, started: Started, action: Action) -> Progress | Done:
        raise self._web.problem("an alias is set at once; there is nothing to follow")

    def cancel(self, started: Started, action: Action) -> None:
        """An alias is set at once."""

    # -- which version

    def _wanted(self, action: Action, registered: Mapping[str, Any], before: str, wanted: str) -> tuple[str, str]:
        """The version to go to, and why that one when nobody said."""
        model, alias = _names(action)
        if wanted == before and wanted:
            raise InputError(f"{alias} of {model} is version {before} already", place="version")
        if wanted:
            return wanted, ""
        if action.kind is ActionKind.MODEL_PROMOTE:
            raise InputError("say which version to promote", place="version")
        found = holder_before(_journal(registered, alias), before)
        if found:
            return found, f"version {found} was {alias} before"
        older = [one for one in self._versions(model) if _is_older(one, before) and _BACK_TAG not in _tags(one)]
        if not before or not older:
            raise Refused("nothing_to_roll_back", service=action.service, version=before)
        found = str(older[0]["version"])
        return found, f"nobody noted what was {alias} before; {found} is the version before {before} by number"

    # -- asking MLflow

    def _model(self, model: str) -> Mapping[str, Any]:
        return self._object(self._web.get(f"{_API}/registered-models/get", name=model), "registered_model")

    def _version(self, model: str, version: str) -> Mapping[str, Any]:
        found = self._web.get(f"{_API}/model-versions/get", name=model, version=version)
        return self._object(found, "model_version")

    def _versions(self, model: str) -> list[Mapping[str, Any]]:
        """The latest first."""
        quoted = model.replace("'", "\\'")
        query = {"filter": f"name='{quoted}'", "max_results": VERSIONS_MAX, "order_by": "version_number DESC"}
        found = self._web.get(f"{_API}/model-versions/search", **query) or {}
        versions = found.get("model_versions") if isinstance(found, dict) else None
        known = [one for one in versions or () if str(one.get("version", "")).isdigit()]
        return sorted(known, key=lambda one: -int(one["version"]))

    def _known(self, version: Mapping[str, Any]) -> str:
        """What a version's run measured, in brackets."""
        run = version.get("run_id")
        if not run:
            return ""
        try:
            found = self._object(self._web.get(f"{_API}/runs/get", run_id=run), "run")
        except Problem as problem:
            if problem.status in (403, 404):
                return ""
            raise
        metrics = (found.get("data") or {}).get("metrics") or ()
        shown = [f"{one.get('key')} {one.get('value'):.4g}" for one in metrics[:METRICS_SHOWN_MAX]]
        return f" ({', '.join(shown)})" if shown else ""

    def _tag_version(self, model: str, version: str, tag: str, value: str) -> None:
        self._post("model-versions/set-tag", name=model, version=version, key=tag, value=value)

    def _post(self, path: str, **body: str) -> None:
        self._web.post(f"{_API}/{path}", body)

    def _object(self, found: Any, name: str) -> Mapping[str, Any]:
        inner = found.get(name) if isinstance(found, dict) else None
        if not isinstance(inner, dict):
            raise self._web.odd(f"no {name}")
        return inner

    # -- saying

    def _moved(self, alias: str, holder: str, plan: Plan) -> WorldChanged:
        words = f"{alias} is version {holder or 'none'} now; the plan was made when it was {plan.before or 'none'}"
        return WorldChanged(words, connector=self._name)

    def _done(self, action: Action, plan: Plan, key: str) -> Done:
        model, alias = _names(action)
        summary = f"{alias} of {model} is version {plan.after}"
        return Done(plan.after, plan.before, f"mlflow:{model}:{key}", summary, "")


def _names(action: Action) -> tuple[str, str]:
    return action.target["model"], action.target.get("alias", "champion")


def _holder(registered: Mapping[str, Any], alias: str) -> str:
    """The version that has the alias, or ''."""
    return next((str(a.get("version")) for a in registered.get("aliases") or () if a.get("alias") == alias), "")


def _tags(tagged: Mapping[str, Any]) -> dict[str, str]:
    return {str(tag.get("key")): str(tag.get("value")) for tag in tagged.get("tags") or ()}


def _journal(registered: Mapping[str, Any], alias: str) -> list[str]:
    """The versions that held the alias, the oldest first; none when somebody wrote something else there."""
    try:
        found = json.loads(_tags(registered).get(f"{_JOURNAL_TAG}.{alias}", "[]"))
    except ValueError:
        return []
    return [str(version) for version in found] if isinstance(found, list) else []


def _is_older(version: Mapping[str, Any], before: str) -> bool:
    return before.isdigit() and int(version["version"]) < int(before)
