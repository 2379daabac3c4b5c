"""Are the tests of a suite run, and is it said what they found?"""

import pytest

from bot.actions.model import Action, ActionKind
from bot.connectors import testgen
from bot.errors import ConnectorError, InputError
from tests.connectors.fake_testgen import TOKEN, FakeTestgen
from tests.connectors.runs import KEY, connected, followed

RUN = Action("x", ActionKind.TRIGGER, "orders", "there", {"suite": "default-suite-1"})


def test_what_the_tests_found_is_said_and_the_run_has_its_key() -> None:
    fake = FakeTestgen()
    with connected(testgen, fake, token=TOKEN) as executor:
        assert executor.plan(RUN, {}).summary == "212 tests of default-suite-1"
        states, done = followed(executor, RUN)
    assert states == ["pending", "running"]
    assert done.summary == "the tests of default-suite-1 ran: 179 passed, 12 failed, 15 warning"
    assert list(fake.metadata.values()) == [{"tocsin_key": KEY}]


def test_a_run_that_broke_off_says_why() -> None:
    fake = FakeTestgen()
    fake.ends = "error"
    words = r"the tests of default-suite-1: error: connection to server at 10\.0\.0\.7 failed"
    with connected(testgen, fake, token=TOKEN) as executor, pytest.raises(ConnectorError, match=words):
        followed(executor, RUN)


def test_a_suite_that_is_not_there_is_said_before_anybody_approves() -> None:
    nope = Action("x", ActionKind.TRIGGER, "orders", "there", {"suite": "nope"})
    words = "there is no suite nope in the project DEFAULT"
    with connected(testgen, FakeTestgen(), token=TOKEN) as executor, pytest.raises(InputError, match=words):
        executor.plan(nope, {})
