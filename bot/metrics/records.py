"""How far is each of many series outside everything it has shown lately? Records of four streams, for all series at
once.

A value beyond the highest or lowest so far is a record, and its size in units of the range so far needs no model of
the series. It is looked for in four streams: the value itself, its distance from what is usual at this hour, its
distance from the same time yesterday, and the lowest value of the last hour (which rises only when a rise lasts).
Extremes are kept by the day for `RANGE_DAYS`, so a range contracts again; the work of a tick never grows.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

STREAMS = ("value", "usual_at_this_hour", "same_time_yesterday", "lasting")
RANGE_DAYS = 14
LEARNING = timedelta(days=1)
"""So long a stream only learns its range."""

LASTS = timedelta(hours=1)
COOL_DOWN_BLOCKS, COOL_DOWN_BLOCK = 12, timedelta(minutes=30)
"""What is not above every score of the last six hours is the same problem still."""

SCORE_MAX = 10.0
PLAIN = 0.05
"""Where the value itself is so far outside, that is what is told: people understand it best."""

_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Reading:
    """One tick, one value per series. `score` is the largest of the streams', in ranges; `stream` its number; `fresh`
    is the score where it is above all of the last six hours, else 0; `is_up` says to which side. `low` and `high`: what
    was usual before this tick, in the series' own unit."""

    score: Values
    fresh: Values
    stream: NDArray[np.int64]
    is_up: NDArray[np.bool_]
    low: Values
    high: Values


class Records:
    """The state of `count` series that are read every `step`. NaN is a value that did not come."""

    def __init__(self, count: int, step: timedelta) -> None:
        self._day = max(1, round(timedelta(days=1) / step))
        lasts = max(1, round(LASTS / step))
        self._block = max(1, round(COOL_DOWN_BLOCK / step))
        self._learning = max(1, round(LEARNING / step))
        self._yesterday = np.full((self._day, count), np.nan, dtype=np.float32)
        self._hour = np.full((lasts, count), np.nan)
        self._ranges = [_Range(count, self._learning) for _ in STREAMS]
        self._usual = _UsualByHour(count)
        self._peaks = np.zeros((COOL_DOWN_BLOCKS, count))
        self._ticks = 0

    def observe(self, values: Values, at: datetime) -> Reading:
        """Scores the values of one tick, then learns them."""
        streams = self._streams(values, at)
        ups, downs = zip(*(r.outside(s) for r, s in zip(self._ranges, streams, strict=True)), strict=True)
        up, down = np.stack(ups), np.stack(downs)
        each = np.maximum(up, down)
        score = each.max(axis=0)
        stream = np.where(each[0] >= PLAIN, 0, each.argmax(axis=0))
        is_up = np.take_along_axis(up >= down, stream[None], axis=0)[0]
        low, high = self._usual_range(values, streams, stream)
        fresh = np.where(score > self._peaks.max(axis=0), score, 0.0)
        self._learn(values, streams, score, at)
        return Reading(score, fresh, stream, is_up, low, high)

    def extremes(self, stream: int) -> tuple[Values, Values]:
        """The lowest and highest of a stream in the time that is remembered."""
        return self._ranges[stream].low(), self._ranges[stream].high()

    def _usual_range(self, values: Values, streams: list[Values], stream: NDArray[np.int64]) -> tuple[Values, Values]:
        """The range of the stream, put where the stream's zero is."""
        zeros = [np.zeros(len(values)), values - streams[1], values - streams[2], np.zeros(len(values))]
        low = np.stack([z + known.low() for z, known in zip(zeros, self._ranges, strict=True)])
        high = np.stack([z + known.high() for z, known in zip(zeros, self._ranges, strict=True)])
        chosen = stream[None]
        return np.take_along_axis(low, chosen, axis=0)[0], np.take_along_axis(high, chosen, axis=0)[0]

    def _streams(self, values: Values, at: datetime) -> list[Values]:
        self._hour[self._ticks % len(self._hour)] = values
        yesterday = self._yesterday[self._ticks % self._day].astype(np.float64)
        lowest = np.where(np.isnan(self._hour).any(axis=0), np.nan, self._hour.min(axis=0))
        return [values, values - self._usual.at(at), values - yesterday, lowest]

    def _learn(self, values: Values, streams: list[Values], score: Values, at: datetime) -> None:
        is_new_day = self._ticks > 0 and self._ticks % self._day == 0
        for known, stream in zip(self._ranges, streams, strict=True):
            if is_new_day:
                known.turn()
            known.learn(stream)
        self._usual.learn(values, at)
        self._yesterday[self._ticks % self._day] = values
        block = self._ticks // self._block % COOL_DOWN_BLOCKS
        if self._ticks % self._block == 0:
            self._peaks[block] = 0.0
        np.maximum(self._peaks[block], score, out=self._peaks[block])
        self._ticks += 1


class _Range:
    """The extremes of a stream: one pair a day for the last `RANGE_DAYS`, the present day's among them."""

    def __init__(self, count: int, learning: int) -> None:
        self._lows = np.full((RANGE_DAYS, count), np.inf)
        self._highs = np.full((RANGE_DAYS, count), -np.inf)
        self._low, self._high = np.full(count, np.inf), np.full(count, -np.inf)
        self._seen = np.zeros(count, dtype=np.int64)
        self._learning, self._day = learning, 0

    def low(self) -> Values:
        return self._low

    def high(self) -> Values:
        return self._high

    def outside(self, stream: Values) -> tuple[Values, Values]:
        """By how many ranges the stream is above the highest and below the lowest; 0 while it is learnt."""
        known = (self._seen >= self._learning) & ~np.isnan(stream)
        width = np.where(known, self._high - self._low, 1.0)
        width = np.maximum(width, _TINY + 1e-6 * np.abs(np.where(known, self._high, 0.0)))
        above = np.where(known, stream - np.where(known, self._high, 0.0), 0.0) / width
        below = np.where(known, np.where(known, self._low, 0.0) - stream, 0.0) / width
        return np.clip(above, 0.0, SCORE_MAX), np.clip(below, 0.0, SCORE_MAX)

    def learn(self, stream: Values) -> None:
        some = ~np.isnan(stream)
        self._seen += some
        for kept, whole, best in ((self._lows, self._low, np.fmin), (self._highs, self._high, np.fmax)):
            best(kept[self._day], stream, out=kept[self._day])
            best(whole, stream, out=whole)

    def turn(self) -> None:
        """A day is over: the oldest one's extremes go."""
        self._day = (self._day + 1) % RANGE_DAYS
        self._lows[self._day], self._highs[self._day] = np.inf, -np.inf
        self._low, self._high = self._lows.min(axis=0), self._highs.max(axis=0)


class _UsualByHour:
    """The median over the last `RANGE_DAYS` days of each hour's mean: refitted when an hour is over, not each tick."""

    def __init__(self, count: int) -> None:
        self._means = np.full((24, RANGE_DAYS, count), np.nan, dtype=np.float32)
        self._usual = np.full((24, count), np.nan)
        self._sum, self._lines = np.zeros(count), np.zeros(count)
        self._hour: datetime | None = None
        self._hours_done = np.zeros(24, dtype=np.int64)

    def at(self, at: datetime) -> Values:
        usual: Values = self._usual[at.hour]
        return usual

    def learn(self, values: Values, at: datetime) -> None:
        hour = at.replace(minute=0, second=0, microsecond=0)
        if self._hour is not None and hour != self._hour:
            self._close(self._hour.hour)
        self._hour = hour
        some = ~np.isnan(values)
        self._sum += np.where(some, values, 0.0)
        self._lines += some

    def _close(self, hour: int) -> None:
        mean = np.where(self._lines > 0, self._sum / np.maximum(self._lines, 1), np.nan)
        self._means[hour, self._hours_done[hour] % RANGE_DAYS] = mean
        self._hours_done[hour] += 1
        self._usual[hour] = _median(self._means[hour])
        self._sum[:], self._lines[:] = 0.0, 0.0


def _median(days: NDArray[np.float32]) -> Values:
    """Of each column, without its NaNs; NaN where there is nothing else."""
    ordered = np.sort(days, axis=0)  # NaNs are last
    count = (~np.isnan(ordered)).sum(axis=0)
    low = np.take_along_axis(ordered, np.maximum((count - 1) // 2, 0)[None], axis=0)[0]
    high = np.take_along_axis(ordered, np.minimum(count // 2, len(days) - 1)[None], axis=0)[0]
    median: Values = np.where(count > 0, (low.astype(np.float64) + high) / 2, np.nan)
    return median
