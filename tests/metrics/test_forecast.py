"""Is a full disk told in time, and a flat one never?"""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bot.evaluate.models import _filling
from bot.metrics.forecast import forecast

STEP, NOW = timedelta(minutes=5), datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize("days", [7, 30])
@pytest.mark.parametrize("cleaned", [False, True])
def test_days_to_full_are_right_within_a_tenth_despite_a_sawtooth_and_a_clean_up(days: int, cleaned: bool) -> None:
    rng = np.random.default_rng(1)
    ratios = []
    for _ in range(40):
        values, true = _filling(rng, days, cleaned)
        found = forecast(values, STEP, NOW, 100.0)
        assert found is not None
        assert found.earliest <= NOW + timedelta(days=true)
        ratios.append((found.at - NOW) / timedelta(days=true))
    assert 0.9 <= float(np.median(ratios)) <= 1.1


@pytest.mark.parametrize("kind", ["flat", "daily", "step", "too short", "missing"])
def test_without_a_trend_nothing_is_said(kind: str) -> None:
    t = np.arange(7 * 288 + 1) / 288
    noise = np.random.default_rng(2).normal(0, 0.3, len(t))
    values = {
        "flat": 80 + noise,
        "daily": 80 + 3 * np.sin(2 * np.pi * t) + noise,
        "step": np.where(t > 3, 90.0, 70.0) + noise,
        "too short": (60 + 5 * t)[-400:],
        "missing": np.full(len(t), np.nan),
    }[kind]
    assert forecast(values, STEP, NOW, 100.0) is None


def test_what_is_hardly_used_or_a_long_way_off_is_not_told() -> None:
    t = np.arange(7 * 288 + 1) / 288
    assert forecast(10 + t, STEP, NOW, 100.0) is None
    assert forecast(60 + 0.2 * t, STEP, NOW, 100.0) is None
    assert forecast(60 + 5 * t, STEP, NOW, 100.0) is not None


def test_a_series_that_falls_to_its_limit_is_told_too() -> None:
    t = np.arange(7 * 288 + 1) / 288
    found = forecast(50 - 5 * t, STEP, NOW, 0.0, floor=100.0)
    assert found is not None
    assert found.per_day == pytest.approx(-5)
    assert found.at - NOW == pytest.approx(timedelta(days=3), abs=timedelta(hours=2))
