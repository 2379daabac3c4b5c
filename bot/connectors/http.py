"""How does Tocsin call anything else that speaks HTTP? JSON out and in, one request an action.

[connectors.cache]
type = "http"
url = "https://cache.example.com"
token = "env:CACHE_TOKEN"
repeatable = false                      # true: the same request twice does no more than once (it is a PUT, or the
                                        # server honours the header Idempotency-Key)

[actions.purge-cache]
kind = "call"
service = "shop"
connector = "cache"
target = { method = "POST", path = "/v1/purge/{region}", find = "/v1/purges?key={key}" }
[actions.purge-cache.parameters.region]
choices = ["eu", "us"]

Parameters that the path names in braces stand there, encoded; all others are the fields of the JSON body. Every request
carries the key of Tocsin's run in the header Idempotency-Key. After a crash the outcome is looked up under `find` (404:
it did not happen); without `find`, a repeatable request is sent again, and any other is left for people to look at.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bot.actions.model import Action, ActionKind, Done, Plan, Progress, Started
from bot.actions.parameters import Parameter
from bot.connectors._web import Problem, Web, WebOptions
from bot.errors import ConnectorError

KINDS = frozenset(set(ActionKind) - {ActionKind.COMMAND})
_METHODS = ("POST", "PUT", "PATCH", "DELETE")
_TARGET = ("method", "path", "find", "version", "link")
_NAMED = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_SUMMARY_MAX = 200


class Options(WebOptions):
    """`[connectors.NAME]` of `type = "http"`."""

    repeatable: bool = False


def executor(name: str, options: Mapping[str, Any]) -> "HttpExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    checked = Options.model_validate(options)
    return HttpExecutor(Web(name, checked), repeatable=checked.repeatable)


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    problems = [f"target.{name}: there is no such setting" for name in sorted(set(target) - set(_TARGET))]
    if target.get("method", "POST") not in _METHODS:
        problems.append(f"target.method: {target['method']!r} is none of {', '.join(_METHODS)}")
    for name in ("path", "find"):
        if target.get(name, "/" if name == "find" else "")[:1] != "/":
            problems.append(f"target.{name}: say which path, beginning with /")
    return problems


class HttpExecutor:
    """Fulfils `bot.engine.ports.Executor`."""

    def __init__(self, web: Web, *, repeatable: bool) -> None:
        self._web, self._repeatable = web, repeatable

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        return ()

    def choices(self, action: Action, parameter: str) -> list[str]:
        return []

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        method, path = action.target.get("method", "POST"), _filled(action.target["path"], parameters)
        fields = "\n".join(f"{name} = {value}" for name, value in _body(action, parameters).items())
        url = self._web.hide(f"{self._web.url}{path}")
        return Plan(f"{method} {path}", "", "", fields, "", (f"{method} {url}",))

    def execute(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Done:
        method, path = action.target.get("method", "POST"), _filled(action.target["path"], parameters)
        try:
            said = self._web.send(
                method, path, body=_body(action, parameters), headers={"Idempotency-Key": key, "Tocsin-Run": key}
            )
        except Problem:
            raise
        except ConnectorError as error:
            raise self._unsure(error, action) from error
        return self._done(key, action, said)

    def find(self, key: str, action: Action, plan: Plan | None = None) -> Done | None:
        path = action.target.get("find", "")
        if not path and self._repeatable:
            return None
        if not path:
            words = (
                "it may or may not have happened before Tocsin was interrupted, and there is no way to ask; look there"
            )
            raise self._web.problem(words)
        try:
            said = self._web.get(_filled(path, {"key": key}))
        except Problem as problem:
            if problem.status == 404:
                return None
            raise
        return None if said in (None, [], {}) else self._done(key, action, said)

    def follow(self, started: Started, action: Action) -> Progress | Done:
        raise self._web.problem("a call is over when it is answered; there is nothing to follow")

    def cancel(self, started: Started, action: Action) -> None:
        """A call is over when it is answered."""

    def _unsure(self, error: ConnectorError, action: Action) -> ConnectorError:
        """No answer came: only what can be looked up or sent twice is tried again."""
        if self._repeatable or action.target.get("find"):
            return error
        words = f"{str(error).removeprefix(self._web.name + ': ')}; it may have happened all the same: look there"
        return self._web.problem(words)

    def _done(self, key: str, action: Action, said: Any) -> Done:
        fields = said[0] if isinstance(said, list) and said and isinstance(said[0], dict) else said
        told = fields if isinstance(fields, dict) else {}
        version = str(told.get(action.target.get("version", "version")) or "")
        link = str(told.get(action.target.get("link", "url")) or "")
        summary = str(told.get("message") or told.get("status") or f"{self._web.name} took it")
        return Done(version, "", f"{self._web.name}:{key}", self._web.hide(summary)[:_SUMMARY_MAX],
                    link if link.startswith("https://") else "")  # fmt: skip


def _filled(path: str, parameters: Mapping[str, str]) -> str:
    """The path with every {name} as one encoded part: a value can bring neither a further part nor a query."""
    return _NAMED.sub(lambda found: quote(parameters.get(found[1], ""), safe=""), path)


def _body(action: Action, parameters: Mapping[str, str]) -> dict[str, str]:
    """The action's own parameters, without those that stand in the path."""
    in_path = set(_NAMED.findall(action.target["path"]))
    names = [p.name for p in action.parameters if p.name not in in_path]
    return {name: parameters[name] for name in names if name in parameters}
