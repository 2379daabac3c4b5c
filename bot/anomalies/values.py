"""Have the values in a template's lines changed: does one host dominate, has a duration doubled?

What is usual is what recurs: the share of the most frequent value, and the median of the numbers, that were reached in
`RECURS` of the stretches of the last hours. Numbers count where their words or their unit say that more of them is
worse. Finding it is evidence (minor): it is told together with other trouble.
"""

import re
from collections.abc import Sequence
from datetime import timedelta

from bot.anomalies.model import Anomaly, Place, ServiceWindow, TemplateSeries
from bot.logs.parameters import TIME_UNITS, Typical
from bot.signals.model import Measure, Measured, SignalKind
from bot.signals.severity import Severity

LINES_MIN = 30
"""Looked at now; the shares of fewer are chance."""

PAST_LINES_MIN, PAST_MIN, RECURS = 20, 6, 3
LASTS_FOR = timedelta(minutes=3)
"""A restart is slow for a moment."""

STRETCH_S = 300
"""The values of a place are kept for stretches of about five minutes."""

SHARE_MIN, SHARE_MORE = 0.6, 0.35
"""One value dominates with three fifths of the lines, and a third more than it is usual."""

TIMES_MIN = 2.0
MEDIAN_MIN = 10.0
"""Medians below ten of a unit double by rounding; of seconds every one counts."""

_WORSE = re.compile(
    r"(?:^|_)(?:took|duration|elapsed|latency|time|delay|lag|age|wait(?:ed)?|queued?|pending|depth|retries|backlog)(?:_|$)"
)


class UnusualValues:
    name = "unusual_values"

    def detect(self, window: ServiceWindow) -> list[Anomaly]:
        """At most one anomaly a template. Score: the share over the usual one, or the median over the usual one."""
        found = []
        for template in window.templates:
            each = [a for place in template.places if (a := _judged(window, template, place)) is not None]
            if template.current and each:
                found.append(max(each, key=lambda a: a.score / a.threshold))
        return found


def _judged(window: ServiceWindow, template: TemplateSeries, place: Place) -> Anomaly | None:
    past = [some for some in place.past if some.lines >= PAST_LINES_MIN]
    if place.now.lines < LINES_MIN or place.now_for < LASTS_FOR or len(past) < PAST_MIN:
        return None
    return _dominated(window, template, place, past) or _larger(window, template, place, past)


def _dominated(
    window: ServiceWindow, template: TemplateSeries, place: Place, past: Sequence[Typical]
) -> Anomaly | None:
    shares = sorted(some.share for some in past)
    usual = shares[-RECURS]
    if place.now.share < max(SHARE_MIN, usual + SHARE_MORE) or place.now.share <= shares[-1]:
        return None
    measure = Measure(
        Measured.ONE_VALUE,
        place.name,
        "share",
        place.now.share,
        shares[0],
        shares[-1],
        parts=(("value", place.now.top),),
    )
    return _anomaly(window, template, place, measure, place.now.share - usual, SHARE_MORE)


def _larger(window: ServiceWindow, template: TemplateSeries, place: Place, past: Sequence[Typical]) -> Anomaly | None:
    medians = sorted(some.median for some in past if some.median is not None)
    now = place.now.median
    if now is None or len(medians) < PAST_MIN or not _is_worse_when_larger(place):
        return None
    usual = medians[-RECURS]
    if (
        usual <= 0
        or now < TIMES_MIN * usual
        or now <= medians[-1]
        or (now < MEDIAN_MIN and not place.unit.startswith(("s", "min")))
    ):
        return None
    measure = _measure(Measured.LARGER, place, now, [some.median for some in past])
    return _anomaly(window, template, place, measure, now / usual, TIMES_MIN)


def _is_worse_when_larger(place: Place) -> bool:
    return place.unit in TIME_UNITS or bool(_WORSE.search(place.name.lower().replace("-", "_")))


def _measure(what: Measured, place: Place, now: float, past: Sequence[float | None]) -> Measure:
    known = [value for value in past if value is not None]
    return Measure(
        what, place.name, place.unit, now, min(known), max(known), values=(*past, now), step_s=STRETCH_S,
        known_s=len(known) * STRETCH_S,
    )  # fmt: skip


def _anomaly(
    window: ServiceWindow, template: TemplateSeries, place: Place, measure: Measure, score: float, threshold: float
) -> Anomaly:
    return Anomaly(
        kind=SignalKind.UNUSUAL_VALUES,
        service=window.service,
        began_at=window.end - place.now_for,
        severity=Severity.MINOR,
        score=round(score, 4),
        threshold=threshold,
        template_id=template.template_id,
        measure=measure,
    )
