"""Which version does a model go back to, and what is noted so that it can?"""

import json
from collections.abc import Iterator

import pytest

from bot.actions.model import Action, ActionKind, Plan
from bot.connectors import mlflow
from bot.connectors.mlflow import MlflowExecutor
from bot.errors import InputError, Refused
from tests.connectors.fake_mlflow import TOKEN, FakeMlflow
from tests.connectors.faulty import served

KINDS = {"back": ActionKind.MODEL_ROLLBACK, "to": ActionKind.MODEL_PROMOTE}


@pytest.fixture
def fake() -> FakeMlflow:
    return FakeMlflow()


@pytest.fixture
def executor(fake: FakeMlflow) -> Iterator[MlflowExecutor]:
    with served(fake.answer) as faulty:
        yield mlflow.executor("mlflow", {"url": faulty.url, "token": TOKEN})


def planned(executor: MlflowExecutor, how: str, version: str = "") -> tuple[Action, Plan]:
    action = Action("churn", KINDS[how], "churn", "mlflow", {"model": "churn"})
    return action, executor.plan(action, {"version": version} if version else {})


def moved(executor: MlflowExecutor, how: str, version: str = "") -> str:
    action, plan = planned(executor, how, version)
    return executor.execute(f"key-{how}-{plan.before}-{plan.after}", action, {}, plan).version


def test_going_back_twice_goes_back_two_versions(executor: MlflowExecutor) -> None:
    assert [moved(executor, "back"), moved(executor, "back")] == ["2", "1"]
    with pytest.raises(Refused, match="nothing_to_roll_back"):
        planned(executor, "back")


def test_going_back_takes_the_version_that_was_there_before_not_the_number_before(executor: MlflowExecutor) -> None:
    moved(executor, "to", "1")
    moved(executor, "to", "2")
    _, plan = planned(executor, "back")
    assert plan.after == "1"
    assert "# version 1 was champion before" in plan.diff


def test_a_version_that_was_rolled_back_is_not_gone_back_to(executor: MlflowExecutor) -> None:
    moved(executor, "back")
    moved(executor, "to", "1")
    assert moved(executor, "back") == "2"


def test_without_a_journal_the_plan_says_how_the_version_was_chosen(executor: MlflowExecutor) -> None:
    _, plan = planned(executor, "back")
    assert "nobody noted what was champion before; 2 is the version before 3 by number" in plan.diff
    assert "-champion = version 3 (auc 0.83)" in plan.diff


def test_somebody_elses_move_mends_the_journal(executor: MlflowExecutor, fake: FakeMlflow) -> None:
    moved(executor, "to", "2")
    fake.alias["champion"] = "1"
    moved(executor, "to", "3")
    assert json.loads(fake.tags["tocsin.journal.champion"])[-2:] == ["1", "3"]


def test_a_journal_that_somebody_broke_is_as_none(executor: MlflowExecutor, fake: FakeMlflow) -> None:
    for broken in ("{", "7", "null", '{"a": 1}'):
        fake.tags["tocsin.journal.champion"] = broken
        assert planned(executor, "back")[1].after == "2"


def test_what_makes_no_sense_is_refused(executor: MlflowExecutor) -> None:
    with pytest.raises(InputError, match="champion of churn is version 3 already"):
        planned(executor, "to", "3")
    with pytest.raises(InputError, match="say which version"):
        planned(executor, "to")


def test_the_versions_are_offered_the_latest_first(executor: MlflowExecutor) -> None:
    action, _ = planned(executor, "back")
    assert executor.choices(action, "version") == ["3", "2", "1"]


@pytest.mark.parametrize("alias", ["v3", "latest", "a b", ""])
def test_an_alias_that_cannot_be_one_is_named(alias: str) -> None:
    problems = mlflow.target_problems(ActionKind.MODEL_ROLLBACK, {"model": "churn", "alias": alias})
    assert problems == [f"target.alias: {alias!r} cannot be an alias"]
