"""As much of Databricks' Jobs API 2.2 as running and repairing a job needs, with its state in memory. Made from its
documentation (docs.databricks.com/api/workspace/jobs): the idempotency token, and repairs that must name the one
before. No real Databricks was there to compare it with; the emulator minilake has neither of the two."""

from typing import Any

from tests.connectors.faulty import Answer, Asked

TOKEN = "dapi-fake-0c4e"
_API = "/api/2.2/jobs"


class FakeDatabricks:
    """Job 512, whose one run has failed in `load`. A run moves on each time it is looked at."""

    def __init__(self) -> None:
        self.effects: list[str] = []
        self.runs: dict[int, dict[str, Any]] = {}
        self.tokens: dict[str, int] = {}
        self.ends = "SUCCESS"
        self._add({})
        self._end(800, "FAILED")

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"error_code": "UNAUTHENTICATED", "message": "Request to this API is not authenticated"})
        key = f"{asked.method} {asked.path.removeprefix(_API)}"
        if key == "GET /get":
            parameters = [{"name": name, "default": ""} for name in ("day", "tocsin_key")]
            return Answer(200, {"job_id": 512, "settings": {"name": "orders", "parameters": parameters}})
        if key == "POST /run-now":
            return self._run_now(asked)
        if key == "GET /runs/list":
            return Answer(200, {"runs": [_listed(run) for run in reversed(self.runs.values())], "has_more": False})
        run = self.runs.get(int(asked.query.get("run_id") or (asked.body or {}).get("run_id", 0)))
        if run is None and key != "GET /runs/get-output":
            return _refused(400, "INVALID_PARAMETER_VALUE", "Run does not exist.")
        if key == "GET /runs/get-output":
            return Answer(200, {"error": "Table sales_fact is locked", "metadata": {}})
        assert run is not None
        return self._one(key, run, asked)

    def _one(self, key: str, run: dict[str, Any], asked: Asked) -> Answer:
        if key == "GET /runs/get":
            shown = _listed(run) | {"tasks": [dict(task) for task in run["tasks"]]}
            shown |= {"repair_history": [dict(one) for one in run["repair_history"]]}
            self._move(run)
            return Answer(200, shown)
        if key == "POST /runs/cancel":
            if run["state"]["life_cycle_state"] != "TERMINATED":
                self._end(run["run_id"], "CANCELED")
            return Answer(200, {})
        return self._repair(run, asked) if key == "POST /runs/repair" else _refused(404, "ENDPOINT_NOT_FOUND", "no")

    def _run_now(self, asked: Asked) -> Answer:
        token = asked.body["idempotency_token"]
        if token not in self.tokens:
            self.effects.append(token)
            self.tokens[token] = self._add(asked.body["job_parameters"])
        return Answer(200, {"run_id": self.tokens[token], "number_in_job": self.tokens[token]})

    def _repair(self, run: dict[str, Any], asked: Asked) -> Answer:
        repairs = [one["id"] for one in run["repair_history"] if one["type"] == "REPAIR"]
        if run["state"]["life_cycle_state"] != "TERMINATED":
            return _refused(400, "INVALID_PARAMETER_VALUE", "The run is still in progress.")
        if asked.body.get("latest_repair_id", 0) != (repairs[-1] if repairs else 0):
            return _refused(409, "RESOURCE_CONFLICT", "latest_repair_id is not the latest repair of this run.")
        id_ = 7000 + len(repairs)
        self.effects.append(str(id_))
        run["repair_history"].append({"type": "REPAIR", "id": id_, "start_time": 1_000 + id_})
        run["state"] = {"life_cycle_state": "PENDING"}
        run["tasks"].append(_task("load", 1))
        return Answer(200, {"repair_id": id_})

    def _add(self, given: dict[str, str]) -> int:
        id_ = 800 + len(self.runs)
        self.runs[id_] = {
            "run_id": id_,
            "job_id": 512,
            "state": {"life_cycle_state": "PENDING"},
            "run_page_url": f"https://adb.example.com/jobs/512/runs/{id_}",
            "job_parameters": [{"name": name, "default": "", "value": value} for name, value in given.items()],
            "repair_history": [{"type": "ORIGINAL", "start_time": 1_000}],
            "tasks": [_task("extract", 0), _task("load", 0)],
        }
        return id_

    def _end(self, id_: int, result: str) -> None:
        state = {"life_cycle_state": "TERMINATED", "result_state": result, "state_message": "it ended"}
        self.runs[id_]["state"] = state
        for task in self.runs[id_]["tasks"]:
            if not task["state"].get("result_state"):
                task["state"] = {**state, "result_state": "SUCCESS" if task["task_key"] == "extract" else result}

    def _move(self, run: dict[str, Any]) -> None:
        if run["state"]["life_cycle_state"] == "PENDING":
            run["state"] = {"life_cycle_state": "RUNNING", "state_message": "In run"}
        elif run["state"]["life_cycle_state"] == "RUNNING":
            self._end(run["run_id"], self.ends)


def _task(key: str, attempt: int) -> dict[str, Any]:
    return {
        "task_key": key,
        "run_id": 90 + attempt,
        "attempt_number": attempt,
        "state": {"life_cycle_state": "PENDING"},
    }


def _listed(run: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in run.items() if name not in ("tasks", "repair_history")}


def _refused(status: int, code: str, message: str) -> Answer:
    return Answer(status, {"error_code": code, "message": message})
