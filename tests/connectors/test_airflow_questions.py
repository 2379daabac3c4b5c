"""Is a question on which a task of Airflow waits answered as people want it?"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.actions.model import Action, ActionKind, Done
from bot.actions.parameters import Parameter
from bot.connectors import airflow
from bot.connectors.airflow.executor import AirflowExecutor
from bot.errors import ConnectorError, InputError, WorldChanged
from tests.connectors.fake_airflow import PASSWORD, USER, FakeAirflow
from tests.connectors.faulty import served
from tests.connectors.runs import KEY

TARGET = {"dag": "orders_release", "task": "ask"}
RELEASE = Action("release-orders", ActionKind.CALL, "orders", "airflow", TARGET, parameters=(Parameter("note"),))


@pytest.fixture
def fake() -> FakeAirflow:
    made = FakeAirflow()
    made.asking_run("q1", {"note": {"value": "none", "schema": {}}, "limit": {"value": 5, "schema": {}}})
    made.asking_run("q2")
    return made


@pytest.fixture
def executor(fake: FakeAirflow) -> Iterator[AirflowExecutor]:
    with served(fake.answer) as faulty:
        yield airflow.executor("airflow", {"url": faulty.url, "username": USER, "password": PASSWORD})


def test_the_plan_shows_the_question_of_the_latest_run_that_waits(executor: AirflowExecutor) -> None:
    plan = executor.plan(RELEASE, {"answer": "load"})
    assert plan.summary == "orders_release q2: Load 12 rows? → Load"
    assert plan.diff == "Load 12 rows?\n3 of them are new"


def test_what_the_question_asks_beside_its_options_is_said_or_stays_as_it_stands(
    executor: AirflowExecutor, fake: FakeAirflow
) -> None:
    wanted = {"answer": "Drop", "run": "q1", "note": "too few"}
    done = executor.execute(KEY, RELEASE, wanted, executor.plan(RELEASE, wanted))
    assert isinstance(done, Done)
    assert done.summary == "orders_release q1: ask is answered with Drop"
    assert fake.questions["q1"]["params_input"] == {"note": "too few", "limit": 5}
    assert not fake.questions["q2"]["response_received"]


def test_the_answers_and_the_runs_that_wait_are_offered(executor: AirflowExecutor) -> None:
    assert executor.choices(RELEASE, "answer") == ["Load", "Drop"]
    assert executor.choices(RELEASE, "run") == ["q2", "q1"]


def test_an_answer_that_it_cannot_have_is_refused_with_those_it_can(executor: AirflowExecutor) -> None:
    with pytest.raises(InputError, match=r"'maybe' is no answer; it can be: Load, Drop"):
        executor.plan(RELEASE, {"answer": "maybe"})


def test_where_nothing_waits_it_is_said(executor: AirflowExecutor, fake: FakeAirflow) -> None:
    with pytest.raises(InputError, match="no question of ask waits in q3"):
        executor.plan(RELEASE, {"answer": "load", "run": "q3"})
    fake.questions.clear()
    with pytest.raises(InputError, match="no question of ask waits in orders_release"):
        executor.plan(RELEASE, {"answer": "load"})
    assert executor.choices(RELEASE, "answer") == []


def test_a_question_that_was_asked_anew_or_answered_otherwise_is_left_alone(
    executor: AirflowExecutor, fake: FakeAirflow
) -> None:
    plan = executor.plan(RELEASE, {"answer": "load"})
    fake.answered("q2", ["Drop"], {})
    with pytest.raises(WorldChanged, match="it was answered already: Drop"):
        executor.execute(KEY, RELEASE, {"answer": "load"}, plan)
    fake.asking_run("q2")
    with pytest.raises(WorldChanged, match="the question was asked anew"):
        executor.execute(KEY, RELEASE, {"answer": "load"}, plan)
    del fake.questions["q2"]
    with pytest.raises(ConnectorError, match="was not found"):
        executor.execute(KEY, RELEASE, {"answer": "load"}, plan)


def test_the_same_answer_by_somebody_who_was_faster_is_the_answer(executor: AirflowExecutor, fake: FakeAirflow) -> None:
    plan = executor.plan(RELEASE, {"answer": "load"})
    fake.answered("q2", ["Load"], {})
    assert isinstance(executor.execute(KEY, RELEASE, {"answer": "load"}, plan), Done)
    assert fake.effects == []


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({"dag": "orders_release"}, "target.task: say which"),
        ({**TARGET, "task": "a b"}, "target.task: 'a b' is not the id of a task"),
        ({**TARGET, "run": "x"}, "target.run: there is no such setting"),
    ],
)
def test_a_wrong_target_is_named(target: dict[str, str], words: str) -> None:
    assert airflow.target_problems(ActionKind.CALL, replace(RELEASE, target=target).target) == [words]
    assert airflow.target_problems(ActionKind.RERUN, {"dag": "x", "task": "y"}) == [
        "target.task: there is no such setting"
    ]
