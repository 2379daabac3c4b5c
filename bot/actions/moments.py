"""Which moment do people mean by "yesterday", "3h", "18:00" or a date? Pure: now and the time zone are given."""

import re
from datetime import UTC, datetime, time, timedelta, tzinfo

_UNITS = {"m": "minutes", "min": "minutes", "minute": "minutes", "h": "hours", "hour": "hours", "d": "days",
          "day": "days", "w": "weeks", "week": "weeks"}  # fmt: skip
_LENGTH = re.compile(r"(\d{1,4})\s*([a-z]+?)s?(\s+ago)?", re.ASCII)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def moment(said: str, now: datetime, zone: tzinfo) -> datetime | None:
    """The moment in UTC, before `now` where words leave it open ("yesterday", "monday", "3 hours"); None: no idea."""
    words, local = said.strip().lower(), now.astimezone(zone)
    midnight = datetime.combine(local.date(), time(), zone)
    if words == "now":
        return now
    if words in ("today", "yesterday"):
        return (midnight - timedelta(days=words == "yesterday")).astimezone(UTC)
    if words in _DAYS:
        back = (local.weekday() - _DAYS.index(words)) % 7 or 7
        return (midnight - timedelta(days=back)).astimezone(UTC)
    length = span(words)
    if length is not None:
        return now - length
    return _written(said.strip(), zone)


def later(said: str, now: datetime, zone: tzinfo) -> datetime | None:
    """The moment in UTC, after `now` where words leave it open: "18:00" is the next one, "2h" is from now on."""
    length = span(said.strip().lower())
    if length is not None:
        return now + length
    clock = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", said.strip(), re.ASCII)
    if clock is None:
        found = _written(said.strip(), zone)
        return found if found is not None and found > now else None
    at = datetime.combine(now.astimezone(zone).date(), time(int(clock[1]), int(clock[2])), zone)
    return (at if at > now else at + timedelta(days=1)).astimezone(UTC)


def span(said: str) -> timedelta | None:
    """The length in "90 min", "3h", "2 days"."""
    found = _LENGTH.fullmatch(said)
    unit = _UNITS.get(found[2]) if found else None
    return timedelta(**{unit: int(found[1])}) if found and unit else None


def _written(said: str, zone: tzinfo) -> datetime | None:
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
