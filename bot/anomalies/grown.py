"""Is a template that is seldom written written more often, for long enough to be sure?

`rate_up` tells at once what is many times as much in one window. From one line in a window to four is only sure after a
while: here the lines of the last `SPANS` windows are taken together, as `dwindled` does for what becomes rarer. The
level of false discoveries is that of the other rates, so that consecutive windows add evidence and no laxity.
"""

import math

import numpy as np
from numpy.typing import NDArray

from bot.anomalies.deviation import (
    FALSE_DISCOVERY_RATE,
    HISTORY_MIN,
    Deviation,
    anomaly_of,
    current_of,
    means_of,
    past_of,
    seasonal_of,
    surprise,
)
from bot.anomalies.failing import looks_failing
from bot.anomalies.model import Anomaly, ServiceWindow, TemplateSeries
from bot.metrics.counts import DISPERSION_MAX, DISPERSION_MIN, SIGMAS_UNSURE, Counts, at_least, usual
from bot.metrics.discoveries import discoveries
from bot.signals.model import SignalKind
from bot.signals.severity import Severity

SPANS = (4, 8)
TIMES_MIN, LINES_MIN, MEAN_MAX = 2.5, 8, 20.0
SIGMAS_RECURRING = 5.0
"""What is reached at this hour on several days, and chance does not reach, recurs: then it has to be more than that."""


class Grown:
    name = "grown"

    def detect(self, window: ServiceWindow) -> list[Anomaly]:
        """Score: -log10 of the probability of so many lines in so many windows."""
        if window.history_windows < HISTORY_MIN + max(SPANS):
            return []
        best: dict[str, Deviation] = {}
        for span in SPANS:
            pairs = zip(window.templates, means_of(window), strict=True)
            for found in _above(window, [t for t, mean in pairs if _is_high(t, mean, span)], span):
                known = best.get(found.template.template_id)
                if known is None or found.score > known.score:
                    best[found.template.template_id] = found
        return [anomaly_of(window, SignalKind.RATE_UP, found, _severity(found.template)) for found in best.values()]


def _severity(template: TemplateSeries) -> Severity:
    return Severity.MINOR if looks_failing(template.level, template.text) else Severity.INFO


def _is_high(template: TemplateSeries, mean: float, span: int) -> bool:
    """A cheap look: often enough now, and written now and then in both halves of the past."""
    lately = sum(template.history[1 - span :]) + template.current
    past = template.history[:-span]
    half = len(past) // 2
    is_high = mean <= MEAN_MAX and lately >= max(LINES_MIN, TIMES_MIN * mean * span / 2)
    return is_high and any(past[:half]) and any(past[half:])


def _above(window: ServiceWindow, templates: list[TemplateSeries], span: int) -> list[Deviation]:
    if not templates:
        return []
    whole = np.column_stack([past_of(templates, window.history_windows), current_of(templates)])
    past, lately = whole[:, :-span], whole[:, -span:]
    sums = np.lib.stride_tricks.sliding_window_view(past, span, axis=1).sum(axis=2)
    normal = usual(past)
    expected, recurring = seasonal_of(templates)
    mean, lines = np.fmax(normal.mean, expected), lately.sum(axis=1)
    p = at_least(lines, mean * span, _dispersion(sums, span, past.shape[1]))
    told = (
        discoveries(p, FALSE_DISCOVERY_RATE, len(window.templates))
        & (lines >= LINES_MIN)
        & (lines >= TIMES_MIN * mean * span)
        & (lines > sums.max(axis=1))
        & ~_recurs(lines / span, mean, normal.dispersion, recurring)
    )
    high = np.minimum(np.maximum(sums.max(axis=1) / span, mean), (mean + lines / span) / 2)
    first = (lately > 0).argmax(axis=1)
    return [
        Deviation(
            template=templates[i],
            now=float(lines[i] / span),
            mean=float(mean[i]),
            low=float(min(normal.low[i], high[i])),
            high=float(high[i]),
            score=surprise(float(p[i])),
            threshold=surprise(FALSE_DISCOVERY_RATE),
            windows=span - int(first[i]),
        )
        for i in map(int, np.flatnonzero(told))
    ]


def _recurs(now: Counts, mean: Counts, dispersion: Counts, recurring: Counts) -> NDArray[np.bool_]:
    by_chance = mean + SIGMAS_RECURRING * np.sqrt(mean + dispersion * mean**2)
    recurs: NDArray[np.bool_] = (recurring > by_chance) & (now <= recurring)
    return recurs


def _dispersion(sums: Counts, span: int, windows: int) -> Counts:
    """From the sums the past had, which know how long its ups and downs last."""
    mean = np.maximum(sums.mean(axis=1), 1e-6)
    unsure = 1.0 + SIGMAS_UNSURE * math.sqrt(2.0 * span / windows)
    dispersion: Counts = np.clip((sums.var(axis=1) * unsure - mean) / mean**2, DISPERSION_MIN / span, DISPERSION_MAX)
    return dispersion
