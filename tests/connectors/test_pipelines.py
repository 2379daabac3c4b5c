"""Do Prefect and Dagster get what they want, and is it said why a run failed?"""

from typing import Any

import pytest

from bot.actions.model import Action, ActionKind
from bot.actions.parameters import Parameter
from bot.connectors import dagster, prefect
from bot.errors import ConnectorError, InputError
from tests.connectors import fake_dagster, fake_prefect
from tests.connectors.fake_dagster import FakeDagster
from tests.connectors.fake_prefect import FakePrefect
from tests.connectors.runs import KEY, connected, followed

_DEPLOYMENT = {"deployment": "orders/hourly"}
_JOB = {"job": "orders_hourly", "location": "shop.py"}


def flow(kind: ActionKind = ActionKind.TRIGGER) -> Action:
    return Action("x", kind, "orders", "there", _DEPLOYMENT, parameters=(Parameter("day"),))


def job(kind: ActionKind = ActionKind.TRIGGER, name: str = "orders_hourly") -> Action:
    return Action("x", kind, "orders", "there", {**_JOB, "job": name})


def test_a_flow_gets_its_parameters_in_its_own_types() -> None:
    fake = FakePrefect()
    with connected(prefect, fake, token=fake_prefect.TOKEN) as executor:
        states, done = followed(executor, flow(), {"day": "3"})
        assert (states, done.summary[:29]) == (["scheduled", "submitting", "running"], "the flow run of orders/hourly")
        with pytest.raises(InputError, match="day: 'three' is no integer, which the flow wants"):
            executor.plan(flow(), {"day": "three"})
    assert list(fake.runs.values())[-1]["parameters"] == {"day": 3}


def test_a_failed_flow_run_is_put_back_in_line_and_says_why_it_failed_again() -> None:
    fake = FakePrefect()
    fake.ends = "FAILED"
    with connected(prefect, fake, token=fake_prefect.TOKEN) as executor:
        assert executor.plan(flow(ActionKind.RERUN), {}).diff == "RuntimeError: sales_fact is locked"
        with pytest.raises(ConnectorError, match="failed: RuntimeError: again"):
            followed(executor, flow(ActionKind.RERUN))
    (states,) = fake.states.values()
    assert states[2]["name"] == "AwaitingRetry"
    assert states[2]["message"] == f"asked for by Tocsin ({KEY})"


def test_only_a_failed_run_of_this_deployment_is_run_again() -> None:
    fake = FakePrefect()
    (id_,) = fake.runs
    with connected(prefect, fake, token=fake_prefect.TOKEN) as executor:
        assert executor.choices(flow(ActionKind.RERUN), "run") == [id_]
        fake.runs[id_]["deployment_id"] = "another"
        with pytest.raises(InputError, match="not a run of orders/hourly"):
            executor.plan(flow(ActionKind.RERUN), {"run": id_})
        fake.runs[id_]["state_type"] = "COMPLETED"
        with pytest.raises(InputError, match="no flow run has failed"):
            executor.plan(flow(ActionKind.RERUN), {})


def test_a_dagster_run_is_run_again_from_the_step_that_failed() -> None:
    fake = FakeDagster()
    with connected(dagster, fake, token=fake_dagster.TOKEN) as executor:
        plan = executor.plan(job(ActionKind.RERUN), {})
        assert plan.summary == "run 00000000 of orders_hourly again from load"
        assert plan.diff == "load: RuntimeError: sales_fact is locked"
        assert followed(executor, job(ActionKind.RERUN))[0] == ["queued", "started"]
    assert fake.tags[list(fake.runs)[-1]] == {"tocsin/run": KEY, "dagster/parent_run_id": plan.world}


def test_a_job_that_is_not_there_is_said_with_those_that_are() -> None:
    with connected(dagster, FakeDagster(), token=fake_dagster.TOKEN) as executor:
        with pytest.raises(ConnectorError, match="there is no job orders; there are: orders_hourly, slow"):
            executor.plan(job(name="orders"), {})
        with pytest.raises(ConnectorError, match=r"RunNotFoundError: Run .* could not be found"):
            executor.plan(job(ActionKind.RERUN), {"run": "no"})


@pytest.mark.parametrize(
    ("launched", "words"),
    [
        ({"__typename": "RunConfigValidationInvalid", "errors": [{"message": "no such op"}]}, "Invalid: no such op"),
        ({"__typename": "PythonError", "message": "boom"}, "PythonError: boom"),
        (None, "not as expected: no launchRun"),
    ],
)
def test_what_dagster_refuses_with_a_200_is_an_error_all_the_same(launched: Any, words: str) -> None:
    class Refusing(FakeDagster):
        def _launchRun(self, given: dict[str, Any]) -> Any:
            return launched

    with connected(dagster, Refusing(), token=fake_dagster.TOKEN) as executor:
        with pytest.raises(ConnectorError, match=words):
            executor.execute(KEY, job(), {}, executor.plan(job(), {}))
        with pytest.raises(InputError, match="no run of slow has failed"):
            executor.plan(job(ActionKind.RERUN, "slow"), {})
