"""What is a usual count, and how unlikely is another one?

Log lines come in bursts, so counts scatter more than Poisson's: the tails are those of a negative binomial whose mean
and dispersion come from the past. The past is not clean either: a burst that happened once must not hide the next one,
a job that runs every hour must not be told every hour. So the past is cut into blocks, and what is reached in fewer
than `RECURS` of them does not count as usual.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

BLOCKS = 9
RECURS = 3
"""A level is usual when it is reached in so many of the past's blocks."""

DISPERSION_MIN, DISPERSION_MAX = 0.05, 50.0
SIGMAS_UNSURE = 1.0
"""A short past shows less scatter than there is, so it counts as so much above its estimate."""

UNSEEN = 0.5
"""Added to each sum, so that what was never seen is rare and not impossible."""

Counts = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Usual:
    """Arrays, one value per series. `high` and `low` are the most and least that recurs; `mean` and `dispersion` (the
    variance is mean + dispersion x mean squared) are those of the past without what lies above `high`."""

    mean: Counts
    dispersion: Counts
    low: Counts
    high: Counts


def usual(past: Counts) -> Usual:
    """The baseline of each row of `past` (series x windows, at least `RECURS` windows)."""
    peaks, troughs = _blocks(past)
    high = np.sort(peaks, axis=1)[:, -RECURS]
    low = np.sort(troughs, axis=1)[:, RECURS - 1]
    calm = np.minimum(past, high[:, None])
    mean = (calm.sum(axis=1) + UNSEEN) / past.shape[1]
    unsure = 1.0 + SIGMAS_UNSURE * np.sqrt(2.0 / past.shape[1])
    dispersion = np.clip((calm.var(axis=1) * unsure - mean) / mean**2, DISPERSION_MIN, DISPERSION_MAX)
    return Usual(mean, dispersion, low, high)


def at_least(count: Counts, mean: Counts, dispersion: Counts) -> Counts:
    """P(X >= count) for negative binomials; 1 where the count is 0."""
    size = 1.0 / dispersion
    tail = np.ones_like(mean)
    some = count >= 1
    tail[some] = betainc(count[some], size[some], (mean / (size + mean))[some])
    return tail


def at_most(count: Counts, mean: Counts, dispersion: Counts) -> Counts:
    """P(X <= count) for negative binomials."""
    size = 1.0 / dispersion
    tail: Counts = betainc(size, count + 1.0, size / (size + mean))
    return tail


def longest_silence(past: Counts) -> NDArray[np.int64]:
    """The longest run of zeros in each row."""
    places = np.arange(past.shape[1])
    last = np.maximum.accumulate(np.where(past > 0, places, -1), axis=1)
    longest: NDArray[np.int64] = (places - last).max(axis=1, initial=0)
    return longest


def _blocks(past: Counts) -> tuple[Counts, Counts]:
    """Highest and lowest value of each block; the blocks are as even as they can be, and at least `RECURS`."""
    edges = np.unique(np.linspace(0, past.shape[1], min(BLOCKS, past.shape[1]) + 1).astype(np.int64))[:-1]
    return np.maximum.reduceat(past, edges, axis=1), np.minimum.reduceat(past, edges, axis=1)
