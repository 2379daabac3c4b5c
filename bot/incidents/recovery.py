"""Did it help? What the windows after a run say of the problem it was meant to end."""

from collections.abc import Sequence
from datetime import timedelta

from bot.actions.model import Verdict
from bot.anomalies.detectors import still_on
from bot.signals.model import Evidence

CLEAN_WINDOWS = 2
"""So many windows in a row without the problem are a recovery."""

WORSE_TIMES = 2.0
ALIVE_SHARE_MIN = 0.1
"""A service that writes less than a tenth of its usual lines has not recovered: it is down."""


def verdict_of(
    watched: Sequence[tuple[Evidence, Sequence[int]]],
    length: timedelta,
    *,
    is_last: bool,
    service_lines: Sequence[int] = (),
    usual_lines: float = 0.0,
) -> Verdict | None:
    """None: too early to say. `watched`: each problem's evidence and its lines in the windows since the run, the oldest
    first. `service_lines`: all lines of the service in the same windows, of which `usual_lines` a window are normal."""
    if not watched:
        return Verdict.NOT_CHECKED if is_last else None
    windows = min(len(lines) for _, lines in watched)
    if windows >= CLEAN_WINDOWS:
        recent = range(windows - CLEAN_WINDOWS, windows)
        is_on = any(still_on(evidence, lines[i], length) for evidence, lines in watched for i in recent)
        if not is_on and _is_alive(service_lines, usual_lines):
            return Verdict.RECOVERED
    if not is_last:
        return None
    if not windows:
        return Verdict.NOT_CHECKED
    return Verdict.WORSE if _is_worse(watched, length) else Verdict.NO_EFFECT


def _is_alive(service_lines: Sequence[int], usual_lines: float) -> bool:
    recent = service_lines[-CLEAN_WINDOWS:]
    return not recent or sum(recent) / len(recent) >= ALIVE_SHARE_MIN * usual_lines


def _is_worse(watched: Sequence[tuple[Evidence, Sequence[int]]], length: timedelta) -> bool:
    """Something that rose is now twice as high as when it was told, in the last windows together."""
    minutes = length / timedelta(minutes=1)
    for evidence, lines in watched:
        recent = lines[-CLEAN_WINDOWS:]
        rose = evidence.rate_now is not None and evidence.rate_now > (evidence.rate_before or 0.0)
        if rose and recent and sum(recent) / len(recent) / minutes > WORSE_TIMES * (evidence.rate_now or 0.0):
            return True
    return False
