"""Does a real Airflow, by its OpenLineage provider and by callbacks, tell Tocsin of runs that succeed and that fail, as
docs/sources.md sets it up?"""

import configparser
import itertools
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.incidents.model import Incident
from bot.sources.model import PipelineRun, RunState
from tests.clients.conftest import Tocsin, example, until
from tests.heavy import servers

pytestmark = pytest.mark.timeout(900)
TOLD_DAG = servers.DAG.replace("orders_hourly", "orders_told").replace("False", "False, default_args=default_args")
NUMBERS = itertools.count(1)


@dataclass(slots=True)
class Heard:
    """Tocsin with an ear at its door: `bodies` is what was posted to it."""

    tocsin: Tocsin
    airflow: servers.Airflow
    bodies: list[tuple[str, bytes]] = field(default_factory=list)

    def runs(self, pipeline: str) -> list[PipelineRun]:
        now = self.tocsin.engine.clock.now()
        with self.tocsin.engine.store.read() as tx:
            return list(tx.sources.pipeline_runs(now.replace(year=now.year - 1), pipeline))

    def incidents(self) -> list[Incident]:
        now = self.tocsin.engine.clock.now()
        with self.tocsin.engine.store.read() as tx:
            return list(tx.incidents.recent(now.replace(year=now.year - 1)))


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Heard]:
    folder = tmp_path_factory.mktemp("lineage")
    tocsin = Tocsin(f"sqlite:///{folder}/tocsin.db")
    with tocsin.running():
        settings = configparser.ConfigParser(interpolation=None)
        settings.read_string(tocsin.filled(example("openlineage", "Airflow")))
        more = {"AIRFLOW__OPENLINEAGE__TRANSPORT": settings["openlineage"]["transport"]}
        told = tocsin.filled(example("airflow", "a DAG's default_args")) + TOLD_DAG
        with servers.airflow(folder, more, {"orders_told": told}) as airflow:
            made = Heard(tocsin, airflow)
            tocsin.weather.app = _listening(tocsin.weather.app, made.bodies)
            yield made
    if keep := os.environ.get("TOCSIN_KEEP_EVENTS"):
        Path(keep).write_text(json.dumps([(path, json.loads(body)) for path, body in made.bodies]))


def _listening(app: ASGIApp, bodies: list[tuple[str, bytes]]) -> ASGIApp:
    async def listening(scope: Scope, receive: Receive, send: Send) -> None:
        body = bytearray()

        async def received() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        await app(scope, received, send)
        bodies.append((scope["path"], bytes(body)))

    return listening


def test_a_run_that_succeeds_is_a_pipeline_run_with_its_tasks(heard: Heard) -> None:
    name = _name("well")
    heard.airflow.run(name)
    until(lambda: len(_ended(heard, name, RunState.SUCCEEDED)) == 4, told=lambda: heard.runs("orders_hourly"))
    assert {run.task for run in _ended(heard, name, RunState.SUCCEEDED)} == {"", "extract", "load", "report"}
    assert not _ended(heard, name, RunState.FAILED)


def test_a_run_that_fails_is_a_failed_pipeline_run_and_an_incident_that_says_why(heard: Heard) -> None:
    name = _name("ill")
    heard.airflow.failed_run(name)
    until(lambda: len(_ended(heard, name, RunState.FAILED)) == 2, told=lambda: heard.runs("orders_hourly"))
    failed = {run.task: run for run in _ended(heard, name, RunState.FAILED)}
    assert set(failed) == {"", "load"}
    assert "sales_fact is locked" in failed["load"].error
    assert "/tasks/load" in failed["load"].link
    assert failed[""].error == "load failed"
    assert "orders_hourly/load" in {one.title for one in heard.incidents() if one.service == "orders_hourly"}


def test_callbacks_tell_of_each_task(heard: Heard) -> None:
    name = _name("ill")
    heard.airflow.failed_run(name, "orders_told")

    def told(state: RunState) -> list[PipelineRun]:
        return _ended(heard, name, state, "airflow")

    until(lambda: bool(told(RunState.FAILED) and told(RunState.SUCCEEDED)), told=lambda: heard.runs("orders_told"))
    assert {run.task for run in told(RunState.SUCCEEDED)} == {"extract"}
    (failed,) = told(RunState.FAILED)
    assert failed.task == "load"
    assert "sales_fact is locked" in failed.error
    assert "orders_told" in failed.link


def _name(name: str) -> str:
    return f"{name}-{next(NUMBERS)}"


def _ended(heard: Heard, name: str, state: RunState, source: str = "openlineage") -> list[PipelineRun]:
    """How the tasks of this run, and the run itself, ended."""
    pipeline = "orders_told" if source == "airflow" else "orders_hourly"
    return [run for run in heard.runs(pipeline) if (run.run, run.source, run.state) == (name, source, state)]
