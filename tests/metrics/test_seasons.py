"""What is usual at an hour of the week, and what recurs at it?"""

import numpy as np

from bot.metrics.seasons import DAYS_BACK, Counts, recurring_at_hour, usual_at_hour

WORKING, WEEKEND = 40, 4


def hours(days: int, today: int, **odd: int) -> dict[int, Counts]:
    """Of one series; `today` is a weekday (0 is Monday), `odd` are the counts of single days, by `d` and days back."""
    counts = {b: WEEKEND if (today - b) % 7 >= 5 else WORKING for b in DAYS_BACK if b <= days}
    return {b: np.full((1, 12), odd.get(f"d{b}", count), dtype=np.int64) for b, count in counts.items()}


def alike(days: int, today: int) -> set[int]:
    return {b for b in DAYS_BACK if b <= days and ((today - b) % 7 >= 5) == (today >= 5)}


def usual(days: int, today: int, **odd: int) -> float:
    return float(usual_at_hour(hours(days, today, **odd), alike(days, today))[0])


def test_the_first_saturday_is_compared_with_all_days_and_the_second_with_the_first_week_end() -> None:
    assert usual(5, today=5) == WORKING
    assert usual(12, today=5) == WEEKEND
    assert usual(28, today=5) == WEEKEND


def test_a_monday_is_compared_with_working_days_and_a_holiday_does_not_become_usual() -> None:
    assert usual(7, today=0) == WORKING
    assert usual(28, today=0) == WORKING
    assert usual(28, today=0, d7=1) == WORKING


def test_three_weeks_say_what_an_hour_of_the_week_is_like() -> None:
    mondays = {"d7": 90, "d14": 95, "d21": 100}
    assert usual(20, today=0, **mondays) == WORKING
    assert usual(21, today=0, **mondays) == 95


def test_what_recurs_each_week_recurs_after_two_and_what_was_once_does_not() -> None:
    assert recurring_at_hour(hours(13, 0, d7=300))[0] == WORKING
    assert recurring_at_hour(hours(14, 0, d7=300))[0] == WORKING
    assert recurring_at_hour(hours(14, 0, d7=300, d14=280))[0] == 280


def test_what_was_reached_on_three_days_of_two_weeks_recurs() -> None:
    assert recurring_at_hour(hours(14, 0, d1=70, d2=80, d5=90))[0] == 80 - 10
