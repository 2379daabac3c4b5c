"""What is odd about the series of one query, tick by tick? Records, flat lines, and series that stop coming.

The state is bounded and made again from the points that are kept, so a restart changes nothing. There are spare places
for series that appear later.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from bot.metrics.records import Records, Values

THRESHOLD = 0.05
"""So many ranges outside of the range; frozen, see docs/benchmarks.md."""

PLACES_MIN = 16
FLAT_FOR, LIVELY_SHARE = timedelta(hours=2), 0.9
"""Flat: not the least movement for two hours in a series that moved in nine of ten ticks before."""

MISSING_FOR, PRESENT_FOR = timedelta(minutes=10), timedelta(hours=1)
KEPT_TICKS = 288
WHATS = ("spike", "unusual_at_this_hour", "unlike_yesterday", "lasting", "flat", "missing")
_LIVELINESS_FADES = 0.01


@dataclass(frozen=True, slots=True)
class Oddity:
    """`what` is one of `WHATS`. `low` and `high` are what was usual, in the series' unit."""

    key: str
    what: str
    now: float | None
    low: float
    high: float
    score: float
    threshold: float
    is_up: bool
    values: tuple[float | None, ...]
    known_for: timedelta


class Tracking:
    """`keys` name the series; they are told by their labels as text."""

    def __init__(self, step: timedelta, expected: int = 0) -> None:
        self._step = step
        self._places = max(PLACES_MIN, 1 << max(0, 2 * expected - 1).bit_length())
        self._columns: dict[str, int] = {}
        self._records = Records(self._places, step)
        self._last = np.full(self._places, np.nan)
        self._same = np.zeros(self._places, dtype=np.int64)
        self._gone = np.zeros(self._places, dtype=np.int64)
        self._seen = np.zeros(self._places, dtype=np.int64)
        self._lively = np.zeros(self._places)
        self._kept: deque[Values] = deque(maxlen=KEPT_TICKS)
        self.until: datetime | None = None

    def has_room(self, keys: Mapping[str, object]) -> bool:
        return len(set(keys) | set(self._columns)) <= self._places

    def observe(self, at: datetime, read: Mapping[str, float], smallest_change: float = 0.0) -> list[Oddity]:
        """Scores one tick, then learns it."""
        values = np.full(self._places, np.nan)
        for key, value in read.items():
            values[self._columns.setdefault(key, len(self._columns))] = value
        seen = self._records.observe(values, at)
        self._kept.append(values)
        self._count(values)
        self.until = at
        names = {column: key for key, column in self._columns.items()}
        found = [
            self._made(
                names[i],
                i,
                WHATS[int(seen.stream[i])],
                float(values[i]),
                float(seen.low[i]),
                float(seen.high[i]),
                float(seen.fresh[i]),
                THRESHOLD,
                is_up=bool(seen.is_up[i]),
            )
            for i in map(int, np.flatnonzero(seen.fresh >= THRESHOLD))
        ]
        found = [oddity for oddity in found if _moved(oddity) >= smallest_change]
        told = {oddity.key for oddity in found}
        return [*found, *(o for o in self._still(names) if o.key not in told)]

    def history(self, key: str) -> Values:
        """The last values, the newest last."""
        column = self._columns[key]
        return np.array([values[column] for values in self._kept])

    def _count(self, values: Values) -> None:
        is_there = ~np.isnan(values)
        moved = is_there & (values != self._last)
        self._same = np.where(moved | ~is_there, 0, self._same + 1)
        self._gone = np.where(is_there, 0, self._gone + 1)
        self._seen += is_there
        quiet = self._same > FLAT_FOR / self._step / 2  # what is flat now does not make it less lively before
        fade = np.where(is_there & ~quiet, _LIVELINESS_FADES, 0.0)
        self._lively += fade * (moved - self._lively)
        self._last = np.where(is_there, values, self._last)

    def _still(self, names: Mapping[int, str]) -> list[Oddity]:
        """Flat lines and missing series, in the tick in which they have lasted long enough."""
        flat_ticks, gone_ticks = max(2, round(FLAT_FOR / self._step)), max(2, round(MISSING_FOR / self._step))
        known = self._seen >= max(2.0, PRESENT_FOR / self._step)
        flat = known & (self._same == flat_ticks) & (self._lively >= LIVELY_SHARE * (1 - 1 / np.e))
        gone = known & (self._gone == gone_ticks)
        found = [
            self._odd(names[i], i, "flat", float(self._last[i]), float(flat_ticks))
            for i in map(int, np.flatnonzero(flat))
        ]
        return found + [
            self._odd(names[i], i, "missing", None, float(gone_ticks)) for i in map(int, np.flatnonzero(gone))
        ]

    def _odd(self, key: str, column: int, what: str, now: float | None, ticks: float) -> Oddity:
        low, high = (ends[column] for ends in self._records.extremes(0))
        return self._made(key, column, what, now, float(low), float(high), ticks, ticks, is_up=False)

    def _made(
        self, key: str, column: int, what: str, now: float | None, low: float, high: float, score: float,
        threshold: float, *, is_up: bool,
    ) -> Oddity:  # fmt: skip
        values = tuple(None if np.isnan(v) else float(v) for v in self.history(key)[-60:])
        known_for = int(self._seen[column]) * self._step
        return Oddity(key, what, now, low, high, score, threshold, is_up, values, known_for)


def _moved(oddity: Oddity) -> float:
    """By how much it is outside."""
    if oddity.now is None:
        return float("inf")
    return max(oddity.now - oddity.high, oddity.low - oddity.now, 0.0)
