"""Do calls begin that do not finish? A line that always came with another comes no longer, while that one still does.

Lines of one path through a service keep pace with each other, however busy it is. So each line is counted per line that
it keeps pace with, not per minute: traffic that falls takes both away, a call that fails half-way only the later ones.
Counted are pairs that were in step in the past; the fall must be large, and of enough calls.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.anomalies.deviation import (
    HISTORY_MIN,
    Deviation,
    anomaly_of,
    current_of,
    past_of,
)
from bot.anomalies.failing import looks_failing
from bot.anomalies.model import Anomaly, ServiceWindow, TemplateSeries
from bot.metrics.counts import Counts
from bot.signals.model import SignalKind
from bot.signals.severity import Severity

SPANS = (1, 3)
"""Windows that are taken together: many calls show at once, few after a while."""

CALLS_MIN = 5.0
SHARE_LEFT_MAX = 0.5
SIGMAS_MIN = 5.0
"""Told: of at least five calls that should have come so far, half or fewer have, at five standard deviations."""

CALLS_FOR_MAJOR = 10.0
"""Major: ten calls, and failures have come in the place of half of them. Without, another path may have become rare."""

MEAN_MIN = 2.0
LINES_PAST_MIN = 30
RATIO_MIN, RATIO_MAX = 0.2, 5.0
OUT_OF_STEP_MAX = 0.1
"""In step: their difference varies at most so much, in the variance that two independent counts would have."""

OUT_OF_STEP_MIN = 0.02
WINDOWS_LEFT_OUT = 0.1
"""Of the past, so many of the windows that fit worst are left out: earlier troubles."""

_NEVER = 1e6
WINDOWS_MIN = 8
TEMPLATES_MAX = 200
CONTRIBUTIONS_MAX = 5


@dataclass(frozen=True, slots=True)
class _Break:
    """`missing` calls of `expected` did not come as far as the template `lost`, and did as far as `last`."""

    lost: int
    last: int
    missing: float
    expected: float
    sigmas: float
    span: int


class BrokenOff:
    name = "broken_off"

    def detect(self, window: ServiceWindow) -> list[Anomaly]:
        """At most one anomaly, about the line that lost most. Score: standard deviations. Contributions: the lines that
        are missing, each with its share of all that is."""
        if window.history_windows < HISTORY_MIN or not window.is_complete:
            return []
        work = _work(window)
        if len(work) < 2:
            return []
        past, current = past_of(work, window.history_windows), current_of(work)
        found = [b for span in SPANS for b in _breaks(past, current, span)]
        if not found:
            return []
        worst = max(found, key=lambda b: (b.missing, b.sigmas, -b.lost))
        if _is_reworded(window, worst):
            return []
        return [_anomaly(window, work, worst, [b for b in found if b.span == worst.span])]


def _work(window: ServiceWindow) -> list[TemplateSeries]:
    """The busiest healthy templates: failures that stop are good news."""
    some = [t for t in window.templates if any(t.history) and not looks_failing(t.level, t.text)]
    busiest = sorted(some, key=lambda t: (-sum(t.history), t.template_id))[:TEMPLATES_MAX]
    return [t for t in busiest if sum(t.history) >= LINES_PAST_MIN]


def _breaks(past: Counts, current: Counts, span: int) -> list[_Break]:
    """Looked at beside a fallen line is only what could have brought enough of it, whichever windows are left out."""
    whole = np.column_stack([past, current])
    before, lately = whole[:, :-span], whole[:, -span:].sum(axis=1)
    mean = before.mean(axis=1) * span
    fallen = np.flatnonzero((mean >= MEAN_MIN) & (lately <= SHARE_LEFT_MAX * np.maximum(mean, CALLS_MIN)))
    quiet = np.sort(before, axis=1)[:, : _kept(before.shape[1])].sum(axis=1)
    found = []
    for lost in map(int, fallen):
        expected_max = before[lost].sum() / np.maximum(quiet, 1e-9) * lately
        may = (lately >= 1) & (expected_max >= max(CALLS_MIN, lately[lost] / SHARE_LEFT_MAX))
        may[lost] = False
        others = np.flatnonzero(may)
        if not others.size:
            continue
        ratio, scatter = _step(before[lost], before[others])
        expected = ratio * lately[others]
        missing = expected - lately[lost]
        sigmas = missing / np.sqrt(np.maximum(scatter, OUT_OF_STEP_MIN) * expected * (1 + ratio) + 0.5)
        is_told = (
            (expected >= CALLS_MIN)
            & (lately[lost] <= SHARE_LEFT_MAX * expected)
            & (sigmas >= SIGMAS_MIN)
            & (scatter <= OUT_OF_STEP_MAX)
            & (ratio >= RATIO_MIN)
            & (ratio <= RATIO_MAX)
        )
        if is_told.any():
            best = int(np.argmax(np.where(is_told, sigmas, -np.inf)))
            found.append(
                _Break(lost, int(others[best]), float(missing[best]), float(expected[best]), float(sigmas[best]), span)
            )
    return found


def _step(lost: Counts, others: Counts) -> tuple[Counts, Counts]:
    """For each of the others: lines of the lost one a line of it, and how far the two were out of step."""
    total = others.sum(axis=1)
    ratio = lost.sum() / np.maximum(total, 1e-9)
    off = (lost[None, :] - ratio[:, None] * others) ** 2
    order = np.argsort(off, axis=1, kind="stable")[:, : _kept(off.shape[1])]
    kept = np.take_along_axis(others, order, axis=1)
    lines = np.take_along_axis(np.broadcast_to(lost, others.shape), order, axis=1)
    ratio = lines.sum(axis=1) / np.maximum(kept.sum(axis=1), 1e-9)
    off = (lines - ratio[:, None] * kept) ** 2
    chance = (ratio + ratio**2) * np.maximum(kept.sum(axis=1), 1e-9)
    seen: NDArray[np.bool_] = (np.minimum(lines, kept) > 0).sum(axis=1) >= WINDOWS_MIN
    return ratio, np.where(seen, off.sum(axis=1) / np.maximum(chance, 1e-9), _NEVER)


def _kept(windows: int) -> int:
    return max(1, round(windows * (1 - WINDOWS_LEFT_OUT)))


def _is_reworded(window: ServiceWindow, worst: _Break) -> bool:
    """A new version words its lines anew: healthy lines that were not there before have come for those that went."""
    since = window.start - window.history_windows * window.length
    young = [
        t
        for t in window.templates
        if t.first_at > since and not looks_failing(t.level, t.text) and sum(t.history) <= 3 * worst.missing
    ]
    return sum(sum((*t.history, t.current)[-worst.span :]) for t in young) >= worst.missing / 2


def _fails_instead(window: ServiceWindow, worst: _Break) -> bool:
    failing = [t for t in window.templates if looks_failing(t.level, t.text)]
    lately = sum(sum((*t.history, t.current)[-worst.span :]) for t in failing)
    usual = sum(sum(t.history) for t in failing) / window.history_windows * worst.span
    return lately - usual >= worst.missing / 2


def _anomaly(window: ServiceWindow, work: Sequence[TemplateSeries], worst: _Break, found: Sequence[_Break]) -> Anomaly:
    total = sum(b.missing for b in found)
    shares = sorted(
        ((work[b.lost].template_id, round(b.missing / total, 3)) for b in found), key=lambda p: (-p[1], p[0])
    )
    is_sure = worst.missing >= CALLS_FOR_MAJOR and _fails_instead(window, worst)
    severity = Severity.MAJOR if is_sure else Severity.MINOR
    now = (worst.expected - worst.missing) / worst.span
    deviation = Deviation(
        template=work[worst.lost],
        now=now,
        mean=worst.expected / worst.span,
        low=SHARE_LEFT_MAX * worst.expected / worst.span,
        high=worst.expected / worst.span,
        score=worst.sigmas,
        threshold=SIGMAS_MIN,
        windows=worst.span,
    )
    return anomaly_of(window, SignalKind.BROKEN_OFF, deviation, severity, tuple(shares[:CONTRIBUTIONS_MAX]))
