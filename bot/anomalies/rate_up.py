"""Is a template's rate far above its own baseline?

The tail is that of overdispersed counts (`bot.metrics.counts`), all templates of a window are judged together by
Benjamini and Hochberg's procedure, and a floor under the effect keeps what is significant and small from being told.
When a service is busier as a whole, complaints in proportion are no news, and that it is busier is one anomaly.
"""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from bot.anomalies.deviation import (
    FALSE_DISCOVERY_RATE,
    HISTORY_MIN,
    Deviation,
    anomaly_of,
    as_one,
    current_of,
    means_of,
    minutes_of,
    past_of,
    run_length,
    seasonal_of,
    surprise,
    windows_in,
)
from bot.anomalies.failing import is_warning, looks_failing
from bot.anomalies.model import Anomaly, ServiceWindow, TemplateSeries
from bot.metrics.counts import at_least, usual
from bot.metrics.discoveries import discoveries
from bot.signals.model import SignalKind
from bot.signals.severity import Severity

TIMES_MIN, TIMES_ABOVE_RECURRING = 3.0, 1.5
LINES_MIN = 5
"""Told: three times the mean, half as much again as what recurs, and five lines a window."""

LINGERS_FOR, LINGERING_LINES_MIN, LINGERING_WINDOWS_MIN = 5, 8, 3
"""Of a failure that does not stop, also eight lines in five windows, if three of them have some."""

LINES_FOR_MAJOR, LINES_BEFORE = 10, 3
"""A failure is going on with ten lines in a window, or when the minute before had three already."""

TIMES_FOR_MINOR, TIMES_FOR_MAJOR = 5.0, 10.0
RATE_MIN, WARNING_RATE_MIN = 30.0, 10.0
"""What does not speak of failure has to be five times as much, and thirty lines a minute (a warning ten); a warning
that is known and ten times as much for longer than a minute is major."""

USUAL_LINES_MIN = 1.0
BUSY_LINES_MIN = 5.0
TOGETHER_MIN = 3
LASTED_MAX = 60

_MINUTE = timedelta(minutes=1)


class RateUp:
    name = "rate_up"

    def detect(self, window: ServiceWindow) -> list[Anomaly]:
        """Score: -log10 of the probability of so many lines."""
        if window.history_windows < HISTORY_MIN or not window.templates:
            return []
        means = means_of(window)
        risen = _risen(window, means)
        failing = [d for d in risen if _is_failing(d.template)]
        healthy = [d for d in risen if not _is_failing(d.template) and not _has_just_begun(d.template, d.mean)]
        told = [anomaly_of(window, SignalKind.RATE_UP, d, _failing_severity(window, d)) for d in failing]
        busier = sum(t.current for t in window.templates) >= TIMES_MIN * sum(means)
        if busier and len(healthy) >= TOGETHER_MIN:
            severity = min((_healthy_severity(window, d) for d in healthy), key=lambda s: s.rank)
            return [*told, as_one(window, SignalKind.RATE_UP, healthy, severity)]
        return [*told, *(anomaly_of(window, SignalKind.RATE_UP, d, _healthy_severity(window, d)) for d in healthy)]


def _risen(window: ServiceWindow, means: Sequence[float]) -> list[Deviation]:
    """What is high in this window, and the failures that are not but have been there in each of the last few."""
    at_once, lingering = [], []
    for template, mean in zip(window.templates, means, strict=True):
        if not any(template.history) or _has_just_begun(template, mean):
            continue
        if template.current >= max(LINES_MIN, TIMES_MIN * mean):
            at_once.append(template)
        elif _lingers(template):
            lingering.append(template)
    busier = _times_busier(window, means) if at_once or lingering else 1.0
    return [*_above(window, at_once, 1, busier), *_above(window, lingering, LINGERS_FOR, busier)]


def _above(window: ServiceWindow, templates: Sequence[TemplateSeries], span: int, busier: float) -> list[Deviation]:
    """Those whose lines in the last `span` windows are too many."""
    if not templates:
        return []
    whole = np.column_stack([past_of(templates, window.history_windows), current_of(templates)])
    past, lately = whole[:, :-span], whole[:, -span:]
    lines = lately.sum(axis=1)
    normal = usual(past)
    expected, recurring = seasonal_of(templates)
    mean = np.fmax(normal.mean * np.array([busier if _is_complaint(t) else 1.0 for t in templates]), expected)
    p = at_least(lines, mean * span, normal.dispersion)
    told = (
        discoveries(p, FALSE_DISCOVERY_RATE, len(window.templates))
        & (lines >= TIMES_MIN * mean * span)
        & (lines >= TIMES_ABOVE_RECURRING * normal.high * span)
        & ~(lines <= recurring * span)
    )
    now = lines / span
    high = np.maximum(normal.high, mean + 3 * np.sqrt((mean + normal.dispersion * mean**2) / span))
    high = np.minimum(high, (mean + now) / 2)
    first = (lately > 0).argmax(axis=1)
    before = np.where(first == 0, run_length(past > high[:, None]), 0)
    lasted = np.minimum(span - first + before, LASTED_MAX)
    return [
        Deviation(
            template=templates[i],
            now=float(now[i]),
            mean=float(mean[i]),
            low=float(min(normal.low[i], high[i])),
            high=float(high[i]),
            score=surprise(float(p[i])),
            threshold=surprise(FALSE_DISCOVERY_RATE),
            windows=int(lasted[i]),
            recurs=bool(normal.high[i] > 0),
        )
        for i in map(int, np.flatnonzero(told))
    ]


def _lingers(template: TemplateSeries) -> bool:
    """A failure that does not stop, too small to be noticed in one window."""
    if not template.current:
        return False
    lately = (*template.history[1 - LINGERS_FOR :], template.current)
    has_lines = LINGERS_FOR - lately.count(0) >= LINGERING_WINDOWS_MIN and sum(lately) >= LINGERING_LINES_MIN
    return has_lines and _is_failing(template)


def _has_just_begun(template: TemplateSeries, mean: float) -> bool:
    """A harmless template that is not usual yet: every new version brings some."""
    return mean < USUAL_LINES_MIN and not _is_complaint(template)


def _times_busier(window: ServiceWindow, means: Sequence[float]) -> float:
    """How many times its usual lines the service writes, by its healthy templates; at least 1."""
    times = [
        t.current / mean
        for t, mean in zip(window.templates, means, strict=True)
        if mean >= BUSY_LINES_MIN and not _is_complaint(t)
    ]
    return max(1.0, float(np.median(times))) if times else 1.0


def _failing_severity(window: ServiceWindow, deviation: Deviation) -> Severity:
    template = deviation.template
    before = sum(template.history[-windows_in(window, _MINUTE) :])
    goes_on = template.current >= LINES_FOR_MAJOR or before >= LINES_BEFORE or _lingers(template)
    return Severity.MAJOR if goes_on or template.current / minutes_of(window) >= RATE_MIN else Severity.MINOR


def _healthy_severity(window: ServiceWindow, deviation: Deviation) -> Severity:
    template = deviation.template
    times = deviation.now / deviation.mean
    rate = deviation.now / minutes_of(window)
    if is_warning(template.level) and rate >= WARNING_RATE_MIN:
        lasts = deviation.recurs and deviation.windows > windows_in(window, _MINUTE)
        return Severity.MAJOR if lasts and times >= TIMES_FOR_MAJOR else Severity.MINOR
    if rate < RATE_MIN:
        return Severity.INFO
    return Severity.MINOR if times >= TIMES_FOR_MINOR else Severity.INFO


def _is_complaint(template: TemplateSeries) -> bool:
    return is_warning(template.level) or _is_failing(template)


def _is_failing(template: TemplateSeries) -> bool:
    return looks_failing(template.level, template.text)
