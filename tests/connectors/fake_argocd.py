"""As much of Argo CD's API as syncing an application needs, with its state in memory. Its requests and answers are held
against Argo CD's published swagger (`test_argocd.py`); its rules are those of server/application/application.go."""

import copy
from typing import Any

from tests.connectors.faulty import Answer, Asked

TOKEN = "argocd.jwt.fake-7d1c"
GOOD, BAD, HEAD = "a" * 40, "b" * 40, "c" * 40
_PATH = "/api/v1/applications/checkout"
_SOURCE = {"repoURL": "https://git.example.com/shop.git", "path": "checkout", "targetRevision": "main"}


class FakeArgocd:
    """checkout went GOOD → BAD; git has HEAD. An operation begins, and ends, when the application is looked at."""

    def __init__(self, *, automatic: bool = False) -> None:
        self.effects: list[str] = []
        self.phase, self.health, self.moment = "Succeeded", "Healthy", 0
        self.application: dict[str, Any] = {
            "metadata": {"name": "checkout", "namespace": "argocd", "resourceVersion": "7"},
            "spec": {
                "project": "shop",
                "destination": {"namespace": "shop"},
                "source": dict(_SOURCE),
                "syncPolicy": {"automated": {"prune": True}} if automatic else {},
            },
            "status": {
                "sync": {"status": "OutOfSync", "revision": HEAD},
                "health": {"status": "Degraded"},
                "resources": [{"kind": "Deployment", "name": "checkout", "status": "OutOfSync"}],
                "history": [self._entry(1, GOOD), self._entry(2, BAD)],
            },
        }

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _refused(401, 16, "invalid session: token is malformed")
        key = f"{asked.method} {asked.path}"
        if key == f"GET {_PATH}":
            shown = copy.deepcopy(self.application)
            self._move()
            return Answer(200, shown)
        if key == f"POST {_PATH}/sync":
            return self._sync(asked)
        if key == f"DELETE {_PATH}/operation":
            return self._terminate()
        return _refused(403, 7, "permission denied")

    def _sync(self, asked: Asked) -> Answer:
        revision, spec = asked.body.get("revision", ""), self.application["spec"]
        if spec["syncPolicy"].get("automated") and revision not in ("", spec["source"]["targetRevision"]):
            return _refused(400, 9, f"Cannot sync to {revision}: auto-sync currently set to main")
        if "operation" in self.application:
            return _refused(400, 9, "another operation is already in progress")
        infos = asked.body.get("infos", [])
        self.effects.append(infos[0]["value"])
        sync = {"revision": revision or HEAD, "prune": asked.body["prune"]}
        self.application["operation"] = {"info": infos, "sync": sync, "initiatedBy": {"username": "tocsin"}}
        return Answer(200, copy.deepcopy(self.application))

    def _terminate(self) -> Answer:
        state = self.application["status"].get("operationState", {})
        if "operation" not in self.application and state.get("phase") != "Running":
            return _refused(400, 3, "Unable to terminate operation. No operation is in progress")
        if "operation" in self.application:
            self._move()
        state = self.application["status"]["operationState"]
        state |= {"phase": "Failed", "message": "Operation terminated", "finishedAt": "2026-11-21T10:00:09Z"}
        return Answer(200, {})

    def _move(self) -> None:
        """What the controller does: takes the operation, carries it out, and sees the pods come up."""
        status = self.application["status"]
        operation = self.application.pop("operation", None)
        state = status.get("operationState", {})
        if operation:
            self.moment += 1
            state = {"operation": operation, "phase": "Running", "startedAt": f"2026-11-21T10:00:0{self.moment}Z"}
            resource = {"kind": "Deployment", "name": "checkout"}
            state["syncResult"] = {"revision": operation["sync"]["revision"], "resources": [resource]}
            status["operationState"] = state
        elif state.get("phase") == "Running":
            state |= {"phase": self.phase, "message": "successfully synced (all tasks run)"}
            state["syncResult"]["resources"][0]["status"] = "Synced"
            if self.phase == "Succeeded":
                status["history"].append(self._entry(len(status["history"]) + 1, state["syncResult"]["revision"]))
                status["health"] = {"status": "Progressing"}
        elif status["health"]["status"] == "Progressing":
            status["health"] = {"status": self.health, "message": "2 of 2 pods crash"}

    def _entry(self, id_: int, revision: str) -> dict[str, Any]:
        return {"id": id_, "revision": revision, "source": dict(_SOURCE), "deployedAt": "2026-11-20T10:00:00Z"}


def _refused(status: int, code: int, message: str) -> Answer:
    return Answer(status, {"code": code, "error": message, "message": message})
