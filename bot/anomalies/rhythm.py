"""Does a log line come regularly, and when is its next one late? Nightly backups, hourly reports, weekly jobs.

Two shapes are known. A *beat* comes every so many minutes or hours, whatever the clock on the wall says. A *calendar*
rhythm comes at one time of the day, on every day or on certain days of the week: its gaps are counted on the wall
clock, so that the night the clocks change does not break it. Whatever fits neither is no rhythm, and is never told.
"""

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
TOGETHER = timedelta(minutes=5)
"""Lines that are nearer to each other are one occurrence."""

PERIOD_MIN, BEAT_MAX = timedelta(minutes=10), timedelta(hours=18)
BEATS_MIN, BEATS_MAX, BEATS_FOR_MIN = 13, 400, timedelta(days=3)
BEAT_SPREAD_MAX = 0.25
MISSED_SHARE_MAX = 0.02
PAUSE_PERIODS, PAUSES_MAX = 4, 1
"""A beat that was missed more often, or paused twice, stops now and then: at night, at week-ends."""

DAYS_MIN = 8
DAY_SPREAD_MAX = timedelta(minutes=90)
WEEKS_MIN = 3
"""Days of the week without it are known after so many weeks: then a Sunday's silence is none."""

TOLERANCE_SHARE, TOLERANCE_MAX = 0.1, timedelta(minutes=65)
"""Beside its own spread: a tenth of the period, at most a little over an hour, so that a job in another time zone than
ours is not told of on the night its clocks change."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """`period` from one occurrence to the next; `weekdays` (0 is Monday) only of a calendar rhythm. `times` occurrences
    were on time, `missed` were not; `spread` is how far one was off at most."""

    period: timedelta
    weekdays: tuple[int, ...]
    times: int
    missed: int
    spread: timedelta
    last_at: datetime

    @property
    def tolerance(self) -> timedelta:
        return self.spread + min(self.period * TOLERANCE_SHARE, TOLERANCE_MAX)

    def next_after(self, last_at: datetime, zone: ZoneInfo) -> datetime:
        """When the one after `last_at` is expected."""
        if not self.weekdays:
            return last_at + self.period
        local = last_at.astimezone(zone).replace(tzinfo=None)
        days = next(n for n in range(1, 8) if (local + n * DAY).weekday() in self.weekdays)
        return (local + days * DAY).replace(tzinfo=zone).astimezone(UTC)


def occurrences(times: Sequence[datetime], together: timedelta = TOGETHER) -> list[datetime]:
    """The first of each group of `times`, which are in order."""
    if not times:
        return []
    return [times[0], *(b for a, b in itertools.pairwise(times) if b - a > together)]


def rhythm_of(times: Sequence[datetime], zone: ZoneInfo) -> Rhythm | None:
    """`times`: when lines came, in order. None when they come without a rule that holds."""
    came = occurrences(times)
    if len(came) < DAYS_MIN - 1:
        return None
    return _calendar(came, zone) or _beat(came[-BEATS_MAX:])


def _beat(came: Sequence[datetime]) -> Rhythm | None:
    gaps = [b - a for a, b in itertools.pairwise(came)]
    if len(came) < BEATS_MIN or came[-1] - came[0] < BEATS_FOR_MIN:
        return None
    period = statistics.median_low(gaps)
    if not PERIOD_MIN <= period <= BEAT_MAX:
        return None
    off = [abs(gap - period) for gap in gaps]
    regular = [one for one in off if one <= BEAT_SPREAD_MAX * period]
    missed = len(off) - len(regular)
    pauses = sum(gap > PAUSE_PERIODS * period for gap in gaps)
    if missed > MISSED_SHARE_MAX * len(off) or pauses > PAUSES_MAX:
        return None
    return Rhythm(period, (), len(regular) + 1, missed, max(regular), came[-1])


def _calendar(came: Sequence[datetime], zone: ZoneInfo) -> Rhythm | None:
    local = [at.astimezone(zone).replace(tzinfo=None) for at in came]
    gaps = [b - a for a, b in itertools.pairwise(local)]
    days = [max(1, round(gap / DAY)) for gap in gaps]
    spread = max(abs(gap - n * DAY) for gap, n in zip(gaps, days, strict=True))
    if spread > DAY_SPREAD_MAX:
        return None
    weekdays = _weekdays(local)
    if weekdays is None:
        return None
    missed = _missed(local, days, weekdays)
    weekly = len(weekdays) < 7
    enough = local[-1] - local[0] >= WEEKS_MIN * 7 * DAY if weekly else len(came) >= DAYS_MIN
    if not enough or missed > max(len(came) // 12, 0):
        return None
    return Rhythm(DAY if len(weekdays) > 1 else 7 * DAY, weekdays, len(came), missed, spread, came[-1])


def _weekdays(local: Sequence[datetime]) -> tuple[int, ...] | None:
    """Those of at least half the weeks. None when it came on others, too: then the days follow no rule."""
    weeks = max(1, round((local[-1] - local[0]) / (7 * DAY)))
    seen = [at.weekday() for at in local]
    days = tuple(sorted({day for day in seen if seen.count(day) * 2 >= weeks}))
    return days if all(day in days for day in seen) else None


def _missed(local: Sequence[datetime], days: Sequence[int], weekdays: Sequence[int]) -> int:
    """Expected days between the first and the last on which it did not come."""
    return sum(
        (at + n * DAY).weekday() in weekdays for at, gap in zip(local, days, strict=False) for n in range(1, gap)
    )
