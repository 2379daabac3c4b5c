"""How is a template outside its usual band, and how is that told? Shared by the detectors of rates."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from bot.anomalies.model import Anomaly, ServiceWindow, TemplateSeries
from bot.metrics.counts import Counts
from bot.signals.model import SignalKind
from bot.signals.severity import Severity

HISTORY_MIN = 15
"""Windows of history below which a rate has no baseline."""

FALSE_DISCOVERY_RATE = 1e-4
"""Per window: at one window a minute one false discovery a week before the floors under the effect, and fewer after."""

TOLD_TOGETHER_MAX = 5


@dataclass(frozen=True, slots=True)
class Deviation:
    """`now` is what it writes; `mean`, `low` and `high` are what was usual, all in lines a window. `windows` is for how
    long it has lasted; `recurs` says that the template was written now and then before."""

    template: TemplateSeries
    now: float
    mean: float
    low: float
    high: float
    score: float
    threshold: float
    windows: int
    recurs: bool = True


def surprise(p: float) -> float:
    """-log10 of a p-value, at most 300."""
    return -math.log10(max(p, 1e-300))


def anomaly_of(
    window: ServiceWindow,
    kind: SignalKind,
    deviation: Deviation,
    severity: Severity,
    contributions: tuple[tuple[str, float], ...] = (),
) -> Anomaly:
    minutes = minutes_of(window)
    return Anomaly(
        kind=kind,
        service=window.service,
        began_at=window.start - (deviation.windows - 1) * window.length,
        severity=severity,
        score=deviation.score,
        threshold=deviation.threshold,
        template_id=deviation.template.template_id,
        rate_before=deviation.mean / minutes,
        rate_now=deviation.now / minutes,
        baseline_low=deviation.low / minutes,
        baseline_high=deviation.high / minutes,
        contributions=contributions,
    )


def as_one(window: ServiceWindow, kind: SignalKind, found: Sequence[Deviation], severity: Severity) -> Anomaly:
    """One anomaly for many templates: that of the one with the largest difference, and each one's share in it all."""
    difference = {d.template.template_id: abs(d.now - d.mean) for d in found}
    largest = max(found, key=lambda d: (difference[d.template.template_id], d.template.template_id))
    total = sum(difference.values()) or 1.0
    rounded = ((i, round(d / total, 3)) for i, d in difference.items())
    shares = sorted((pair for pair in rounded if pair[1] > 0), key=lambda pair: (-pair[1], pair[0]))
    return anomaly_of(window, kind, largest, severity, tuple(shares[:TOLD_TOGETHER_MAX]))


def means_of(window: ServiceWindow) -> list[float]:
    """Lines a window of each template in the past."""
    return [sum(t.history) / window.history_windows for t in window.templates]


def past_of(templates: Sequence[TemplateSeries], windows: int) -> Counts:
    """Templates x windows, the oldest first; what is missing at the beginning counts as no lines."""
    past = np.zeros((len(templates), windows), dtype=np.float64)
    for row, template in zip(past, templates, strict=True):
        history = template.history[-windows:]
        if history:
            row[-len(history) :] = history
    return past


def current_of(templates: Sequence[TemplateSeries]) -> Counts:
    return np.array([t.current for t in templates], dtype=np.float64)


def seasonal_of(templates: Sequence[TemplateSeries]) -> tuple[Counts, Counts]:
    """What is usual at this hour and what recurs at it, in lines a window; NaN where that is unknown."""
    pairs = [t.seasonal or (math.nan, math.nan) for t in templates]
    return np.array([usual for usual, _ in pairs]), np.array([recurring for _, recurring in pairs])


def run_length(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many of the last columns of each row are true without a break."""
    backwards = ~flags[:, ::-1]
    length: NDArray[np.int64] = np.where(backwards.any(axis=1), backwards.argmax(axis=1), flags.shape[1])
    return length


def windows_in(window: ServiceWindow, stretch: timedelta) -> int:
    return max(1, math.ceil(stretch / window.length))


def minutes_of(window: ServiceWindow) -> float:
    return window.length / timedelta(minutes=1)
