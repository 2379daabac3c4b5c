"""What points of metrics does an OTLP/HTTP export hold, in protobuf or JSON?

https://opentelemetry.io/docs/specs/otlp/#otlphttp, https://opentelemetry.io/docs/specs/otel/metrics/data-model/
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from google.protobuf.json_format import Parse, ParseError
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from bot.errors import InputError
from bot.logs.structured import ATTRIBUTE_CHARACTERS_MAX, ATTRIBUTES_MAX
from bot.metrics.buckets import BUCKETS_MAX, ZERO, Histogram
from bot.metrics.streams import Point, Shape
from bot.sources.model import Example, Heard, Kind, MetricPoint, Posted, Proof, Route, Source
from bot.sources.received import UNKNOWN_SERVICE, service_like

NAME = "otlp-metrics"
PROTOBUF, JSON = "application/x-protobuf", "application/json"
SERVICE_KEYS = ("service.name", "k8s.deployment.name", "k8s.container.name", "container.name", "app")
POINTS_MAX = 100_000
"""Of one body."""

LATE_MAX, AHEAD_MAX = timedelta(hours=1), timedelta(minutes=2)
"""A point that is older when it arrives is rejected: its tick was judged long ago."""

DELTA, CUMULATIVE = 1, 2
_NO_VALUE = 1
_NS = 10**9
_NS_MAX = 4_102_444_800 * _NS


class _Unread(Exception):
    """A point that cannot be read, and why."""


def decode(posted: Posted) -> Heard:
    """Raises `InputError` when the whole cannot be read."""
    heard = Heard()
    request = _request(posted)
    for resource_metrics in request.resource_metrics:
        resource = _attributes(resource_metrics.resource.attributes)
        service = _service(resource) or posted.service or UNKNOWN_SERVICE
        for scope in resource_metrics.scope_metrics:
            for metric in scope.metrics:
                _hear(heard, metric, service, resource, posted.now)
    return heard


def _request(posted: Posted) -> Any:
    request = ExportMetricsServiceRequest()
    try:
        if posted.content_type == JSON:
            Parse(posted.body, request, ignore_unknown_fields=True)
        else:
            request.ParseFromString(posted.body)
    except (DecodeError, ParseError, UnicodeDecodeError) as error:
        form = "JSON" if posted.content_type == JSON else "protobuf"
        raise InputError(f"it is no {form} ExportMetricsServiceRequest: {str(error)[:300]}") from error
    except RecursionError:
        raise InputError("it is nested too deeply") from None
    return request


def _hear(heard: Heard, metric: Any, service: str, resource: Mapping[str, str], now: datetime) -> None:
    which = metric.WhichOneof("data")
    data = getattr(metric, which) if which else None
    for point in data.data_points if data is not None else ():
        if point.flags & _NO_VALUE:
            heard.ignored += 1  # the stream has ended
            continue
        try:
            if len(heard.points) >= POINTS_MAX:
                raise _Unread(f"a body is read up to {POINTS_MAX} points")
            read = _point(which, data, point, now)
        except _Unread as error:
            heard.reject(f"{metric.name[:200]}", str(error))
            continue
        heard.points.append(MetricPoint(metric.name, service, resource, _attributes(point.attributes), read))


def _point(which: str, data: Any, point: Any, now: datetime) -> Point:
    at = _at(point.time_unix_nano, now)
    if which == "gauge":
        return Point(at, Shape.LEVEL, _number(point))
    if which == "summary":
        raise _Unread("summaries are not read, for theirs cannot be added; send a histogram")
    shape = _shape(data.aggregation_temporality)
    began_at = _moment(point.start_time_unix_nano)
    if which == "sum":
        if not data.is_monotonic and shape is Shape.DELTA:
            raise _Unread("a sum that goes up and down is read when it is cumulative, not as deltas")
        return Point(at, shape if data.is_monotonic else Shape.LEVEL, _number(point), began_at)
    total = _finite(point.sum) if point.HasField("sum") else None
    histogram = _explicit(point) if which == "histogram" else _exponential(point)
    return Point(at, shape, total, began_at, float(point.count), histogram)


def _shape(temporality: int) -> Shape:
    if temporality == DELTA:
        return Shape.DELTA
    if temporality == CUMULATIVE:
        return Shape.TOTAL
    raise _Unread("its aggregation temporality is not told")


def _at(ns: int, now: datetime) -> datetime:
    at = _moment(ns)
    if at is None:
        raise _Unread("it has no time")
    if at < now - LATE_MAX:
        raise _Unread(f"it is of {at:%Y-%m-%d %H:%M}, and more than an hour late")
    if at > now + AHEAD_MAX:
        raise _Unread(f"it is of {at:%Y-%m-%d %H:%M}, which is still to come")
    return at


def _moment(ns: int) -> datetime | None:
    return datetime.fromtimestamp(ns // 1000 / 1_000_000, UTC) if 0 < ns < _NS_MAX else None


def _number(point: Any) -> float:
    which = point.WhichOneof("value")
    if which is None:
        raise _Unread("it has no value")
    return _finite(getattr(point, which))


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise _Unread(f"its value is {value}, no number")
    return float(value)


def _explicit(point: Any) -> Histogram | None:
    counts, bounds = list(point.bucket_counts), tuple(point.explicit_bounds)
    if not counts:
        return None  # its sender only says how many and how much
    if len(counts) != len(bounds) + 1:
        raise _Unread(f"it has {len(counts)} buckets and {len(bounds)} bounds")
    if len(counts) > BUCKETS_MAX:
        raise _Unread(f"it has more than {BUCKETS_MAX} buckets")
    if not all(math.isfinite(bound) for bound in bounds) or any(low >= high for low, high in pairwise(bounds)):
        raise _Unread("its bounds do not rise")
    return Histogram({i: float(count) for i, count in enumerate(counts) if count}, bounds)


def _exponential(point: Any) -> Histogram:
    if any(point.negative.bucket_counts):
        raise _Unread("an exponential histogram with negative values is not read")
    counts = point.positive.bucket_counts
    if len(counts) > BUCKETS_MAX:
        raise _Unread(f"it has more than {BUCKETS_MAX} buckets")
    if not -10 <= point.scale <= 20:
        raise _Unread(f"its scale is {point.scale}")
    found = {point.positive.offset + i: float(count) for i, count in enumerate(counts) if count}
    return Histogram(found | ({ZERO: float(point.zero_count)} if point.zero_count else {}), (), point.scale)


def _service(attributes: Mapping[str, str]) -> str:
    names = [attributes[key] for key in SERVICE_KEYS if attributes.get(key)]
    told = [name for name in names if not name.startswith("unknown_service")]
    return service_like((told or names)[0], "") if names else ""


def _attributes(pairs: Iterable[Any]) -> dict[str, str]:
    return dict(_first(((pair.key, _word(pair.value)) for pair in pairs), ATTRIBUTES_MAX))


def _first(pairs: Iterator[tuple[str, str]], most: int) -> Iterator[tuple[str, str]]:
    for _, pair in zip(range(most), pairs, strict=False):
        yield pair


def _word(value: Any) -> str:
    which = value.WhichOneof("value")
    if which is None or which in ("kvlist_value", "array_value", "bytes_value"):
        return ""
    found = getattr(value, which)
    text = str(found).lower() if isinstance(found, bool) else str(found)
    return text[:ATTRIBUTE_CHARACTERS_MAX]


_TOML = """\
[watch.series.checkout-latency]         # docs/detection.md
source = "otlp"
metric = "http.server.request.duration"
value = "p95"                           # of a histogram: p50 … p99, mean, rate, count; of a counter: rate, count
match = {"http.route" = "/checkout"}
unit = "s"
worse = "up"

# the program's environment:
# OTEL_METRICS_EXPORTER=otlp
# OTEL_EXPORTER_OTLP_METRICS_PROTOCOL=http/protobuf
# OTEL_EXPORTER_OTLP_METRICS_ENDPOINT={url}/v1/metrics
# OTEL_EXPORTER_OTLP_METRICS_HEADERS=Authorization=Bearer%20{token}
# OTEL_EXPORTER_OTLP_METRICS_COMPRESSION=gzip
# OTEL_SERVICE_NAME=checkout
"""
_COLLECTOR = """\
exporters:
  otlphttp/tocsin:
    metrics_endpoint: {url}/v1/metrics
    headers:
      Authorization: "Bearer {token}"
service:
  pipelines:
    metrics:
      receivers: [otlp]           # whatever you have
      exporters: [otlphttp/tocsin]
"""

SOURCE = Source(
    name=NAME,
    title="OpenTelemetry metrics (OTLP/HTTP)",
    kind=Kind.METRICS,
    decode=decode,
    routes=(Route("POST", "/v1/metrics"),),
    content_types=(PROTOBUF, JSON),
    fixture="otlp-metrics.json",
    about="Points of the metrics that a `[watch.series.NAME]` with `source = \"otlp\"` names are kept; all others are "
    "taken and let go. Gauges, sums (delta and cumulative) and histograms (explicit and exponential) are read; "
    "summaries, sums of deltas that go both ways, and points more than an hour late are told as partial success.",
    examples=(
        Example("OpenTelemetry SDKs (environment)", "toml", _TOML, Proof.REAL),
        Example("OpenTelemetry Collector", "yaml", _COLLECTOR, Proof.DOCUMENTED),
    ),
)  # fmt: skip
