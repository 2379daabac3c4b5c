"""Does the Airflow connector keep its contract on a real Airflow, and does the fake answer as that one does?"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bot.actions.model import Action, ActionKind
from bot.connectors import airflow as connector
from bot.connectors import executors
from bot.errors import ConnectorError, WorldChanged
from bot.settings import Settings
from tests.connectors import test_contract as contract
from tests.connectors.benches import (
    Bench,
    Opened,
    airflow_answer,
    airflow_backfill,
    airflow_rerun,
    airflow_trigger,
)
from tests.connectors.faulty import Answer, Asked, Backend, forwarded, served
from tests.handlers.stories import (
    a_failed_pipeline_is_run_again,
    a_failed_pipeline_is_run_again_from_its_incident,
    airflow_settings,
)
from tests.heavy import servers
from tests.heavy.shapes import Shapes, differences, recorded
from tests.slack.stage import Stage

pytestmark = pytest.mark.timeout(900)
contract.FOLLOWED_MAX = 240
NUMBERS = itertools.count(1)
REAL: Shapes = {}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Airflow]:
    with servers.airflow(tmp_path_factory.mktemp("real")) as made:
        yield made


@pytest.fixture
def opened(server: servers.Airflow) -> Opened:
    @contextmanager
    def opened() -> Iterator[Bench]:
        run = f"r{next(NUMBERS)}"
        server.failed_run(run)
        before = server.tries(run)
        action = Action("rerun-orders", ActionKind.RERUN, "orders", "airflow", {"dag": "orders_hourly"})
        with served(recorded(forwarded(server.url), REAL)) as faulty:
            options = {"url": faulty.url, "username": servers.USER, "password": servers.PASSWORD, "timeout_s": 20}
            yield Bench(
                faulty,
                lambda: connector.executor("airflow", options),
                action,
                {"run": run},
                state=lambda: server.tries(run),
                effects=lambda: server.tries(run) - before,
                secrets=(servers.PASSWORD,),
                pause_s=0.5,
                goes_on=True,
            )

    return opened


@pytest.fixture
def bench(opened: Opened) -> Iterator[Bench]:
    with opened() as made:
        yield made


test_a_plan_changes_nothing = contract.test_a_plan_changes_nothing_and_says_the_same_twice
test_a_run_has_its_effect = contract.test_a_run_has_its_effect
test_the_same_key_twice_has_one_effect = contract.test_the_same_key_twice_has_one_effect
test_what_was_done_is_found = contract.test_what_was_not_done_is_not_found_and_what_was_is
test_nothing_has_a_secret = contract.test_nothing_that_is_stored_or_shown_has_a_secret


def test_killed_between_any_two_requests_it_has_one_effect(opened: Opened) -> None:
    contract.test_killed_between_any_two_requests_it_has_one_effect(opened, "cut")


def test_a_run_that_fails_again_says_why(bench: Bench, server: servers.Airflow) -> None:
    plan = contract.planned(bench)
    server.lock_warehouse(True)
    with pytest.raises(ConnectorError, match=r"failed in load .*sales_fact is locked"):
        contract.finished(bench, contract.executed(bench, bench.make(), plan))
    server.lock_warehouse(False)


@pytest.mark.parametrize("kind", [ActionKind.TRIGGER, ActionKind.BACKFILL])
def test_a_start_and_a_backfill_happen_once(bench: Bench, server: servers.Airflow, kind: ActionKind) -> None:
    bench.action = Action("x", kind, "orders", "airflow", {"dag": "orders_hourly"})
    filled = {"since": "2026-11-10T00:00:00+00:00", "until": "2026-11-11T00:00:00+00:00"}
    bench.parameters = filled if kind is ActionKind.BACKFILL else {}
    plan = contract.planned(bench)
    first = contract.finished(bench, contract.executed(bench, bench.make(), plan))
    assert contract.finished(bench, contract.taken_over(bench, plan)) == first
    with server.client() as client:
        wanted = {"run_type": "backfill" if kind is ActionKind.BACKFILL else "manual"}
        runs = client.get("/dags/orders_hourly/dagRuns", params=wanted).json()["dag_runs"]
    if kind is ActionKind.TRIGGER:
        assert [run["dag_run_id"] for run in runs].count(contract.KEY) == 1
    else:
        assert len(runs) == 2
        assert {run["conf"]["tocsin"] for run in runs} == {contract.KEY}


def test_a_question_on_which_a_task_waits_is_answered_once(bench: Bench, server: servers.Airflow) -> None:
    target = {"dag": "orders_release", "task": "ask"}
    bench.action, bench.parameters = Action("x", ActionKind.CALL, "orders", "airflow", target), {"answer": "load"}
    server.asking_run("q1")
    assert bench.make().choices(bench.action, "answer") == ["Load", "Drop"]
    plan = contract.planned(bench)
    assert plan.summary == "orders_release q1: Load 12 rows? → Load"
    first = contract.executed(bench, bench.make(), plan)
    assert contract.taken_over(bench, plan) == first
    assert server.ended("orders_release", "q1") == "success"
    server.asking_run("q2")
    plan = contract.planned(bench)
    with server.client() as client:
        path = "/dags/orders_release/dagRuns/q2/taskInstances/ask/-1/hitlDetails"
        client.patch(path, json={"chosen_options": ["Drop"], "params_input": {}}).raise_for_status()
    with pytest.raises(WorldChanged, match="it was answered already: Drop"):
        contract.executed(bench, bench.make(), plan)


def last_run(server: servers.Airflow, run: str) -> Backend:
    """How it is, for the check of the action's own."""

    def answer(asked: Asked) -> Answer:
        with server.client() as client:
            return Answer(200, client.get(f"/dags/orders_hourly/dagRuns/{run}").json()["state"])

    return answer


async def test_the_story_on_slack(server: servers.Airflow) -> None:
    server.failed_run("story")
    with served(last_run(server, "story")) as check:
        settings = airflow_settings(server.url, servers.USER, servers.PASSWORD, check.url)
        async with Stage(held=True, executors=executors(Settings.model_validate(settings)), **settings) as stage:
            stage.deliver()
            command = "/rerun orders_hourly run=story"
            await a_failed_pipeline_is_run_again(stage, command, pause_s=0.5, checked=True)
    assert server.tries("story") == 2
    assert server.tries("story", "extract") == 1


async def test_the_story_on_slack_from_the_button_of_the_incident(server: servers.Airflow) -> None:
    server.failed_run("button")
    with served(last_run(server, "button")) as check:
        settings = airflow_settings(server.url, servers.USER, servers.PASSWORD, check.url)
        async with Stage(held=True, executors=executors(Settings.model_validate(settings)), **settings) as stage:
            stage.deliver()
            await a_failed_pipeline_is_run_again_from_its_incident(stage, pause_s=0.5)
    assert server.tries("button") == 2
    assert server.tries("button", "extract") == 1


def test_the_fake_answers_as_the_real_one(bench: Bench) -> None:
    """Last: by now the tests above have asked the real one everything."""
    fake: Shapes = {}
    for open_fake in (airflow_rerun, airflow_trigger, airflow_backfill, airflow_answer):
        with open_fake() as other:
            other.faulty.backend = recorded(other.faulty.backend, fake)
            plan = contract.planned(other)
            contract.taken_over(other, plan)
    assert len(set(fake) & set(REAL)) >= 13
    assert differences(fake, REAL) == []
