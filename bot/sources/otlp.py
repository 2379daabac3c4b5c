"""What log records does an OTLP/HTTP export hold, in protobuf or JSON?

https://opentelemetry.io/docs/specs/otlp/#otlphttp, https://opentelemetry.io/docs/specs/otel/logs/data-model/
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import repeat
from operator import attrgetter
from typing import Any, cast

import msgspec
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from bot.errors import InputError
from bot.logs.columns import Unread, clean_all, some_are_blank, times_between, times_of_ns
from bot.logs.columns import records as columns_records
from bot.logs.parse import LineParser, clean
from bot.logs.record import LogRecord
from bot.logs.structured import ATTRIBUTE_CHARACTERS_MAX, ATTRIBUTES_MAX
from bot.sources.model import LATE_MAX, Example, Heard, Kind, Posted, Proof, Route, Source
from bot.sources.received import UNKNOWN_SERVICE, service_like

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
SERVICE_KEYS = ("service.name", "k8s.deployment.name", "k8s.container.name", "container.name", "app")
DEPTH_MAX = 20
_LEVELS = ("", *(["trace"] * 4), *(["debug"] * 4), *(["info"] * 4), *(["warning"] * 4), *(["error"] * 4),
           *(["critical"] * 4))  # fmt: skip
_NS_MAX = 4_102_444_800 * 10**9


def decode(posted: Posted) -> Heard:
    """Raises `InputError` when the whole cannot be read. A record without a time is logged `now`."""
    return _decoded(posted, each=False)


def decode_each(posted: Posted) -> Heard:
    """As `decode`, record by record."""
    return _decoded(posted, each=True)


Entry = tuple[int, int, str, object, Mapping[str, str], str | None]
"""time (ns), severity number, severity text, body, attributes, event name"""
Columns = tuple[Sequence[datetime], Sequence[str], Sequence[str], Sequence[Mapping[str, str]]]
"""times, texts, levels, attributes"""


@dataclass(frozen=True, slots=True)
class Scope:
    """The log records of one scope: `entries` gives them one by one, `columns` all at once, or None when one of them
    is not as nearly all are: with a time between the two, a level, and a line of text."""

    service: str
    entries: Callable[[], Iterable[Entry]]
    columns: Callable[[int, int], Columns | None]


def _decoded(posted: Posted, *, each: bool) -> Heard:
    heard = Heard()
    oldest_ns = int((posted.now - LATE_MAX).timestamp()) * 10**9
    for scope in _json(posted.body) if posted.content_type == JSON else _protobuf(posted.body):
        service = scope.service or posted.service or UNKNOWN_SERVICE
        columns = None if each else scope.columns(oldest_ns, _NS_MAX)
        if columns is not None:
            heard.records += columns_records(columns[0], service, *columns[1:])
            heard.lines += len(columns[0])
        else:
            parser = LineParser(service, fallback_at=posted.now)
            _hear(heard, parser, service, scope.entries(), posted.now, oldest_ns)
    return heard


def _columns(
    times: list[datetime] | None, numbers: Sequence[int], bodies: Sequence[str], attributes: Sequence[Mapping[str, str]]
) -> Columns | None:
    if times is None or not numbers or not (min(numbers) > 0 and max(numbers) < len(_LEVELS)):
        return None
    texts = clean_all(bodies)
    if some_are_blank(texts):
        return None
    return times, texts, [_LEVELS[number] for number in numbers], attributes


def _hear(
    heard: Heard, parser: LineParser, service: str, entries: Iterable[Entry], now: datetime, oldest_ns: int
) -> None:
    records = heard.records
    for time_ns, number, word, body, attributes, event in entries:
        if oldest_ns <= time_ns < _NS_MAX:
            at = datetime.fromtimestamp(time_ns // 1000 / 1_000_000, UTC)
        elif 0 < time_ns < _NS_MAX:
            at = datetime.fromtimestamp(time_ns // 10**9, UTC)
            heard.reject(_place(heard), f"it is of {at:%Y-%m-%d %H:%M}, and more than {LATE_MAX.days} days late")
            continue
        else:
            at, heard.is_timed = now, False
        level = _LEVELS[number] if 0 < number < 25 else word.lower()
        if level and isinstance(body, str) and (line := clean(body)) and not line.isspace():
            records.append(LogRecord(at, service, line, level, attributes))
        elif record := _record(parser, at, service, level, body if body is not None else event, attributes):
            records.append(record)
        else:
            heard.reject(_place(heard), "it has neither a body nor attributes")
            continue
        heard.lines += 1


def _place(heard: Heard) -> str:
    return f"logRecords[{heard.lines + heard.rejected_count}]"


def _record(
    parser: LineParser, at: datetime, service: str, level: str, body: object, attributes: Mapping[str, str]
) -> LogRecord | None:
    if isinstance(body, dict):
        parsed = parser.parse_fields(body).record
        if parsed is None:
            return None
        return LogRecord(at, service, parsed.text, level or parsed.level, {**attributes, **parsed.attributes})
    line = clean(body if isinstance(body, str) else msgspec.json.encode(body).decode() if body is not None else "")
    if not level and line:  # a line as it stood in a file: its level is in it
        parsed = parser.parse(line).record
        if parsed is not None:
            return LogRecord(at, service, parsed.text, parsed.level, {**attributes, **parsed.attributes})
    if not line.strip():
        line = " ".join(f"{name}={value}" for name, value in attributes.items())
    return LogRecord(at, service, line, level, attributes) if line else None


def _service(attributes: Mapping[str, str]) -> str:
    names = [attributes[key] for key in SERVICE_KEYS if attributes.get(key)]
    told = [name for name in names if not name.startswith("unknown_service")]
    return service_like((told or names)[0], "") if names else ""


# -- protobuf


def _protobuf(body: bytes) -> Iterator[Scope]:
    request = ExportLogsServiceRequest()
    try:
        request.ParseFromString(body)
    except DecodeError as error:
        raise InputError(f"it is no protobuf ExportLogsServiceRequest: {error}") from error
    for resource in request.resource_logs:
        service = _service(_attributes(resource.resource.attributes))
        for scope in resource.scope_logs:
            yield Scope(service, partial(_entries, scope.log_records), partial(_protobuf_columns, scope.log_records))


def _protobuf_columns(found: Sequence[Any], oldest_ns: int, newest_ns: int) -> Columns | None:
    records = list(found)
    if not records:
        return None
    ns, numbers, bodies = (list(map(of, records)) for of in _PLAIN)
    times = times_between(ns, oldest_ns, newest_ns)
    return _columns(times, numbers, bodies, list(map(Unread, repeat(_all_attributes), records)))


_PLAIN = (attrgetter("time_unix_nano"), attrgetter("severity_number"), attrgetter("body.string_value"))


def _entries(records: Iterable[Any]) -> Iterator[Entry]:
    for record in records:
        body = record.body.string_value or _value(record.body, 0)
        time_ns = record.time_unix_nano or record.observed_time_unix_nano
        attributes = _all_attributes(record)
        yield time_ns, record.severity_number, record.severity_text, body, attributes, record.event_name or None


def _all_attributes(record: Any) -> dict[str, str]:
    found = _attributes(record.attributes) if record.attributes else {}
    if trace := record.trace_id:
        found["trace_id"] = trace.hex()
    return found


def _attributes(pairs: Iterable[Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        if len(found) >= ATTRIBUTES_MAX:
            break
        text = pair.value.string_value  # as nearly all are
        found[pair.key] = text[:ATTRIBUTE_CHARACTERS_MAX] if text else _word(_value(pair.value, 0))
    return found


def _value(value: Any, depth: int) -> object:
    which = value.WhichOneof("value")
    if which is None or depth > DEPTH_MAX:
        return None
    if which == "kvlist_value":
        return {pair.key: _value(pair.value, depth + 1) for pair in value.kvlist_value.values}
    if which == "array_value":
        return [_value(item, depth + 1) for item in value.array_value.values]
    if which == "bytes_value":
        return value.bytes_value.decode("utf-8", "replace")
    found: object = getattr(value, which)
    return found


def _word(value: object) -> str:
    if isinstance(value, str):
        return value[:ATTRIBUTE_CHARACTERS_MAX]
    return msgspec.json.encode(value).decode()[:ATTRIBUTE_CHARACTERS_MAX] if value is not None else ""


# -- JSON


class _Value(msgspec.Struct, rename="camel", gc=False):
    """An AnyValue: a text nearly always; `_json_value` reads the rest as it stands."""

    string_value: Any = None
    bool_value: Any = None
    int_value: Any = None
    double_value: Any = None
    bytes_value: Any = None
    array_value: Any = None
    kvlist_value: Any = None


class _Pair(msgspec.Struct, gc=False):
    key: str = ""
    value: _Value | None = None


class _Record(msgspec.Struct, rename="camel", gc=False):
    time_unix_nano: int | str = 0
    observed_time_unix_nano: int | str = 0
    severity_number: int | str = 0
    severity_text: str = ""
    body: _Value | None = None
    attributes: list[_Pair] = []
    trace_id: str = ""
    event_name: str = ""


class _Scope(msgspec.Struct, rename="camel"):
    log_records: list[_Record] = []


class _Resource(msgspec.Struct):
    attributes: list[_Pair] = []


class _ResourceLogs(msgspec.Struct, rename="camel"):
    resource: _Resource | None = None
    scope_logs: list[_Scope] = []


class _Request(msgspec.Struct, rename="camel"):
    resource_logs: list[_ResourceLogs] = []


_DECODER = msgspec.json.Decoder(_Request)


def _json(body: bytes) -> Iterator[Scope]:
    try:
        request = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"it is no JSON ExportLogsServiceRequest: {error}") from error
    except RecursionError:
        raise InputError("it is nested too deeply") from None
    for resource in request.resource_logs:
        service = _service(_json_attributes(resource.resource.attributes)) if resource.resource else ""
        for scope in resource.scope_logs:
            yield Scope(service, partial(_json_entries, scope.log_records), partial(_json_columns, scope.log_records))


def _json_columns(records: Sequence[_Record], oldest_ns: int, newest_ns: int) -> Columns | None:
    values = [record.body for record in records]
    if not values or None in values:
        return None
    bodies = [value.string_value for value in values if value is not None]
    numbers = [record.severity_number for record in records]
    ns = [record.time_unix_nano for record in records]
    if set(map(type, bodies)) != {str} or set(map(type, numbers)) != {int}:
        return None
    times = _json_times(ns, oldest_ns, newest_ns)
    attributes = [Unread(_json_all_attributes, r) if r.attributes or r.trace_id else _NOTHING for r in records]
    return _columns(times, cast("list[int]", numbers), bodies, attributes)


_NOTHING: Mapping[str, str] = {}


def _json_times(ns: Sequence[int | str], oldest_ns: int, newest_ns: int) -> list[datetime] | None:
    """As texts, as OTLP wants them, or as the numbers that some send."""
    kinds = set(map(type, ns))
    if kinds == {str}:
        return times_of_ns(cast("Sequence[str]", ns), oldest_ns, newest_ns)
    return times_between(cast("Sequence[int]", ns), oldest_ns, newest_ns) if kinds == {int} else None


def _json_entries(records: Iterable[_Record]) -> Iterator[Entry]:
    for record in records:
        time_ns = _int(record.time_unix_nano) or _int(record.observed_time_unix_nano)
        number = _int(record.severity_number)
        attributes = _json_all_attributes(record)
        yield time_ns, number, record.severity_text, _told(record.body), attributes, record.event_name or None


def _json_all_attributes(record: _Record) -> dict[str, str]:
    found = _json_attributes(record.attributes) if record.attributes else {}
    if record.trace_id:
        found["trace_id"] = record.trace_id[:64]
    return found


def _json_attributes(pairs: list[_Pair]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs[:ATTRIBUTES_MAX]:
        value = pair.value
        text = value.string_value if value is not None else None
        found[pair.key] = text[:ATTRIBUTE_CHARACTERS_MAX] if isinstance(text, str) else _word(_told(value))
    return found


def _told(value: _Value | None) -> object:
    if value is None:
        return None
    if isinstance(value.string_value, str):
        return value.string_value
    return _json_value({name: found for name in _KINDS if (found := getattr(value, _KINDS[name])) is not None}, 0)


_KINDS = dict(
    zip((field.encode_name for field in msgspec.structs.fields(_Value)), _Value.__struct_fields__, strict=True)
)


def _json_value(value: dict[str, Any] | None, depth: int) -> object:
    if not isinstance(value, dict) or not value or depth > DEPTH_MAX:
        return None
    which, found = next(iter(value.items()))
    if which == "kvlistValue":
        return {str(name): _json_value(item, depth + 1) for name, item in _named(found)}
    if which == "arrayValue":
        items = found.get("values") if isinstance(found, dict) else None
        return [_json_value(item, depth + 1) for item in items] if isinstance(items, list) else []
    if which == "intValue":
        return _int(found)
    scalar: object = found
    return scalar


def _named(found: Any) -> Iterator[tuple[str, Any]]:
    pairs = found.get("values") if isinstance(found, dict) else None
    for pair in pairs if isinstance(pairs, list) else []:
        if isinstance(pair, dict):
            yield str(pair.get("key", "")), pair.get("value")


def _int(value: Any) -> int:
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20 else 0


_COLLECTOR = """\
exporters:
  otlphttp/tocsin:
    logs_endpoint: {url}/v1/logs
    headers:
      Authorization: "Bearer {token}"
service:
  pipelines:
    logs:
      receivers: [filelog]        # whatever you have
      exporters: [otlphttp/tocsin]
"""
_SDK = """\
OTEL_LOGS_EXPORTER=otlp
OTEL_EXPORTER_OTLP_LOGS_PROTOCOL=http/protobuf
OTEL_EXPORTER_OTLP_LOGS_ENDPOINT={url}/v1/logs
OTEL_EXPORTER_OTLP_LOGS_HEADERS=Authorization=Bearer%20{token}
OTEL_EXPORTER_OTLP_LOGS_COMPRESSION=gzip
OTEL_SERVICE_NAME=checkout
"""
_VECTOR = """\
sinks:
  tocsin:
    type: opentelemetry
    inputs: ["your_logs"]
    protocol:
      type: http
      uri: {url}/v1/logs
      encoding: {codec: json}
      request:
        headers: {Authorization: "Bearer {token}"}
"""
_FLUENT_BIT = """\
pipeline:
  outputs:
    - name: opentelemetry
      match: "*"
      host: tocsin.example.org
      port: 8321
      logs_uri: /v1/logs
      header:
        - Authorization Bearer {token}
"""
_ALLOY = """\
otelcol.exporter.otlphttp "tocsin" {
  client {
    endpoint = "{url}"
    headers  = { "Authorization" = "Bearer {token}" }
  }
}
"""

SOURCE = Source(
    name="otlp",
    title="OpenTelemetry (OTLP/HTTP)",
    kind=Kind.LOGS,
    decode=decode,
    routes=(Route("POST", "/v1/logs"),),
    content_types=(PROTOBUF, JSON),
    fixture="otlp.json",
    about="The service is the resource's `service.name`. Records that cannot be read are told as partial success.",
    examples=(
        Example("OpenTelemetry SDKs (environment)", "sh", _SDK, Proof.REAL,
                "A refused batch is sent again about five times, as late as `Retry-After` says; call `force_flush` "
                "before `shutdown`, which drops what is still being tried."),
        Example("Rotel", "sh", "rotel start --exporter otlp --otlp-exporter-protocol http "
                "--otlp-exporter-endpoint {url} --otlp-receiver-traces-disabled --otlp-receiver-metrics-disabled "
                "--otlp-exporter-custom-headers \"Authorization=Bearer {token}\"\n", Proof.REAL),
        Example("OpenTelemetry Collector", "yaml", _COLLECTOR, Proof.DOCUMENTED),
        Example("Grafana Alloy", "river", _ALLOY, Proof.DOCUMENTED),
        Example("Vector", "yaml", _VECTOR, Proof.DOCUMENTED),
        Example("Fluent Bit", "yaml", _FLUENT_BIT, Proof.DOCUMENTED),
    ),
)  # fmt: skip
