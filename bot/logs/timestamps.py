# ruff: noqa: E501 - tables of patterns and cases, one a line
"""What time does this text name? Aware UTC; a time without a zone is taken as UTC, without a year as near the last
one."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

MONTHS = {
    name: i
    for i, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}
_ISO = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T _-](\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:[.,](\d{1,12}))?)?)?[ ]?(Z|UTC|[+-]\d{2}:?\d{2})?"
)
EPOCH_MAX = 4_102_444_800  # the year 2100, in seconds


def parse_iso(text: str) -> datetime | None:
    """ISO 8601 and its relatives: `/` or `.` in the date, `,` before the fraction, up to picoseconds."""
    found = _ISO.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    return _build(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), fraction, zone)


def parse_epoch(text: str) -> datetime | None:
    """Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size."""
    try:
        number = float(text)
    except ValueError:
        return None
    if not 1e8 <= number < 1e20:
        return None
    while number >= EPOCH_MAX:
        number /= 1000
    try:
        return datetime.fromtimestamp(round(number, 6), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def parse_any(value: object) -> datetime | None:
    """A structured record's time: text or number."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return parse_epoch(repr(value))
    text = str(value)
    if text[4:5] == "-" and (at := _usual_iso(text)) is not None:
        return at
    return parse_iso(text) or parse_epoch(text) or parse_words(text)


def _usual_iso(text: str) -> datetime | None:
    """What `datetime` reads by itself, many times as fast."""
    try:
        at = datetime.fromisoformat(text)
        return at if at.tzinfo is UTC else at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


_WORDS = re.compile(
    r"(?:[A-Z][a-z]{2},? )?(?:(\d{1,2})[ /-]([A-Z][a-z]{2})[ /-](\d{4})|([A-Z][a-z]{2}) {1,2}(\d{1,2}))[ :](\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?(?: (\d{4}))?"
    r"(?: ?(Z|UTC|GMT|[+-]\d{2}:?\d{2}))?"
)


def parse_words(text: str, *, year: int = 0) -> datetime | None:
    """`Sun Dec 04 04:47:44 2005`, `29/Jan/2023:15:38:06 +0000`, and with a `year` given `Jul  9 12:16:49`."""
    found = _WORDS.fullmatch(text.strip())
    if found is None:
        return None
    day, month_name, full_year, other_month, other_day, hour, minute, second, fraction, last_year, zone = found.groups()
    month = MONTHS.get((month_name or other_month).lower())
    the_year = int(full_year or last_year or year)
    if month is None or not the_year:
        return None
    return _build(the_year, month, int(day or other_day), int(hour), int(minute), int(second), fraction, zone)


def compact(text: str) -> datetime | None:
    """`081109 203518` (HDFS), `20171223-22:15:29:606`, `20230129T154400Z`: dates of digits only."""
    digits = re.sub(r"\D", "", text)
    if len(digits) == 12:
        digits = "20" + digits
    if len(digits) < 14:
        return None
    month, day, hour, minute, second = (int(digits[i : i + 2]) for i in range(4, 14, 2))
    return _build(int(digits[:4]), month, day, hour, minute, second, digits[14:] or None, None)


def nearest_year(parse: Callable[[int], datetime | None], near: datetime) -> datetime | None:
    """A time without a year, in the year that brings it nearest to `near`."""
    found = [
        at
        for year in (near.year, near.year - 1, near.year + 1)
        if 1 <= year <= 9999 and (at := parse(year)) is not None
    ]
    return min(found, key=lambda at: abs(at - near)) if found else None


def _build(
    year: int, month: int, day: int, hour: int, minute: int, second: int, fraction: str | None, zone: str | None
) -> datetime | None:
    try:
        at = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=_zone(zone))
        return at.astimezone(UTC) + timedelta(microseconds=int((fraction or "0").ljust(6, "0")[:6]))
    except (ValueError, OverflowError):
        return None


def _zone(text: str | None) -> timezone:
    if text is None or text[0] not in "+-":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-offset if text[0] == "-" else offset)
