"""Is a shift told when it matters, and never when it is chance or a trifle?"""

import numpy as np
import pytest

from bot.checks.drift import MISSING, drifts, jensen_shannon, psi

RNG_RUNS = 100


@pytest.mark.parametrize(
    ("shift", "rows", "low", "high"), [(0.0, 500, 0, 0.01), (0.5, 500, 0.95, 1), (0.1, 20_000, 0, 0)]
)
def test_half_a_standard_deviation_is_told_and_a_tenth_is_not(shift: float, rows: int, low: float, high: float) -> None:
    rng = np.random.default_rng(7)
    runs = RNG_RUNS if rows < 1_000 else 10
    told = 0
    for _ in range(runs):
        found, _ = drifts({"x": rng.normal(0, 1, 5_000).tolist()}, {"x": rng.normal(shift, 1, rows).tolist()})
        told += any(drift.is_drift for drift in found)
    assert low <= told / runs <= high


def test_few_rows_are_said_to_be_too_few() -> None:
    found, too_few = drifts({"x": [1.0] * 900}, {"x": [9.0] * 60})
    assert (found, too_few) == ([], ["x"])


def test_categories_and_missing_values_drift_too_and_say_what_moved() -> None:
    rng = np.random.default_rng(1)
    before = {"plan": rng.choice(["a", "b"], 1_000).tolist(), "age": rng.normal(40, 9, 1_000).tolist()}
    now = {"plan": ["a"] * 900 + ["c"] * 100, "age": [None] * 400 + rng.normal(40, 9, 600).tolist()}
    found, _ = drifts(before, now)
    assert {drift.column for drift in found if drift.is_drift} == {"plan", "age"}
    age = next(drift for drift in found if drift.column == "age")
    assert age.moved[0][0] == MISSING


def test_with_many_columns_chance_is_still_no_drift() -> None:
    rng = np.random.default_rng(3)
    before = {f"c{i}": rng.normal(size=1_000).tolist() for i in range(60)}
    now = {f"c{i}": rng.normal(size=1_000).tolist() for i in range(60)}
    assert not any(drift.is_drift for drift in drifts(before, now)[0])


def test_psi_and_jensen_shannon_are_as_people_know_them() -> None:
    one, other = np.array([0.5, 0.5]), np.array([0.25, 0.75])
    assert psi(one, other) == pytest.approx(0.25 * np.log(2) + 0.25 * np.log(1.5))
    assert jensen_shannon(one, one) == 0
    assert jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == pytest.approx(1)
