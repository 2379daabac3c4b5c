"""Has a template that is written all the time become rare or silent?

What falls has to stay down for `DOWN_FOR`: a healthy restart is a gap too. Failures that stop are good news. When the
service as a whole falls silent, that is one major anomaly about its largest template; when other lines have taken the
place of the lost ones (a new version words them anew), it is only information.
"""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from bot.anomalies.deviation import (
    FALSE_DISCOVERY_RATE,
    HISTORY_MIN,
    Deviation,
    anomaly_of,
    as_one,
    current_of,
    means_of,
    past_of,
    run_length,
    seasonal_of,
    surprise,
    windows_in,
)
from bot.anomalies.failing import looks_failing
from bot.anomalies.model import Anomaly, ServiceWindow, TemplateSeries
from bot.metrics.counts import Counts, Usual, at_most, longest_silence, usual
from bot.metrics.discoveries import discoveries
from bot.signals.model import SignalKind
from bot.signals.severity import Severity

DOWN_FOR = timedelta(seconds=90)
SHARE_LEFT_MAX = 0.2
RECENT = timedelta(minutes=30)
STEADY_LINES_MIN = 5.0
"""Told: what usually has five lines a window and never recurs with so few, at a fifth of that for `DOWN_FOR`. Usual is
the mean of the past or of its last part, whichever is less: evenings are no outages."""

USUAL_LINES_MIN = 0.5

PRESENT_SHARE_MIN, SILENCE_USUAL_MAX = 0.5, 3
SILENCES, SILENCE_MORE = 2, 3
REGULAR_VARIANCE_MAX = 0.6
REGULAR_SIGMAS = 3.0
"""What has fewer lines is a heartbeat when it is there in every other window, never missing for more than three, and
its counts vary less than chance would make them; it is told when it is silent for three windows longer than twice its
longest silence."""


class RateDown:
    name = "rate_down"

    def detect(self, window: ServiceWindow) -> list[Anomaly]:
        """Score: -log10 of the probability of so few lines; of a heartbeat, the windows without it."""
        if window.history_windows < HISTORY_MIN or not window.templates or not window.is_complete:
            return []
        means = means_of(window)
        found = _fallen(window, means)
        if not found:
            return []
        if _is_replaced(window, found, means):
            return [anomaly_of(window, SignalKind.RATE_DOWN, d, Severity.INFO) for d in found]
        silent = _silent_windows(window, means)
        if all(silent):
            return [as_one(window, SignalKind.RATE_DOWN, found, Severity.MAJOR)]
        if any(silent):  # it has just begun or is just coming back: either way the next window knows more
            return []
        return [anomaly_of(window, SignalKind.RATE_DOWN, d, Severity.MINOR) for d in found]


def _is_replaced(window: ServiceWindow, found: Sequence[Deviation], means: Sequence[float]) -> bool:
    """Other healthy lines have come for those that went."""
    lost = sum(d.mean - d.now for d in found)
    pairs = zip(window.templates, means, strict=True)
    gained = sum(max(0.0, t.current - mean) for t, mean in pairs if not _is_failing(t))
    return lost >= STEADY_LINES_MIN and gained >= lost / 3


def _silent_windows(window: ServiceWindow, means: Sequence[float]) -> list[bool]:
    """Was the service silent in this window, and in those before for which a template has to be down? By the lines that
    are usual: what it says when it starts or fails is no sign of life."""
    work = [
        t for t, mean in zip(window.templates, means, strict=True) if mean >= USUAL_LINES_MIN and not _is_failing(t)
    ]
    lines = [sum(t.current for t in work)]
    for back in range(1, max(2, windows_in(window, DOWN_FOR))):
        lines.append(sum(t.history[-back] for t in work if len(t.history) >= back))
    usual_lines = sum(sum(t.history) for t in work) / window.history_windows
    return [n <= SHARE_LEFT_MAX * usual_lines for n in lines]


def _fallen(window: ServiceWindow, means: Sequence[float]) -> list[Deviation]:
    windows = max(2, windows_in(window, DOWN_FOR))
    pairs = zip(window.templates, means, strict=True)
    some = [t for t, mean in pairs if _is_low(t, mean, windows) and not _is_failing(t)]
    if not some or window.history_windows < HISTORY_MIN + windows:
        return []
    past, current = past_of(some, window.history_windows), current_of(some)
    before, lately = past[:, : 1 - windows], past[:, 1 - windows :]
    normal = usual(before)
    expected, _ = seasonal_of(some)
    mean = np.fmin(np.minimum(normal.mean, before[:, -windows_in(window, RECENT) :].mean(axis=1)), expected)
    p = at_most(lately.sum(axis=1) + current, mean * windows, normal.dispersion)
    is_low = np.maximum(lately.max(axis=1), current) <= SHARE_LEFT_MAX * mean
    is_steady = (normal.low > SHARE_LEFT_MAX * mean) & (mean >= STEADY_LINES_MIN)
    told = discoveries(p, FALSE_DISCOVERY_RATE, len(window.templates)) & is_low & is_steady
    silent, patience = _silence(past, current)
    missed = _is_heartbeat(before, normal) & (silent >= patience)
    low = np.maximum(SHARE_LEFT_MAX * mean, np.minimum(normal.low, mean / 2))
    limit = surprise(FALSE_DISCOVERY_RATE)
    return [
        Deviation(
            template=some[i],
            now=float(current[i]),
            mean=float(mean[i] if told[i] else normal.mean[i]),
            low=float(low[i]),
            high=float(max(normal.high[i], mean[i])),
            score=surprise(float(p[i])) if told[i] else float(silent[i]),
            threshold=limit if told[i] else float(patience[i]),
            windows=windows if told[i] else int(silent[i]),
        )
        for i in map(int, np.flatnonzero(told | missed))
    ]


def _is_low(template: TemplateSeries, mean: float, windows: int) -> bool:
    """A cheap look: has it been low for long enough to be worth a closer one?"""
    if mean >= STEADY_LINES_MIN / 2:
        return max(template.current, *template.history[1 - windows :]) <= 2 * SHARE_LEFT_MAX * mean
    is_silent = template.current == 0 and not any(template.history[1 - SILENCE_MORE :])
    return is_silent and template.history.count(0) <= (1 - PRESENT_SHARE_MIN / 2) * len(template.history)


def _is_heartbeat(before: Counts, normal: Usual) -> NDArray[np.bool_]:
    present = (before > 0).mean(axis=1) >= PRESENT_SHARE_MIN
    by_chance = 1 - REGULAR_SIGMAS * np.sqrt(2 / before.shape[1])
    regular = before.var(axis=1) <= min(REGULAR_VARIANCE_MAX, by_chance) * before.mean(axis=1)
    heartbeat: NDArray[np.bool_] = present & regular & (normal.mean < STEADY_LINES_MIN)
    return heartbeat


def _silence(past: Counts, current: Counts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For how many windows each row has been silent, and how many that must be to be told."""
    silent = run_length(np.concatenate([past, current[:, None]], axis=1) == 0)
    is_now = np.arange(past.shape[1])[None, :] >= past.shape[1] + 1 - silent[:, None]
    longest = longest_silence(np.where(is_now, 1.0, past))
    patience: NDArray[np.int64] = SILENCES * np.minimum(longest, SILENCE_USUAL_MAX) + SILENCE_MORE
    return silent, np.where(longest <= SILENCE_USUAL_MAX, patience, past.shape[1] + 2)


def _is_failing(template: TemplateSeries) -> bool:
    return looks_failing(template.level, template.text)
