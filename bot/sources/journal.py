"""What does a line of `journalctl --output json` say?

https://systemd.io/JOURNAL_EXPORT_FORMATS/#journal-json-format: every field a text, a list of texts, a list of bytes, or
null when it was too long.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from bot.errors import InputError
from bot.logs.parse import clean
from bot.logs.record import LogRecord
from bot.sources.model import LATE_MAX, Example, Heard, Kind, Posted, Proof, Route, Source
from bot.sources.received import UNKNOWN_SERVICE, service_like
from bot.sources.syslog import LEVELS

_DECODER = msgspec.json.Decoder(dict[str, Any])
KEPT = {"_HOSTNAME": "host", "_SYSTEMD_UNIT": "unit", "_PID": "pid", "CONTAINER_NAME": "container"}
_PRIORITIES = {str(number): level for number, level in enumerate(LEVELS)}


def decode(posted: Posted) -> Heard:
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


def parse(line: bytes, service: str = "") -> LogRecord:
    """The record of one line. Raises `InputError`."""
    try:
        entry = _DECODER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"it is no journal entry: {error}") from error
    except RecursionError:
        raise InputError("it is nested too deeply") from None
    stamp = entry.get("__REALTIME_TIMESTAMP")
    if not isinstance(stamp, str) or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 16):
        raise InputError("it has no __REALTIME_TIMESTAMP")
    at = datetime.fromtimestamp(int(stamp) / 1_000_000, UTC)
    message = clean(_text(entry.get("MESSAGE")))
    if not message.strip():
        raise InputError("it has no MESSAGE")
    attributes = {name: _text(found) for key, name in KEPT.items() if (found := entry.get(key))}
    level = _PRIORITIES.get(_text(entry.get("PRIORITY")), "")
    return LogRecord(at, service or _service(entry), message, level, attributes)


def _service(entry: Mapping[str, Any]) -> str:
    unit = _text(entry.get("_SYSTEMD_UNIT")).removesuffix(".service")
    named = _text(entry.get("CONTAINER_NAME")) or _text(entry.get("SYSLOG_IDENTIFIER")) or unit
    return service_like(named or _text(entry.get("_COMM")), UNKNOWN_SERVICE)


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
