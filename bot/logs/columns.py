"""How are many lines made records at once? By columns: one call for all of their times, texts or levels.

A call for each line costs more than what it does. Each function here gives what its sibling for one line gives
(tests/logs/test_columns.py), or None where some line wants to be looked at by itself.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import repeat
from operator import attrgetter
from typing import Any

import msgspec

from bot.logs.parse import LINE_CHARACTERS_MAX, clean
from bot.logs.record import LogRecord

_UNPRINTABLE = bytes(set(range(128)) - set(range(32, 127)) - {9, 10})
_ZONE = attrgetter("tzinfo")


class Unread(Mapping[str, str]):
    """Attributes that are made of `told` when somebody first looks at them: most lines' are never looked at."""

    __slots__ = ("_read", "_told")

    def __init__(self, read: Callable[[Any], Mapping[str, str]] | None, told: Any) -> None:
        self._read = read
        self._told = told

    def _found(self) -> Mapping[str, str]:
        if self._read is not None:
            self._told, self._read = self._read(self._told), None
        found: Mapping[str, str] = self._told
        return found

    def __getitem__(self, name: str) -> str:
        return self._found()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found())

    def __len__(self) -> int:
        return len(self._found())

    def __repr__(self) -> str:
        return repr(self._found())


def clean_all(lines: Sequence[str]) -> Sequence[str]:
    """`clean` of each; the lines themselves when none needs it."""
    whole = "".join(lines)
    if printable(whole) and "\n" not in whole and max(map(len, lines), default=0) <= LINE_CHARACTERS_MAX:
        return lines
    return [clean(line) for line in lines]


def printable(text: str) -> bool:
    """Is it ASCII, without control characters but tabs and line ends? A quick look; no is no answer."""
    if not text.isascii():
        return False
    data = text.encode("ascii")
    return len(data.translate(None, _UNPRINTABLE)) == len(data)


def some_are_blank(lines: Sequence[str]) -> bool:
    return "" in lines or any(map(str.isspace, lines))


def times_of_us(us: Sequence[int]) -> list[datetime]:
    """The times so many microseconds after 1970."""
    return times_of_seconds([one / 1_000_000 for one in us])


def times_of_seconds(seconds: Sequence[float]) -> list[datetime]:
    """The times so many seconds after 1970, which must be within `datetime`'s years: in C for all of them."""
    return msgspec.convert(seconds, list[datetime], strict=False)


def times_of_ns(told: Sequence[str], oldest_ns: int, newest_ns: int) -> list[datetime] | None:
    """Of nanoseconds since 1970 as decimal texts; None when one is no such text or not between the two."""
    whole = "".join(told)
    if not (whole.isascii() and whole.isdecimal()) or "" in told or max(map(len, told)) > 19:
        return None
    return times_between([int(one) for one in told], oldest_ns, newest_ns)


def times_between(ns: Sequence[int], oldest_ns: int, newest_ns: int) -> list[datetime] | None:
    if not (oldest_ns <= min(ns) and max(ns) < newest_ns):
        return None
    return times_of_us([one // 1000 for one in ns])


def times_of_iso(stamps: Sequence[str]) -> list[datetime] | None:
    """Of ISO 8601 as `datetime` reads it; None when one cannot be read so. Without a zone it is UTC."""
    try:
        times = list(map(datetime.fromisoformat, stamps))
        if set(map(_ZONE, times)) == {UTC}:
            return times
        return [at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC) for at in times]
    except (ValueError, OverflowError):
        return None


def records(
    times: Sequence[datetime],
    service: str,
    texts: Sequence[str],
    levels: Sequence[str],
    attributes: Sequence[Mapping[str, str]],
) -> list[LogRecord]:
    return list(map(LogRecord, times, repeat(service), texts, levels, attributes))
