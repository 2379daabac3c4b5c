"""What does Airflow's REST API answer? Paths and fields as of Airflow 3.3 (`/openapi.json` of any server has them)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bot.connectors._web import Problem, Web, WebOptions
from bot.errors import ConnectorError

RUNS_MAX = 20
LOG_LINES_MAX = 40


@dataclass(frozen=True, slots=True)
class DagRun:
    id: str
    state: str
    end: str
    conf: Mapping[str, Any]

    @property
    def is_over(self) -> bool:
        return self.state in ("success", "failed")


@dataclass(frozen=True, slots=True)
class Task:
    """One task of a run in its present try. `note` is what the last clearing said."""

    id: str
    map_index: int
    state: str
    tries: int
    note: str
    started: str


@dataclass(frozen=True, slots=True)
class Question:
    """What a task asks people before it goes on. `params`: what it asks beside the options, with what stands there
    unless people say otherwise; `chosen`: the answer, () while it waits."""

    dag: str
    run: str
    task: str
    map_index: int
    asked_at: str
    subject: str
    body: str
    options: tuple[str, ...]
    params: Mapping[str, Any]
    chosen: tuple[str, ...]


class Api:
    def __init__(self, name: str, options: WebOptions) -> None:
        self._options = options
        self._given = options.token.get_secret_value()
        self._token = self._given
        self.web = Web(name, options, self._sign)

    def link(self, path: str) -> str:
        return self._options.url + quote(path)

    # -- runs

    def dag(self, dag: str) -> Mapping[str, Any]:
        return self._object(self._call("GET", f"/dags/{_part(dag)}"))

    def run(self, dag: str, run: str) -> DagRun | None:
        try:
            return _run(self._object(self._call("GET", f"/dags/{_part(dag)}/dagRuns/{_part(run)}")))
        except Problem as problem:
            if problem.status == 404 and "DagRun" in problem.said:
                return None
            raise

    def failed_runs(self, dag: str, since: str, limit: int) -> list[DagRun]:
        """The latest first."""
        query = {"state": "failed", "end_date_gte": since, "order_by": "-run_after", "limit": limit}
        return self._runs(dag, query)

    def backfilled(self, dag: str, key: str) -> list[DagRun]:
        query = {"run_type": "backfill", "order_by": "-run_after", "limit": 1000}
        return [run for run in self._runs(dag, query) if run.conf.get("tocsin") == key]

    def start(self, dag: str, key: str, conf: Mapping[str, str], note: str) -> DagRun:
        """Starts the run called `key`; when there is one of that name, it is ours."""
        body = {"dag_run_id": key, "logical_date": None, "conf": dict(conf), "note": note}
        try:
            return _run(self._object(self._call("POST", f"/dags/{_part(dag)}/dagRuns", body=body)))
        except Problem as problem:
            there = self.run(dag, key) if problem.status == 409 else None
            if there is None:
                raise
            return there

    def stop(self, dag: str, run: str, note: str) -> None:
        body = {"state": "failed", "note": note}
        self._call("PATCH", f"/dags/{_part(dag)}/dagRuns/{_part(run)}", body=body)

    # -- tasks

    def tasks(self, dag: str, run: str) -> list[Task]:
        path = f"/dags/{_part(dag)}/dagRuns/{_part(run)}/taskInstances"
        found = self._object(self._call("GET", path, query={"limit": 1000}))
        return [_task(task) for task in self._list(found, "task_instances")]

    def clear(self, dag: str, run: str, *, dry: bool, note: str = "") -> list[Task]:
        """The failed tasks of a run and what depends on them, which are (or with `dry` would be) run again."""
        body = {"dry_run": dry, "dag_run_id": run, "only_failed": True, "include_downstream": True}
        body |= {} if dry else {"reset_dag_runs": True, "note": note}
        found = self._object(self._call("POST", f"/dags/{_part(dag)}/clearTaskInstances", body=body))
        return [_task(task) for task in self._list(found, "task_instances")]

    def log(self, dag: str, run: str, task: Task) -> list[str]:
        """The last lines of the task's present try; nothing when there is no log yet."""
        path = f"/dags/{_part(dag)}/dagRuns/{_part(run)}/taskInstances/{_part(task.id)}/logs/{max(1, task.tries)}"
        try:
            query = {"full_content": "true", "map_index": task.map_index}
            found = self._object(self._call("GET", path, query=query))
        except Problem as problem:
            if problem.status == 404:
                return []
            raise
        return [line for event in self._list(found, "content") for line in _lines(event)][-LOG_LINES_MAX:]

    # -- questions

    def waiting(self, dag: str, task: str) -> list[Question]:
        """Those that are not answered, the latest first."""
        query = {"task_id": task, "response_received": "false", "order_by": "-created_at", "limit": RUNS_MAX}
        found = self._object(self._call("GET", f"/dags/{_part(dag)}/dagRuns/~/hitlDetails", query=query))
        return [_question(one) for one in self._list(found, "hitl_details")]

    def question(self, dag: str, run: str, task: str, map_index: int) -> Question:
        return _question(self._object(self._call("GET", _hitl(dag, run, task, map_index))))

    def answer(self, question: Question, option: str, params: Mapping[str, Any]) -> None:
        body = {"chosen_options": [option], "params_input": dict(params)}
        self._call("PATCH", _hitl(question.dag, question.run, question.task, question.map_index), body=body)

    # -- backfills

    def backfill(self, body: Mapping[str, Any], *, dry: bool) -> Mapping[str, Any]:
        return self._object(self._call("POST", "/backfills/dry_run" if dry else "/backfills", body=dict(body)))

    def backfills(self, dag: str) -> Sequence[Mapping[str, Any]]:
        found = self._object(self._call("GET", "/backfills", query={"dag_id": dag, "limit": 100, "order_by": "-id"}))
        return self._list(found, "backfills")

    def one_backfill(self, number: str) -> Mapping[str, Any]:
        return self._object(self._call("GET", f"/backfills/{_part(number)}"))

    def cancel_backfill(self, number: str) -> None:
        try:
            self._call("PUT", f"/backfills/{_part(number)}/cancel")
        except Problem as problem:
            if problem.status != 409:  # over already
                raise

    # -- asking

    def _runs(self, dag: str, query: Mapping[str, Any]) -> list[DagRun]:
        found = self._object(self._call("GET", f"/dags/{_part(dag)}/dagRuns", query=query))
        return [_run(run) for run in self._list(found, "dag_runs")]

    def _call(self, method: str, path: str, **more: Any) -> Any:
        """Signs in again once when the token has run out."""
        try:
            return self.web.send(method, f"/api/v2{path}", **more)
        except Problem as problem:
            if problem.status != 401 or self._given or not self._token:
                raise
            self._token = ""
            return self.web.send(method, f"/api/v2{path}", **more)

    def _sign(self) -> Mapping[str, str]:
        if not self._token and self._options.username:
            self._token = self._sign_in()
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    def _sign_in(self) -> str:
        body = {"username": self._options.username, "password": self._options.password.get_secret_value()}
        answer = self.web.answer("POST", "/auth/token", body=body, signed=False)
        try:
            token = str(answer.json()["access_token"])
        except (ValueError, KeyError, TypeError) as error:
            raise self.web.odd("no access token") from error
        self.web.keep_secret(token)
        return token

    def _object(self, found: Any) -> Mapping[str, Any]:
        if not isinstance(found, dict):
            raise self.web.odd("not an object")
        return found

    def _list(self, found: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
        listed = found.get(name)
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            raise self.web.odd(f"no list {name}")
        return listed


def _part(text: str) -> str:
    return quote(text, safe="")


def _run(found: Mapping[str, Any]) -> DagRun:
    if not found.get("dag_run_id"):
        raise ConnectorError("the answer is not as expected: a run without an id", permanent=False, connector="airflow")
    return DagRun(str(found["dag_run_id"]), str(found.get("state")), str(found.get("end_date") or ""),
                  found.get("conf") or {})  # fmt: skip


def _hitl(dag: str, run: str, task: str, map_index: int) -> str:
    return f"/dags/{_part(dag)}/dagRuns/{_part(run)}/taskInstances/{_part(task)}/{map_index}/hitlDetails"


def _question(found: Mapping[str, Any]) -> Question:
    task = found.get("task_instance") or {}
    params = {name: one.get("value") if isinstance(one, dict) and "value" in one else one
              for name, one in (found.get("params") or {}).items()}  # fmt: skip
    return Question(
        dag=str(task.get("dag_id")),
        run=str(task.get("dag_run_id")),
        task=str(task.get("task_id")),
        map_index=int(task.get("map_index", -1)),
        asked_at=str(found.get("created_at")),
        subject=str(found.get("subject") or ""),
        body=str(found.get("body") or ""),
        options=tuple(str(one) for one in found.get("options") or ()),
        params=params,
        chosen=tuple(str(one) for one in found.get("chosen_options") or ()) if found.get("response_received") else (),
    )


def _task(found: Mapping[str, Any]) -> Task:
    return Task(
        id=str(found.get("task_id", "")),
        map_index=int(found.get("map_index", -1)),
        state=str(found.get("state") or "none"),
        tries=int(found.get("try_number") or 0),
        note=str(found.get("note") or ""),
        started=str(found.get("start_date") or ""),
    )


def _lines(event: Mapping[str, Any]) -> list[str]:
    """An event of the log as lines: its text, and of an error what was raised."""
    said = str(event.get("event", ""))
    if said.startswith("::"):
        return []
    raised = [f"{one.get('exc_type')}: {one.get('exc_value')}" for one in event.get("error_detail") or ()]
    return [*([said] if said else []), *raised]
