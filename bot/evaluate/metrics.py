"""How well are anomalies of series found? On labelled series in NAB's layout or plain CSV."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np

from bot.evaluate.nab import (
    LOW_FALSE_ALARMS,
    LOW_MISSES,
    STANDARD,
    LabelledSeries,
    Numbers,
    at_threshold,
    best_threshold,
    probation,
)
from bot.evaluate.report import Cell, Outcome, Report, Table
from bot.evaluate.series_detectors import Contender, contenders, timed
from bot.evaluate.series_sets import series_of

COLUMNS = (
    "detector",
    "threshold",
    "NAB",
    "NAB low FP",
    "NAB low FN",
    "precision",
    "recall",
    "F1",
    "found",
    "lead h",
    "false/day",
    "µs/point",
)
NOTES = (
    "NAB: Lavin and Ahmad's score (0: never fires, 100: perfect); a random detector with a cool-down scores 10 to 15.",
    "* threshold chosen on the labels, in that detector's favour; Tocsin's is fixed in the code.",
    "recall counts labelled windows, precision counts alarms; lead: time from an alarm to the end of its window.",
)


def evaluate(folder: Path, seed: int, start: Callable[[int], Callable[[int], None]]) -> Report:
    """Raises `InputError` when the folder has nothing to score. `start` is told how much there is to do."""
    series, problems = series_of(folder)
    compared = contenders(seed)
    done = start(len(series) * len(compared))
    rows = [_row(one, series, *timed(one.detect, series, done)) for one in compared]
    windows = sum(len(s.windows) for s in series)
    points = sum(len(s.at) for s in series)
    title = f"{folder.name}: {len(series)} series, {points:,} points, {windows} labelled windows"
    return Report((Table(title, COLUMNS, tuple(rows), NOTES),), tuple(problems))


def _row(
    one: Contender, series: Sequence[LabelledSeries], scores: Sequence[Numbers], cost_us: float
) -> dict[str, Cell]:
    best = best_threshold(series, scores, STANDARD)
    threshold = best.threshold if one.threshold is None else one.threshold
    row: dict[str, Cell] = {
        "detector": one.name + ("" if one.threshold is not None else " *"),
        "threshold": round(threshold, 4),
    }
    for column, profile in (("NAB", STANDARD), ("NAB low FP", LOW_FALSE_ALARMS), ("NAB low FN", LOW_MISSES)):
        row[column] = round(at_threshold(series, scores, threshold, profile).score, 2)
    scored = at_threshold(series, scores, threshold, STANDARD)
    outcome, lead, days = _alarms(series, scores, threshold)
    row |= outcome.cells() | {"recall": round(scored.found / max(1, scored.windows), 3)}
    row |= {
        "found": f"{scored.found}/{scored.windows}",
        "lead h": None if lead is None else round(lead / timedelta(hours=1), 1),
    }
    return row | {"false/day": round(scored.false_alarms / max(days, 1e-9), 3), "µs/point": round(cost_us, 1)}


def _alarms(
    series: Sequence[LabelledSeries], scores: Sequence[Numbers], threshold: float
) -> tuple[Outcome, timedelta | None, float]:
    """(alarms inside and outside of windows, median time from a window's first alarm to its end, days of series)."""
    right = wrong = 0
    found = windows = 0
    leads: list[timedelta] = []
    days = 0.0
    for one, score in zip(series, scores, strict=True):
        since = probation(len(one.at))
        days += (one.at[-1] - one.at[since]) / timedelta(days=1)
        alarms = [one.at[i] for i in np.flatnonzero(score >= threshold).tolist() if i >= since]
        inside = [[at for at in alarms if first <= at <= last] for first, last in one.windows]
        windows += len(one.windows)
        found += sum(bool(some) for some in inside)
        right += sum(len(some) for some in inside)
        wrong += len(alarms) - sum(len(some) for some in inside)
        leads += [last - some[0] for (_, last), some in zip(one.windows, inside, strict=True) if some]
    lead = sorted(leads)[len(leads) // 2] if leads else None
    return Outcome(float(right), float(windows - found), float(wrong)), lead, days
