"""Has this log template ever been seen before, or not for long? Such a one that speaks of failure matters; any other,
seldom.

Services write odd lines all the time, so what counts is whether the failure goes on: by how many lines it has at once,
compared with the failures the service usually writes. A failure too small for that here is told by `rate` when the next
window has it too.
"""

from datetime import timedelta

from bot.anomalies.failing import is_error, is_fatal, is_warning, looks_failing
from bot.anomalies.model import Anomaly, ServiceWindow, TemplateSeries
from bot.signals.model import SignalKind
from bot.signals.severity import Severity

LINES_FOR_MAJOR = 10
RATE_FOR_MAJOR, LINES_AT_RATE = 30.0, 5
"""A new failure is going on with ten lines in a window, or with five of them at thirty a minute."""

LINES_FOR_MINOR = 3
RATE_FOR_MINOR = 30.0
"""What does not speak of failure is worth a mention beside other signs from this rate, in lines a minute."""

RARE_AFTER = timedelta(days=8)
"""What was not written for so long is as good as new; what comes by the day or the week is not."""

SHARE_OF_USUAL_FAILURES = 0.25
"""Where failures are usual, a new one has to be at least so large beside them."""


class NewTemplate:
    name = "new_template"

    def detect(self, window: ServiceWindow) -> list[Anomaly]:
        """One anomaly per template whose first line ever, or for long, stands in this window. Score: the lines it is
        judged by, which for the largest of several new failures are the lines of all: one failure is often written in
        several ways."""
        new = [t for t in window.templates if t.current > 0 and not any(t.history) and _is_rare(t, window)]
        if not new:
            return []
        failing = {t.template_id for t in new if looks_failing(t.level, t.text)}
        largest = max((t for t in new if t.template_id in failing), key=_weight, default=None)
        usual = _usual_failures(window) if failing else 0.0
        together = sum(t.current for t in new if t.template_id in failing and not _is_mild(t))
        found: list[Anomaly] = []
        for template in new:
            lines = max(together, template.current) if template is largest else template.current
            if template.template_id in failing:
                severity = _failing_severity(template, lines, usual, window.length)
            else:
                severity = _harmless_severity(template, window.length)
            found.append(_anomaly(window, template, lines, severity))
        return found


def _is_rare(template: TemplateSeries, window: ServiceWindow) -> bool:
    unseen = template.unseen_for
    return template.first_at >= window.start or (unseen is not None and unseen >= RARE_AFTER)


def _failing_severity(template: TemplateSeries, lines: int, usual: float, length: timedelta) -> Severity:
    rate = lines / (length / timedelta(minutes=1))
    goes_on = lines >= LINES_FOR_MAJOR or (lines >= LINES_AT_RATE and rate >= RATE_FOR_MAJOR)
    if goes_on and not _is_mild(template) and lines >= SHARE_OF_USUAL_FAILURES * usual:
        return Severity.MAJOR
    return Severity.MINOR if lines >= LINES_FOR_MINOR or is_fatal(template.level) else Severity.INFO


def _is_mild(template: TemplateSeries) -> bool:
    """Failing by its words, but the service itself calls it a warning or less: a restart is full of such lines."""
    return bool(template.level) and not is_error(template.level)


def _harmless_severity(template: TemplateSeries, length: timedelta) -> Severity:
    rate = template.current / (length / timedelta(minutes=1))
    return Severity.MINOR if is_warning(template.level) and rate >= RATE_FOR_MINOR else Severity.INFO


def _usual_failures(window: ServiceWindow) -> float:
    """Failing lines in a window of the past, on average."""
    lines = sum(sum(t.history) for t in window.templates if any(t.history) and looks_failing(t.level, t.text))
    return lines / max(1, window.history_windows)


def _weight(template: TemplateSeries) -> tuple[bool, int, str]:
    return not _is_mild(template), template.current, template.template_id


def _anomaly(window: ServiceWindow, template: TemplateSeries, lines: int, severity: Severity) -> Anomaly:
    return Anomaly(
        kind=SignalKind.NEW_TEMPLATE,
        service=window.service,
        began_at=min(max(template.first_at, window.start), window.end),
        severity=severity,
        score=float(lines),
        threshold=float(LINES_AT_RATE if severity is Severity.MAJOR else 1),
        template_id=template.template_id,
        rate_before=0.0,
        rate_now=template.current / (window.length / timedelta(minutes=1)),
        baseline_low=0.0,
        baseline_high=0.0,
    )
