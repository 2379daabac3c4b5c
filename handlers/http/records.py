"""Which log records do the lines of a body hold?"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import repeat
from typing import Any

import msgspec

from bot.errors import InputError
from bot.logs.objects import records_of
from bot.logs.parse import LineParser, Parsed
from bot.logs.record import LogRecord
from bot.logs.texts import Texts
from bot.stream.split import Block
from handlers.http.lines import Form, Line, lines_of


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
    blocks: Iterable[Block], form: Form, service: str, now: datetime, line_bytes_max: int, rejected_max: int
) -> Reading:
    """The records of the blocks' lines. A line that tells no time was logged when the one before it was; the first,
    `now`."""
    if form is Form.TEXT:
        return _read_text(blocks, Texts(service, fallback_at=now))
    reading, parser = Reading(), LineParser(service, fallback_at=now)
    inherited = 0
    for block in blocks:
        records = _read_all(block, service, parser)
        if records is not None:
            reading.records += records
            reading.lines += len(records)
        else:
            inherited += _read_each(reading, block, parser, line_bytes_max, rejected_max)
    reading.is_timed = not inherited and any(record.at.microsecond for record in reading.records)
    return reading


def read_each(
    blocks: Iterable[Block], form: Form, service: str, now: datetime, line_bytes_max: int, rejected_max: int
) -> Reading:
    """As `read`, line by line."""
    reading, parser = Reading(), LineParser(service, fallback_at=now)
    if form is Form.TEXT:
        texts = Texts(service, fallback_at=now)
        for block in blocks:
            lines = [line for line in block.lines if line.strip()]
            reading.lines += len(lines)
            reading.records += texts.feed_each([line.decode("utf-8", "replace") for line in lines])
        reading.records += texts.flush()
        return reading
    inherited = sum(_read_each(reading, block, parser, line_bytes_max, rejected_max) for block in blocks)
    reading.is_timed = not inherited and any(record.at.microsecond for record in reading.records)
    return reading


def _read_text(blocks: Iterable[Block], texts: Texts) -> Reading:
    """Every line is one, whatever it holds."""
    reading = Reading()
    for block in blocks:
        whole = b"\n".join(block.lines).decode("utf-8", "replace")
        lines = whole.split("\n")
        if "" in lines or any(map(str.isspace, lines)):
            lines = [line.decode("utf-8", "replace") for line in block.lines if line.strip()]
        reading.lines += len(lines)
        reading.records += texts.feed(lines)
    reading.records += texts.flush()
    return reading


def _read_all(block: Block, service: str, parser: LineParser) -> list[LogRecord] | None:
    """The records of objects that each tell their time; None when one does not, or cannot be read."""
    if block.cut:
        return None
    try:
        objects = _OBJECTS.decode_lines(b"\n".join(block.lines))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if len(objects) != len(block.lines) - block.lines.count(b""):
        return None
    records = records_of(objects, repeat(service), parser)
    if records:
        parser.saw(records[-1].at)
    return records


_OBJECTS = msgspec.json.Decoder(dict[str, Any])


def _read_each(reading: Reading, block: Block, parser: LineParser, line_bytes_max: int, rejected_max: int) -> int:
    """How many had no time of their own."""
    inherited = 0
    for line in lines_of(block):
        try:
            parsed = parser.parse_fields(_object(line, line_bytes_max))
            reading.records.append(_record(parsed))
            reading.lines += 1
            inherited += parsed.inherited_time
        except InputError as error:
            reading.rejected_count += 1
            if len(reading.rejected) < rejected_max:
                reading.rejected.append((line.number, str(error), line.data))
    return inherited


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
