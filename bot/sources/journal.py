"""What does a line of `journalctl --output json` say?

https://systemd.io/JOURNAL_EXPORT_FORMATS/#journal-json-format: every field a text, a list of texts, a list of bytes, or
null when it was too long.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import msgspec

from bot.errors import InputError
from bot.logs.columns import clean_all, some_are_blank, times_of_us
from bot.logs.parse import clean
from bot.logs.record import LogRecord
from bot.sources.model import LATE_MAX, Example, Heard, Kind, Posted, Proof, Route, Source
from bot.sources.received import UNKNOWN_SERVICE, service_like
from bot.sources.syslog import LEVELS

KEPT = {"_HOSTNAME": "host", "_SYSTEMD_UNIT": "unit", "_PID": "pid", "CONTAINER_NAME": "container"}
_PRIORITIES = {str(number): level for number, level in enumerate(LEVELS)}
_US_MAX = 4_102_444_800 * 10**6


class _Entry(msgspec.Struct, gc=False):
    """The fields that are read, of the thirty that an entry has."""

    stamp: Any = msgspec.field(name="__REALTIME_TIMESTAMP", default=None)
    message: Any = msgspec.field(name="MESSAGE", default=None)
    priority: Any = msgspec.field(name="PRIORITY", default=None)
    identifier: Any = msgspec.field(name="SYSLOG_IDENTIFIER", default=None)
    host: Any = msgspec.field(name="_HOSTNAME", default=None)
    unit: Any = msgspec.field(name="_SYSTEMD_UNIT", default=None)
    pid: Any = msgspec.field(name="_PID", default=None)
    container: Any = msgspec.field(name="CONTAINER_NAME", default=None)
    command: Any = msgspec.field(name="_COMM", default=None)


_ORIGIN = attrgetter("host", "unit", "pid", "container", "identifier", "command")
_DECODER = msgspec.json.Decoder(_Entry)


def decode(posted: Posted) -> Heard:
    records = _all(posted)
    return Heard(records, len(records)) if records is not None else decode_each(posted)


def decode_each(posted: Posted) -> Heard:
    """As `decode`, line by line: what cannot be read is rejected by its number."""
    heard = Heard()
    for number, line in enumerate(posted.body.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            record = parse(line, posted.service)
        except InputError as error:
            heard.reject(f"line {number}", str(error), line)
            continue
        if posted.now - record.at > LATE_MAX:
            heard.reject(f"line {number}", f"it is more than {LATE_MAX.days} days late", line)
            continue
        heard.records.append(record)
        heard.lines += 1
    return heard


def _all(posted: Posted) -> list[LogRecord] | None:
    """The records of a body in which every line is an entry with a time and a text."""
    if not posted.body.isascii() and not _is_utf8(posted.body):
        return None
    try:
        entries = _DECODER.decode_lines(posted.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    messages, stamps = [entry.message for entry in entries], [entry.stamp for entry in entries]
    priorities, origins = [entry.priority for entry in entries], list(map(_ORIGIN, entries))
    if not entries or not all(set(map(type, told)) == {str} for told in (messages, stamps, priorities)):
        return None
    whole = "".join(stamps)
    if not (whole.isascii() and whole.isdecimal()) or "" in stamps or max(map(len, stamps)) > 16:
        return None
    us = [int(stamp) for stamp in stamps]
    texts = clean_all(messages)
    oldest = times_of_us([min(us)])[0]
    if posted.now - oldest > LATE_MAX or max(us) >= _US_MAX or some_are_blank(texts):
        return None
    try:
        told = {origin: _told(origin, posted.service) for origin in set(origins)}
    except TypeError:  # a list of texts
        return None
    services, attributes = zip(*map(told.__getitem__, origins), strict=True)
    levels = [_PRIORITIES.get(priority, "") for priority in priorities]
    return list(map(LogRecord, times_of_us(us), services, texts, levels, attributes))


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def parse(line: bytes, service: str = "") -> LogRecord:
    """The record of one line. Raises `InputError`."""
    try:
        entry = _DECODER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"it is no journal entry: {error}") from error
    except RecursionError:
        raise InputError("it is nested too deeply") from None
    stamp = entry.stamp
    if not isinstance(stamp, str) or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 16):
        raise InputError("it has no __REALTIME_TIMESTAMP")
    at = datetime.fromtimestamp(int(stamp) / 1_000_000, UTC)
    message = clean(_text(entry.message))
    if not message.strip():
        raise InputError("it has no MESSAGE")
    named, attributes = _told(_ORIGIN(entry), service)
    return LogRecord(at, named, message, _PRIORITIES.get(_text(entry.priority), ""), attributes)


def _told(origin: Sequence[Any], service: str) -> tuple[str, dict[str, str]]:
    """The service and the attributes of what comes from there."""
    host, unit, pid, container, identifier, command = map(_text, origin)
    named = service or container or identifier or unit.removesuffix(".service") or command
    kept = zip(KEPT.values(), (host, unit, pid, container), origin[:4], strict=True)
    attributes = {name: text for name, text, told in kept if told}
    return (service or service_like(named, UNKNOWN_SERVICE)), attributes


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        if value and all(isinstance(item, int) and 0 <= item < 256 for item in value):
            return bytes(value).decode("utf-8", "replace")
        return next((item for item in value if isinstance(item, str)), "")
    return ""


SOURCE = Source(
    name="journal",
    title="systemd journal",
    kind=Kind.LOGS,
    decode=decode,
    routes=(Route("POST", "/v1/journal"),),
    content_types=("application/x-ndjson", "application/json", "text/plain"),
    fixture="journal.ndjson",
    about="The service is the container's name, the syslog identifier or the unit.",
    examples=(
        Example("journalctl, followed", "sh", "tocsin tail --journal --url {url} --token {token}\n", Proof.CAPTURED,
                "It keeps the journal's cursor, so that a restart loses and repeats nothing."),
        Example("journalctl, once", "sh", "journalctl --output json --since -1h | curl --data-binary @- "
                "-H 'Authorization: Bearer {token}' -H 'Content-Type: application/x-ndjson' {url}/v1/journal\n",
                Proof.CAPTURED),
    ),
)  # fmt: skip
