"""Which detectors of series are compared? Ours, and simple ones that anybody would try first."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from bot.evaluate.nab import LabelledSeries, Numbers
from bot.metrics.records import Records

THRESHOLD = 0.05
"""Ours, frozen: a twentieth of the range so far beyond it."""

COOL_DOWN = timedelta(hours=6)
DAY_POINTS_MIN = 20
Detect = Callable[[LabelledSeries], Numbers]


@dataclass(frozen=True, slots=True)
class Contender:
    """`threshold` is None for those that are given the best one, chosen on the labels, in their favour."""

    name: str
    detect: Detect
    threshold: float | None = None


def contenders(seed: int) -> list[Contender]:
    return [
        Contender("Tocsin: records of four streams", records, THRESHOLD),
        Contender("z-score of all so far", lambda s: _cooled(s, _expanding(s.values))),
        Contender("z-score of an EWMA's residual", lambda s: _cooled(s, _ewma(s.values))),
        Contender("median and MAD of the last day", lambda s: _cooled(s, _rolling(s))),
        Contender("median and MAD of the hour of day", lambda s: _cooled(s, _by_hour(s))),
        Contender("chance (random, cooled down)", lambda s: _cooled(s, np.random.default_rng(seed).random(len(s.at)))),
    ]


def records(series: LabelledSeries) -> Numbers:
    """The scores of `bot.metrics.records`, as they are live."""
    state = Records(1, step_of(series))
    scores = np.zeros(len(series.at))
    for i, (at, value) in enumerate(zip(series.at, series.values, strict=True)):
        scores[i] = state.observe(np.array([value]), at).fresh[0]
    return scores


def step_of(series: LabelledSeries) -> timedelta:
    """The usual time between two points."""
    seconds = np.diff([at.timestamp() for at in series.at])
    return timedelta(seconds=max(1.0, float(np.median(seconds))))


def timed(detect: Detect, series: Sequence[LabelledSeries], done: Callable[[int], None]) -> tuple[list[Numbers], float]:
    """(the scores of each series, CPU microseconds a point)."""
    scores, began = [], time.process_time()
    for one in series:
        scores.append(detect(one))
        done(1)
    points = sum(len(one.at) for one in series)
    return scores, (time.process_time() - began) / max(1, points) * 1e6


def _cooled(series: LabelledSeries, scores: Numbers) -> Numbers:
    """Only what is above every score of the last six hours: it is worth more than the choice of detector, so everybody
    gets it."""
    points = max(1, round(COOL_DOWN / step_of(series)))
    padded = np.concatenate([np.full(points, -np.inf), np.nan_to_num(scores)])
    before = np.lib.stride_tricks.sliding_window_view(padded, points)[:-1].max(axis=1)
    return np.where(np.nan_to_num(scores) > before, np.nan_to_num(scores), 0.0)


def _expanding(values: Numbers) -> Numbers:
    x = np.nan_to_num(values)
    n = np.arange(1, len(x) + 1)
    mean, square = np.cumsum(x) / n, np.cumsum(x**2) / n
    sigma = np.sqrt(np.maximum(square - mean**2, 0.0))
    scores = np.zeros(len(x))
    scores[1:] = np.abs(x[1:] - mean[:-1]) / np.maximum(sigma[:-1], 1e-9 + 1e-6 * np.abs(mean[:-1]))
    return scores


def _ewma(values: Numbers, share: float = 0.02) -> Numbers:
    scores, mean, variance = np.zeros(len(values)), float(np.nan_to_num(values[0])), 0.0
    for i, value in enumerate(np.nan_to_num(values).tolist()):
        off = value - mean
        scores[i] = abs(off) / max(variance**0.5, 1e-9 + 1e-6 * abs(mean))
        mean += share * off
        variance = (1 - share) * (variance + share * off * off)
    return scores


def _rolling(series: LabelledSeries) -> Numbers:
    points = max(DAY_POINTS_MIN, round(timedelta(days=1) / step_of(series)))
    scores = np.zeros(len(series.values))
    every = max(1, points // 24)
    middle, spread = 0.0, np.inf
    for i in range(points, len(series.values)):
        if (i - points) % every == 0:
            middle, spread = _middle(series.values[i - points : i])
        scores[i] = abs(series.values[i] - middle) / spread
    return scores


def _by_hour(series: LabelledSeries) -> Numbers:
    hours = np.array([at.hour for at in series.at])
    scores = np.zeros(len(series.values))
    known: dict[int, tuple[float, float]] = {}
    for i, hour in enumerate(hours.tolist()):
        if i and hours[i - 1] != hour:
            past = series.values[:i][hours[:i] == hour]
            if len(past) >= DAY_POINTS_MIN:
                known[hour] = _middle(past)
        middle, spread = known.get(hour, (0.0, np.inf))
        scores[i] = abs(series.values[i] - middle) / spread
    return scores


def _middle(past: Numbers) -> tuple[float, float]:
    """Median, and the median distance from it (at least a tenth of the standard deviation)."""
    some = past[~np.isnan(past)]
    if not len(some):
        return 0.0, np.inf
    middle = float(np.median(some))
    spread = float(np.median(np.abs(some - middle)))
    return middle, max(spread, 0.1 * float(some.std()), 1e-9 + 1e-6 * abs(middle))
