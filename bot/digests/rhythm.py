"""When is a digest due, and which days did it miss?

A local hour, every day or on one weekday. The nights when the clock changes have 23 or 25 hours between two of them.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

LATE_MAX = timedelta(hours=12)
"""After a downtime: a digest later than this is not sent any more; the next one tells of its day too."""

MISSED_MAX = 31


class Every(StrEnum):
    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """`weekday` counts for a weekly digest: 0 is Monday."""

    at: time
    timezone: str
    every: Every = Every.DAY
    weekday: int = 0

    @property
    def length(self) -> timedelta:
        return timedelta(days=7 if self.every is Every.WEEK else 1)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


@dataclass(frozen=True, slots=True)
class DigestSlot:
    """A digest that is due: its local date and the stretch it is about."""

    local_date: date
    since: datetime
    until: datetime


def due_slot(rhythm: Rhythm, now: datetime) -> DigestSlot | None:
    """Today's digest, when its local hour has come and is not long past. It is about the time since the hour before."""
    today = now.astimezone(rhythm.zone).date()
    until = _instant(today, rhythm)
    if not _is_on(rhythm, today) or not until <= now < until + LATE_MAX:
        return None
    return DigestSlot(today, _instant(today - rhythm.length, rhythm), until)


def next_due_at(rhythm: Rhythm, now: datetime) -> datetime:
    """When the next digest will be due."""
    day = now.astimezone(rhythm.zone).date()
    while not _is_on(rhythm, day) or _instant(day, rhythm) <= now:
        day += timedelta(days=1)
    return _instant(day, rhythm)


def missed(rhythm: Rhythm, last: date, today: date) -> tuple[date, ...]:
    """The days after `last` and before `today` on which one should have come: the latest `MISSED_MAX`."""
    days = (today - timedelta(days=n) for n in range(1, min((today - last).days, 7 * MISSED_MAX)))
    return tuple(reversed([day for day in days if _is_on(rhythm, day)][:MISSED_MAX]))


def local_days(until: datetime, count: int, timezone: str) -> tuple[tuple[date, datetime, datetime], ...]:
    """The last `count` local days up to `until`, the oldest first: the date, its beginning and its end."""
    midnight = Rhythm(time(0), timezone)
    last = (until - timedelta(microseconds=1)).astimezone(midnight.zone).date()
    days = [last - timedelta(days=n) for n in reversed(range(count))]
    return tuple(
        (day, _instant(day, midnight), min(until, _instant(day + timedelta(days=1), midnight))) for day in days
    )


def _is_on(rhythm: Rhythm, day: date) -> bool:
    return rhythm.every is Every.DAY or day.weekday() == rhythm.weekday


def _instant(day: date, rhythm: Rhythm) -> datetime:
    """A local time that does not exist (the spring gap) is moved past it; of one that comes twice, the first."""
    return datetime.combine(day, rhythm.at, tzinfo=rhythm.zone).astimezone(UTC)
