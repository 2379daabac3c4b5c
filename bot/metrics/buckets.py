"""What does a histogram say: how do two of one stream differ, and where is a quantile?

Explicit bounds and exponential scales of OpenTelemetry's data model
(https://opentelemetry.io/docs/specs/otel/metrics/data-model/#histogram).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

BUCKETS_MAX = 400
ZERO = -(1 << 40)
"""The index of an exponential histogram's bucket of zeros."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """`counts`: bucket → how many. Bucket i ends with `bounds[i]`, inclusive, the last one never; without bounds with
    base ** (i + 1), where base = 2 ** 2 ** -scale."""

    counts: Mapping[int, float]
    bounds: tuple[float, ...] = ()
    scale: int | None = None

    def since(self, older: "Histogram") -> "Histogram | None":
        """What came since `older` of the same stream; None when the two cannot be compared, or it began anew."""
        mine, past = self, older
        if self.scale is not None and older.scale is not None:
            coarsest = min(self.scale, older.scale)
            mine, past = _coarser(self, coarsest), _coarser(older, coarsest)
        if (mine.bounds, mine.scale) != (past.bounds, past.scale):
            return None
        counts = {i: mine.counts.get(i, 0) - past.counts.get(i, 0) for i in mine.counts.keys() | past.counts.keys()}
        if any(count < 0 for count in counts.values()):
            return None
        return Histogram({i: count for i, count in counts.items() if count}, mine.bounds, mine.scale)

    def edges(self, bucket: int) -> tuple[float, float]:
        """Where the bucket begins and ends. The first explicit one begins at zero, as long as its end is above."""
        if self.scale is not None:
            return (0.0, 0.0) if bucket == ZERO else (_power(self.scale, bucket), _power(self.scale, bucket + 1))
        low = self.bounds[bucket - 1] if bucket else min(0.0, self.bounds[0] if self.bounds else 0.0)
        return low, self.bounds[bucket] if bucket < len(self.bounds) else math.inf


def quantile(histograms: Sequence[Histogram], share: float) -> float | None:
    """Of all of them together, in the measured unit; evenly spread within its bucket. In the bucket without an end it
    is where that begins. None of nothing."""
    joined: dict[tuple[float, float], float] = {}
    for one in histograms:
        for bucket, number in one.counts.items():
            if number > 0:
                low, high = one.edges(bucket)
                joined[high, low] = joined.get((high, low), 0.0) + number
    buckets = sorted((high, low, number) for (high, low), number in joined.items())
    sums = list(accumulate(count for _, _, count in buckets))
    if not sums:
        return None
    wanted = share * sums[-1]
    place = next((i for i, reached in enumerate(sums) if reached >= wanted), len(sums) - 1)
    high, low, count = buckets[place]
    if math.isinf(high):
        return low
    return low + (high - low) * max(0.0, wanted - (sums[place] - count)) / count


def _coarser(histogram: Histogram, scale: int) -> Histogram:
    """Each step down joins two neighbouring buckets."""
    assert histogram.scale is not None
    counts: dict[int, float] = {}
    for i, count in histogram.counts.items():
        place = i if i == ZERO else i >> (histogram.scale - scale)
        counts[place] = counts.get(place, 0) + count
    return Histogram(counts, (), scale)


def _power(scale: int, index: int) -> float:
    """base ** index, as far as a number can be that large."""
    try:
        return float(2.0 ** math.ldexp(index, -scale))
    except OverflowError:
        return math.inf if index > 0 else 0.0
