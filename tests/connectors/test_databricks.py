"""Is a job of Databricks started and repaired once, and is it said why one failed?"""

import pytest

from bot.actions.model import Action, ActionKind
from bot.connectors import databricks
from bot.errors import ConnectorError, InputError
from tests.connectors.fake_databricks import TOKEN, FakeDatabricks
from tests.connectors.faulty import Answer, Asked
from tests.connectors.runs import KEY, connected, followed


def action(kind: ActionKind = ActionKind.TRIGGER, **target: str) -> Action:
    return Action("x", kind, "orders", "there", {"job": "512", **target})


class WithoutOutput(FakeDatabricks):
    """As for somebody who may see the run, and not its output."""

    def answer(self, asked: Asked) -> Answer:
        is_output = asked.path.endswith("get-output")
        return Answer(403, {"message": "no permission"}) if is_output else super().answer(asked)


def test_a_run_carries_the_key_as_its_token_and_as_a_parameter() -> None:
    fake = FakeDatabricks()
    with connected(databricks, fake, token=TOKEN) as executor:
        states, done = followed(executor, action())
    assert (states, done.summary) == (["pending", "running"], "run 801 succeeded")
    assert fake.tokens == {KEY: 801}
    assert fake.runs[801]["job_parameters"][0]["value"] == KEY


@pytest.mark.parametrize(
    ("fake", "words"),
    [(FakeDatabricks(), "load: Table sales_fact is locked"), (WithoutOutput(), "load: it ended")],
)
def test_why_it_failed_is_said_as_far_as_one_may_know(fake: FakeDatabricks, words: str) -> None:
    fake.ends = "FAILED"
    with connected(databricks, fake, token=TOKEN) as executor, pytest.raises(ConnectorError, match=words):
        followed(executor, action())


def test_a_second_repair_names_the_first() -> None:
    fake = FakeDatabricks()
    fake.ends = "FAILED"
    rerun = action(ActionKind.RERUN)
    with connected(databricks, fake, token=TOKEN) as executor:
        assert executor.plan(rerun, {}).diff == "load: FAILED"
        for repairs in (1, 2):
            with pytest.raises(ConnectorError, match="sales_fact is locked"):
                followed(executor, rerun)
            assert len(fake.effects) == repairs


def test_what_makes_no_sense_is_refused() -> None:
    fake = FakeDatabricks()
    with connected(databricks, fake, token=TOKEN) as executor:
        with pytest.raises(ConnectorError, match="needs a parameter run_key"):
            executor.plan(action(key="run_key"), {})
        with pytest.raises(InputError, match="not a run of the job 7"):
            executor.plan(action(ActionKind.RERUN, job="7"), {"run": "800"})
        fake.runs[800]["state"]["result_state"] = "SUCCESS"
        with pytest.raises(InputError, match="no run has failed"):
            executor.plan(action(ActionKind.RERUN), {})
