"""Rotations to try things on."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.oncall.model import Shift
from bot.oncall.rotation import Hours, Rotation
from bot.oncall.schedule import Layer, Schedule

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 3, 16, 9, 0)


def rotation(
    *people: str,
    first: datetime = MONDAY,
    period: timedelta = timedelta(weeks=1),
    zone: ZoneInfo = BERLIN,
    hours: tuple[Hours, ...] = (),
    holidays: tuple[date, ...] = (),
    name: str = "weekly",
) -> Rotation:
    return Rotation(name, people, first, first, period, zone, hours, frozenset(holidays))


def schedule(*layers: Layer, zone: ZoneInfo = BERLIN) -> Schedule:
    return Schedule("checkout", layers, zone)


def business_hours(begin: time = time(9), end: time = time(17)) -> Hours:
    return Hours(frozenset(range(5)), begin, end)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def lines(shifts: list[Shift], zone: ZoneInfo = BERLIN) -> list[str]:
    """As people read them: "UANA 03-16 09:00 to 03-23 09:00"."""
    return [
        f"{s.person} {s.since.astimezone(zone):%m-%d %H:%M} to {s.until.astimezone(zone):%m-%d %H:%M}" for s in shifts
    ]
