"""When does what stands in a calendar take place? iCalendar text, as every calendar exports it.

RFC 5545: VEVENTs with DTSTART, DTEND or DURATION, RRULE, EXDATE, RDATE, RECURRENCE-ID and STATUS.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from dateutil.rrule import rruleset, rrulestr
from icalendar import Calendar

from bot.errors import InputError

LENGTH_MAX = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time that an event takes place, in UTC. `people`: its attendees, each as (e-mail address, name)."""

    since: datetime
    until: datetime
    summary: str
    people: tuple[tuple[str, str], ...] = ()


def occurrences(
    calendar: str,
    since: datetime,
    until: datetime,
    zone: tzinfo = UTC,
    *,
    text_max: int = 200_000,
    events_max: int = 500,
    may_be_empty: bool = False,
) -> list[Occurrence]:
    """All that touch [since, until), the earliest first. Times without a zone, and days, are of `zone`. Raises
    `InputError` when the text is no calendar or cannot be understood."""
    found = []
    events = _events(calendar, text_max, events_max, may_be_empty)
    moved = {_moved(event, zone) for event in events if "RECURRENCE-ID" in event}
    for event in events:
        length = _length(event, zone)
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            continue
        for start, end in _times(event, length, since - length - timedelta(days=1), until, zone):
            is_moved = "RECURRENCE-ID" not in event and (str(event.get("UID", "")), start) in moved
            if start < until and end > since and not is_moved:
                found.append(Occurrence(start, end, str(event.get("SUMMARY", "")), _people(event)))
    return sorted(found, key=lambda one: (one.since, one.until, one.summary))


def check(calendar: str, *, text_max: int = 200_000, events_max: int = 500, may_be_empty: bool = False) -> None:
    """Raises `InputError` when it cannot be used."""
    for event in _events(calendar, text_max, events_max, may_be_empty):
        length = _length(event, UTC)
        begin = _utc(event["DTSTART"].dt, UTC)
        list(_times(event, length, begin, begin + timedelta(days=1), UTC))


def _events(calendar: str, text_max: int, events_max: int, may_be_empty: bool) -> list[Any]:
    if len(calendar) > text_max:
        raise InputError(f"it is longer than {text_max} characters", place="calendar")
    try:
        events = list(Calendar.from_ical(calendar).walk("VEVENT"))
    except (ValueError, IndexError, KeyError) as error:
        raise InputError(f"it is no iCalendar text: {error}", place="calendar") from error
    if (not events and not may_be_empty) or len(events) > events_max:
        raise InputError(f"it has {len(events)} events; 1 to {events_max} are expected", place="calendar")
    for event in events:
        if "DTSTART" not in event:
            raise InputError("an event has no DTSTART", place="calendar")
    return events


def _length(event: Any, zone: tzinfo) -> timedelta:
    """By the clock on the wall, for what DTEND ends: a week is a week, also when the clocks change."""
    begin = event["DTSTART"].dt
    if "DTEND" in event:
        end = event["DTEND"].dt
        length = _naive(end, _zone_of(begin, zone)) - _naive(begin, _zone_of(begin, zone))
    elif "DURATION" in event:
        length = event["DURATION"].dt
    else:
        length = timedelta(0) if isinstance(begin, datetime) else timedelta(days=1)
    if not timedelta(0) < length <= LENGTH_MAX:
        raise InputError(
            f"an event is {length} long; more than nothing, at most {LENGTH_MAX.days} days", place="calendar"
        )
    return length


def _times(
    event: Any, length: timedelta, since: datetime, until: datetime, usual: tzinfo
) -> Iterator[tuple[datetime, datetime]]:
    """Begin and end of each time, found in the event's own zone, so that 02:00 stays 02:00 when the clocks change."""
    begin = event["DTSTART"].dt
    zone = _zone_of(begin, usual)
    is_on_the_wall = "DTEND" in event or length % timedelta(days=1) == timedelta(0)
    for start in _starts(event, _naive(begin, zone), since, until, zone):
        from_ = start.replace(tzinfo=zone).astimezone(UTC)
        to = (start + length).replace(tzinfo=zone).astimezone(UTC) if is_on_the_wall else from_ + length
        yield from_, to if to > from_ else from_ + length


def _starts(event: Any, begin: datetime, since: datetime, until: datetime, zone: tzinfo) -> list[datetime]:
    low, high = since.astimezone(zone).replace(tzinfo=None), until.astimezone(zone).replace(tzinfo=None)
    rules = rruleset(cache=False)
    try:
        if "RRULE" in event:
            rules.rrule(rrulestr(_rule(event, zone), dtstart=begin))
        else:
            rules.rdate(begin)
    except ValueError as error:
        raise InputError(f"an RRULE cannot be understood: {error}", place="calendar") from error
    for extra in _dates(event, "RDATE", zone):
        rules.rdate(extra)
    for gone in _dates(event, "EXDATE", zone):
        rules.exdate(gone)
    return list(rules.between(low, high, inc=True))


def _rule(event: Any, zone: tzinfo) -> str:
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


def _dates(event: Any, name: str, zone: tzinfo) -> Iterator[datetime]:
    given = event.get(name)
    for dates in given if isinstance(given, list) else [given] if given is not None else []:
        for one in dates.dts:
            yield _naive(one.dt, zone)


def _people(event: Any) -> tuple[tuple[str, str], ...]:
    given = event.get("ATTENDEE")
    attendees = given if isinstance(given, list) else [given] if given is not None else []
    found = []
    for one in attendees:
        parameters = getattr(one, "params", {})
        if str(parameters.get("PARTSTAT", "")).upper() != "DECLINED":
            address = str(one)
            address = address[7:] if address.lower().startswith("mailto:") else address
            found.append((address.strip(), str(parameters.get("CN", "")).strip()))
    return tuple(found)


def _moved(event: Any, zone: tzinfo) -> tuple[str, datetime]:
    """Which time of its series an event stands for."""
    return str(event.get("UID", "")), _utc(event["RECURRENCE-ID"].dt, zone)


def _zone_of(begin: date, usual: tzinfo) -> tzinfo:
    return (begin.tzinfo if isinstance(begin, datetime) else None) or usual


def _naive(value: date, zone: tzinfo) -> datetime:
    if not isinstance(value, datetime):
        return datetime.combine(value, time.min)
    return value.astimezone(zone).replace(tzinfo=None) if value.tzinfo else value


def _utc(value: date, zone: tzinfo) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.combine(value, time.min)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
