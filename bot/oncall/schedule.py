"""Who is on call? Layers, one above the other: a higher one counts where it has somebody, overrides before all."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from bot.oncall.model import OVERRIDE, Override, Shift

LOOK = timedelta(days=35)
"""So far a shift is followed to its beginning and its end."""


class Layer(Protocol):
    def shifts(self, since: datetime, until: datetime) -> list[Shift]:
        """Those in [since, until), cut to it."""
        ...


@dataclass(frozen=True, slots=True)
class Schedule:
    """`layers`: the lowest first."""

    name: str
    layers: tuple[Layer, ...]
    zone: ZoneInfo
    overrides: tuple[Override, ...] = ()

    def with_overrides(self, more: Sequence[Override]) -> "Schedule":
        return replace(self, overrides=(*self.overrides, *more))


def shifts(schedule: Schedule, since: datetime, until: datetime) -> list[Shift]:
    """What is true in the end in [since, until), the earliest first."""
    found: list[Shift] = []
    for layer in schedule.layers:
        found = _over(found, layer.shifts(since, until))
    for one in schedule.overrides:
        part = Shift(one.person, one.since, one.until, OVERRIDE).within(since, until)
        found = _over(found, [part]) if part is not None else found
    return _joined(found)


def who(schedule: Schedule, at: datetime) -> list[Shift]:
    """Those who are on call at `at`, each with the whole shift (up to `LOOK` before and after)."""
    return [shift for shift in shifts(schedule, at - LOOK, at + LOOK) if shift.covers(at)]


def people(schedule: Schedule, at: datetime) -> tuple[str, ...]:
    """The same, without when their shifts begin and end: which costs far less to know."""
    found = shifts(schedule, at, at + timedelta(seconds=1))
    return tuple(dict.fromkeys(shift.person for shift in found if shift.since == at))


def following(schedule: Schedule, at: datetime) -> list[Shift]:
    """Who comes on next after `at`, within `LOOK`: all that begin first."""
    later = [shift for shift in shifts(schedule, at - LOOK, at + LOOK) if shift.since > at]
    return [shift for shift in later if shift.since == later[0].since]


def gaps(schedule: Schedule, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """When nobody is on call."""
    found, at = [], since
    for shift in shifts(schedule, since, until):
        if shift.since > at:
            found.append((at, shift.since))
        at = max(at, shift.until)
    return [*found, (at, until)] if at < until else found


def _over(below: list[Shift], above: list[Shift]) -> list[Shift]:
    """`above`, and what of `below` it leaves free."""
    if not above:
        return below
    covered = _covered(above)
    starts = [begin for begin, _ in covered]
    left = [rest for shift in below for rest in _without(shift, covered, starts)]
    return sorted([*left, *above], key=lambda shift: (shift.since, shift.until, shift.person))


def _covered(shifts: Sequence[Shift]) -> list[tuple[datetime, datetime]]:
    found: list[tuple[datetime, datetime]] = []
    for shift in sorted(shifts, key=lambda shift: shift.since):
        if found and shift.since <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], shift.until))
        else:
            found.append((shift.since, shift.until))
    return found


def _without(shift: Shift, covered: list[tuple[datetime, datetime]], starts: list[datetime]) -> list[Shift]:
    left, at = [], shift.since
    for begin, end in covered[max(0, bisect_right(starts, shift.since) - 1) :]:
        if begin >= shift.until:
            break
        if begin > at:
            left.append(replace(shift, since=at, until=begin))
        at = max(at, end)
    return [*left, replace(shift, since=at)] if at < shift.until else left


def _joined(shifts: Sequence[Shift]) -> list[Shift]:
    """What goes on without a break is one shift."""
    found: list[Shift] = []
    for shift in sorted(shifts, key=lambda shift: (shift.person, shift.layer, shift.since)):
        last = found[-1] if found else None
        if last and (last.person, last.layer) == (shift.person, shift.layer) and shift.since <= last.until:
            found[-1] = replace(last, until=max(last.until, shift.until))
        else:
            found.append(shift)
    return sorted(found, key=lambda shift: (shift.since, shift.until, shift.person))
