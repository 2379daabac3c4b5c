"""What log lines does a Loki push hold, as JSON or snappy-compressed protobuf?

https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs; the messages are those of Loki's push.proto.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import repeat
from operator import attrgetter
from typing import Any, NamedTuple

import cramjam
import msgspec
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from bot.errors import InputError
from bot.logs.columns import clean_all, some_are_blank, times_between, times_of_ns
from bot.logs.headed import headed
from bot.logs.parse import LineParser
from bot.logs.record import LogRecord
from bot.logs.structured import ATTRIBUTE_CHARACTERS_MAX, ATTRIBUTES_MAX
from bot.sources.model import LATE_MAX, Example, Heard, Kind, Posted, Proof, Route, Source
from bot.sources.received import UNKNOWN_SERVICE, moment, service_like

PROTOBUF = "application/x-protobuf"
UNFOLDED_BYTES_MAX = 64 << 20
RATIO_MAX = 100
SERVICE_LABELS = ("service_name", "service", "app", "application", "app_kubernetes_io_name", "name", "job", "container",
                  "container_name", "compose_service", "unit", "syslog_identifier")  # fmt: skip
LEVEL_LABELS = ("level", "detected_level", "severity", "severity_text")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NS_MAX = 4_102_444_800 * 10**9
_LABEL = re.compile(r'\s*([A-Za-z_][A-Za-z0-9_.]{0,199})\s*=\s*"((?:[^"\\]|\\.){0,4096})"\s*,?')

_NOTHING: Mapping[str, str] = {}
Row = tuple[int, str, Mapping[str, str]]
"""time (ns since 1970, 0 when it cannot be read), line, structured metadata"""
Columns = tuple[Sequence[Any], Sequence[str], Sequence[Mapping[str, str]] | None]
"""times (ns as numbers, or as texts), lines, metadata when there is any"""


@dataclass(frozen=True, slots=True)
class Stream:
    """`rows` gives its lines one by one, `columns` all at once, or None when some are not as they should be."""

    labels: Mapping[str, str]
    rows: Callable[[], Iterable[Row]]
    columns: Callable[[], Columns | None]


def decode(posted: Posted) -> Heard:
    """Raises `InputError` when the whole cannot be read. Of each stream, a line that cannot be is rejected alone."""
    return _decoded(posted, each=False)


def decode_each(posted: Posted) -> Heard:
    """As `decode`, line by line."""
    return _decoded(posted, each=True)


def _decoded(posted: Posted, *, each: bool) -> Heard:
    heard = Heard()
    streams = _json(posted.body) if posted.content_type != PROTOBUF else _protobuf(posted.body)
    for stream in streams:
        origin = _origin(stream.labels, posted.service)
        records = None if each else _all(stream, origin, posted.now)
        if records is not None:
            heard.records += records
            heard.lines += len(records)
        else:
            _hear(heard, stream, origin, posted.now)
    return heard


class Origin(NamedTuple):
    """What the labels of a stream say of all its lines."""

    service: str
    level: str
    attributes: Mapping[str, str]


def _origin(labels: Mapping[str, str], otherwise: str) -> Origin:
    named = next((labels[name] for name in SERVICE_LABELS if labels.get(name)), "")
    service = service_like(named.rpartition("/")[2] or named, otherwise or UNKNOWN_SERVICE)
    level = next((labels[name] for name in LEVEL_LABELS if labels.get(name)), "").lower()
    return Origin(service, level, {name: value for name, value in labels.items() if name not in LEVEL_LABELS})


def _all(stream: Stream, origin: Origin, now: datetime) -> list[LogRecord] | None:
    """The records of a stream whose lines each have a time and a text."""
    columns = stream.columns()
    if columns is None:
        return None
    told, lines, metadata = columns
    between = _ns(now - LATE_MAX) + 1, _NS_MAX
    times = times_of_ns(told, *between) if isinstance(told[0], str) else times_between(told, *between)
    if times is None or some_are_blank(lines):
        return None
    rest = origin.attributes
    attributes = [{**rest, **of} if of else rest for of in metadata] if metadata else repeat(rest)
    texts = clean_all(lines)
    records = list(map(LogRecord, times, repeat(origin.service), texts, repeat(origin.level), attributes))
    parser = LineParser(origin.service, fallback_at=now)
    for place in headed(lines):
        of = records[place]
        records[place] = _parsed(parser, lines[place], of.at, origin.service, origin.level, of.attributes)
    return None if some_are_blank(texts) else records


def _hear(heard: Heard, stream: Stream, origin: Origin, now: datetime) -> None:
    parser = LineParser(origin.service, fallback_at=now)
    oldest_ns = _ns(now - LATE_MAX)
    for time_ns, line, metadata in stream.rows():
        if not oldest_ns < time_ns < _NS_MAX:
            late = f"it is over {LATE_MAX.days} days late"
            problem = late if 0 < time_ns < _NS_MAX else "its time cannot be read"
            place = f"line {heard.lines + heard.rejected_count + 1}"
            heard.reject(place, problem, line.encode("utf-8", "replace"))
            continue
        if not line or line.isspace():
            heard.ignored += 1  # a blank line, of which traces have many
            continue
        at = datetime.fromtimestamp(time_ns // 1000 / 1_000_000, UTC)
        attributes = {**origin.attributes, **metadata} if metadata else origin.attributes
        heard.records.append(_parsed(parser, line, at, origin.service, origin.level, attributes))
        heard.lines += 1


def _parsed(
    parser: LineParser, line: str, at: datetime, service: str, level: str, attributes: Mapping[str, str]
) -> LogRecord:
    told = parser.parse(line).record
    if told is None:  # nothing but control characters
        return LogRecord(at, service, repr(line), level, attributes)
    return LogRecord(at, service, told.text, told.level or level, {**attributes, **told.attributes})


def _ns(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1) * 1000


# -- JSON


class _Push(msgspec.Struct):
    streams: list[dict[str, Any]] = []


_PUSH = msgspec.json.Decoder(_Push)


def _json(body: bytes) -> Iterator[Stream]:
    try:
        push = _PUSH.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"it is no Loki push: {error}") from error
    except RecursionError:
        raise InputError("it is nested too deeply") from None
    for stream in push.streams:
        labels = stream.get("stream")
        if isinstance(labels, dict):
            values = _list(stream.get("values"))
            yield Stream(_texts(labels), partial(map, _row, values), partial(_json_columns, values))
        else:
            entries = _list(stream.get("entries"))
            yield Stream(parse_labels(str(stream.get("labels", ""))), partial(map, _entry, entries), lambda: None)


def _json_columns(values: Sequence[Any]) -> Columns | None:
    if set(map(type, values)) != {list} or not set(map(len, values)) <= {2, 3}:
        return None
    stamps, lines = [value[0] for value in values], [value[1] for value in values]
    if set(map(type, stamps)) != {str} or set(map(type, lines)) != {str}:
        return None
    has_metadata = max(map(len, values)) == 3
    return (
        stamps,
        lines,
        [_texts(value[2]) if len(value) > 2 else _NOTHING for value in values] if has_metadata else None,
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {
        str(name)[:200]: str(item)[:ATTRIBUTE_CHARACTERS_MAX]
        for name, item in list(value.items())[:ATTRIBUTES_MAX]
        if isinstance(item, str | int | float)
    }


def _row(value: Any) -> Row:
    if not isinstance(value, list) or len(value) < 2 or not isinstance(value[1], str):
        return 0, "", {}
    stamp = value[0]
    time_ns = int(stamp) if isinstance(stamp, str) and stamp.isdecimal() and len(stamp) < 21 else 0
    return time_ns, value[1], _texts(value[2]) if len(value) > 2 else _NOTHING


def _entry(value: Any) -> Row:
    """The older form: an object with a time in words."""
    if not isinstance(value, dict) or not isinstance(value.get("line"), str):
        return 0, "", {}
    at = moment(value.get("ts") or value.get("timestamp"))
    return (_ns(at) if at else 0), value["line"], {}


def parse_labels(text: str) -> dict[str, str]:
    """The labels of `{service="checkout", level="error"}`."""
    found: dict[str, str] = {}
    inner = text.strip().removeprefix("{").removesuffix("}")
    end = 0
    while len(found) < ATTRIBUTES_MAX and (match := _LABEL.match(inner, end)):
        found[match[1]] = _unescape(match[2])[:ATTRIBUTE_CHARACTERS_MAX]
        end = match.end()
    return found


def _unescape(text: str) -> str:
    return text.replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\") if "\\" in text else text


# -- protobuf


def _messages() -> Any:
    """logproto.PushRequest, from a description of its four messages."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="tocsin/loki_push.proto", package="logproto", syntax="proto3")

    def message(name: str, *fields: tuple[str, int, str]) -> None:
        made = file.message_type.add(name=name)
        for label, number, kind in fields:
            is_list = kind.startswith("*")
            type_name = kind.lstrip("*")
            of = {"string": field.TYPE_STRING, "int64": field.TYPE_INT64, "int32": field.TYPE_INT32}.get(type_name)
            made.field.add(
                name=label,
                number=number,
                label=field.LABEL_REPEATED if is_list else field.LABEL_OPTIONAL,
                type=of or field.TYPE_MESSAGE,
                type_name=None if of else f".logproto.{type_name}",
            )

    message("Time", ("seconds", 1, "int64"), ("nanos", 2, "int32"))
    message("Pair", ("name", 1, "string"), ("value", 2, "string"))
    message("Entry", ("timestamp", 1, "Time"), ("line", 2, "string"), ("structuredMetadata", 3, "*Pair"))
    message("Stream", ("labels", 1, "string"), ("entries", 2, "*Entry"))
    message("PushRequest", ("streams", 1, "*Stream"))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("logproto.PushRequest"))


PushRequest = _messages()


def _protobuf(body: bytes) -> Iterator[Stream]:
    request = PushRequest()
    try:
        request.ParseFromString(unfold_snappy(body))
    except DecodeError as error:
        raise InputError(f"it is no Loki push in protobuf: {error}") from error
    for stream in request.streams:
        labels = parse_labels(stream.labels)
        yield Stream(labels, partial(map, _entry_row, stream.entries), partial(_protobuf_columns, stream.entries))


def _entry_row(entry: Any) -> Row:
    return entry.timestamp.seconds * 10**9 + entry.timestamp.nanos, entry.line, _metadata(entry)


def _metadata(entry: Any) -> Mapping[str, str]:
    pairs = entry.structuredMetadata
    return {pair.name: pair.value for pair in pairs} if pairs else _NOTHING


def _protobuf_columns(found: Sequence[Any]) -> Columns | None:
    entries = list(found)
    if not entries:
        return None
    times = list(map(_TIMESTAMP, entries))
    ns = [seconds * 10**9 + nanos for seconds, nanos in zip(map(_SECONDS, times), map(_NANOS, times), strict=True)]
    metadata = list(map(_METADATA, entries))
    return ns, list(map(_LINE, entries)), list(map(_metadata, entries)) if any(metadata) else None


_TIMESTAMP, _LINE, _METADATA = attrgetter("timestamp"), attrgetter("line"), attrgetter("structuredMetadata")
_SECONDS, _NANOS = attrgetter("seconds"), attrgetter("nanos")


def unfold_snappy(body: bytes) -> bytes:
    """A snappy block, which says at its beginning how long it will be. Raises `InputError`."""
    try:
        size = cramjam.snappy.decompress_raw_len(body)
        if size > UNFOLDED_BYTES_MAX or size > max(1 << 20, RATIO_MAX * len(body)):
            raise InputError(f"the snappy block unfolds to {size >> 20} MB, which is more than is read")
        return bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError as error:
        raise InputError(f"it is no snappy block: {error}") from error


_ALLOY = """\
loki.write "tocsin" {
  endpoint {
    url          = "{url}/loki/api/v1/push"
    bearer_token = "{token}"
  }
}
"""
_PROMTAIL = """\
clients:
  - url: {url}/loki/api/v1/push
    bearer_token: {token}
"""
_PINO = """\
// tocsin-loki.mjs: pino-loki sends each batch once; this sends it until it is taken
import { pinoLoki } from 'pino-loki'

const send = fetch
globalThis.fetch = async (url, options) => {
  for (;;) {
    const answer = await send(url, { ...options, signal: AbortSignal.timeout(30_000) }).catch(() => null)
    if (answer && answer.status !== 429 && answer.status < 500) return answer
    await new Promise((again) => setTimeout(again, 1000 * (answer?.headers.get('retry-after') || 2)))
  }
}

export default () => pinoLoki({
  host: '{url}', labels: { service: 'checkout' }, batching: { interval: 1 },
  headers: { Authorization: 'Bearer {token}' },
})

// in your program: pino({ transport: { target: '/path/to/tocsin-loki.mjs' } })
"""
_WINSTON = """\
const LokiTransport = require('winston-loki')
new LokiTransport({ host: '{url}', labels: { service: 'checkout' },
  headers: { Authorization: 'Bearer {token}' } })
"""
_PYTHON = """\
import atexit
import queue

import logging_loki
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry


class Patient(requests.Session):
    def __init__(self):
        super().__init__()
        again = Retry(100, backoff_factor=1, status_forcelist=(429, 500, 502, 503, 504), allowed_methods=None)
        self.mount("https://", HTTPAdapter(max_retries=again))
        self.mount("http://", HTTPAdapter(max_retries=again))


logging_loki.emitter.LokiEmitter.session_class = Patient
handler = logging_loki.LokiQueueHandler(
    queue.Queue(), url="{url}/loki/api/v1/push", tags={"service": "checkout"}, version="1", auth=("tocsin", "{token}")
)
atexit.register(handler.listener.stop)
"""
_FLUENT_BIT = """\
pipeline:
  outputs:
    - name: loki
      match: "*"
      host: tocsin.example.org
      port: 8321
      labels: service=checkout
      bearer_token: {token}
"""

SOURCE = Source(
    name="loki",
    title="Loki push",
    kind=Kind.LOGS,
    decode=decode,
    routes=(Route("POST", "/loki/api/v1/push"),),
    content_types=("application/json", PROTOBUF),
    fixture="loki.json",
    about=f"The service is the first label of: {', '.join(SERVICE_LABELS)}.",
    examples=(
        Example(
            "pino-loki",
            "js",
            _PINO,
            Proof.REAL,
            "By itself it does not send again what was refused; what is on its way when the program ends is lost.",
        ),
        Example(
            "python-logging-loki",
            "python",
            _PYTHON,
            Proof.REAL,
            "By itself it does not send again what was refused, "
            "and its requests hold up the program that logs; the queue does not.",
        ),
        Example(
            "winston-loki",
            "js",
            _WINSTON,
            Proof.REAL,
            "It keeps what was refused and sends it again after a minute, together with what came since: when only the "
            "answer was lost, and lines came since, those of the first batch count twice.",
        ),
        Example("Grafana Alloy", "river", _ALLOY, Proof.DOCUMENTED),
        Example("Promtail", "yaml", _PROMTAIL, Proof.DOCUMENTED, "Its life ended in March 2026; Alloy follows it."),
        Example("Fluent Bit", "yaml", _FLUENT_BIT, Proof.DOCUMENTED),
    ),
)
