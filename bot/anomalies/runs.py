"""Does a pipeline's run take longer than its runs do, or more tries?"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

RUNS_MIN, RUNS_MAX = 8, 50
MADS, MAD_TO_SD = 5.0, 1.4826
USUAL_SHARE = 0.9
SHARE_MIN, LONGER_MIN = 0.5, timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class UsualLength:
    """Most of `runs` took `low` to `high`; what takes longer than `limit` is slow."""

    low: timedelta
    high: timedelta
    limit: timedelta
    runs: int


def usual_tries(again: Sequence[int]) -> int | None:
    """How often runs are tried again at most, but for one in ten; `again` of the runs before, the oldest first. None
    while they are too few."""
    some = sorted(again[-RUNS_MAX:])
    if len(some) < RUNS_MIN:
        return None
    return some[math.ceil(USUAL_SHARE * len(some)) - 1]


def usual_length(lengths: Sequence[timedelta]) -> UsualLength | None:
    """`lengths` of runs that went well, the oldest first; None while they are too few."""
    seconds = [length.total_seconds() for length in lengths[-RUNS_MAX:]]
    if len(seconds) < RUNS_MIN:
        return None
    middle = statistics.median(seconds)
    scatter = MADS * MAD_TO_SD * statistics.median(abs(s - middle) for s in seconds)
    limit = middle + max(scatter, SHARE_MIN * middle, LONGER_MIN.total_seconds())
    tenths = statistics.quantiles(seconds, n=10)
    low, high = max(0.0, tenths[0]), min(tenths[-1], limit)
    return UsualLength(timedelta(seconds=low), timedelta(seconds=high), timedelta(seconds=limit), len(seconds))
