"""What is usual at an hour of the week or the day, and what recurs at it? From the same hour of earlier days.

Once the same hour is known of three weeks, they say what is usual. Before that days of the same kind do (working days
or week-ends), before that all days. Each is the median of days, so that a day of trouble does not become usual.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Values = NDArray[np.float64]

DAYS, WEEKS = 14, 4
DAYS_MIN, RECURS_DAYS = 3, 3
ALIKE_MIN, WEEKS_MIN, RECURS_WEEKS = 2, 3, 2
DAYS_BACK = (*range(1, DAYS + 1), *range(DAYS + 7, 7 * WEEKS + 1, 7))
"""How many days before the hours lie that are looked at."""


def usual_at_hour(hours: Mapping[int, Counts], alike: Collection[int]) -> Values:
    """`hours`: days back → series x windows of this hour. `alike`: how many days back days of the same kind lie."""
    weeks = [back for back in hours if back % 7 == 0]
    days = [back for back in hours if back <= DAYS and back in alike]
    chosen = weeks if len(weeks) >= WEEKS_MIN else days if len(days) >= ALIKE_MIN else list(hours)
    usual: Values = np.median(np.stack([hours[back].mean(axis=1) for back in chosen]), axis=0)
    return usual


def recurring_at_hour(around: Mapping[int, Counts]) -> Values:
    """`around`: days back → series x windows around this hour. What was reached on `RECURS_DAYS` of the last days, or
    in `RECURS_WEEKS` weeks at this hour of the week."""
    recurring = _reached([around[back] for back in around if back <= DAYS], RECURS_DAYS)
    weeks = [around[back] for back in around if back % 7 == 0]
    return np.maximum(recurring, _reached(weeks, RECURS_WEEKS)) if len(weeks) >= RECURS_WEEKS else recurring


def _reached(some: Sequence[Counts], times: int) -> Values:
    peaks = np.sort(np.stack([one.max(axis=1) for one in some]), axis=0)
    reached: Values = peaks[-min(times, len(peaks))].astype(np.float64)
    return reached
