"""As much of the Kubernetes API as changing one object needs, with its state in memory: resourceVersion and generation,
dryRun, the status subresource, and a controller that moves on each time the object is looked at."""

import copy
from typing import Any

from tests.connectors.faulty import Answer, Asked

TOKEN = "kube-token-81c2"


class FakeObject:
    """`object` at `path`. A kind of object says in `_written` what a new specification does, and in `_move` what its
    controller does."""

    path = ""

    def __init__(self, object_: dict[str, Any]) -> None:
        self.version, self.effects, self.object = 100, list[str](), object_
        self.others: dict[str, list[dict[str, Any]]] = {}
        self.object["metadata"].setdefault("generation", 1)
        self._touch()

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _status(401, "Unauthorized")
        if asked.path in self.others:
            return Answer(200, {"items": copy.deepcopy(self.others[asked.path])})
        if asked.path == f"{self.path}/status" and asked.method == "PATCH":
            return self._patch_status(asked)
        if asked.path != self.path:
            return _status(404, 'objects "x" not found')
        if asked.method == "PUT":
            return self._put(asked)
        shown = copy.deepcopy(self.object)
        self._move()
        return Answer(200, shown)

    def _put(self, asked: Asked) -> Answer:
        if asked.body["metadata"]["resourceVersion"] != self.object["metadata"]["resourceVersion"]:
            return _status(409, "the object has been modified; please apply your changes to the latest version")
        if asked.query.get("dryRun") != "All":
            self._write(asked.body)
        return Answer(200, copy.deepcopy(self.object))

    def _write(self, wanted: dict[str, Any]) -> None:
        """A status that comes with it is not taken."""
        old, wanted = self.object, copy.deepcopy(wanted)
        is_new = wanted["spec"] != old["spec"]
        wanted["metadata"]["generation"] = old["metadata"]["generation"] + is_new
        wanted["status"] = old.get("status", {})
        self.object = wanted
        self._written(old, wanted)
        self._touch()

    def _patch_status(self, asked: Asked) -> Answer:
        if asked.headers.get("Content-Type") != "application/merge-patch+json":
            return _status(415, "the body of the request was in an unknown format")
        status = self.object["status"]
        for name, value in asked.body["status"].items():
            status.pop(name, None) if value is None else status.update({name: value})
        self._told(asked.body["status"])
        self._touch()
        return Answer(200, copy.deepcopy(self.object))

    @property
    def run(self) -> str:
        return str(self.object["metadata"].get("annotations", {}).get("tocsin/run"))

    def _written(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        """A change was written."""

    def _told(self, status: dict[str, Any]) -> None:
        """The status was patched from outside."""

    def _move(self) -> None:
        """The controller."""

    def _touch(self) -> None:
        self.version += 1
        self.object["metadata"]["resourceVersion"] = str(self.version)


def _status(code: int, message: str) -> Answer:
    return Answer(code, {"kind": "Status", "status": "Failure", "message": message, "code": code})
