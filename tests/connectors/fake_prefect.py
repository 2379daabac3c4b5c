"""As much of Prefect's REST API as running and retrying a flow needs, with its state in memory; `make test-heavy`
compares its answers with those of a real Prefect 3.8."""

import re
import uuid
from typing import Any

from tests.connectors.faulty import Answer, Asked

TOKEN = "pnu_fake_88d0"
DEPLOYMENT = "7d1f0c1e-0000-4000-8000-000000000001"
_SCHEMA = {"type": "object", "properties": {"day": {"type": "integer", "title": "day"}}}


class FakePrefect:
    """orders/hourly, whose one flow run has failed. A flow run moves on each time it is looked at."""

    def __init__(self) -> None:
        self.effects: list[str] = []
        self.runs: dict[str, dict[str, Any]] = {}
        self.states: dict[str, list[dict[str, Any]]] = {}
        self.ends, self._number = "COMPLETED", 0
        self._set(self._add("", {}), "FAILED", "Failed", "RuntimeError: sales_fact is locked")

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"exception_message": "Unauthorized"})
        if asked.path == "/deployments/name/orders/hourly":
            found = {"id": DEPLOYMENT, "name": "hourly", "parameter_openapi_schema": _SCHEMA}
            return Answer(200, found)
        if asked.path == f"/deployments/{DEPLOYMENT}/create_flow_run":
            return self._create(asked)
        if asked.path == "/flow_runs/filter":
            return Answer(200, self._filtered(asked.body["flow_runs"]))
        if asked.path == "/flow_run_states/":
            return Answer(200, self.states.get(asked.query["flow_run_id"], []))
        if asked.path == "/logs/filter":
            return Answer(200, [{"message": "Finished in state Completed()\n", "level": 20}])
        return self._one(asked)

    def _one(self, asked: Asked) -> Answer:
        found = re.fullmatch(r"/flow_runs/([0-9a-f-]{36})(/set_state)?", asked.path)
        if found is None or found[1] not in self.runs:
            return Answer(404, {"detail": "Flow run not found"})
        if not found[2]:
            shown = dict(self.runs[found[1]])
            self._move(found[1])
            return Answer(200, shown)
        state = asked.body["state"]
        if state["type"] == "SCHEDULED":
            self.effects.append(state["message"])
        if self.runs[found[1]]["state_type"] in ("COMPLETED", "CANCELLED"):
            reason = "This run has already completed."
            return Answer(
                200, {"status": "ABORT", "details": {"type": "abort_details", "reason": reason}, "state": None}
            )
        self._set(found[1], state["type"], state["name"], state["message"])
        return Answer(201, {"status": "ACCEPT", "details": {"type": "accept_details"}, "state": state})

    def _create(self, asked: Asked) -> Answer:
        key = asked.body["idempotency_key"]
        known = next((run for run in self.runs.values() if run["idempotency_key"] == key), None)
        if known:
            return Answer(200, dict(known))
        self.effects.append(key)
        return Answer(201, dict(self.runs[self._add(key, asked.body["parameters"])]))

    def _filtered(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        keys = wanted.get("idempotency_key", {}).get("any_")
        types = wanted.get("state", {}).get("type", {}).get("any_")
        found = [run for run in self.runs.values() if keys is None or run["idempotency_key"] in keys]
        return [dict(run) for run in reversed(found) if types is None or run["state_type"] in types]

    def _add(self, key: str, parameters: dict[str, Any]) -> str:
        id_ = self._uuid()
        run = {"id": id_, "name": "elegant-trout", "deployment_id": DEPLOYMENT, "parameters": parameters}
        self.runs[id_] = {**run, "idempotency_key": key, "run_count": 0}
        self.states[id_] = []
        self._set(id_, "SCHEDULED", "Scheduled", "")
        return id_

    def _set(self, id_: str, type_: str, name: str, message: str) -> None:
        state = {"id": self._uuid(), "type": type_, "name": name, "message": message}
        self.states[id_].append(state)
        self.runs[id_] |= {"state_type": type_, "state_name": name, "state": state}

    def _move(self, id_: str) -> None:
        match self.runs[id_]["state_type"]:
            case "SCHEDULED":
                self._set(id_, "PENDING", "Submitting", "")
            case "PENDING":
                self._set(id_, "RUNNING", "Running", "")
            case "RUNNING":
                self._set(id_, self.ends, self.ends.title(), "RuntimeError: again" if self.ends == "FAILED" else "")
            case "CANCELLING":
                self._set(id_, "CANCELLED", "Cancelled", "")

    def _uuid(self) -> str:
        self._number += 1
        return str(uuid.UUID(int=self._number, version=4))
