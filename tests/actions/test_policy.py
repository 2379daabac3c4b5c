"""Who may do what? Deny by default."""

from dataclasses import replace

import pytest

from bot.actions.model import Action, ActionKind
from bot.actions.policy import Verdict, policy
from bot.people import TOCSIN, Person
from tests.actions.test_runs import asked, at

ANA, BEN = Person("T1", "UANA"), Person("T1", "UBEN")
STRANGER, SAME_USER_ELSEWHERE, BOT = Person("T1", "UEVE"), Person("T2", "UANA"), Person("T1", "UANA", is_bot=True)
POLICY = policy(["T1/UANA", "T1/UBEN"])
ROLLBACK = Action("rollback-checkout", ActionKind.ROLLBACK, "checkout", "shop")


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        (STRANGER, "not_an_operator"),
        (SAME_USER_ELSEWHERE, "not_an_operator"),
        (BOT, "bots_may_not_act"),
        (TOCSIN, "bots_may_not_act"),
    ],
)
def test_who_is_not_known_may_do_nothing(person: Person, reason: str) -> None:
    decisions = (
        POLICY.may_ask(person, ROLLBACK),
        POLICY.may_approve(person, asked()),
        POLICY.may_cancel(person, asked()),
        POLICY.may_act_on_incidents(person),
    )
    assert {(d.verdict, d.reason) for d in decisions} == {(Verdict.REFUSED, reason)}


def test_an_operator_asks_and_another_says_yes() -> None:
    assert POLICY.may_ask(ANA, ROLLBACK).verdict is Verdict.NEEDS_APPROVAL
    assert POLICY.may_ask(ANA, replace(ROLLBACK, approvals=0)).verdict is Verdict.ALLOWED
    assert POLICY.may_approve(ANA, asked()).reason == "own_request"
    assert POLICY.may_approve(BEN, asked()).verdict is Verdict.ALLOWED
    half = asked(approvals=2).approve(BEN.key, at(1))
    assert POLICY.may_approve(BEN, half).reason == "already_approved"


def test_a_whole_team_may_be_named_and_means_only_that_team() -> None:
    team = policy(["T1/*"])
    assert team.may_ask(STRANGER, ROLLBACK).verdict is Verdict.NEEDS_APPROVAL
    assert team.may_ask(SAME_USER_ELSEWHERE, ROLLBACK).verdict is Verdict.REFUSED
    assert team.may_ask(BOT, ROLLBACK).verdict is Verdict.REFUSED


def test_nobody_is_an_operator_by_default() -> None:
    assert policy([]).may_act_on_incidents(ANA).verdict is Verdict.REFUSED
    assert policy(["*"]).may_act_on_incidents(ANA).verdict is Verdict.REFUSED
