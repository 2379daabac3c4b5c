"""Which points does an OTLP export of metrics hold, in JSON and in protobuf, and what is refused by name?"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from bot.errors import InputError
from bot.metrics.buckets import ZERO, Histogram
from bot.metrics.streams import Point, Shape
from bot.sources.model import Heard
from bot.sources.otlp_metrics import PROTOBUF
from bot.sources.registry import BY_NAME
from tests.sources.posting import NOW, fixture, heard

SENT = datetime(2026, 3, 1, 12, 4, tzinfo=UTC)
BEGAN = SENT - timedelta(seconds=640)
NS = 10**9


def metric(**data: Any) -> bytes:
    return json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "m", **data}]}]}]}).encode()


def of(body: bytes) -> Heard:
    return heard("otlp-metrics", body, content_type="application/json")


def test_every_kind_of_point_is_read() -> None:
    found = heard("otlp-metrics")
    points = {one.name: one.point for one in found.points}
    minute = timedelta(minutes=1)
    assert points == {
        "queue.size": Point(SENT, Shape.LEVEL, 42.0),
        "orders": Point(SENT, Shape.TOTAL, 1200.0, BEGAN),
        "refunds": Point(SENT, Shape.DELTA, 3.0, SENT - minute),
        "connections": Point(SENT, Shape.LEVEL, 7.0, BEGAN),
        "http.server.request.duration": Point(
            SENT, Shape.TOTAL, 2.5, BEGAN, 10.0, Histogram({0: 5.0, 1: 4.0, 2: 1.0}, (0.1, 0.5))
        ),
        "render.duration": Point(
            SENT, Shape.DELTA, 9.0, SENT - minute, 4.0, Histogram({ZERO: 1.0, 0: 1.0, 1: 2.0}, (), 0)
        ),
    }
    assert {one.service for one in found.points} == {"checkout"}
    assert found.points[0].attributes == {"queue": "orders"}
    assert found.points[0].resource["service.instance.id"] == "checkout-7d9f"
    assert found.ignored == 1, "the stream that ended"
    assert [(part.place, part.problem[:9]) for part in found.rejected] == [("gc.pause", "summaries")]


def test_protobuf_says_the_same_as_json() -> None:
    request = Parse(fixture(BY_NAME["otlp-metrics"]), ExportMetricsServiceRequest())
    same = heard("otlp-metrics", request.SerializeToString(), content_type=PROTOBUF)
    assert same.points == heard("otlp-metrics").points
    assert same.rejected == heard("otlp-metrics").rejected


@pytest.mark.parametrize("body", [b"\xff\xff\xff", b"{", b"[1]", b'{"resourceMetrics": 1}', b'{"a": "\\ud800"}'])
def test_a_body_that_is_no_export_is_refused_as_a_whole(body: bytes) -> None:
    if body == b'{"a": "\\ud800"}':
        assert of(body).points == []  # a field nobody knows
        return
    with pytest.raises(InputError):
        of(body)
    if not body.startswith((b"{", b"[")):  # unknown fields are no error in protobuf
        with pytest.raises(InputError):
            heard("otlp-metrics", body, content_type=PROTOBUF)


SENT_NS = str(int(SENT.timestamp()) * NS)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"gauge": {"dataPoints": [{"asInt": "1"}]}}, "it has no time"),
        ({"gauge": {"dataPoints": [{"timeUnixNano": SENT_NS}]}}, "it has no value"),
        ({"gauge": {"dataPoints": [{"timeUnixNano": SENT_NS, "asDouble": "NaN"}]}}, "its value is nan"),
        ({"gauge": {"dataPoints": [{"timeUnixNano": str(int(SENT_NS) - 3660 * NS), "asInt": 1}]}}, "more than an hour"),
        ({"gauge": {"dataPoints": [{"timeUnixNano": str(int(SENT_NS) + 300 * NS), "asInt": 1}]}}, "still to come"),
        ({"sum": {"dataPoints": [{"timeUnixNano": SENT_NS, "asInt": 1}]}}, "temporality is not told"),
        (
            {"sum": {"aggregationTemporality": 1, "dataPoints": [{"timeUnixNano": SENT_NS, "asInt": 1}]}},
            "goes up and down",
        ),
        (
            {
                "histogram": {
                    "aggregationTemporality": 1,
                    "dataPoints": [{"timeUnixNano": SENT_NS, "bucketCounts": [1], "explicitBounds": [1, 2]}],
                }
            },
            "1 buckets and 2 bounds",
        ),
        (
            {
                "histogram": {
                    "aggregationTemporality": 1,
                    "dataPoints": [{"timeUnixNano": SENT_NS, "bucketCounts": [1, 1, 1], "explicitBounds": [2, 1]}],
                }
            },
            "do not rise",
        ),
        (
            {
                "exponentialHistogram": {
                    "aggregationTemporality": 1,
                    "dataPoints": [{"timeUnixNano": SENT_NS, "count": 1, "negative": {"bucketCounts": [1]}}],
                }
            },
            "negative values",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_by_name_and_why(data: dict[str, Any], problem: str) -> None:
    found = of(metric(**data))
    assert found.points == []
    (part,) = found.rejected
    assert part.place == "m"
    assert problem in part.problem


def test_a_point_without_a_service_is_of_nobody_known() -> None:
    (one,) = of(metric(gauge={"dataPoints": [{"timeUnixNano": SENT_NS, "asInt": 1}]})).points
    assert one.service == "unknown"
    assert one.point.at < NOW
