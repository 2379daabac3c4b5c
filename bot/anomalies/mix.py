"""Is a window's mix of templates unusual? An isolation forest over the counts of recent windows.

Liu, Ting and Zhou, "Isolation Forest" (2008), scikit-learn's. The forest is noisy, so its finding is evidence (minor)
and nobody is told of it alone. It is asked only when several templates are far from their own usual counts, and it is
fitted on the history up to the last whole `REFIT_WINDOWS`, so the same window gives the same answer whatever was asked
before, and the forest serves until the next one is due.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

from bot.anomalies.deviation import means_of, past_of
from bot.anomalies.model import Anomaly, ServiceWindow, TemplateSeries
from bot.metrics.counts import Counts
from bot.signals.model import SignalKind
from bot.signals.severity import Severity

HISTORY_MIN = 30
REFIT_WINDOWS = 15
TEMPLATES_MAX = 64
LINES_MIN, LINES_PER_WINDOW_MIN = 30, 1.0
"""With fewer lines in a window its mix is chance; a template that is seldom written says nothing about a mix, and lets
the forest take every window with such a line for an odd one."""

TREES, SEED = 100, 7
SHARE_ODDER_MAX = 0.05
"""It must be more isolated than all but so many windows of the past. A forest cannot see how far outside something is,
so the oddest windows of a calm past score like real trouble; how far is asked first."""

FAR = 4.0
FAR_TEMPLATES_MIN = 2
"""So many standard deviations from the mean, in so many templates: what one template does is for the rates to tell."""

FORESTS_MAX = 256


@dataclass(frozen=True, slots=True)
class _Forest:
    """Trained on windows x `templates` (square roots of counts, scaled to `lines`); `oddest` is the score that
    only `SHARE_ODDER_MAX` of them exceed."""

    templates: tuple[str, ...]
    lines: float
    oddest: float
    middle: Counts
    trees: IsolationForest


class UnusualMix:
    name = "unusual_mix"

    def __init__(self) -> None:
        self._forests: OrderedDict[tuple[object, ...], _Forest] = OrderedDict()

    def detect(self, window: ServiceWindow) -> list[Anomaly]:
        """At most one anomaly. Score: the forest's (0..1, higher is odder); contributions: how much of it goes when a
        template is put back to its usual count."""
        lines = sum(t.current for t in window.templates)
        if window.history_windows < HISTORY_MIN or lines < LINES_MIN or not _is_far(window, lines):
            return []
        forest = self._forest(window)
        if forest is None:
            return []
        counts = {t.template_id: t.current for t in window.templates}
        vector = _vectors(np.array([[counts.get(i, 0) for i in forest.templates]], dtype=np.float64), forest.lines)[0]
        score = _scores(forest.trees, vector[None, :])[0]
        if score <= forest.oddest:
            return []
        return [
            Anomaly(
                kind=SignalKind.UNUSUAL_MIX,
                service=window.service,
                began_at=window.start,
                severity=Severity.MINOR,
                score=float(score),
                threshold=forest.oddest,
                contributions=_contributions(forest, vector, float(score)),
            )
        ]

    def _forest(self, window: ServiceWindow) -> _Forest | None:
        """The forest that is due for this window; those used last are kept."""
        templates, past = _training(window)
        if past.shape[0] < HISTORY_MIN or not templates:
            return None
        key = (window.service, templates, past.tobytes())
        known = self._forests.pop(key, None)
        self._forests[key] = forest = known or _fit(templates, past)
        while len(self._forests) > FORESTS_MAX:
            self._forests.popitem(last=False)
        return forest


def _is_far(window: ServiceWindow, lines: int) -> bool:
    """A cheap look: are at least two templates far from what is usual at this many lines?"""
    means = means_of(window)
    busier = lines / max(sum(means), 1e-9)
    far = 0
    for template, mean in zip(window.templates, means, strict=True):
        expected = mean * min(busier, 1e6)
        far += abs(template.current - expected) >= FAR * (expected + 1 + (0.1 * expected) ** 2) ** 0.5
        if far >= FAR_TEMPLATES_MIN:
            return True
    return False


def _training(window: ServiceWindow) -> tuple[tuple[str, ...], Counts]:
    """Windows x templates: the part of the history that begins and ends at whole `REFIT_WINDOWS` of the clock, so that
    it stays the same until the next one."""
    number = int(window.start.timestamp() // window.length.total_seconds())
    until = window.history_windows - number % REFIT_WINDOWS
    since = -(number - window.history_windows) % REFIT_WINDOWS
    lines = {t.template_id: _lines(t, since, until, window.history_windows) for t in window.templates}
    busiest = sorted(window.templates, key=lambda t: (-lines[t.template_id], t.template_id))
    kept = [t for t in busiest[:TEMPLATES_MAX] if lines[t.template_id] >= LINES_PER_WINDOW_MIN * (until - since)]
    return tuple(t.template_id for t in kept), past_of(kept, window.history_windows)[:, since:until].T


def _lines(template: TemplateSeries, since: int, until: int, windows: int) -> int:
    missing = windows - len(template.history)
    return sum(template.history[max(0, since - missing) : max(0, until - missing)])


def _fit(templates: tuple[str, ...], past: Counts) -> _Forest:
    lines = float(np.median(past.sum(axis=1)))
    vectors = _vectors(past, lines)
    trees = IsolationForest(n_estimators=TREES, random_state=SEED, n_jobs=1).fit(vectors)
    oddest = float(np.quantile(_scores(trees, vectors), 1 - SHARE_ODDER_MAX))
    return _Forest(templates, lines, oddest, np.median(vectors, axis=0), trees)


def _vectors(counts: Counts, lines: float) -> Counts:
    """Square roots of the counts, as they would be in a window of `lines` lines: the mix without the traffic."""
    total = np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    vectors: Counts = np.sqrt(counts / total * max(lines, 1.0))
    return vectors


def _scores(trees: IsolationForest, vectors: Counts) -> NDArray[np.float64]:
    return -np.asarray(trees.score_samples(vectors), dtype=np.float64)


def _contributions(forest: _Forest, vector: Counts, score: float, most: int = 5) -> tuple[tuple[str, float], ...]:
    """(template id, share), the largest first: how far the score falls with each of the farthest templates put back."""
    farthest: Sequence[int] = np.argsort(-np.abs(vector - forest.middle), kind="stable")[:most].tolist()
    mended = np.repeat(vector[None, :], len(farthest), axis=0)
    for row, i in enumerate(farthest):
        mended[row, i] = forest.middle[i]
    falls = np.maximum(score - _scores(forest.trees, mended), 0.0)
    if not falls.any():  # as odd with any one of them put back: then by distance
        falls = np.abs(vector - forest.middle)[farthest]
    shares = falls / max(float(falls.sum()), 1e-9)
    pairs = [(forest.templates[i], round(float(share), 3)) for i, share in zip(farthest, shares, strict=True)]
    return tuple(sorted((p for p in pairs if p[1] > 0), key=lambda p: (-p[1], p[0])))
