"""Which detectors look at a window, and is a problem that was found still going on?"""

from collections.abc import Sequence
from datetime import timedelta

from scipy.stats import poisson

from bot.anomalies.broken_off import BrokenOff
from bot.anomalies.dwindled import Dwindled
from bot.anomalies.grown import Grown
from bot.anomalies.mix import UnusualMix
from bot.anomalies.model import Anomaly, Detector, ServiceWindow
from bot.anomalies.new_template import NewTemplate
from bot.anomalies.rate_down import RateDown
from bot.anomalies.rate_up import RateUp
from bot.anomalies.values import UnusualValues
from bot.signals.model import Evidence

STILL_ON_SHARE = 0.1
"""A problem below a tenth of its height counts as over."""

CHANCE_MAX = 0.001
"""Of a thousand windows without a problem one or two look as if it were back."""

ANOMALIES_MAX = 20
"""Of one window; a flood of new templates is one problem, and its worst twenty tell it."""


def default_detectors() -> list[Detector]:
    return [NewTemplate(), RateUp(), Grown(), RateDown(), Dwindled(), BrokenOff(), UnusualMix(), UnusualValues()]


def detect(window: ServiceWindow, detectors: Sequence[Detector]) -> list[Anomaly]:
    """What all detectors find, the worst first, at most `ANOMALIES_MAX`. A window of a service that is still learning
    gives what would be told. What two find of one template is told once."""
    found = [anomaly for detector in detectors for anomaly in detector.detect(window)]
    worst_first = sorted(found, key=lambda a: (a.severity.rank, -a.score / max(a.threshold, 1e-9)))
    once = {(a.kind, a.template_id): a for a in reversed(worst_first)}
    return [a for a in worst_first if once[a.kind, a.template_id] is a][:ANOMALIES_MAX]


def still_on(evidence: Evidence, lines: int, length: timedelta) -> bool:
    """Does a window with so many lines of the evidence's template still show the problem?

    What rose is over at or below its band or a tenth of its height; what fell is over when it is back in its band.
    """
    if evidence.rate_now is None or not evidence.template_id:
        return False
    rate = lines / (length / timedelta(minutes=1))
    if evidence.rate_before is not None and evidence.rate_now < evidence.rate_before:
        return rate < max(evidence.baseline_low or 0.0, (evidence.rate_before + evidence.rate_now) / 2)
    return rate > max(evidence.baseline_high or 0.0, STILL_ON_SHARE * evidence.rate_now)


def is_more_than_chance(evidence: Evidence, lines: int, length: timedelta) -> bool:
    """Would lines that come as often as before the problem seldom be so many in a window? Of lines that come at random
    (Poisson's distribution)."""
    usual = (evidence.rate_before or 0.0) * (length / timedelta(minutes=1))
    return float(poisson.sf(lines - 1, usual)) < CHANCE_MAX
