"""How well do changes go out? A table worked out by hand.

day  deploy                                     failed because
1    checkout 1.1 (committed 2 h before)
2    checkout 1.2 (committed 4 h before)        rolled back the same day
3    web 7 (no commit time)                     confirmed as the cause of an incident
3    web 8 (committed 6 h before)               –; web 9 of *staging* was rolled back, which is another one
9    checkout 1.3                               after the period
"""

from datetime import UTC, datetime, timedelta

from bot.changes.model import Change, ChangeKind
from bot.incidents.delivery import COMMITTED_AT, delivery

START = datetime(2026, 11, 1, tzinfo=UTC)
WEEK = START + timedelta(days=7)


def change(
    id: int, day: float, service: str, version: str, previous: str = "", *, hours: float | None = None,
    kind: ChangeKind = ChangeKind.DEPLOY, environment: str = "production",
) -> Change:  # fmt: skip
    at = START + timedelta(days=day)
    attributes = {COMMITTED_AT: (at - timedelta(hours=hours)).isoformat()} if hours is not None else {}
    return Change(f"c{id}", kind, service, at, version, previous, environment=environment, attributes=attributes, id=id)


CHANGES = [
    change(1, 1, "checkout", "1.1", hours=2),
    change(2, 2, "checkout", "1.2", "1.1", hours=4),
    change(3, 2.2, "checkout", "1.1", "1.2", kind=ChangeKind.ROLLBACK),
    change(4, 3, "web", "7"),
    change(5, 3.5, "web", "8", hours=6),
    change(6, 3.6, "web", "7", "8", kind=ChangeKind.ROLLBACK, environment="staging"),
    change(7, 9, "checkout", "1.3", hours=1),
]


def test_the_figures_are_those_worked_out_by_hand() -> None:
    found = delivery(CHANGES, {4}, START, WEEK)
    assert (found.deploys, found.failed, found.failure_rate) == (4, 2, 0.5)
    assert found.per_day == 4 / 7
    assert found.lead_time == timedelta(hours=4)


def test_a_rollback_before_the_deploy_does_not_undo_it() -> None:
    again = change(8, 2.5, "checkout", "1.2", "1.1")
    assert delivery([*CHANGES, again], (), START + timedelta(days=2.4), WEEK).failed == 0


def test_nothing_delivered_has_no_rate_and_no_lead_time() -> None:
    found = delivery([], (), START, WEEK)
    assert (found.deploys, found.failure_rate, found.lead_time) == (0, None, None)


def test_a_commit_time_that_cannot_be_is_left_out() -> None:
    late = change(1, 1, "web", "1", hours=-3)
    nonsense = Change("n", ChangeKind.DEPLOY, "web", START, "2", attributes={COMMITTED_AT: "yesterday"}, id=2)
    naive = Change("m", ChangeKind.DEPLOY, "web", START, "3", attributes={COMMITTED_AT: "2026-10-31T10:00:00"}, id=3)
    assert delivery([late, nonsense, naive], (), START, WEEK).lead_time is None
