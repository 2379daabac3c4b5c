"""What is usual at an hour of the day, and what recurs at it? From the same hour of the days before."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Values = NDArray[np.float64]

DAYS_MIN = 3
RECURS_DAYS = 3


def usual_at_hour(days: Sequence[Counts]) -> Values:
    """`days`: of each day before, series x windows of this hour. The median of the days' means, so that a day of
    trouble does not become usual."""
    usual: Values = np.median(np.stack([day.mean(axis=1) for day in days]), axis=0)
    return usual


def recurring_at_hour(days: Sequence[Counts]) -> Values:
    """`days`: of each day before, series x windows around this hour. What was reached on `RECURS_DAYS` of them."""
    peaks = np.sort(np.stack([day.max(axis=1) for day in days]), axis=0)
    recurring: Values = peaks[-min(RECURS_DAYS, len(peaks))].astype(np.float64)
    return recurring
