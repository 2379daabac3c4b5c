"""How are the data tests of a suite of DataKitchen TestGen run, exactly once?

[connectors.testgen]
type = "testgen"
url = "https://testgen.example.com:8530"    # its API server
token = "env:TESTGEN_TOKEN"                 # a personal access token of a user who may edit the project

[actions.test-orders]
kind = "trigger"
service = "orders"
connector = "testgen"
target = { project = "DEFAULT", suite = "orders" }

The key of Tocsin's run is in the metadata of the test run, which TestGen shows and gives back; the suite's project is
searched for it before another run is started. A run that came to its end is a success, whatever the tests found: how
many passed and failed is said, and `verify` can look at more. Profiling cannot be started: it takes no metadata, so
that nobody could tell whose it is. API v1 of TestGen 5.
"""

from collections.abc import Mapping
from typing import Any

from bot.actions.model import Action, ActionKind, Plan
from bot.connectors._jobs import Job, JobExecutor, problems_of
from bot.connectors._web import Web, WebOptions
from bot.errors import InputError

KINDS = frozenset({ActionKind.TRIGGER})
KEY = "tocsin_key"
JOBS_MAX = 50
"""How many of the project's last test runs are searched."""
_API = "/api/v1"
_OVER = {"completed": True, "error": False, "canceled": False}
_COUNTS = ("passed", "failed", "warning", "error")
Object = Mapping[str, Any]


def executor(name: str, options: Mapping[str, Any]) -> "TestgenExecutor":
    """The executor for `[connectors.NAME]`. Raises pydantic's `ValidationError`."""
    return TestgenExecutor(Web(name, WebOptions.model_validate(options)))


def target_problems(kind: ActionKind, target: Mapping[str, str]) -> list[str]:
    return problems_of(target, {"suite": r"[^\x00-\x1f]{1,200}"}, {"project": r"[\w-]{1,100}"})


class TestgenExecutor(JobExecutor[Web]):
    """Fulfils `bot.engine.action_ports.Executor`."""

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        suite = self._suite(action)
        name, count, last = action.target["suite"], suite.get("test_count"), _last(suite)
        tests = f"{count} tests" if isinstance(count, int) else "the tests"
        said = f"the last run: {last}" if last else ""
        commands = (f"run the tests of the suite {name} of the project {_project(action)}",)
        return Plan(f"{tests} of {name}", "", "", said, "", commands)

    def _title(self, action: Action) -> str:
        return f"the tests of {action.target['suite']}"

    def _called(self, action: Action, job: Job) -> str:
        return self._title(action)

    def _begin(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Job:
        path = f"{_API}/test-suites/{self._suite(action)['test_suite_id']}/test-runs"
        made = self._web.object(path, {"metadata": {KEY: key}})
        if not made.get("id"):
            raise self._web.odd("a run without an id")
        return Job(str(made["id"]), "pending")

    def _search(self, key: str, action: Action, plan: Plan | None) -> Job | None:
        path = f"{_API}/projects/{_project(action)}/jobs"
        for job in self._items(path, "id", job_key="run-tests", limit=JOBS_MAX):
            run = self._web.object(f"{_API}/test-runs/{job['id']}")
            if (run.get("metadata") or {}).get(KEY) == key:
                return Job(str(job["id"]), str(job.get("status") or ""))
        return None

    def _look(self, id_: str, action: Action) -> Job:
        job = self._web.object(f"{_API}/jobs/{id_}")
        state = str(job.get("status") or "")
        if state not in _OVER:
            return Job(id_, state)
        said = self._counted(id_) if _OVER[state] else ""
        return Job(id_, state, True, _OVER[state], tail=said, why=str(job.get("error_message") or ""))

    def _stop(self, job: Job, action: Action) -> None:
        self._web.send("POST", f"{_API}/jobs/{job.id}/cancel")

    def _success(self, what: str, job: Job) -> str:
        return f"{what} ran" + (f": {job.tail}" if job.tail else "")

    def _counted(self, id_: str) -> str:
        """As in "179 passed, 12 failed, 15 warning"."""
        result = self._web.object(f"{_API}/test-runs/{id_}").get("result") or {}
        return _numbers(result.get("result_counts") or {})

    def _suite(self, action: Action) -> Object:
        name = action.target["suite"]
        path = f"{_API}/projects/{_project(action)}/test-suites"
        found = self._items(path, "test_suite_id", test_suite_name=name, limit=2)
        if len(found) != 1:
            how_many = "no suite" if not found else "more than one suite"
            raise InputError(f"there is {how_many} {name} in the project {_project(action)}", place=action.name)
        return found[0]

    def _items(self, path: str, id_: str, **query: Any) -> list[Object]:
        """The newest first; each has an `id_`."""
        found = self._web.object(path, **query).get("items")
        if not isinstance(found, list) or not all(isinstance(one, dict) and one.get(id_) for one in found):
            raise self._web.odd("no items")
        return found


def _project(action: Action) -> str:
    return action.target.get("project") or "DEFAULT"


def _last(suite: Object) -> str:
    return _numbers((suite.get("latest_run") or {}).get("result_counts") or {})


def _numbers(counts: Object) -> str:
    return ", ".join(f"{counts[name]} {name}" for name in _COUNTS if counts.get(name))
