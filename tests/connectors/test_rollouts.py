"""Does a Rollout go where it is told, and is it said where it stands?"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bot.actions.model import Action, ActionKind
from bot.connectors import argo_rollouts
from bot.engine.action_ports import Executor
from bot.errors import ConnectorError, InputError
from tests.connectors.fake_objects import TOKEN
from tests.connectors.fake_rollouts import FakeRollout
from tests.connectors.runs import begun, connected, followed


def action(kind: ActionKind = ActionKind.ROLLBACK, **does: str) -> Action:
    return Action("x", kind, "checkout", "there", {"namespace": "shop", "rollout": "checkout", **does})


@contextmanager
def rollouts(fake: FakeRollout) -> Iterator[Executor]:
    with connected(argo_rollouts, fake, token=TOKEN) as executor:
        yield executor


def test_a_rollback_of_what_is_under_way_is_an_abort() -> None:
    with rollouts(FakeRollout(under_way=True)) as executor:
        assert executor.plan(action(), {}).summary == "abort checkout: Paused at step 2 of 4"
        states, done = followed(executor, action())
    assert states == ["back to the stable pods"]
    assert done.summary == "checkout is aborted: all traffic is with the stable pods again"


def test_a_rollback_of_what_is_out_puts_the_template_before_back_and_waits_at_its_pause() -> None:
    with rollouts(FakeRollout()) as executor:
        states, done = followed(executor, action())
    assert states == ["Progressing", "Progressing"]
    assert (done.version, done.summary) == ("1.4.1", "checkout: Paused at step 2 of 4; promote or abort it")


def test_a_rollback_that_argo_aborts_is_no_success() -> None:
    fake = FakeRollout()
    with rollouts(fake) as executor:
        started = begun(executor, action())
        fake.object["status"] |= {"abort": True, "message": "metric success-rate failed"}
        with pytest.raises(ConnectorError, match="checkout was aborted: metric success-rate failed"):
            executor.follow(started, action())  # type: ignore[arg-type]


def test_a_promotion_goes_past_one_pause_only_however_often_it_is_tried() -> None:
    fake = FakeRollout(under_way=True)
    with rollouts(fake) as executor:
        promote = action(ActionKind.CALL, does="promote")
        plan = executor.plan(promote, {})
        executor.execute("tocsin-1", promote, {}, plan)
        fake._pause(3)
        assert executor.find("tocsin-1", promote, plan) is not None
        executor.execute("tocsin-1", promote, {}, plan)
    assert fake.effects == ["tocsin-1"]
    assert fake.object["status"]["pauseConditions"]


@pytest.mark.parametrize(
    ("fake", "does", "words"),
    [
        (FakeRollout(), "abort", "nothing under way"),
        (FakeRollout(under_way=True), "retry", "is not aborted"),
        (FakeRollout(under_way=True, aborted=True), "abort", "aborted already"),
    ],
)
def test_what_makes_no_sense_now_is_refused(fake: FakeRollout, does: str, words: str) -> None:
    with rollouts(fake) as executor, pytest.raises(InputError, match=words):
        executor.plan(action(ActionKind.CALL, does=does), {})


def test_pods_that_do_not_come_up_are_a_failure() -> None:
    fake = FakeRollout()
    fake.fails = True
    with rollouts(fake) as executor, pytest.raises(ConnectorError, match=r"Degraded: ReplicaSet .* has timed out"):
        followed(executor, action())


def test_a_rollout_without_a_template_is_said() -> None:
    fake = FakeRollout()
    fake.object["spec"].pop("template")
    with rollouts(fake) as executor, pytest.raises(ConnectorError, match="takes its pods from a workloadRef"):
        executor.plan(action(), {})


def test_a_target_that_is_none_is_named() -> None:
    problems = argo_rollouts.target_problems(ActionKind.CALL, {"rollout": "A b", "does": "explode"})
    assert problems == ["target.rollout: 'A b' does not look like one", "target.does: 'explode' does not look like one"]
