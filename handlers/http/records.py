"""Which log records do the lines of a body hold?"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from bot.errors import InputError
from bot.logs.multiline import Joiner
from bot.logs.parse import LineParser, Parsed
from bot.logs.record import LogRecord
from handlers.http.lines import Form, Line


@dataclass(slots=True)
class Reading:
    """`lines` went into the records: the lines of a stack trace are one record. `rejected` are the first of the lines
    that could not be read, with their number and why. `is_timed`: they were objects that each told their own time,
    somewhere finer than in seconds: equal bodies are one batch sent twice."""

    records: list[LogRecord] = field(default_factory=list)
    lines: int = 0
    rejected: list[tuple[int, str, bytes]] = field(default_factory=list)
    rejected_count: int = 0
    is_timed: bool = False


def read(
    lines: Iterable[Line], form: Form, service: str, now: datetime, line_bytes_max: int, rejected_max: int
) -> Reading:
    """The records of `lines`. A line that tells no time was logged when the one before it was; the first, `now`."""
    parser = LineParser(service, fallback_at=now)
    if form is Form.TEXT:
        return _read_text(lines, parser)
    reading = Reading()
    inherited = 0
    for line in lines:
        try:
            parsed = parser.parse_fields(_object(line, line_bytes_max))
            reading.records.append(_record(parsed))
            reading.lines += 1
            inherited += parsed.inherited_time
        except InputError as error:
            reading.rejected_count += 1
            if len(reading.rejected) < rejected_max:
                reading.rejected.append((line.number, str(error), line.data))
    reading.is_timed = not inherited and any(record.at.microsecond for record in reading.records)
    return reading


def _read_text(lines: Iterable[Line], parser: LineParser) -> Reading:
    """Every line is one, whatever it holds."""
    reading, joiner = Reading(), Joiner()
    for line in lines:
        reading.lines += 1
        for text in joiner.feed(line.data.decode("utf-8", "replace")):
            _keep(reading, parser.parse(text))
    for text in joiner.flush():
        _keep(reading, parser.parse(text))
    return reading


def _keep(reading: Reading, parsed: Parsed) -> None:
    if parsed.record is not None:  # else it was blank once its control characters had gone
        reading.records.append(parsed.record)


def _record(parsed: Parsed) -> LogRecord:
    if parsed.record is None:
        raise InputError(parsed.problem or "it could not be read")
    return parsed.record


def _object(line: Line, bytes_max: int) -> dict[str, object]:
    if line.size > bytes_max:
        raise InputError(
            f"it is {line.size >> 10} kB long, and half a JSON object cannot be read; "
            f"{bytes_max >> 10} kB are taken (http.line_kb_max)"
        )
    try:
        found = _decoded(line.data)
    except msgspec.DecodeError as error:
        raise InputError(f"it is not JSON: {error}") from error
    except RecursionError:
        raise InputError("it is nested too deeply") from None
    if not isinstance(found, dict):
        raise InputError("a JSON object is expected")
    return found


def _decoded(data: bytes) -> object:
    try:
        return msgspec.json.decode(data)
    except UnicodeDecodeError:
        return msgspec.json.decode(data.decode("utf-8", "replace"))
