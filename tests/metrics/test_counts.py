"""What is a usual count, and how unlikely is another?"""

import numpy as np
import pytest
from scipy import stats

from bot.metrics.counts import at_least, at_most, longest_silence, usual
from bot.metrics.discoveries import discoveries


def test_the_tails_are_those_of_the_negative_binomial() -> None:
    mean, dispersion, count = np.array([3.0, 50.0, 0.1]), np.array([0.5, 0.05, 20.0]), np.array([9.0, 80.0, 4.0])
    size = 1 / dispersion
    law = stats.nbinom(size, size / (size + mean))
    assert at_least(count, mean, dispersion) == pytest.approx(law.sf(count - 1))
    assert at_most(count, mean, dispersion) == pytest.approx(law.cdf(count))
    assert at_least(np.zeros(3), mean, dispersion).tolist() == [1.0, 1.0, 1.0]


def test_what_happened_once_is_not_usual_and_what_recurs_is() -> None:
    once, recurring = np.zeros(180), np.zeros(180)
    once[100:115] = 60
    recurring[::20] = 60
    normal = usual(np.stack([once, recurring]))
    assert normal.high.tolist() == [0.0, 60.0]
    assert normal.mean[0] == pytest.approx(0.5 / 180)
    assert normal.mean[1] == pytest.approx((540 + 0.5) / 180)
    assert normal.low.tolist() == [0.0, 0.0]


def test_dispersion_is_found_in_overdispersed_counts() -> None:
    rng = np.random.default_rng(1)
    counts = rng.negative_binomial(4, 4 / 44, (200, 180)).astype(float)
    assert np.median(usual(counts).dispersion) == pytest.approx(0.25, rel=0.25)


def test_the_longest_silence_is_counted_in_windows() -> None:
    assert longest_silence(np.array([[0, 0, 1, 0, 0, 0, 2], [1, 1, 1, 1, 1, 1, 0], [0.0] * 7])).tolist() == [3, 1, 7]


def test_discoveries_are_those_of_benjamini_and_hochberg() -> None:
    p = np.array([0.041, 0.001, 0.008, 0.039, 0.9, 0.06, 0.074, 0.205, 0.212, 0.216])
    assert np.flatnonzero(discoveries(p, 0.05)).tolist() == [1, 2]
    expected = stats.false_discovery_control(p) <= 0.2
    assert discoveries(p, 0.2).tolist() == expected.tolist()


def test_what_was_not_handed_in_counts_as_tested_too() -> None:
    p = np.array([0.004])
    assert discoveries(p, 0.05).tolist() == [True]
    assert discoveries(p, 0.05, tests=100).tolist() == [False]
    assert discoveries(np.array([]), 0.05).tolist() == []
