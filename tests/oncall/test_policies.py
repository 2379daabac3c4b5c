"""Which policy fits, and which of its steps comes next?"""

from datetime import timedelta

from bot.oncall.escalation import Policy, Reach, Step, policy_for
from bot.signals.severity import Severity

CRITICAL, MAJOR, MINOR = Severity.CRITICAL, Severity.MAJOR, Severity.MINOR


def step(name: str, *severities: Severity) -> Step:
    return Step(Reach.SCHEDULE, name, timedelta(minutes=5), frozenset(severities))


def test_the_policy_that_names_the_service_is_before_the_one_for_all() -> None:
    usual = Policy("usual", (step("a"),))
    shop = Policy("shop", (step("b"),), frozenset({"checkout"}), frozenset({CRITICAL}))
    assert policy_for([usual, shop], "checkout", CRITICAL) is shop
    assert policy_for([usual, shop], "checkout", MAJOR) is usual
    assert policy_for([usual, shop], "web", CRITICAL) is usual
    assert policy_for([shop], "web", CRITICAL) is None


def test_steps_for_other_severities_are_left_out_in_every_round() -> None:
    policy = Policy("p", (step("a"), step("b", CRITICAL), step("c")), repeat=1)
    taken, turn = [], policy.turn_from(0, MAJOR)
    while turn is not None:
        taken.append(turn)
        turn = policy.turn_from(turn + 1, MAJOR)
    assert taken == [0, 2, 3, 5]
    assert [policy.step_of(turn).name for turn in taken] == ["a", "c", "a", "c"]
    assert Policy("p", (step("b", CRITICAL),)).turn_from(0, MINOR) is None


def test_what_became_worse_goes_on_at_the_step_that_was_left_out() -> None:
    policy = Policy("p", (step("a"), step("b", CRITICAL), step("c"), step("d")), repeat=1)
    assert policy.turn_after_raise(3, MAJOR, CRITICAL) == 1
    assert policy.turn_after_raise(1, MAJOR, CRITICAL) == 1  # it is still to come
    assert policy.turn_after_raise(7, MAJOR, CRITICAL) == 5
    assert policy.turn_after_raise(8, MAJOR, CRITICAL) == 5
    assert policy.turn_after_raise(0, MAJOR, CRITICAL) == 0
    assert policy.turn_after_raise(3, MINOR, MAJOR) == 3
