"""Are records of many series found at once, without knowing anything of them?"""

from datetime import UTC, datetime, timedelta

import numpy as np

from bot.metrics.records import STREAMS, Records

START, STEP = datetime(2026, 11, 2, tzinfo=UTC), timedelta(minutes=10)
DAY = 144


def fed(values: "np.ndarray[tuple[int, int], np.dtype[np.float64]]") -> tuple[Records, datetime]:
    """A state that has seen `values` (ticks x series), and the next tick's time."""
    state, at = Records(values.shape[1], STEP), START
    for row in values:
        state.observe(row, at)
        at += STEP
    return state, at


def test_a_value_beyond_all_before_is_a_record_in_units_of_the_range() -> None:
    state, at = fed(np.tile(np.linspace(0, 10, DAY), 3)[:, None])
    seen = state.observe(np.array([15.0]), at)
    assert seen.score[0] >= 0.5
    assert seen.is_up[0]


def test_a_usual_value_at_an_unusual_hour_is_a_record_too() -> None:
    day = np.where(np.arange(DAY) < DAY // 2, 10.0, 50.0)
    rng = np.random.default_rng(1)
    state, at = fed((np.tile(day, 5) + rng.normal(0, 0.5, 5 * DAY))[:, None])
    seen = state.observe(np.array([50.0]), at)
    assert seen.score[0] > 1
    assert STREAMS[seen.stream[0]] in ("usual_at_this_hour", "same_time_yesterday")


def test_what_goes_on_is_told_when_it_begins_and_once_more_when_it_lasts() -> None:
    state, at = fed(np.random.default_rng(2).normal(10, 1, (3 * DAY, 1)))
    told = 0
    for _ in range(30):
        told += state.observe(np.array([40.0]), at).fresh[0] > 0.05
        at += STEP
    assert 1 <= told <= 2


def test_missing_and_constant_series_are_survived_and_the_first_day_is_quiet() -> None:
    values = np.column_stack([np.full(2 * DAY, np.nan), np.full(2 * DAY, 7.0), np.arange(2 * DAY, dtype=float)])
    state, at = Records(3, STEP), START
    for i, row in enumerate(values):
        seen = state.observe(row, at)
        at += STEP
        assert np.isfinite(seen.score).all()
        assert seen.score[0] == seen.score[1] == 0
        if i < DAY:
            assert seen.score[2] == 0


def test_a_range_contracts_when_the_wild_day_is_two_weeks_past() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(10, 1, (17 * DAY, 1))
    values[DAY // 2] = 500.0
    state, at = fed(values)
    assert state.extremes(0)[1][0] < 100
    assert state.observe(np.array([60.0]), at).score[0] > 1
