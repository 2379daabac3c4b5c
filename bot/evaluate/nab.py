"""How does the Numenta Anomaly Benchmark score detections?

Lavin and Ahmad, "Evaluating Real-time Anomaly Detection Algorithms" (2015), and the rules as its runner applies them:
the first detections in a labelled window count, the earlier the better; each detection outside costs, the less the
closer it follows a window; the first 15 % of a series (at most 750 points) are not scored.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

PROBATION_SHARE, PROBATION_POINTS_MAX = 0.15, 750
THRESHOLD_NEVER = 1.1


@dataclass(frozen=True, slots=True)
class Profile:
    """What a window found, a false alarm and a window missed are worth."""

    name: str
    found: float
    false_alarm: float
    missed: float


STANDARD = Profile("standard", 1.0, 0.11, 1.0)
LOW_FALSE_ALARMS = Profile("low false alarms", 1.0, 0.22, 1.0)
LOW_MISSES = Profile("low misses", 1.0, 0.11, 2.0)


@dataclass(frozen=True, slots=True)
class LabelledSeries:
    """One file: its points by time, and the windows (first and last time) in which something was wrong."""

    name: str
    at: tuple[datetime, ...]
    values: Numbers
    windows: tuple[tuple[datetime, datetime], ...]


@dataclass(frozen=True, slots=True)
class _Points:
    """The scorable points of all series: detector's score, worth if detected, and window (-1: outside)."""

    score: Numbers
    worth: Numbers
    window: NDArray[np.int64]
    windows: int


@dataclass(frozen=True, slots=True)
class Scored:
    """`score`: 0 for a detector that never fires, 100 for a perfect one. `false_alarms` are points."""

    score: float
    threshold: float
    windows: int
    found: int
    false_alarms: int


def at_threshold(series: Sequence[LabelledSeries], scores: Sequence[Numbers], threshold: float, p: Profile) -> Scored:
    """The score of detections at `threshold` and above."""
    points = _points(series, scores)
    return _scored(points, points.score >= threshold, threshold, p)


def best_threshold(series: Sequence[LabelledSeries], scores: Sequence[Numbers], p: Profile) -> Scored:
    """As NAB ranks detectors: with the one threshold, over all series, that gives the best score."""
    points = _points(series, scores)
    order = np.argsort(-points.score, kind="stable")
    totals = np.cumsum(_gains(points, order, p))
    ends = np.flatnonzero(np.append(np.diff(points.score[order]) != 0, True))
    best = int(ends[np.argmax(totals[ends])])
    if totals[best] <= 0:
        return _scored(points, np.zeros(points.score.shape, dtype=np.bool_), THRESHOLD_NEVER, p)
    threshold = float(points.score[order[best]])
    return _scored(points, points.score >= threshold, threshold, p)


def probation(length: int) -> int:
    """How many points at the beginning are not scored."""
    return int(min(math.floor(PROBATION_SHARE * length), PROBATION_POINTS_MAX))


def _gains(points: _Points, order: NDArray[np.int64], p: Profile) -> Numbers:
    """What each point adds to the sum, when all before it in `order` are detected."""
    gains = points.worth * p.false_alarm
    best: dict[int, float] = {}
    for i in order[points.window[order] >= 0].tolist():
        window, worth = int(points.window[i]), float(points.worth[i]) * p.found
        before = best.get(window, -p.missed)
        best[window] = max(before, worth)
        gains[i] = best[window] - before
    return gains[order]


def _scored(points: _Points, detected: NDArray[np.bool_], threshold: float, p: Profile) -> Scored:
    outside = detected & (points.window < 0)
    total = float(points.worth[outside].sum()) * p.false_alarm
    found = 0
    for window in range(points.windows):
        hits = points.worth[detected & (points.window == window)]
        total += float(hits.max()) * p.found if hits.size else -p.missed
        found += bool(hits.size)
    nothing, perfect = -p.missed * points.windows, p.found * points.windows
    score = 100 * (total - nothing) / (perfect - nothing) if points.windows else 0.0
    return Scored(score, threshold, points.windows, found, int(outside.sum()))


def _points(series: Sequence[LabelledSeries], scores: Sequence[Numbers]) -> _Points:
    parts: list[tuple[Numbers, Numbers, NDArray[np.int64]]] = []
    windows = 0
    for one, score in zip(series, scores, strict=True):
        worth, window = _worths(one)
        since = probation(len(one.at))
        ids = np.unique(window[since:][window[since:] >= 0])
        numbered = np.where(window >= 0, np.searchsorted(ids, window) + windows, -1)
        windows += len(ids)
        parts.append((score[since:], worth[since:], numbered[since:]))
    if not parts:
        return _Points(np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64), 0)
    scored, worths, numbers = zip(*parts, strict=True)
    return _Points(np.concatenate(scored), np.concatenate(worths), np.concatenate(numbers), windows)


def _worths(one: LabelledSeries) -> tuple[Numbers, NDArray[np.int64]]:
    """Of each point: what it is worth if detected (-1..1), and the number of its window."""
    worth, window = np.full(len(one.at), -1.0), np.full(len(one.at), -1, dtype=np.int64)
    for number, (first, last) in enumerate(_indices(one)):
        width = last - first + 1
        inside = np.arange(first, last + 1)
        window[inside] = number
        worth[inside] = _sigmoid(-(last - inside + 1) / width) / float(_sigmoid(np.array([-1.0]))[0])
        after = np.arange(last + 1, len(one.at))
        worth[after] = _sigmoid((after - last) / max(width - 1, 1))
    return worth, window


def _indices(one: LabelledSeries) -> Iterable[tuple[int, int]]:
    """First and last point of each window, in their order."""
    at = np.array([moment.timestamp() for moment in one.at])
    for since, until in sorted(one.windows):
        first = int(np.searchsorted(at, since.timestamp(), side="left"))
        last = int(np.searchsorted(at, until.timestamp(), side="right")) - 1
        if first <= last:
            yield first, last


def _sigmoid(position: Numbers) -> Numbers:
    """1 well before the end of a window, 0 at it, -1 well behind."""
    worth: Numbers = np.where(position > 3.0, -1.0, 2.0 / (1.0 + np.exp(5.0 * np.minimum(position, 3.0))) - 1.0)
    return worth
