"""Which steps can a run take, and what is an approval bound to?"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.actions.model import Action, ActionKind, Plan, Run, RunState, Verdict, binding
from bot.errors import Stale

TEN = datetime(2026, 11, 16, 10, tzinfo=UTC)
ACTION = Action("rollback-checkout", ActionKind.ROLLBACK, "checkout", "shop", {"file": "checkout.yaml"})
PLAN = Plan("1.4.2 → 1.4.1", "1.4.2", "1.4.1", "-tag: 1.4.2\n+tag: 1.4.1", "c0ffee")


def at(minutes: float) -> datetime:
    return TEN + timedelta(minutes=minutes)


def asked(approvals: int = 1) -> Run:
    return Run(
        action=ACTION.name,
        kind=ACTION.kind,
        service=ACTION.service,
        parameters={},
        plan=PLAN,
        asked_by="T1/UANA",
        asked_at=TEN,
        expires_at=at(30),
        bound_to=binding(ACTION, {}, PLAN),
        approvals_needed=approvals,
        id=5,
    )


APPROVED = asked().approve("T1/UBEN", at(1))
RUNNING = APPROVED.start(at(2))
VERIFYING = RUNNING.done("committed", at(3), at(8))
OVER = VERIFYING.verified(Verdict.RECOVERED, at(6))


def test_the_whole_life() -> None:
    assert [run.state for run in (asked(), APPROVED, RUNNING, VERIFYING, OVER)] == [
        RunState.ASKED,
        RunState.APPROVED,
        RunState.RUNNING,
        RunState.VERIFYING,
        RunState.SUCCEEDED,
    ]
    assert (OVER.approved_by, OVER.started_at, OVER.done_at, OVER.finished_at) == (("T1/UBEN",), at(2), at(3), at(6))
    assert (OVER.verdict, OVER.result) == (Verdict.RECOVERED, "committed")
    assert OVER.key.startswith("tocsin-run-5-")
    assert OVER.key_of(0) == OVER.key + "-1"


def test_two_approvals_are_two_people() -> None:
    half = asked(approvals=2).approve("T1/UBEN", at(1))
    assert half.state is RunState.ASKED
    whole = half.approve("T1/UCY", at(2))
    assert (whole.state, whole.approved_by, whole.approved_at) == (RunState.APPROVED, ("T1/UBEN", "T1/UCY"), at(2))


def test_an_approval_in_the_last_second_counts_and_one_at_expiry_does_not() -> None:
    assert asked().approve("T1/UBEN", at(29.99)).state is RunState.APPROVED
    with pytest.raises(Stale, match="run_expired"):
        asked().approve("T1/UBEN", at(30))


STEPS: dict[str, Callable[[Run], Run]] = {
    "approve": lambda run: run.approve("T1/UBEN", at(4)),
    "start": lambda run: run.start(at(4)),
    "done": lambda run: run.done("committed", at(4), at(9)),
    "verified": lambda run: run.verified(Verdict.NO_EFFECT, at(4)),
    "fail": lambda run: run.fail("no network", at(4)),
    "cancel": lambda run: run.cancel("T1/UANA", at(4)),
    "stopped": lambda run: run.stopped("", at(4)),
    "expire": lambda run: run.expire(at(4)),
}
ALLOWED = {
    RunState.ASKED: {"approve", "fail", "cancel", "expire"},
    RunState.APPROVED: {"start", "fail", "cancel"},
    RunState.RUNNING: {"done", "fail", "stopped"},
    RunState.VERIFYING: {"verified", "fail"},
}


@pytest.mark.parametrize("state", RunState)
@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_does_not_fit_the_state_is_refused(state: RunState, step: str) -> None:
    run = replace(asked(), state=state)
    if (step, state) == ("cancel", RunState.RUNNING):
        assert run.cancel("T1/UANA", at(4)).is_stopping
    elif step in ALLOWED.get(state, set()):
        assert STEPS[step](run).state is not state
    else:
        with pytest.raises(Stale):
            STEPS[step](run)


def test_states_that_are_over_are_those_without_a_next_step() -> None:
    assert {state for state in RunState if state.is_over} == set(RunState) - set(ALLOWED)


@pytest.mark.parametrize(
    ("action", "parameters", "plan"),
    [
        (replace(ACTION, name="other"), {}, PLAN),
        (replace(ACTION, kind=ActionKind.DEPLOY), {}, PLAN),
        (replace(ACTION, connector="other"), {}, PLAN),
        (replace(ACTION, target={"file": "payments.yaml"}), {}, PLAN),
        (ACTION, {"version": "1.4.0"}, PLAN),
        (ACTION, {}, replace(PLAN, before="1.4.3")),
        (ACTION, {}, replace(PLAN, after="1.4.0")),
        (ACTION, {}, replace(PLAN, diff="")),
        (ACTION, {}, replace(PLAN, world="badcafe")),
    ],
)
def test_an_approval_fits_nothing_but_what_was_approved(action: Action, parameters: dict[str, str], plan: Plan) -> None:
    assert binding(action, parameters, plan) != binding(ACTION, {}, PLAN)


def test_the_order_of_parameters_and_the_words_of_a_plan_do_not_matter() -> None:
    one = binding(ACTION, {"a": "1", "b": "2"}, PLAN)
    assert one == binding(ACTION, {"b": "2", "a": "1"}, replace(PLAN, summary="other words"))
