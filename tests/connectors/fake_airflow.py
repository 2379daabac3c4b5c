"""An Airflow that answers as the real 3.3.2 did (tests/heavy compares them), with its state in memory."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.connectors.faulty import Answer, Asked

TASKS = ("extract", "load", "report")
DAGS = ("orders_hourly", "orders_release")
USER, PASSWORD, TOKEN = "tocsin", "tocsinpw-3b1f", "jwt-9c2e77aa"


@dataclass
class Run:
    id: str
    kind: str = "manual"
    state: str = "queued"
    conf: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    end: str | None = None
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)


def _task(name: str, run: str) -> dict[str, Any]:
    return {
        "task_id": name,
        "dag_id": "orders_hourly",
        "dag_run_id": run,
        "map_index": -1,
        "state": None,
        "try_number": 0,
        "note": None,
        "start_date": None,
    }


class FakeAirflow:
    """One DAG, `orders_hourly`: extract → load → report. While `locked`, load fails. A run moves on by one state each
    time it is looked at. Another one, `orders_release`, has a task `ask` that waits for people."""

    def __init__(self) -> None:
        self.runs: dict[str, Run] = {}
        self.backfills: list[dict[str, Any]] = []
        self.questions: dict[str, dict[str, Any]] = {}
        self.locked = True
        self.paused = False
        self.effects: list[str] = []
        self._clock = 0

    # -- for tests

    def failed_run(self, name: str) -> None:
        self.runs[name] = Run(name, tasks={task: _task(task, name) for task in TASKS})
        self._finish(self.runs[name])

    def asking_run(self, name: str, params: Mapping[str, Any] | None = None) -> None:
        task = {**_task("ask", name), "dag_id": "orders_release", "state": "awaiting_input"}
        said = {"subject": "Load 12 rows?", "body": "3 of them are new", "options": ["Load", "Drop"]}
        given: dict[str, Any] = {
            "chosen_options": None,
            "params_input": {},
            "response_received": False,
            "responded_by_user": None,
        }
        asked = {"params": params or {}, "created_at": self._now(), "task_instance": task, "multiple": False}
        self.questions[name] = {**said, **given, **asked}

    def answer(self, asked: Asked) -> Answer:
        if asked.path == "/auth/token":
            given = asked.body
            if given == {"username": USER, "password": PASSWORD}:
                return Answer(201, {"access_token": TOKEN})
            return Answer(401, {"detail": "Invalid credentials"})
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"detail": "Not authenticated"})
        for method, pattern, handler in _ROUTES:
            found = re.fullmatch("/api/v2" + pattern, unquote(asked.path))
            if found and method == asked.method:
                if found.groupdict().get("dag", DAGS[0]) not in DAGS:
                    return Answer(404, {"detail": f"The Dag with ID: `{found['dag']}` was not found"})
                answer: Answer = getattr(self, handler)(asked, **found.groupdict())
                return answer
        return Answer(404, {"detail": "Not Found"})

    # -- runs

    def get_dag(self, asked: Asked, dag: str) -> Answer:
        return Answer(200, {"dag_id": dag, "is_paused": self.paused})

    def get_run(self, asked: Asked, dag: str, run: str) -> Answer:
        if run not in self.runs:
            said = f"The DagRun with dag_id: `{dag}` and run_id: `{run}` was not found"
            return Answer(404, {"detail": said})
        shown = self._shown(self.runs[run])
        self._move(self.runs[run])
        return Answer(200, shown)

    def get_runs(self, asked: Asked, dag: str) -> Answer:
        wanted, kind = asked.query.get("state"), asked.query.get("run_type")
        since, limit = asked.query.get("end_date_gte", ""), int(asked.query.get("limit", 50))
        found = [
            run
            for run in reversed(self.runs.values())
            if wanted in (None, run.state) and kind in (None, run.kind) and (run.end or "") >= since
        ]
        for run in found:
            self._move(run)
        return Answer(200, {"dag_runs": [self._shown(run) for run in found[:limit]], "total_entries": len(found)})

    def post_run(self, asked: Asked, dag: str) -> Answer:
        body = asked.body
        name = body["dag_run_id"]
        if name in self.runs:
            reason = {"reason": "Unique constraint violation", "statement": "hidden", "orig_error": "hidden"}
            return Answer(409, {"detail": {**reason, "message": "Serious error when handling your request."}})
        self.runs[name] = Run(name, conf=body["conf"], note=body["note"], tasks={t: _task(t, name) for t in TASKS})
        self.effects.append(f"start {name}")
        return Answer(200, self._shown(self.runs[name]))

    def patch_run(self, asked: Asked, dag: str, run: str) -> Answer:
        self.runs[run].state = asked.body["state"]
        return Answer(200, self._shown(self.runs[run]))

    # -- tasks

    def get_tasks(self, asked: Asked, dag: str, run: str) -> Answer:
        tasks = list(self.runs[run].tasks.values())
        return Answer(200, {"task_instances": [dict(task) for task in tasks], "total_entries": len(tasks)})

    def clear(self, asked: Asked, dag: str) -> Answer:
        body = asked.body
        run = self.runs[body["dag_run_id"]]
        failed = [task for task in run.tasks.values() if task["state"] in ("failed", "upstream_failed")]
        if not body.get("dry_run", True) and failed:
            self.effects.append(f"clear {run.id}")
            run.state = "queued"
            for task in failed:
                task |= {"state": None, "note": body.get("note")}
        return Answer(200, {"task_instances": [dict(task) for task in failed], "total_entries": len(failed)})

    def get_log(self, asked: Asked, dag: str, run: str, task: str, number: str) -> Answer:
        state = self.runs[run].tasks[task]["state"]
        events: list[dict[str, Any]] = [{"event": "::group::x"}, {"event": f"{task} begins", "level": "info"}]
        if state == "failed":
            said = {"exc_type": "RuntimeError", "exc_value": "sales_fact is locked"}
            events.append({"event": "Task failed with exception", "level": "error", "error_detail": [said]})
        return Answer(200, {"content": events, "continuation_token": None})

    # -- questions

    def get_questions(self, asked: Asked, dag: str) -> Answer:
        is_answered = asked.query["response_received"] == "true"
        found = [
            one
            for one in reversed(self.questions.values())
            if one["response_received"] is is_answered and one["task_instance"]["task_id"] == asked.query["task_id"]
        ]
        return Answer(200, {"hitl_details": found, "total_entries": len(found)})

    def get_question(self, asked: Asked, dag: str, run: str, task: str) -> Answer:
        if run in self.questions and task == "ask":
            return Answer(200, self.questions[run])
        where = f"dag_id: `{dag}`, run_id: `{run}`, task_id: `{task}` and map_index: `-1`"
        return Answer(404, {"detail": f"The Task Instance with {where} was not found"})

    def patch_question(self, asked: Asked, dag: str, run: str, task: str) -> Answer:
        found, chosen = self.questions[run], asked.body["chosen_options"]
        if found["response_received"]:
            return Answer(409, {"detail": "Human-in-the-loop detail has already been updated"})
        if not set(chosen) <= set(found["options"]):
            return Answer(400, {"detail": f"Invalid options {chosen}; allowed options are ['Drop', 'Load']."})
        self.effects.append(f"answer {run}")
        return Answer(200, self.answered(run, chosen, asked.body["params_input"]))

    def answered(self, run: str, chosen: list[str], params: Mapping[str, Any]) -> dict[str, Any]:
        user = {"id": USER, "name": USER}
        given = {"chosen_options": chosen, "params_input": dict(params)}
        self.questions[run] |= {**given, "response_received": True, "responded_by_user": user}
        return {**given, "responded_by": user, "responded_at": self._now()}

    # -- backfills

    def dry_backfill(self, asked: Asked) -> Answer:
        dates = self._dates(asked.body)
        return Answer(200, {"backfills": [{"logical_date": d} for d in dates], "total_entries": len(dates)})

    def post_backfill(self, asked: Asked) -> Answer:
        body = asked.body
        made = {"id": len(self.backfills) + 1, "dag_id": body["dag_id"], "dag_run_conf": body["dag_run_conf"]}
        self.backfills.append(made | {"completed_at": None, "is_paused": False})
        self.effects.append(f"backfill {made['id']}")
        for date in self._dates(body):
            name = f"backfill__{date}"
            self.runs[name] = Run(name, "backfill", conf=body["dag_run_conf"], tasks={t: _task(t, name) for t in TASKS})
        return Answer(200, self.backfills[-1])

    def get_backfills(self, asked: Asked) -> Answer:
        return Answer(200, {"backfills": self.backfills[::-1], "total_entries": len(self.backfills)})

    def get_backfill(self, asked: Asked, number: str) -> Answer:
        found = self.backfills[int(number) - 1]
        own = [run for run in self.runs.values() if run.kind == "backfill"]
        if all(run.state in ("success", "failed") for run in own):
            found["completed_at"] = "2026-11-21T10:00:00Z"
        return Answer(200, found)

    def cancel_backfill(self, asked: Asked, number: str) -> Answer:
        found = self.backfills[int(number) - 1]
        if found["completed_at"]:
            return Answer(409, {"detail": "Backfill is already completed."})
        found["completed_at"] = "2026-11-21T10:00:00Z"
        return Answer(200, found)

    # -- how it lives

    def _dates(self, body: Mapping[str, Any]) -> list[str]:
        first, last = int(body["from_date"][8:10]), int(body["to_date"][8:10])
        return [f"2026-11-{day:02}T00:00:00Z" for day in range(first, last + 1)]

    def _move(self, run: Run) -> None:
        if run.state == "queued":
            run.state = "running"
            self._begin(run)
        elif run.state == "running":
            self._finish(run)

    def _begin(self, run: Run) -> None:
        first = next((t for t in run.tasks.values() if t["state"] not in ("success",)), None)
        if first:
            first |= {"state": "running", "start_date": self._now(), "try_number": first["try_number"] + 1}

    def _finish(self, run: Run) -> None:
        is_broken = False
        for name, task in run.tasks.items():
            if is_broken:
                task["state"] = "upstream_failed"
            elif task["state"] != "success":
                tries = task["try_number"] + (task["state"] != "running")
                is_broken = name == "load" and self.locked
                task |= {"state": "failed" if is_broken else "success", "try_number": tries, "start_date": self._now()}
        run.state = "failed" if is_broken else "success"
        run.end = self._now()

    def _now(self) -> str:
        self._clock += 1
        return f"2026-11-21T09:{self._clock // 60:02}:{self._clock % 60:02}Z"

    def _shown(self, run: Run) -> dict[str, Any]:
        own = {"dag_run_id": run.id, "dag_id": "orders_hourly", "state": run.state, "run_type": run.kind}
        return own | {"conf": dict(run.conf), "note": run.note, "end_date": run.end}


_DAG, _RUN = "/dags/(?P<dag>[^/]+)", "/dags/(?P<dag>[^/]+)/dagRuns/(?P<run>[^/]+)"
_ASKED = _RUN + "/taskInstances/(?P<task>[^/]+)/-1/hitlDetails"
_ROUTES = [
    ("GET", _DAG, "get_dag"),
    ("GET", _DAG + "/dagRuns", "get_runs"),
    ("POST", _DAG + "/dagRuns", "post_run"),
    ("GET", _RUN, "get_run"),
    ("PATCH", _RUN, "patch_run"),
    ("GET", _RUN + "/taskInstances", "get_tasks"),
    ("GET", _RUN + "/taskInstances/(?P<task>[^/]+)/logs/(?P<number>[0-9]+)", "get_log"),
    ("POST", _DAG + "/clearTaskInstances", "clear"),
    ("GET", _DAG + "/dagRuns/~/hitlDetails", "get_questions"),
    ("GET", _ASKED, "get_question"),
    ("PATCH", _ASKED, "patch_question"),
    ("POST", "/backfills/dry_run", "dry_backfill"),
    ("POST", "/backfills", "post_backfill"),
    ("GET", "/backfills", "get_backfills"),
    ("GET", "/backfills/(?P<number>[0-9]+)", "get_backfill"),
    ("PUT", "/backfills/(?P<number>[0-9]+)/cancel", "cancel_backfill"),
]
