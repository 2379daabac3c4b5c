"""Does TorchServe answer with the version that is wanted, and with as many workers?"""

import pytest

from bot.actions.model import Action, ActionKind
from bot.connectors import torchserve
from bot.errors import ConnectorError, InputError, Refused
from tests.connectors.fake_torchserve import TOKEN, FakeTorchserve
from tests.connectors.runs import begun, connected, followed


def action(kind: ActionKind, model: str = "churn") -> Action:
    return Action("x", kind, "churn", "there", {"model": model})


ROLLBACK, PROMOTE, SCALE = map(action, (ActionKind.MODEL_ROLLBACK, ActionKind.MODEL_PROMOTE, ActionKind.SCALE))


def test_a_rollback_takes_the_next_lower_version_and_says_that_it_guessed() -> None:
    fake = FakeTorchserve()
    with connected(torchserve, fake, token=TOKEN) as executor:
        plan = executor.plan(ROLLBACK, {})
        assert plan.summary == "churn: 1.10 → 1.9"
        assert plan.diff.splitlines() == [
            "-churn = version 1.10 (churn-1.10.mar, 2 workers ready)",
            "+churn = version 1.9 (churn-1.9.mar, 2 workers ready)",
            "# TorchServe keeps no history; 1.9 is the version below 1.10",
        ]
        assert followed(executor, ROLLBACK)[1].summary == "churn answers with version 1.9"
        with pytest.raises(Refused):
            executor.plan(ROLLBACK, {})
    assert fake.default == "1.9"


def test_the_choices_are_its_versions_the_highest_first() -> None:
    with connected(torchserve, FakeTorchserve(), token=TOKEN) as executor:
        assert executor.choices(PROMOTE, "version") == ["3.0", "2.0", "1.10", "1.9"]


def test_a_version_without_a_ready_worker_is_scaled_before_it_is_promoted() -> None:
    fake = FakeTorchserve()
    with connected(torchserve, fake, token=TOKEN) as executor:
        with pytest.raises(InputError, match=r"3\.0 of churn has no worker that is ready; scale it first"):
            executor.plan(PROMOTE, {"version": "3.0"})
        assert executor.plan(SCALE, {"version": "3.0", "workers": "2"}).summary == "churn 3.0: 0 → 2 workers"
        states, done = followed(executor, SCALE, {"version": "3.0", "workers": "2"})
        assert (states[0], done.summary) == ("0 of 2 workers are ready", "churn 3.0 has 2 workers")
        followed(executor, PROMOTE, {"version": "3.0"})
    assert fake.effects == ["3.0 2", "3.0"]


def test_who_scales_it_otherwise_meanwhile_is_told() -> None:
    fake = FakeTorchserve()
    with connected(torchserve, fake, token=TOKEN) as executor:
        started = begun(executor, SCALE, {"workers": "4"})
        fake.asked_for["1.10"] = 1
        with pytest.raises(ConnectorError, match=r"churn 1\.10 is asked for 1 workers now, not for 4"):
            executor.follow(started, SCALE)  # type: ignore[arg-type]


def test_what_makes_no_sense_is_refused() -> None:
    with connected(torchserve, FakeTorchserve(), token=TOKEN) as executor:
        for meant, parameters, words in (
            (PROMOTE, {"version": "1.10"}, "churn answers with 1.10 already"),
            (PROMOTE, {"version": "9"}, "churn has the versions 3.0, 2.0, 1.10, 1.9"),
            (SCALE, {"workers": "2"}, "churn 1.10 has 2 workers already"),
        ):
            with pytest.raises(InputError, match=words):
                executor.plan(meant, parameters)
        with pytest.raises(ConnectorError, match="Model not found: nope"):
            executor.plan(action(ActionKind.MODEL_ROLLBACK, "nope"), {})
