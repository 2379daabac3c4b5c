"""Has a template that is seldom written become rarer still, for long enough to be sure?

`rate_down` tells at once what falls from many lines to none. From four lines in a window to one is only sure after a
while: here the lines of as many windows are taken together as usually hold `LINES_TOGETHER`.
"""

import math

import numpy as np

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
from bot.metrics.counts import DISPERSION_MAX, DISPERSION_MIN, SIGMAS_UNSURE, Counts, at_most
from bot.metrics.discoveries import discoveries
from bot.signals.model import SignalKind
from bot.signals.severity import Severity

LINES_TOGETHER = 20.0
SPAN_MIN, SPAN_MAX = 3, 12
MEAN_MIN, MEAN_MAX = 1.5, 20.0
SHARE_LEFT_MAX = 0.25
SERVICE_ALIVE_SHARE = 0.5


class Dwindled:
    name = "dwindled"

    def detect(self, window: ServiceWindow) -> list[Anomaly]:
        """Score: -log10 of the probability of so few lines in so many windows."""
        if window.history_windows < 2 * HISTORY_MIN or not window.is_complete or not _is_alive(window):
            return []
        spans: dict[int, list[TemplateSeries]] = {}
        for template, mean in zip(window.templates, means_of(window), strict=True):
            span = min(SPAN_MAX, max(SPAN_MIN, math.ceil(LINES_TOGETHER / max(mean, 1e-9))))
            if MEAN_MIN <= mean <= MEAN_MAX and _is_low(template, mean, span):
                spans.setdefault(span, []).append(template)
        found = [d for span, templates in spans.items() for d in _below(window, templates, span)]
        severity = Severity.INFO if _is_reworded(window, found) else Severity.MINOR
        return [anomaly_of(window, SignalKind.RATE_DOWN, d, severity) for d in found]


def _is_reworded(window: ServiceWindow, found: list[Deviation]) -> bool:
    """A new version words its lines anew: what is new in this history has come for what went."""
    since = window.start - window.history_windows * window.length
    young = [t for t in window.templates if t.first_at > since and not looks_failing(t.level, t.text)]
    gained = sum(sum((*t.history[1 - SPAN_MAX :], t.current)) for t in young) / SPAN_MAX
    return gained >= sum(d.mean - d.now for d in found) / 3


def _below(window: ServiceWindow, templates: list[TemplateSeries], span: int) -> list[Deviation]:
    whole = np.column_stack([past_of(templates, window.history_windows), current_of(templates)])
    past, lately = whole[:, :-span], whole[:, -span:]
    expected, _ = seasonal_of(templates)
    mean = np.fmin(np.minimum(past.mean(axis=1), past[:, -2 * span :].mean(axis=1)), expected)
    mean = np.maximum(mean, 1e-6)
    lines = lately.sum(axis=1)
    p = at_most(lines, mean * span, _dispersion(past, span))
    told = discoveries(p, FALSE_DISCOVERY_RATE, len(window.templates)) & (lines <= SHARE_LEFT_MAX * mean * span)
    return [
        Deviation(
            template=templates[i],
            now=float(lines[i] / span),
            mean=float(mean[i]),
            low=float(mean[i] / 2),
            high=float(max(past[i].max(), mean[i])),
            score=surprise(float(p[i])),
            threshold=surprise(FALSE_DISCOVERY_RATE),
            windows=span,
        )
        for i in map(int, np.flatnonzero(told))
    ]


def _dispersion(past: Counts, span: int) -> Counts:
    """Of sums over `span` windows: from the sums the past had, which know how long its ups and downs last."""
    sums = np.lib.stride_tricks.sliding_window_view(past, span, axis=1).sum(axis=2)
    mean = np.maximum(sums.mean(axis=1), 1e-6)
    unsure = 1.0 + SIGMAS_UNSURE * math.sqrt(2.0 * span / past.shape[1])
    dispersion: Counts = np.clip((sums.var(axis=1) * unsure - mean) / mean**2, DISPERSION_MIN / span, DISPERSION_MAX)
    return dispersion


def _is_low(template: TemplateSeries, mean: float, span: int) -> bool:
    """A cheap look; failures that stop are good news."""
    lately = (*template.history[1 - span :], template.current)
    return sum(lately) <= SHARE_LEFT_MAX * mean * span and not looks_failing(template.level, template.text)


def _is_alive(window: ServiceWindow) -> bool:
    """That the whole service is silent is for `rate_down` to tell."""
    usual = sum(means_of(window))
    return sum(t.current for t in window.templates) >= SERVICE_ALIVE_SHARE * usual > 0
