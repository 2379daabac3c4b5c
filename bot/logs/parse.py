"""What does a raw line say? Its time, level and message: JSON, logfmt, syslog and the usual headers.

One parser per stream. A line without a time of its own takes the one before it, and is marked.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from bot.logs.headers import LEVELS, Plan, Splitter, strip_inner
from bot.logs.masks import fold_all
from bot.logs.record import LogRecord
from bot.logs.structured import Fields, from_mapping, parse_json, parse_logfmt
from bot.logs.timestamps import parse_any

LINE_CHARACTERS_MAX = 32_768  # the worst line of this length takes 20 ms to redact
CUT_MARK = " [cut]"
UNKNOWN_SERVICE = "unknown"
_ANSI = re.compile(r"\x1b(?:\[[0-?]{0,32}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,256}(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class Parsed(msgspec.Struct, frozen=True, gc=False):
    """Either a `record` or a `problem` in words. `inherited_time`: the time is the line's before, or the fallback."""

    record: LogRecord | None
    problem: str | None = None
    inherited_time: bool = False


class LineParser:
    """`service` overrides what the lines say; `fallback_at` is the time of a first line that has none, and dates times
    without a year."""

    def __init__(self, service: str | None, *, fallback_at: datetime | None = None) -> None:
        self._service = service
        self._last = fallback_at.astimezone(UTC) if fallback_at else None
        self._near = self._last or datetime(2000, 1, 1, tzinfo=UTC)
        self._splitter = Splitter()

    def parse(self, line: str) -> Parsed:
        """One line without its line end (or a joined text of several lines)."""
        return self._parse(clean(line), None)

    def parse_all(self, lines: Sequence[str]) -> list[Parsed]:
        """As `parse` of each, in order."""
        texts = [clean(line) for line in lines]
        return [self._parse(text, shape) for text, shape in zip(texts, fold_all(texts), strict=True)]

    def _parse(self, text: str, shape: str | None) -> Parsed:
        if not text.strip():
            return Parsed(None, "the line is empty")
        if text[0] == "{":
            fields = parse_json(text)
            if fields is not None:
                return self._from_fields(fields, text)
        header = self._splitter.split(text, self._near, shape)
        if header is None:
            fields = parse_logfmt(text) if "=" in text else None
            return self._from_fields(fields, text) if fields is not None else self._plain(text)
        self._last = self._near = header.at
        service = self._service or header.app or UNKNOWN_SERVICE
        return Parsed(LogRecord(header.at, service, header.message, header.level, header.attributes))

    def saw(self, at: datetime) -> None:
        """A line of this time was read elsewhere: the next one without a time takes it."""
        self._last = self._near = at

    def plan_of(self, shape: str) -> Plan | None:
        """Where the parts of lines of this shape stand, when such a line was parsed before and needed no cleaning."""
        return self._splitter.plan(shape)

    def parse_fields(self, value: Mapping[str, object]) -> Parsed:
        """A record that arrived as an object."""
        return self._from_fields(from_mapping(value), "")

    def _from_fields(self, fields: Fields, text: str) -> Parsed:
        at = parse_any(fields.time)
        message, level, attributes = clean(fields.message), fields.level, fields.attributes
        if message[:1] == "{":
            inner = parse_json(message)
            if inner is not None and inner.message:
                attributes = {**attributes, **inner.attributes}
                message, level = clean(inner.message), level or inner.level
                at = at or parse_any(inner.time)
        stripped, inner_level, inner_attributes = strip_inner(message)
        level = LEVELS.get((level or inner_level).lower(), level)
        service = self._service or fields.service or UNKNOWN_SERVICE
        if at is None:
            header = self._splitter.split(message, self._near)
            if header is not None:
                at, stripped, level = header.at, header.message, level or header.level
        if not stripped.strip():
            stripped = text or " ".join(f"{k}={v}" for k, v in attributes.items())
        return self._at(at, service, stripped, level, {**attributes, **inner_attributes})

    def _plain(self, text: str) -> Parsed:
        return self._at(None, self._service or UNKNOWN_SERVICE, text, "", {})

    def _at(self, at: datetime | None, service: str, text: str, level: str, attributes: Mapping[str, str]) -> Parsed:
        if at is not None:
            self._last = self._near = at
            return Parsed(LogRecord(at, service, text, level, attributes))
        if self._last is None:
            return Parsed(None, "the line has no time, and none came before it")
        return Parsed(LogRecord(self._last, service, text, level, attributes), None, True)


def clean(line: str) -> str:
    """Without terminal colours and control characters (they become spaces), and of bounded length."""
    if len(line) > LINE_CHARACTERS_MAX:
        line = line[:LINE_CHARACTERS_MAX] + CUT_MARK
    if line.isprintable():
        return line
    if "\x1b" in line:
        line = _ANSI.sub("", line)
    return _CONTROL.sub(" ", line.rstrip("\r\n"))
