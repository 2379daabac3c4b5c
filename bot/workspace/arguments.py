"""What did the caller send? A request becomes a token and typed arguments, or Slack's refusal.

Slack reads a form or the query everywhere and a JSON body only where the method says so; elsewhere the body is not
read, so a required argument is "missing".
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bot.workspace.method_rules import EVERYWHERE, Argument, MethodRule
from bot.workspace.refusal import ApiRefusal, Json, invalid_arguments

_TRUE, _FALSE = {"true", "1", "t", "yes"}, {"false", "0", "f", "no", ""}


async def read_request(request: web.Request, rule: MethodRule) -> tuple[Json, str | None, str | None]:
    """Give back (raw arguments, token from the header, warning)."""
    raw: Json = dict(request.query)
    warning = None
    kind = request.content_type
    if request.method == "POST" and request.can_read_body:
        if kind == "application/json":
            if request.charset is None:
                warning = "missing_charset"
            if rule.reads_json:
                raw.update(_json_body(await request.text()))
        elif kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
            raw.update({key: value for key, value in (await request.post()).items() if isinstance(value, str)})
        elif (await request.read()).strip():
            raise ApiRefusal("invalid_post_type")
    raw.update(_client_credentials(request.headers))
    return raw, _bearer(request.headers), warning


def check_arguments(rule: MethodRule, raw: Mapping[str, Any], *, strict: bool) -> Json:
    """Typed arguments by name. Raises `invalid_arguments` that lists what is missing, unknown or of a wrong kind."""
    problems: list[str] = []
    typed: Json = {}
    for name, value in raw.items():
        argument = rule.argument(name)
        if argument is None:
            if strict and name not in EVERYWHERE:
                problems.append(f"invalid additional property: {name} [json-pointer:/{name}]")
            continue
        if value is None:
            continue
        problem, typed[name] = _typed(argument, value)
        if problem:
            problems.append(f"{problem} [json-pointer:/{name}]")
    missing = [a.name for a in rule.arguments if a.required and typed.get(a.name) in (None, "") and a.name not in raw]
    problems.extend(f"missing required field: {name}" for name in missing)
    if problems:
        raise invalid_arguments(*problems)
    return typed


def _typed(argument: Argument, value: Any) -> tuple[str | None, Any]:
    match argument.kind:
        case "json":
            return _json_value(value)
        case "int":
            return _integer(value)
        case "bool":
            return _boolean(value)
        case "list":
            return _list(value)
    if isinstance(value, bool | int | float):
        value = str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, list):
        value = ",".join(map(str, value))
    if not isinstance(value, str):
        return "must provide a string", value
    if argument.values and value not in argument.values:
        return "must be a valid enum value", value
    return None, value


def _json_value(value: Any) -> tuple[str | None, Any]:
    if not isinstance(value, str):
        return None, value
    if not value:
        return None, None
    try:
        return None, json.loads(value)
    except ValueError:
        return None, value  # each method has its own name for this: invalid_blocks_format, invalid_metadata_format, …


def _integer(value: Any) -> tuple[str | None, Any]:
    try:
        return (None, int(value)) if not isinstance(value, bool) else ("must provide an integer", value)
    except (TypeError, ValueError):
        return "must provide an integer", value


def _boolean(value: Any) -> tuple[str | None, Any]:
    if isinstance(value, bool):
        return None, value
    word = str(value).lower()
    if word in _TRUE:
        return None, True
    return (None, False) if word in _FALSE else ("must be a boolean", value)


def _list(value: Any) -> tuple[str | None, Any]:
    if isinstance(value, str):
        if value.startswith("["):
            try:
                value = json.loads(value)
            except ValueError:
                return "must provide an array", value
        else:
            value = [part for part in value.split(",") if part]
    return (None, value) if isinstance(value, list) else ("must provide an array", value)


def _json_body(text: str) -> Json:
    try:
        body = json.loads(text) if text.strip() else {}
    except ValueError as error:
        raise ApiRefusal("invalid_json") from error
    if not isinstance(body, dict):
        raise ApiRefusal("json_not_object")
    return body


def _client_credentials(headers: Mapping[str, str]) -> Json:
    """OAuth methods take client_id and client_secret as HTTP Basic, too."""
    scheme, _, encoded = headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return {}
    return {"client_id": client_id, "client_secret": secret}


def _bearer(headers: Mapping[str, str]) -> str | None:
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
