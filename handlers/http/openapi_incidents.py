"""What can be done with incidents over HTTP, for /openapi.json?"""

from typing import Any

JSON = "application/json"
OBJECT = {"type": "object"}
_SEVERITY = {"type": "string", "enum": ["critical", "major", "minor", "info"]}
_TEXT = {"type": "string", "minLength": 1}
_PERSON = {"type": "string", "description": "a person as T0123ABC/U0123ABC"}
_KEY = {"name": "key", "in": "path", "required": True, "schema": {"type": "string"}, "example": "INC-12"}
_ERROR = {"content": {JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}}
_REFUSALS = {
    "400": {"description": "it cannot be read; the answer names the place", **_ERROR},
    "401": {"description": "the token is missing or wrong", **_ERROR},
    "403": {"description": "this name may not act", **_ERROR},
    "404": {"description": "there is none", **_ERROR},
    "409": {"description": "somebody was faster, or it is so already", **_ERROR},
}


def _answers(status: str) -> dict[str, Any]:
    return {status: {"description": "so it is now", "content": {JSON: {"schema": OBJECT}}}} | _REFUSALS


def _get(summary: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    return {"get": {"summary": summary, "parameters": list(parameters), "responses": _answers("200")}}


def _post(
    summary: str, fields: dict[str, Any], required: tuple[str, ...] = (), *, status: str = "200", at: Any = _KEY
) -> dict[str, Any]:
    schema = {"type": "object", "properties": fields, "required": list(required)}
    body = {"required": bool(required), "content": {JSON: {"schema": schema}}}
    given = {"parameters": [at] if at else [], "requestBody": body}
    return {"post": {"summary": summary, "tags": ["incidents"], **given, "responses": _answers(status)}}


_STATE = {"name": "state", "in": "query", "schema": {"type": "string", "enum": ["active", "resolved"]}}
_LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 500}}
_TASK = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}

PATHS: dict[str, dict[str, Any]] = {
    "/v1/incidents": _get("The incidents of the last days", _STATE, _LIMIT)
    | _post(
        "Declare one",
        {"service": _TEXT, "title": _TEXT, "severity": _SEVERITY},
        ("service", "title"),
        status="201",
        at=None,
    ),
    "/v1/incidents/{key}": _get("One, with signals, suspects, runs, roles, updates, tasks and timeline", _KEY),
    "/v1/incidents/{key}/acknowledge": _post("Be on it; who is leads it, unless somebody does", {}),
    "/v1/incidents/{key}/resolve": _post("It is over", {"note": {"type": "string"}}),
    "/v1/incidents/{key}/reopen": _post("It is not over", {}),
    "/v1/incidents/{key}/not-a-problem": _post("It is none, and the same is not told again", {}),
    "/v1/incidents/{key}/roles": _post(
        "Take, give or free a role; with words it is handed over",
        {"role": {"type": "string"}, "person": _PERSON, "words": {"type": "string"}},
    ),
    "/v1/incidents/{key}/updates": _post(
        "Say how it stands",
        {
            "text": _TEXT,
            "next_minutes": {"type": "integer", "minimum": 1, "maximum": 1440},
            "severity": _SEVERITY,
            "state": {"type": "string", "enum": ["goes_on", "resolved", "not_a_problem"]},
        },
        ("text",),
        status="201",
    ),
    "/v1/incidents/{key}/tasks": _post(
        "Add a task or a follow-up",
        {"text": _TEXT, "owner": _PERSON, "follow_up": {"type": "boolean"}},
        ("text",),
        status="201",
    ),
    "/v1/tasks/{id}": _post(
        "Done, not done, or somebody else's", {"done": {"type": "boolean"}, "owner": _PERSON}, at=_TASK
    ),
}
