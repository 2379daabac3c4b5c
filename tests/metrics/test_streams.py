"""What does a series say, step by step, of points as senders send them: late, early, reset, by several processes?"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from bot.metrics.buckets import Histogram
from bot.metrics.streams import Point, Shape, gives, steps

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def total(seconds: float, value: float, began: float | None = -86_400) -> Point:
    return Point(at(seconds), Shape.TOTAL, value, None if began is None else at(began))


def said(streams: Sequence[Sequence[Point]], asked: str = "", minutes: int = 5) -> dict[int, float]:
    ticks = [NOON + i * MINUTE for i in range(1, minutes + 1)]
    return {int((t - NOON) / MINUTE): v for t, v in steps(streams, asked, ticks, MINUTE)}


def test_a_counter_is_told_by_the_second_whatever_its_sender_s_pace() -> None:
    points = [total(s, s * 3) for s in range(-40, 300, 20)]
    assert said([points]) == {i: pytest.approx(3.0) for i in range(1, 6)}
    assert said([points], "count") == {i: pytest.approx(180.0) for i in range(1, 6)}


def test_a_sender_that_is_not_in_step_with_us_leaves_no_hole() -> None:
    points = [total(s, s * 3) for s in (-59, 1, 61.5, 119.9, 181, 240.2, 300)]
    assert said([points]) == {i: pytest.approx(3.0) for i in range(1, 6)}


def test_a_sender_that_falls_silent_is_missing_after_one_step() -> None:
    points = [total(s, s * 3) for s in (-60, 0, 60, 120)]
    assert list(said([points])) == [1, 2, 3]


def test_a_restarted_counter_counts_from_its_new_start() -> None:
    points = [total(0, 9_000), total(60, 9_060), total(120, 30, began=90), total(180, 90, began=90)]
    assert said([points], minutes=3) == {1: 1.0, 2: 1.0, 3: 1.0}


def test_a_restart_that_is_not_told_is_seen_by_the_fall() -> None:
    points = [total(0, 9_000, None), total(60, 9_060, None), total(120, 30, None), total(180, 90, None)]
    assert said([points], minutes=3) == {1: 1.0, 2: 0.5, 3: 1.0}


def test_the_first_point_of_a_long_running_counter_says_nothing_and_of_a_new_one_everything() -> None:
    assert said([[total(60, 9_000), total(120, 9_060)]], minutes=2) == {2: 1.0}
    assert said([[total(60, 30, began=30), total(120, 90, began=30)]], minutes=2) == {1: 1.0, 2: 1.0}


def test_deltas_are_told_by_the_time_they_are_of() -> None:
    points = [Point(at(60 * i), Shape.DELTA, 120.0, at(60 * (i - 1))) for i in range(1, 4)]
    assert said([points], minutes=3) == {1: 2.0, 2: 2.0, 3: 2.0}
    points = [Point(at(60 * i), Shape.DELTA, 120.0) for i in range(4)]
    assert said([points], minutes=3) == {1: 2.0, 2: 2.0, 3: 2.0}


def test_counters_of_several_processes_are_added_and_gauges_averaged() -> None:
    one, other = [total(60 * i, 60 * i) for i in range(4)], [total(60 * i, 180 * i) for i in range(4)]
    assert said([one, other], minutes=3) == {1: 4.0, 2: 4.0, 3: 4.0}
    levels = [[Point(at(30), Shape.LEVEL, 10.0)], [Point(at(40), Shape.LEVEL, 20.0)]]
    assert said(levels, minutes=3) == {1: 15.0, 2: 15.0}


def latencies(seconds: float, quick: float, slow: float) -> Point:
    histogram = Histogram({0: quick, 1: slow}, (0.1, 1.0))
    return Point(at(seconds), Shape.TOTAL, quick * 0.05 + slow * 0.5, at(-86_400), quick + slow, histogram)


def test_a_histogram_gives_a_rate_a_mean_and_quantiles_of_each_step() -> None:
    points = [latencies(0, 1_000, 0), latencies(60, 1_060, 0), latencies(120, 1_060, 60)]
    assert said([points], "rate", 2) == {1: 1.0, 2: 1.0}
    assert said([points], "mean", 2) == {1: pytest.approx(0.05), 2: pytest.approx(0.5)}
    assert said([points], "p50", 2) == {1: pytest.approx(0.05), 2: pytest.approx(0.55)}
    assert said([points], "", 2)[2] == pytest.approx(0.1 + 0.9 * 0.95)


def test_a_step_without_requests_has_no_latency() -> None:
    assert said([[latencies(60 * i, 100, 0) for i in range(3)]], "p95", 2) == {}
    assert said([[latencies(60 * i, 100, 0) for i in range(3)]], "rate", 2) == {1: 0.0, 2: 0.0}


def test_what_a_kind_does_not_give_is_known_beforehand() -> None:
    assert gives("histogram", "p99.9")
    assert gives("gauge", "")
    assert not gives("gauge", "p95")
    assert not gives("counter", "mean")
    assert not gives("histogram", "value")
