"""When is maintenance planned? iCalendar text, as every calendar exports it, read into stretches of time.

RFC 5545: VEVENTs with DTSTART, DTEND or DURATION, RRULE, EXDATE and RDATE. A time without a zone is UTC.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from dateutil.rrule import rruleset, rrulestr
from icalendar import Calendar

from bot.errors import InputError
from bot.silences.model import MaintenanceWindow

TEXT_MAX = 200_000
EVENTS_MAX = 500
LENGTH_MAX = timedelta(days=31)


def windows_of(
    calendar: str, services: frozenset[str], reason: str, since: datetime, until: datetime
) -> list[MaintenanceWindow]:
    """Every occurrence that touches [since, until). Raises `InputError` when the text is no calendar."""
    found = []
    for event in _events(calendar):
        length = _length(event)
        said = reason or str(event.get("SUMMARY", ""))
        for start in _starts(event, since - length, until):
            if start < until and start + length > since:
                found.append(MaintenanceWindow(services, said, start, start + length))
    return sorted(found, key=lambda window: (window.since, window.until))


def check(calendar: str) -> None:
    """Raises `InputError` when it cannot be used."""
    for event in _events(calendar):
        _length(event)
        begin = _utc(event["DTSTART"].dt)
        _starts(event, begin, begin + timedelta(days=1))


def _events(calendar: str) -> list[Any]:
    if len(calendar) > TEXT_MAX:
        raise InputError(f"it is longer than {TEXT_MAX} characters", place="calendar")
    try:
        events = list(Calendar.from_ical(calendar).walk("VEVENT"))
    except (ValueError, IndexError, KeyError) as error:
        raise InputError(f"it is no iCalendar text: {error}", place="calendar") from error
    if not events or len(events) > EVENTS_MAX:
        raise InputError(f"it has {len(events)} events; 1 to {EVENTS_MAX} are expected", place="calendar")
    for event in events:
        if "DTSTART" not in event:
            raise InputError("an event has no DTSTART", place="calendar")
    return events


def _length(event: Any) -> timedelta:
    begin = event["DTSTART"].dt
    if "DTEND" in event:
        length = _utc(event["DTEND"].dt) - _utc(begin)
    elif "DURATION" in event:
        length = event["DURATION"].dt
    else:
        length = timedelta(0) if isinstance(begin, datetime) else timedelta(days=1)
    if not timedelta(0) < length <= LENGTH_MAX:
        raise InputError(
            f"an event is {length} long; more than nothing, at most {LENGTH_MAX.days} days", place="calendar"
        )
    return length


def _starts(event: Any, since: datetime, until: datetime) -> list[datetime]:
    """In the event's own zone, so that 02:00 stays 02:00 when the clocks change."""
    begin = event["DTSTART"].dt
    local = begin if isinstance(begin, datetime) else datetime.combine(begin, time.min)
    zone = local.tzinfo or UTC
    local = local.replace(tzinfo=None)
    low, high = since.astimezone(zone).replace(tzinfo=None), until.astimezone(zone).replace(tzinfo=None)
    rules = rruleset(cache=False)
    try:
        if "RRULE" in event:
            rules.rrule(rrulestr(_rule(event, zone), dtstart=local))
        else:
            rules.rdate(local)
    except ValueError as error:
        raise InputError(f"an RRULE cannot be understood: {error}", place="calendar") from error
    for extra in _dates(event, "RDATE", zone):
        rules.rdate(extra)
    for gone in _dates(event, "EXDATE", zone):
        rules.exdate(gone)
    return [start.replace(tzinfo=zone).astimezone(UTC) for start in rules.between(low, high, inc=True)]


def _rule(event: Any, zone: Any) -> str:
    """The rule with its UNTIL, which RFC 5545 writes in UTC, in the event's zone."""
    rule = event["RRULE"]
    if isinstance(rule, list):
        raise InputError("an event has several RRULEs; one is understood", place="calendar")
    text: str = rule.to_ical().decode()
    untils = rule.get("UNTIL") or []
    for limit in untils:
        if isinstance(limit, datetime) and limit.tzinfo is not None:
            written = limit.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
            text = text.replace(written, limit.astimezone(zone).strftime("%Y%m%dT%H%M%S"))
    return text


def _dates(event: Any, name: str, zone: Any) -> Iterator[datetime]:
    given = event.get(name)
    for dates in given if isinstance(given, list) else [given] if given is not None else []:
        for one in dates.dts:
            value = one.dt
            if isinstance(value, datetime):
                yield value.astimezone(zone).replace(tzinfo=None) if value.tzinfo else value
            elif isinstance(value, date):
                yield datetime.combine(value, time.min)


def _utc(value: date) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.combine(value, time.min)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
