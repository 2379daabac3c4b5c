"""Does what a connector sends, and what its fake answers, fit the API's published description (Swagger 2)?"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema

from tests.connectors.faulty import Answer, Asked, Backend

_TITLES = ("format", "title", "description", "x-", "example")


class Described:
    """A description, and what was seen against it. `problems` is empty as long as everything fits."""

    def __init__(self, path: Path) -> None:
        self.spec: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        self.problems: list[str] = []
        self.seen: set[str] = set()

    def between(self, backend: Backend) -> Backend:
        """The backend, with every exchange held against the description."""

        def answer(asked: Asked) -> Answer:
            given = backend(asked)
            self._compare(asked, given)
            return given

        return answer

    def _compare(self, asked: Asked, given: Answer) -> None:
        method, path = asked.method.lower(), self._path_of(asked)
        if path is None:
            self.problems.append(f"{asked.method} {asked.path} is not described")
            return
        operation = self.spec["paths"][path][method]
        self.seen.add(f"{asked.method} {path}")
        self._check(f"{method} {path} body", asked.body, _body_schema(operation))
        if given.status < 300:
            self._check(f"{method} {path} {given.status}", given.body, _answer_schema(operation, given.status))
            named = {one["name"] for one in operation.get("parameters", ()) if one.get("in") == "query"}
            self.problems += [f"{method} {path}: no parameter {name}" for name in asked.query if name not in named]

    def _path_of(self, asked: Asked) -> str | None:
        for path, operations in self.spec["paths"].items():
            pattern = re.sub(r"\{[^}]+\}", "[^/]+", path)
            if re.fullmatch(pattern, asked.path) and asked.method.lower() in operations:
                return str(path)
        return None

    def _check(self, where: str, value: Any, schema: Mapping[str, Any] | None) -> None:
        if schema is None:
            return
        whole = {**_strict(schema), "definitions": _strict(self.spec.get("definitions", {}))}
        for error in jsonschema.Draft4Validator(whole).iter_errors(value):
            self.problems.append(f"{where}: {'.'.join(map(str, error.path))}: {error.message[:200]}")


def _body_schema(operation: Mapping[str, Any]) -> Mapping[str, Any] | None:
    bodies = [one for one in operation.get("parameters", ()) if one.get("in") == "body"]
    return bodies[0]["schema"] if bodies else None


def _answer_schema(operation: Mapping[str, Any], status: int) -> Mapping[str, Any] | None:
    answers = operation["responses"]
    found: Mapping[str, Any] = answers.get(str(status)) or answers.get("default") or {}
    return found.get("schema")


def _strict(schema: Any) -> Any:
    """An object may have no field but those that are described."""
    if isinstance(schema, list):
        return [_strict(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    made = {name: _strict(value) for name, value in schema.items() if not name.startswith(_TITLES)}
    if isinstance(made.get("properties"), Mapping) and made.get("type") == "object":
        made.setdefault("additionalProperties", False)
    return made
