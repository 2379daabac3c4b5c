"""Is a pipeline run with what it declares, and are people asked to look where nobody can know?"""

from dataclasses import replace

import pytest

from bot.actions.model import Action, ActionKind
from bot.actions.parameters import Parameter
from bot.connectors import highbyte
from bot.errors import ConnectorError, InputError
from tests.connectors.fake_highbyte import TOKEN, FakeHighbyte
from tests.connectors.faulty import served
from tests.connectors.runs import begun, connected, followed

PARAMETERS = (Parameter("hours"), Parameter("line"), Parameter("dry"))
REFILL = Action("x", ActionKind.TRIGGER, "line-7", "there", {"pipeline": "RefillLine7"}, parameters=PARAMETERS)


def test_values_are_sent_as_the_types_that_the_pipeline_declares() -> None:
    fake = FakeHighbyte()
    with connected(highbyte, fake, token=TOKEN) as executor:
        assert executor.choices(REFILL, "line") == ["7", "8"]
        done = followed(executor, REFILL, {"hours": "12", "line": "8", "dry": "yes"})[1]
    assert fake.bodies == [{"hours": 12.0, "line": "8", "dry": True}]
    assert done.summary == 'RefillLine7 ran and answered [{"rows": 12}]'


@pytest.mark.parametrize(
    ("values", "words"),
    [({}, "asks for hours too"), ({"hours": "many"}, "is no number"), ({"hours": "1", "dry": "so"}, "neither yes nor")],
)
def test_what_does_not_fit_is_said_before_anybody_approves(values: dict[str, str], words: str) -> None:
    with connected(highbyte, FakeHighbyte(), token=TOKEN) as executor, pytest.raises(InputError, match=words):
        executor.plan(REFILL, values)


def test_without_find_people_look_when_no_answer_came() -> None:
    fake = FakeHighbyte()
    with served(fake.answer) as faulty:
        executor = highbyte.executor("there", {"url": faulty.url, "token": TOKEN, "timeout_s": 5})
        plan = executor.plan(REFILL, {"hours": "1"})
        faulty.faults = ["", "cut"]
        with pytest.raises(ConnectorError, match="it may have run all the same: look there") as caught:
            executor.execute("k", REFILL, {"hours": "1"}, plan)
        assert caught.value.permanent
        with pytest.raises(ConnectorError, match="there is no way to ask; look there"):
            executor.find("k", REFILL, plan)
    assert fake.effects == ["k"]


def test_with_find_another_pipeline_is_asked() -> None:
    with connected(highbyte, FakeHighbyte(), token=TOKEN) as executor:
        action = replace(REFILL, target={"pipeline": "RefillLine7", "find": "RefilledLine7"})
        done = begun(executor, action, {"hours": "1"})
        assert executor.find("tocsin-run-7-0badcafe-1", action) == done
        assert executor.find("another", action) is None
