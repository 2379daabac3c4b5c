"""Which log records does a file hold, and when was each of them?

A line without a readable time has that of the line before it; lines before the first time have that one. A file
without any time can only be replayed at a rate. CSV files exported from Kubernetes name pod, time and line in columns.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import PurePath

from msgspec import structs

from bot.errors import InputError
from bot.logs.multiline import Joiner
from bot.logs.parse import UNKNOWN_SERVICE, LineParser, Parsed
from bot.logs.record import LogRecord
from bot.services import LENGTH_MAX

TIMELESS_MAX = 20_000
"""So many lines at the start of a file may lack a time before it is said to have none."""

_TIME_COLUMNS = ("timestamp", "@timestamp", "time", "datetime", "date", "timeunixnano")
_TEXT_COLUMNS = ("log", "message", "msg", "line", "content", "text")
_POD_COLUMNS = ("podname", "pod", "pod_name", "kubernetes.pod_name", "kubernetes.pod.name")
_SERVICE_COLUMNS = ("service", "service_name", "app", "container_name", "container")
_SAFE = "bcdfghjklmnpqrstvwxz2456789"  # the letters of Kubernetes' generated names
_POD = re.compile(rf"(?P<name>.+?)(?:-[{_SAFE}01]{{6,10}}-[{_SAFE}]{{5}}|-(?=[a-z]*\d)[{_SAFE}]{{5}}|-\d{{1,4}})")
_FILE_ENDS = re.compile(
    r"(?:\.(?:gz|zst|log|txt|jsonl?|ndjson|csv|out|err)|[._-]\d{4}-?\d\d-?\d\d|[.-]\d+)$", re.IGNORECASE
)
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.:@-]+")


@dataclass(slots=True)
class Tally:
    """What a replay met in its files: lines read, and how many of them were not as they should be."""

    lines: int = 0
    records: int = 0
    without_time: int = 0
    unreadable: int = 0
    cut: int = 0


@dataclass(slots=True)
class FileReader:
    """Reads one file's lines. `service` overrides what the lines and the file's name say; `near` dates times that tell
    no year; `rate`: lines a minute, where a file tells no times."""

    name: str
    service: str | None
    near: datetime
    rate: float | None
    tally: Tally
    _held: list[str] = field(default_factory=list)
    _is_timed: bool = False
    _names: dict[str, str] = field(default_factory=dict)

    def records(self, lines: Iterable[tuple[int, bytes, int]], bytes_max: int) -> Iterator[LogRecord]:
        """The records of `lines`. Raises `InputError` when the file tells no time and there is no rate."""
        texts = self._texts(lines, bytes_max)
        first = next(texts, None)
        if first is None:
            raise InputError("it has no lines", place=self.name)
        columns = csv_columns(first)
        found = self._of_csv(texts, columns) if columns else self._of_text(_again(first, texts))
        for record in found:
            self.tally.records += 1
            yield record

    def _texts(self, lines: Iterable[tuple[int, bytes, int]], bytes_max: int) -> Iterator[str]:
        for _, line, size in lines:
            self.tally.lines += 1
            self.tally.cut += size > bytes_max
            yield line.decode("utf-8", "replace")

    # --- text and JSON lines ------------------------------------------------------------------------------------------

    def _of_text(self, texts: Iterable[str]) -> Iterator[LogRecord]:
        parser, joiner = LineParser(self.service, fallback_at=self.near), Joiner()
        fallback = service_of_file(self.name)
        for text in texts:
            for joined in joiner.feed(text):
                yield from self._named(self._timed(parser, joined), fallback)
        for joined in joiner.flush():
            yield from self._named(self._timed(parser, joined), fallback)
        if self._held:
            yield from self._named(self._at_rate(), fallback)

    def _timed(self, parser: LineParser, text: str) -> Iterator[LogRecord]:
        parsed = parser.parse(text)
        if parsed.record is None:
            self.tally.unreadable += 1
            return
        if not parsed.inherited_time and not self._is_timed:
            self._is_timed = True
            yield from (self._late(parser, held) for held in self._held)
            self._held.clear()
        if self._is_timed:
            self.tally.without_time += parsed.inherited_time
            yield parsed.record
            return
        self._held.append(text)
        if len(self._held) >= TIMELESS_MAX:
            yield from self._at_rate()

    def _late(self, parser: LineParser, text: str) -> LogRecord:
        self.tally.without_time += 1
        record = parser.parse(text).record
        assert record is not None  # it was one before
        return record

    def _at_rate(self) -> Iterator[LogRecord]:
        """The held lines, which tell no time, evenly at the rate."""
        if self.rate is None:
            raise InputError(
                "none of its lines tells a time that can be read; with --rate N it is replayed at N lines a minute",
                place=self.name,
            )
        for text in self._held:
            record = LineParser(self.service, fallback_at=self.near).parse(text).record
            self.near += timedelta(minutes=1 / self.rate)
            self.tally.without_time += 1
            if record is not None:
                yield record
        self._held.clear()

    def _named(self, records: Iterable[LogRecord], fallback: str) -> Iterator[LogRecord]:
        """With the file's name for a service where the line names none, and names that a service can have."""
        for record in records:
            name = self._names.get(record.service)
            if name is None:
                is_unknown = record.service == UNKNOWN_SERVICE and self.service is None
                name = self._names[record.service] = fallback if is_unknown else tidy_name(record.service)
            yield record if name == record.service else structs.replace(record, service=name)

    # --- CSV ----------------------------------------------------------------------------------------------------------

    def _of_csv(self, texts: Iterator[str], columns: "Columns") -> Iterator[LogRecord]:
        parsers: dict[str, LineParser] = {}
        rows = csv.reader(f"{text}\n" for text in texts)
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error:
                self.tally.unreadable += 1
                continue
            parsed = self._of_row(row, columns, parsers)
            if parsed is None or parsed.record is None:
                self.tally.unreadable += 1
                continue
            self.tally.without_time += parsed.inherited_time
            yield parsed.record

    def _of_row(self, row: list[str], columns: "Columns", parsers: dict[str, LineParser]) -> Parsed | None:
        if len(row) <= max(columns.text, columns.time, columns.service):
            return None
        named = row[columns.service] if columns.service >= 0 else service_of_file(self.name)
        parser = parsers.get(named)
        if parser is None:
            service = self.service or tidy_name(columns.named(named))
            parser = parsers[named] = LineParser(service, fallback_at=None)
        return parser.parse_fields({"message": row[columns.text], "time": row[columns.time]})


@dataclass(frozen=True, slots=True)
class Columns:
    """Where time, line and service stand in a row; `service` is -1 when no column names one."""

    time: int
    text: int
    service: int
    named: Callable[[str], str]


def csv_columns(header: str) -> Columns | None:
    """The columns of a CSV of log lines, or None when this is no header of one."""
    if "," not in header or header.lstrip().startswith("{"):
        return None
    try:
        names = [name.strip().lower() for name in next(csv.reader([header]))]
    except (csv.Error, StopIteration):
        return None
    time, text = _first(names, _TIME_COLUMNS), _first(names, _TEXT_COLUMNS)
    if time < 0 or text < 0:
        return None
    pod = _first(names, _POD_COLUMNS)
    if pod >= 0:
        return Columns(time, text, pod, service_of_pod)
    return Columns(time, text, _first(names, _SERVICE_COLUMNS), str)


def service_of_pod(pod: str) -> str:
    """`ts-travel-service-64469b5b48-25zj6` → `ts-travel-service`: without what Kubernetes appends to a name."""
    found = _POD.fullmatch(pod)
    return found["name"] if found else pod


def service_of_file(name: str) -> str:
    """`/var/log/checkout.log.1.gz` → `checkout`."""
    stem = PurePath(name).name if name != "-" else "stdin"
    while (found := _FILE_ENDS.search(stem)) and found.start() > 0:
        stem = stem[: found.start()]
    return tidy_name(stem)


def tidy_name(text: str) -> str:
    """A service's name made of `text`."""
    return _NOT_IN_NAMES.sub("-", text).strip("-.:@")[:LENGTH_MAX] or UNKNOWN_SERVICE


def _first(names: list[str], wanted: tuple[str, ...]) -> int:
    return next((names.index(name) for name in wanted if name in names), -1)


def _again(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest
