"""What do the looks at an action's own check say, alone and beside the incident's signals?"""

from datetime import UTC, datetime, timedelta

import pytest

from bot.actions.model import Look, Verdict
from bot.actions.verification import Looked, together

AT = datetime(2026, 11, 16, 6, tzinfo=UTC)
RIGHT, WRONG, AWAY = Look(AT, True), Look(AT, False), Look(AT, None)


def off(value: float) -> Look:
    return Look(AT + timedelta(minutes=1), False, value, high=5)


@pytest.mark.parametrize(
    ("before", "after", "is_last", "verdict"),
    [
        (RIGHT, [], False, None),
        (RIGHT, [RIGHT, RIGHT], False, None),
        (RIGHT, [RIGHT, RIGHT], True, Verdict.WELL),
        (RIGHT, [WRONG, WRONG], False, None),
        (RIGHT, [WRONG, WRONG, WRONG], False, Verdict.WORSE),
        (RIGHT, [WRONG, AWAY, WRONG, WRONG], False, Verdict.WORSE),
        (RIGHT, [RIGHT, WRONG], True, Verdict.WORSE),
        (WRONG, [WRONG, RIGHT], False, None),
        (WRONG, [RIGHT, RIGHT], False, Verdict.RECOVERED),
        (WRONG, [WRONG, WRONG, WRONG, WRONG], False, None),
        (WRONG, [WRONG], True, Verdict.NO_EFFECT),
        (off(6), [off(7)], True, Verdict.NO_EFFECT),
        (off(6), [off(8)], True, Verdict.WORSE),
        (None, [WRONG, WRONG, WRONG], False, None),
        (None, [WRONG], True, Verdict.NO_EFFECT),
        (None, [RIGHT], True, Verdict.WELL),
        (AWAY, [AWAY, AWAY], True, Verdict.NOT_CHECKED),
    ],
)
def test_the_looks_before_and_after_give_the_verdict(
    before: Look | None, after: list[Look], is_last: bool, verdict: Verdict | None
) -> None:
    assert Looked(before, after).verdict(is_last=is_last) is verdict


@pytest.mark.parametrize(
    ("signals", "own", "verdict"),
    [
        (Verdict.RECOVERED, Verdict.WELL, Verdict.RECOVERED),
        (Verdict.RECOVERED, Verdict.WORSE, Verdict.WORSE),
        (None, Verdict.WORSE, Verdict.WORSE),
        (Verdict.RECOVERED, None, None),
        (None, Verdict.RECOVERED, None),
        (Verdict.NO_EFFECT, Verdict.RECOVERED, Verdict.NO_EFFECT),
        (Verdict.NOT_CHECKED, Verdict.WELL, Verdict.WELL),
        (Verdict.NOT_CHECKED, Verdict.NOT_CHECKED, Verdict.NOT_CHECKED),
    ],
)
def test_beside_the_incidents_signals_the_worse_counts(
    signals: Verdict | None, own: Verdict | None, verdict: Verdict | None
) -> None:
    assert together(signals, own) is verdict


def test_how_far_a_value_is_beyond_its_bounds() -> None:
    assert Look(AT, None, 3, low=5).distance == 2
    assert Look(AT, None, 6, low=5, high=7).distance == 0
    assert Look(AT, None).distance is None
