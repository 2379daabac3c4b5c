"""How is a pipeline of HighByte Intelligence Hub run?

[connectors.highbyte]
type = "highbyte"
url = "https://hub.example.com:8885"        # its REST Data Server
token = "env:HIGHBYTE_TOKEN"                # a bearer token of it

[actions.refill-line-7]
kind = "trigger"
service = "line-7"
connector = "highbyte"
target = { pipeline = "RefillLine7", find = "RefilledLine7" }
[actions.refill-line-7.parameters.hours]
type = "number"

The pipeline needs an enabled API Trigger. What it expects is asked for when the plan is made: a parameter that is
missing is said, and each value is sent as the type that it declares. The answer comes when the pipeline is through;
Intelligence Hub tells nothing of a run afterwards and knows no keys. So the key of Tocsin's run goes along in the
header Tocsin-Run, which a pipeline sees in `event.metadata.HTTPRequest` and may keep; `find` names a pipeline that is
given `tocsin_key` and answers with nothing ([], {}, null, false) when no run had it. Without `find`, a run whose end
is not known is left for people to look at. REST Data Server v1.
"""

import json
from collections.abc import Mapping
from typing import Any

from bot.actions.model import Action, ActionKind, Done, Plan, Progress, Started
from bot.actions.parameters import Parameter
from bot.connectors._jobs import asked_for, problems_of, shown
from bot.connectors._web import Problem, Web, WebOptions
from bot.errors import ConnectorError, InputError

KINDS = frozenset({ActionKind.TRIGGER})
KEY = "tocsin_key"
ANSWER_MAX = 200
_API = "/data/v1/pipelines"
_NAME = r"[\w.-]{1,200}"
_YES, _NO = frozenset({"true", "yes"}), frozenset({"false", "no"})
Object = Mapping[str, Any]


def executor(name: str, options: Mapping[str, Any]) -> "HighbyteExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    return HighbyteExecutor(Web(name, WebOptions.model_validate(options)))


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    return problems_of(target, {"pipeline": _NAME}, {"find": _NAME})


class HighbyteExecutor:
    """Fulfils `bot.engine.action_ports.Executor`."""

    def __init__(self, web: Web) -> None:
        self._web = web

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        return ()

    def choices(self, action: Action, parameter: str) -> list[str]:
        return [str(one) for one in (self._expected(action).get(parameter) or {}).get("enum") or ()]

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        pipeline, values = action.target["pipeline"], asked_for(action, parameters)
        self._typed(action, values)
        return Plan(f"the pipeline {pipeline}", "", "", shown(values), "", (f"run {pipeline} of {self._web.name}",))

    def execute(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Done:
        body = self._typed(action, asked_for(action, parameters))
        try:
            said = self._web.send(
                "POST", f"{_API}/{action.target['pipeline']}/value", body=body, headers={"Tocsin-Run": key}
            )
        except Problem:
            raise
        except ConnectorError as error:
            if action.target.get("find"):
                raise
            words = str(error).removeprefix(f"{self._web.name}: ")
            raise self._web.problem(f"{words}; it may have run all the same: look there") from error
        return self._done(key, action, said)

    def find(self, key: str, action: Action, plan: Plan | None = None) -> Done | None:
        found = action.target.get("find")
        if not found:
            words = "it may or may not have run before Tocsin was interrupted, and there is no way to ask; look there"
            raise self._web.problem(words)
        said = self._web.send("POST", f"{_API}/{found}/value", body={KEY: key})
        return self._done(key, action, said) if said else None

    def follow(self, started: Started, action: Action) -> Progress | Done:
        raise self._web.problem("a pipeline is through when it answers; there is nothing to follow")

    def cancel(self, started: Started, action: Action) -> None:
        """A pipeline is through when it answers."""

    def _expected(self, action: Action) -> dict[str, Object]:
        """Parameter → its JSON schema; a required one that has no default says so. Empty: it takes anything."""
        found = self._web.object(f"{_API}/{action.target['pipeline']}/params")
        properties, required = found.get("properties") or {}, found.get("required") or ()
        if not isinstance(properties, dict):
            raise self._web.odd("no schema of its parameters")
        return {str(name): {**schema, "needed": name in required} for name, schema in properties.items()}

    def _typed(self, action: Action, values: Mapping[str, str]) -> dict[str, Any]:
        """The values as the pipeline declares them."""
        expected = self._expected(action)
        missing = [name for name, schema in expected.items() if schema["needed"] and name not in values]
        if missing:
            words = f"{action.target['pipeline']} asks for {', '.join(missing)} too"
            raise InputError(words, place=action.name)
        return {name: _as(name, value, expected.get(name) or {}) for name, value in values.items()}

    def _done(self, key: str, action: Action, said: Any) -> Done:
        answer = self._web.hide(json.dumps(said, ensure_ascii=False))[:ANSWER_MAX] if said else ""
        summary = f"{action.target['pipeline']} ran" + (f" and answered {answer}" if answer else "")
        return Done("", "", f"{self._web.name}:{key}", summary)


def _as(name: str, value: str, schema: Object) -> Any:
    """A text as the type that a JSON schema wants. Raises `InputError`."""
    type_ = schema.get("type")
    try:
        if type_ == "integer":
            return int(value)
        if type_ == "number":
            return float(value)
        if type_ in ("object", "array"):
            return json.loads(value)
    except ValueError as error:
        raise InputError(f"{value[:50]!r} is no {type_}", place=name) from error
    if type_ == "boolean":
        if value.lower() not in _YES | _NO:
            raise InputError(f"{value[:50]!r} is neither yes nor no", place=name)
        return value.lower() in _YES
    return value
