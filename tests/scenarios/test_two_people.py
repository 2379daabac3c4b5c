"""Do two people who press at the same moment get one effect between them?"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.actions.model import ActionKind, RunState
from bot.clock import SystemClock
from bot.engine.whole import Engine
from bot.errors import Refused, Stale
from bot.main import build_engine, open_store
from bot.people import Person
from bot.settings import Settings
from bot.signals.severity import Severity
from bot.store.database import Database
from tests.scenarios.deployments import Deployments
from tests.scenarios.world import ANA

APPROVERS = [Person("T1", f"U{n}") for n in range(6)]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/tocsin.db"
    return str(request.getfixturevalue("empty_postgres_url"))


@pytest.fixture
def opened() -> Iterator[list[Database]]:
    """The databases of the replicas, to be closed."""
    databases: list[Database] = []
    yield databases
    for database in databases:
        database.close()


def engines(url: str, deployments: Deployments, opened: list[Database], how_many: int = 3) -> list[Engine]:
    """Several replicas on one database."""
    values = {**deployments.settings(), "slack": {"operators": ["*"]}}
    settings = Settings.model_validate(values)
    executors = {"shop": deployments.executor}
    opened += [open_store(settings, database_url=url) for _ in range(how_many)]
    return [build_engine(settings, clock=SystemClock(), store=db, executors=executors, team="T1") for db in opened]


def test_approvals_at_the_same_moment_run_the_action_once(url: str, tmp_path: Path, opened: list[Database]) -> None:
    deployments = Deployments(tmp_path, {"checkout": "1.4.1"})
    deployments.commit("checkout", "1.4.2")
    replicas = engines(url, deployments, opened)
    run = replicas[0].runs.ask(ActionKind.ROLLBACK, "checkout", {}, ANA)

    def approve(number: int) -> None:
        replicas[number % 3].runs.approve(run.id, APPROVERS[number])

    refused = _at_once([lambda n=n: approve(n) for n in range(6)])  # type: ignore[misc]
    assert len(refused) == 5
    assert all(isinstance(error, Stale | Refused) for error in refused)
    _at_once([lambda r=r: r.runs.work(f"worker-{id(r)}") for r in replicas])  # type: ignore[misc]
    assert deployments.commits_by("Tocsin-Action") == 1
    done = replicas[0].reading.run(run.id).run
    assert done.state is RunState.VERIFYING
    assert len(done.approved_by) == 1


def test_requests_and_locks_at_the_same_moment_are_one(url: str, tmp_path: Path, opened: list[Database]) -> None:
    deployments = Deployments(tmp_path, {"checkout": "1.4.1"})
    deployments.commit("checkout", "1.4.2")
    replicas = engines(url, deployments, opened)

    def ask(number: int) -> None:
        replicas[number % 3].runs.ask(ActionKind.ROLLBACK, "checkout", {}, APPROVERS[number])

    def lock(number: int) -> None:
        replicas[number % 3].locks.lock("production/checkout", APPROVERS[number])

    refused = _at_once([lambda n=n: ask(n) for n in range(6)])  # type: ignore[misc]
    assert [error.reason for error in refused if isinstance(error, Refused)] == ["run_in_progress"] * 5
    refused = _at_once([lambda n=n: lock(n) for n in range(6)])  # type: ignore[misc]
    assert [error.reason for error in refused if isinstance(error, Refused)] == ["locked"] * 5


def test_two_approvals_at_the_same_moment_are_both_counted(url: str, tmp_path: Path, opened: list[Database]) -> None:
    deployments = Deployments(tmp_path, {"checkout": "1.4.1"})
    deployments.commit("checkout", "1.4.2")
    replicas = engines(url, deployments, opened)
    run = replicas[0].runs.ask(ActionKind.ROLLBACK, "checkout", {}, ANA)
    with replicas[0].store.write() as tx:
        tx.runs.save(replace(run, approvals_needed=3), expected_state=RunState.ASKED)
    calls = [lambda n=n: replicas[n].runs.approve(run.id, APPROVERS[n]) for n in range(3)]
    assert _at_once(list(calls)) == []
    done = replicas[0].reading.run(run.id).run
    assert (done.state, len(done.approved_by)) == (RunState.APPROVED, 3)


def test_acknowledgements_at_the_same_moment_name_one_person(url: str, tmp_path: Path, opened: list[Database]) -> None:
    replicas = engines(url, Deployments(tmp_path, {"checkout": "1.4.1"}), opened)
    incident = replicas[0].incidents.declare(ANA, "checkout", "payments fail", Severity.MAJOR)

    def acknowledge(number: int) -> None:
        replicas[number % 3].incidents.acknowledge(incident.id, APPROVERS[number])

    refused = _at_once([lambda n=n: acknowledge(n) for n in range(6)])  # type: ignore[misc]
    assert [error.reason for error in refused if isinstance(error, Stale)] == ["already_acknowledged"] * 5
    page = replicas[1].reading.incident(incident.id)
    assert [entry.kind for entry in page.timeline] == ["declared", "acknowledged"]


def _at_once(calls: list[Callable[[], object]]) -> list[Exception]:
    """Calls all of them from threads that start together; gives what was raised."""
    start, raised = threading.Barrier(len(calls)), list[Exception]()

    def run(call: Callable[[], object]) -> None:
        start.wait(10)
        try:
            call()
        except (Stale, Refused) as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return raised
