"""What does a service no longer write since a change, and what far more or less of? Counted per call, not per minute.

How busy the service is now is the median of how its templates changed; against that each template is measured, so
that less traffic makes nothing vanish. There is a floor under every effect.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

BEFORE, AFTER = timedelta(minutes=30), timedelta(minutes=10)
BEFORE_MIN = timedelta(minutes=5)
LINES_EXPECTED_MIN, LINES_NOW_MIN = 8.0, 10
VANISHED_MAX, SHIFTED_TIMES = 0.1, 3.0
"""Of at least eight lines expected a tenth or fewer: vanished. A third or fewer, or three times as many: shifted."""

STEADY_LINES_MIN = 10
TEXTS_MAX = 3


@dataclass(frozen=True, slots=True)
class TemplateDiff:
    """Template ids, those with the largest difference first: what `vanished`, and what `shifted`."""

    vanished: tuple[str, ...] = ()
    shifted: tuple[str, ...] = ()


def stretch_of(changed_at: datetime, now: datetime) -> tuple[datetime, datetime]:
    """From when to when lines are compared."""
    return changed_at - BEFORE, min(now, changed_at + AFTER)


def template_diff(
    counts: Mapping[str, Mapping[datetime, int]], changed_at: datetime, until: datetime, window: timedelta
) -> TemplateDiff:
    """`counts`: template id → window start → lines. The window that the change is in counts for neither side."""
    first = min((start for by_start in counts.values() for start in by_start), default=until)
    before = changed_at - max(first, changed_at - BEFORE)
    begin = _next_window(changed_at, counts, window)
    if before < BEFORE_MIN or until - begin < window:
        return TemplateDiff()
    sums = {
        i: (
            sum(lines for start, lines in by_start.items() if start + window <= changed_at),
            sum(lines for start, lines in by_start.items() if begin <= start < until),
        )
        for i, by_start in counts.items()
    }
    steady = [now / was for was, now in sums.values() if was >= STEADY_LINES_MIN]
    scale = median(steady) if steady else 0.0
    differences = {i: (was * scale, now) for i, (was, now) in sums.items() if was * scale >= LINES_EXPECTED_MIN}
    vanished = [i for i, (expected, now) in differences.items() if now <= VANISHED_MAX * expected]
    shifted = [
        i
        for i, (expected, now) in differences.items()
        if i not in vanished
        and (now <= expected / SHIFTED_TIMES or (now >= SHIFTED_TIMES * expected and now >= LINES_NOW_MIN))
    ]
    return TemplateDiff(_largest(vanished, differences), _largest(shifted, differences))


def _next_window(changed_at: datetime, counts: Mapping[str, Mapping[datetime, int]], window: timedelta) -> datetime:
    """The start of the first window that is wholly after the change."""
    after = [start for by_start in counts.values() for start in by_start if start >= changed_at]
    return min(after, default=changed_at + window)


def _largest(ids: Sequence[str], differences: Mapping[str, tuple[float, int]]) -> tuple[str, ...]:
    return tuple(sorted(ids, key=lambda i: (-abs(differences[i][1] - differences[i][0]), i))[:TEXTS_MAX])
