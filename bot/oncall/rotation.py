"""Whose turn is it? People take turns by the clock on the wall: a handover at 09:00 stays at 09:00 when clocks change.

Turn n begins `n * period` after the first by the local calendar. A local time that does not exist (the spring gap) is
moved past it; of one that comes twice, it is the first. A turn of an hour in the gap has no length and is left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.oncall.model import Shift


@dataclass(frozen=True, slots=True)
class Hours:
    """Local hours on some days of the week (0 is Monday). Until a time that is not later: on the next day."""

    days: frozenset[int]
    from_time: time
    to_time: time


@dataclass(frozen=True, slots=True)
class Rotation:
    """`first` is the naive local time of the first handover; nobody is on call before `begins`. `hours`: only then;
    always when there are none. On `holidays` (local days) it does not begin to serve."""

    name: str
    people: tuple[str, ...]
    first: datetime
    begins: datetime
    period: timedelta
    zone: ZoneInfo
    hours: tuple[Hours, ...] = ()
    holidays: frozenset[date] = field(default_factory=frozenset)

    def begin_of(self, turn: int) -> datetime:
        return self._utc(self.first + turn * self.period)

    def turn_at(self, at: datetime) -> int:
        """The turn that is on at `at`; below 0 before the first."""
        local = at.astimezone(self.zone).replace(tzinfo=None)
        turn = (local - self.first) // self.period - 1
        while self.begin_of(turn + 1) <= at:
            turn += 1
        return turn

    def shifts(self, since: datetime, until: datetime) -> list[Shift]:
        """Those in [since, until), cut to it, one after the other."""
        since = max(since, self._utc(self.begins))
        if since >= until:
            return []
        found = []
        served = self._served(since, until)
        for turn in self._turns(since, until):
            whole = Shift(self.people[turn % len(self.people)], self.begin_of(turn), self.begin_of(turn + 1), self.name)
            cut = (whole.within(max(a, since), min(b, until)) for a, b in _near(served, whole))
            found += [shift for shift in cut if shift is not None]
        return found

    def _turns(self, since: datetime, until: datetime) -> Iterator[int]:
        turn = self.turn_at(since)
        while self.begin_of(turn) < until:
            yield turn
            turn += 1

    def _served(self, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
        if not self.hours and not self.holidays:
            return [(since, until)]
        hours = self.hours or (Hours(frozenset(range(7)), time.min, time.min),)
        day, last = (at.astimezone(self.zone).date() for at in (since, until))
        day -= timedelta(days=1)
        found = []
        while day <= last:
            found += [self._on(day, one) for one in hours if day.weekday() in one.days and day not in self.holidays]
            day += timedelta(days=1)
        return _joined(found)

    def _on(self, day: date, hours: Hours) -> tuple[datetime, datetime]:
        ends = day if hours.to_time > hours.from_time else day + timedelta(days=1)
        begin, end = datetime.combine(day, hours.from_time), datetime.combine(ends, hours.to_time)
        return self._utc(begin), self._utc(end)

    def _utc(self, local: datetime) -> datetime:
        return local.replace(tzinfo=self.zone).astimezone(UTC)


def _joined(stretches: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    found: list[tuple[datetime, datetime]] = []
    for begin, end in sorted(stretches):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif begin < end:
            found.append((begin, end))
    return found


def _near(stretches: list[tuple[datetime, datetime]], shift: Shift) -> list[tuple[datetime, datetime]]:
    return [(begin, end) for begin, end in stretches if begin < shift.until and end > shift.since]
