"""Do histograms subtract, and where are their quantiles?"""

import math
import random

import pytest

from bot.metrics.buckets import ZERO, Histogram, quantile


def explicit(values: list[float], bounds: tuple[float, ...]) -> Histogram:
    counts = [0.0] * (len(bounds) + 1)
    for value in values:
        counts[sum(value > bound for bound in bounds)] += 1
    return Histogram({i: count for i, count in enumerate(counts) if count}, bounds)


def exponential(values: list[float], scale: int) -> Histogram:
    """By the formula of the data model: bucket i has base ** i < value <= base ** (i + 1)."""
    counts: dict[int, float] = {}
    for value in values:
        i = math.ceil(math.log2(value) * 2**scale) - 1 if value else ZERO
        counts[i] = counts.get(i, 0) + 1
    return Histogram(counts, (), scale)


def test_a_quantile_is_within_its_bucket() -> None:
    values = [random.Random(1).lognormvariate(0, 1) for _ in range(2_000)]
    bounds = tuple(0.25 * i for i in range(1, 40))
    for share in (0.1, 0.5, 0.95, 0.99):
        true = sorted(values)[int(share * len(values))]
        found = quantile([explicit(values, bounds)], share)
        assert found is not None
        assert abs(found - true) <= 0.26 or found == bounds[-1] < true
        found = quantile([exponential(values, 3)], share)
        assert found == pytest.approx(true, rel=2 ** (1 / 8) - 1 + 0.01)


def test_several_streams_are_one_pile() -> None:
    rng = random.Random(2)
    one, other = [rng.uniform(0, 1) for _ in range(500)], [rng.uniform(0, 3) for _ in range(1_500)]
    bounds = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
    together = quantile([explicit(one + other, bounds)], 0.9)
    assert quantile([explicit(one, bounds), explicit(other, bounds)], 0.9) == pytest.approx(together)


def test_the_same_twice_has_the_same_quantile() -> None:
    one = explicit([float(i) for i in range(100)], (25.0, 50.0, 75.0, 100.0))
    assert quantile([one] * 3, 0.95) == pytest.approx(quantile([one], 0.95)) == pytest.approx(94.8, abs=0.1)


def test_in_the_bucket_without_an_end_it_is_where_that_begins() -> None:
    assert quantile([explicit([5.0, 9.0], (1.0, 2.0))], 0.95) == 2.0
    assert quantile([], 0.95) is None
    assert quantile([Histogram({}, (1.0,))], 0.95) is None


def test_zeros_of_an_exponential_histogram_are_zero() -> None:
    assert quantile([exponential([0.0, 0.0, 0.0, 4.0], 0)], 0.5) == 0.0


def test_a_coarser_scale_still_says_what_came_since() -> None:
    rng = random.Random(3)
    old, new = [rng.uniform(1, 100) for _ in range(50)], [rng.uniform(1, 100) for _ in range(70)]
    came = exponential(old + new, 1).since(exponential(old, 4))
    assert came == exponential(new, 1)


def test_a_histogram_that_began_anew_or_has_other_bounds_cannot_be_compared() -> None:
    assert explicit([0.5], (1.0,)).since(explicit([0.5, 0.6], (1.0,))) is None
    assert explicit([0.5], (1.0,)).since(explicit([0.5], (2.0,))) is None


def test_bounds_beyond_all_numbers_do_no_harm() -> None:
    wild = Histogram({2**31 - 2: 1.0, -(2**31): 1.0}, (), -10)
    assert quantile([wild], 0.1) == 0.0
    assert quantile([wild], 0.99) == math.inf
