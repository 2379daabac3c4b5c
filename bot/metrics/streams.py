"""What was a metric, step by step, of which points came in? Gauges, counters with their resets, histograms.

A series is what people watch; it has one stream for each process that measures it. Counters of several streams are
added, gauges are averaged. OpenTelemetry's data model: https://opentelemetry.io/docs/specs/otel/metrics/data-model/
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from bot.metrics.buckets import Histogram, quantile


class Shape(StrEnum):
    """`LEVEL`: how much there is (a gauge, or a sum that goes both ways). `TOTAL`: all since its start; `DELTA`: what
    came since the point before."""

    LEVEL = "level"
    TOTAL = "total"
    DELTA = "delta"


@dataclass(frozen=True, slots=True)
class Point:
    """`value`: the level, the sum; of a histogram the sum of all its values (None when its sender does not say), and
    `count` how many they are. `began_at` is the start of what is summed, as far as it is told."""

    at: datetime
    shape: Shape
    value: float | None
    began_at: datetime | None = None
    count: float | None = None
    histogram: Histogram | None = None

    @property
    def kind(self) -> str:
        if self.shape is Shape.LEVEL:
            return "gauge"
        return "counter" if self.count is None else "histogram"


@dataclass(frozen=True, slots=True)
class Came:
    """What came to a stream between two moments."""

    since: datetime
    until: datetime
    number: float
    total: float | None
    histogram: Histogram | None


_ASKED = {"gauge": ("value",), "counter": ("rate", "count"), "histogram": ("p", "rate", "count", "mean")}
_QUANTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?)")
_USUAL = {"gauge": "value", "counter": "rate", "histogram": "p95"}
ASKED = r"^(value|rate|count|mean|p\d{1,2}(\.\d+)?)?$"
"""How a declared series says what it wants of its metric; nothing: what is usual of its kind."""


def gives(kind: str, asked: str) -> bool:
    """Can a metric of this kind (`Point.kind`) be asked for this?"""
    return not asked or ("p" if _QUANTILE.fullmatch(asked) else asked) in _ASKED[kind]


def steps(
    streams: Sequence[Sequence[Point]], asked: str, ticks: Sequence[datetime], step: timedelta
) -> Iterator[tuple[datetime, float]]:
    """The value of the series at each tick, of what came in the step before it. `streams`: each by time, of one kind.

    Senders do not keep step with us: where nothing came in a step, what came in the step before counts on, once.
    """
    kind = next((points[0].kind for points in streams if points), "")
    if not kind or not gives(kind, asked):
        return
    asked = asked or _USUAL[kind]
    came = [list(_came(points, 2 * step)) for points in streams] if kind != "gauge" else []
    for at in ticks:
        if kind == "gauge":
            levels = [level for points in streams if (level := _level(points, at, step)) is not None]
            value = sum(levels) / len(levels) if levels else None
        else:
            value = _said(asked, [some for one in came if (some := _within(one, at, step))], step)
        if value is not None and math.isfinite(value):
            yield at, value


def _level(points: Sequence[Point], at: datetime, step: timedelta) -> float | None:
    return next((one.value for one in reversed(points) if at - 2 * step < one.at <= at), None)


def _within(came: Sequence[Came], at: datetime, step: timedelta) -> list[Came]:
    some = [one for one in came if at - step < one.until <= at]
    return some or [one for one in came if at - 2 * step < one.until <= at - step][-1:]


def _said(asked: str, came: Sequence[Sequence[Came]], step: timedelta) -> float | None:
    """`came`: what came within one step, stream by stream."""
    if not came:
        return None
    if asked in ("rate", "count"):
        a_second = sum(_sum(one.number for one in some) / _length_s(some) for some in came)
        return a_second if asked == "rate" else a_second * step.total_seconds()
    each = [one for some in came for one in some]
    if asked == "mean":
        count = _sum(one.number for one in each)
        return _sum(one.total or 0.0 for one in each) / count if count else None
    share = float(asked[1:]) / 100
    return quantile([one.histogram for one in each if one.histogram is not None], share)


def _sum(numbers: Iterator[float]) -> float:
    return math.fsum(numbers)


def _length_s(came: Sequence[Came]) -> float:
    return max(1e-3, sum((one.until - one.since).total_seconds() for one in came))


def _came(points: Sequence[Point], recent: timedelta) -> Iterator[Came]:
    """From point to point. Of the first total only what came since it began, when that was just now."""
    first = points[0] if points else None
    began_at = first.began_at if first is not None else None
    if first is not None and began_at is not None and _says_all(first, began_at, recent):
        yield _whole(first, began_at)
    for before, point in pairwise(points):
        if point.shape is Shape.TOTAL:
            yield from _grown(before, point)
        elif (since := point.began_at or before.at) < point.at:
            yield _whole(point, since)


def _says_all(point: Point, began_at: datetime, recent: timedelta) -> bool:
    return began_at < point.at and (point.shape is Shape.DELTA or point.at - began_at <= recent)


def _grown(before: Point, point: Point) -> Iterator[Came]:
    """What a total grew by. It began anew when its start is another, or when it is less than it was."""
    began = point.began_at is not None and before.began_at is not None and point.began_at > before.began_at
    number, past = _number(point), _number(before)
    if began or number < past:
        since = max(point.began_at, before.at) if began and point.began_at is not None else before.at
        if since < point.at:
            yield _whole(point, since)
        return
    histogram = None
    if point.histogram is not None and before.histogram is not None:
        histogram = point.histogram.since(before.histogram)
    total = None if point.value is None or before.value is None else point.value - before.value
    yield Came(before.at, point.at, number - past, total, histogram)


def _whole(point: Point, since: datetime) -> Came:
    return Came(since, point.at, _number(point), point.value, point.histogram)


def _number(point: Point) -> float:
    return point.count if point.count is not None else point.value or 0.0
