"""Does what a connector sends, and what its fake answers, fit the API's published OpenAPI description (3.0)?

An object may have no field but those that are described, neither in a request nor in an answer; one that is described
as required must be there.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from tests.connectors.faulty import Answer, Asked, Backend

_WORDS = ("format", "title", "description", "x-", "example", "discriminator", "deprecated", "externalDocs")


class OpenApi:
    """A description, and what was seen against it. `problems` is empty as long as everything fits. `refusal` is the
    schema of errors with a status that the description does not list for the call (GitHub's seldom list all)."""

    def __init__(self, path: Path, refusal: str = "basic-error") -> None:
        self._spec, self.refusal = _read(path), {"$ref": f"#/components/schemas/{refusal}"}
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
        found = self._operation(asked)
        if found is None:
            self.problems.append(f"{asked.method} {asked.path} is not described")
            return
        path, operation = found
        where = f"{asked.method} {path}"
        self.seen.add(f"{where} {given.status}")
        self._check_query(where, asked, operation, path)
        body = operation.get("requestBody")
        if body is None and asked.content:
            self.problems.append(f"{where}: takes no body")
        if body is not None and (asked.content or body.get("required")):
            self._check(f"{where} body", asked.body, body["content"]["application/json"]["schema"])
        self._check_answer(f"{where} {given.status}", given, operation["responses"])

    def _check_answer(self, where: str, given: Answer, answers: Mapping[str, Any]) -> None:
        described = self._at(answers.get(str(given.status)))
        if described is None:
            if given.status >= 400:
                self._check(where, given.body, self.refusal)
            else:
                self.problems.append(f"{where} is not described")
            return
        content = described.get("content", {})
        kinds = [kind for kind in content if "json" in kind]
        if not kinds:
            if given.body is not None and given.status < 400:  # of errors a description often says no more than that
                self.problems.append(f"{where}: has no body")
            return
        self._check(where, given.body, content[kinds[0]]["schema"])

    def _check_query(self, where: str, asked: Asked, operation: Mapping[str, Any], path: str) -> None:
        both = [*operation.get("parameters", ()), *self._spec["paths"][path].get("parameters", ())]
        parameters = [self._at(one) or {} for one in both]
        known = {one["name"]: one for one in parameters if one.get("in") == "query"}
        for name, value in asked.query.items():
            if name not in known:
                self.problems.append(f"{where}: no parameter {name}")
                continue
            schema = known[name]["schema"]
            self._check(f"{where} ?{name}", _value(value, str(schema.get("type"))), schema)

    def _operation(self, asked: Asked) -> tuple[str, Mapping[str, Any]] | None:
        """The path with the fewest places to fill in, as a server would choose."""
        fitting = [
            path
            for path, operations in self._spec["paths"].items()
            if asked.method.lower() in operations and re.fullmatch(_pattern(path), asked.path)
        ]
        if not fitting:
            return None
        path = min(fitting, key=lambda path: path.count("{"))
        return path, self._spec["paths"][path][asked.method.lower()]

    def _at(self, found: Any) -> Any:
        while isinstance(found, Mapping) and "$ref" in found:
            place: Any = self._spec
            for part in found["$ref"].split("/")[1:]:
                place = place[part]
            found = place
        return found

    def _check(self, where: str, value: Any, schema: Mapping[str, Any]) -> None:
        whole = {**_plain(schema, is_strict=True), "strict": self._spec["strict"], "lax": self._spec["lax"]}
        for error in jsonschema.Draft4Validator(whole).iter_errors(value):
            self.problems.append(f"{where}: {'.'.join(map(str, error.path))}: {error.message[:300]}")


def _value(text: str, kind: str) -> Any:
    """What a query says, as its type has it; a list is taken with commas."""
    if kind == "array":
        return text.split(",")
    return int(text) if kind == "integer" and re.fullmatch(r"-?\d+", text) else text


@cache
def _read(path: Path) -> dict[str, Any]:
    spec: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    schemas = spec["components"]["schemas"]
    spec["strict"] = {name: _plain(schema, is_strict=True) for name, schema in schemas.items()}
    spec["lax"] = {name: _plain(schema, is_strict=False) for name, schema in schemas.items()}
    return spec


def _pattern(path: str) -> str:
    """A place in a path holds no slash, but for those that GitHub's say so of: `{path}` and `{ref}`."""
    return re.sub(r"\\\{(\w+)\\\}", lambda found: ".+" if found[1] == "path" else "[^/]+", re.escape(path))


def _plain(schema: Any, *, is_strict: bool) -> Any:
    """As JSON Schema: null where it may be, and, if strict, no field that is not described (one alternative of
    `allOf` knows only some of them)."""
    if isinstance(schema, list):
        return [_plain(one, is_strict=is_strict) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    if "$ref" in schema:
        return {"$ref": f"#/{'strict' if is_strict else 'lax'}/{schema['$ref'].split('/')[-1]}"}
    kept = {name: value for name, value in schema.items() if not name.startswith(_WORDS) or name == "properties"}
    made = {name: _plain(value, is_strict=is_strict and name != "allOf") for name, value in kept.items()}
    if "properties" in schema:
        made["properties"] = {n: _plain(value, is_strict=is_strict) for n, value in schema["properties"].items()}
        if is_strict and not {"allOf", "anyOf", "oneOf"} & set(schema):
            made.setdefault("additionalProperties", False)
    return {"anyOf": [{"enum": [None]}, made]} if made.pop("nullable", False) else made
