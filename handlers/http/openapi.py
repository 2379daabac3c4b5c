"""What can be sent and asked here, as an OpenAPI document? Made from the registry, for /openapi.json."""

from typing import Any

from bot.settings import Settings
from bot.sources.model import Kind, Source
from bot.sources.registry import SOURCES
from handlers.http.openapi_incidents import PATHS as INCIDENTS

JSON = "application/json"
ERROR = {"$ref": "#/components/schemas/Error"}
OBJECT = {"type": "object"}
REFUSALS = {
    "400": "it cannot be read; the answer names the place",
    "401": "the token or the signature is missing or wrong",
    "403": "no token is set up, and the sender is not on this machine",
    "408": "the body stopped coming",
    "413": "the body is too large",
    "415": "the content type or encoding is not known",
    "429": "nothing was taken: come again after Retry-After seconds",
    "503": "nothing was taken: come again after Retry-After seconds",
}


def document(settings: Settings) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for source in SOURCES:
        for route in source.paths:
            if route.method in ("POST", "PUT"):
                paths.setdefault(route.path, {})[route.method.lower()] = _operation(source, route.path)
    for name, configured in settings.sources.items():
        source = next(source for source in SOURCES if source.name == (configured.type or name))
        paths.setdefault(f"/v1/hooks/{name}", {})["post"] = _operation(source, "")
    paths |= _OWN | INCIDENTS
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tocsin", "version": "1", "description": "What others send to Tocsin. See docs/sources.md."},
        "servers": [{"url": settings.http.public_url or f"http://{settings.http.host}:{settings.http.port}"}],
        "paths": paths,
        "components": {
            "schemas": {
                "Error": {
                    "type": "object",
                    "properties": {"error": {"type": ["string", "object"]}},
                }
            },
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "password": {"type": "http", "scheme": "basic"},
            },
        },
        "security": [{"token": []}, {"password": []}, {}],
    }


def _operation(source: Source, path: str) -> dict[str, Any]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}} for name in names
    ]
    taken = {"200": "taken", "202": "on the bus"} if source.kind is Kind.LOGS else {"200": "taken"}
    if source.name == "loki":
        taken = {"204": "taken"}
    return {
        "summary": source.title,
        "description": source.about,
        "tags": [source.kind.value],
        "parameters": parameters,
        "requestBody": {"required": True, "content": {kind: _content(kind) for kind in source.content_types}},
        "responses": {status: {"description": words} for status, words in taken.items()} | _refusals(),
    }


def _content(kind: str) -> dict[str, Any]:
    is_object = kind in (JSON, "application/cloudevents+json")
    return {"schema": OBJECT if is_object else {"type": "string"}}


def _refusals() -> dict[str, Any]:
    return {status: {"description": words, "content": {JSON: {"schema": ERROR}}} for status, words in REFUSALS.items()}


def _get(summary: str, parameters: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    responses = {"200": {"description": "so it is", "content": {JSON: {"schema": OBJECT}}}}
    return {"get": {"summary": summary, "parameters": parameters or [], "responses": responses | _refusals()}}


def _named(name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": "string"}}


_NAME = {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
_LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 500}}
_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
_NOT_FOUND = {"404": {"description": "there is none", "content": {JSON: {"schema": ERROR}}}}
_KNOWN = {"409": {"description": "it was replayed before", "content": {JSON: {"schema": ERROR}}}}
_OWN: dict[str, dict[str, Any]] = {
    "/v1/changes": {
        "post": {
            "summary": "Changes: an object, an array or ndjson",
            "tags": [Kind.CHANGES.value],
            "requestBody": {
                "required": True,
                "content": {
                    JSON: {
                        "schema": {
                            "type": "object",
                            "required": ["kind", "service"],
                            "properties": {"kind": {"type": "string"}, "service": {"type": "string"}},
                        }
                    }
                },
            },
            "responses": {"200": {"description": "taken"}} | _refusals(),
        }
    },
    "/v1/oncall": _get("Who is on call now, and next", [_named("schedule")]),
    "/v1/oncall/{name}/shifts": _get(
        "The shifts to come, and when nobody is on call", [_NAME, _named("since"), _named("until")]
    ),
    "/v1/sources": _get("Who sends what"),
    "/v1/sources/rejected": _get("What could not be read", [_LIMIT]),
    "/v1/sources/rejected/{id}/replay": {
        "post": {
            "summary": "Read it again",
            "parameters": [_ID],
            "responses": {"200": {"description": "taken"}} | _NOT_FOUND | _KNOWN | _refusals(),
        }
    },
}
