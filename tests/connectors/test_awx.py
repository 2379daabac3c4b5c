"""Is a job of AWX launched with what it needs, and is it said why one failed?"""

import pytest

from bot.actions.model import Action, ActionKind
from bot.actions.parameters import Parameter
from bot.connectors import awx
from bot.errors import ConnectorError, InputError
from tests.connectors.fake_awx import TOKEN, FakeAwx
from tests.connectors.runs import KEY, connected, followed

LAUNCH = Action("x", ActionKind.COMMAND, "cache", "there", {"template": "42"}, parameters=(Parameter("region"),))


def test_the_parameters_and_the_key_are_its_variables() -> None:
    fake = FakeAwx()
    with connected(awx, fake, token=TOKEN) as executor:
        states, done = followed(executor, LAUNCH, {"region": "eu"})
    assert (states, done.summary) == (["pending", "running"], "job 101 succeeded")
    assert fake.jobs[1]["extra_vars"] == f'{{"region": "eu", "tocsin_key": "{KEY}"}}'


def test_what_the_template_still_asks_for_is_said() -> None:
    with connected(awx, FakeAwx(), token=TOKEN) as executor, pytest.raises(InputError, match="asks for region too"):
        executor.plan(LAUNCH, {})


@pytest.mark.parametrize("value", ["{{ lookup('pipe', 'id') }}", "{% for %}"])
def test_a_value_that_would_be_a_template_is_refused(value: str) -> None:
    with connected(awx, FakeAwx(), token=TOKEN) as executor, pytest.raises(InputError, match="are not taken"):
        executor.plan(LAUNCH, {"region": value})


def test_the_task_that_failed_is_said() -> None:
    fake = FakeAwx()
    fake.ends = "failed"
    words = r"job 101: failed: fatal: \[cache-1\].*no space left"
    with connected(awx, fake, token=TOKEN) as executor, pytest.raises(ConnectorError, match=words):
        followed(executor, LAUNCH, {"region": "eu"})


def test_a_rerun_needs_a_job_that_failed() -> None:
    fake = FakeAwx()
    rerun = Action("x", ActionKind.RERUN, "cache", "there", {"template": "42"})
    with connected(awx, fake, token=TOKEN) as executor:
        assert executor.plan(rerun, {}).summary == "job 100 of restart cache again on the hosts that failed"
        fake.jobs[0]["status"] = "successful"
        with pytest.raises(InputError, match="has not failed"):
            executor.plan(rerun, {})
