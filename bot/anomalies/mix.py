"""Is a window's mix of templates unusual? Principal components and an isolation forest over the mixes of quiet windows.

The model (`bot.anomalies.mix_model`) is fitted beforehand, on a schedule; here it is only asked. Either can find it:
the distance from the plane of usual mixes sees what never went together, the forest what lies at the rim of it. Both
are noisy, so the finding is evidence (minor) and nobody is told of it alone; and they are asked only when several
templates are far from their counts of the last hours, so that a mix that has become usual meanwhile is not told.
"""

import numpy as np

from bot.anomalies.deviation import means_of
from bot.anomalies.mix_model import MixModel
from bot.anomalies.model import Anomaly, ServiceWindow
from bot.metrics.counts import Counts
from bot.signals.model import SignalKind
from bot.signals.severity import Severity

HISTORY_MIN = 30
LINES_MIN = 30
"""With fewer lines in a window its mix is chance."""

FAR = 4.0
FAR_TEMPLATES_MIN = 2
"""So many standard deviations from the mean, in so many templates: what one template does is for the rates to tell."""


class UnusualMix:
    name = "unusual_mix"

    def detect(self, window: ServiceWindow) -> list[Anomaly]:
        """At most one anomaly. Score: the squared prediction error, or the forest's (0..1, higher is odder) when only
        that is above its threshold; contributions: how much of the error is each template's."""
        model = window.mix
        lines = sum(t.current for t in window.templates)
        if model is None or window.history_windows < HISTORY_MIN or lines < LINES_MIN or not _is_far(window, lines):
            return []
        counts = {t.template_id: t.current for t in window.templates}
        mix = model.mix_of(np.array([[counts.get(i, 0) for i in model.templates]], dtype=np.float64))
        found = _found(model, mix)
        if found is None:
            return []
        score, threshold = found
        return [
            Anomaly(
                kind=SignalKind.UNUSUAL_MIX,
                service=window.service,
                began_at=window.start,
                severity=Severity.MINOR,
                score=score,
                threshold=threshold,
                contributions=model.contributions(mix[0]),
            )
        ]


def _found(model: MixModel, mix: Counts) -> tuple[float, float] | None:
    """Score and threshold of what finds it unusual; None when nothing does."""
    error = float(model.residuals.errors(mix)[0])
    if error > model.limit:
        return error, model.limit
    isolation = float(model.forest.scores(mix)[0])
    return (isolation, model.oddest) if isolation > model.oddest else None


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
