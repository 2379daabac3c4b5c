"""Do OpenTelemetry's metrics come in over HTTP, once, within bounds, and become series that are watched?"""

import gzip
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import zstandard
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

from bot.clock import HeldClock
from bot.engine import metered
from bot.engine.whole import Engine
from bot.main import build_engine
from bot.settings import Settings
from bot.store.database import Database
from handlers.http import application
from tests.sources.posting import FIXTURES

NOON = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NS = 10**9
SERIES = {
    "latency": {
        "source": "otlp", "metric": "http.server.request.duration", "value": "p95", "unit": "s",
        "match": {"http.route": "/checkout"},
    },
    "orders": {"source": "otlp", "metric": "orders"},
    "queue": {"source": "otlp", "metric": "queue.size", "by": ["queue"], "every_s": 600},
    "wrong": {"source": "otlp", "metric": "queue.size", "value": "p95"},
}  # fmt: skip


@pytest.fixture
def engine(database: Database) -> Engine:
    settings = Settings.model_validate({"watch": {"series": SERIES}})
    return build_engine(settings, clock=HeldClock(NOON), store=database, executors={})


@pytest.fixture
async def client(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application(engine, engine.settings), client=("127.0.0.1", 50123))
    async with httpx.AsyncClient(transport=transport, base_url="http://tocsin") as made:
        yield made


JSON = {"content-type": "application/json"}
EXPORT = (FIXTURES / "otlp-metrics.json").read_bytes()


def gauge(at: datetime, value: float, **attributes: str) -> bytes:
    pairs = [{"key": key, "value": {"stringValue": text}} for key, text in attributes.items()]
    point = {"timeUnixNano": str(int(at.timestamp()) * NS), "asDouble": value, "attributes": pairs}
    metrics = [{"name": "queue.size", "gauge": {"dataPoints": [point]}}]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "checkout"}}]}
    return json.dumps({"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": metrics}]}]}).encode()


async def test_what_is_refused_is_told_as_partial_success(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/metrics", content=EXPORT, headers=JSON)
    assert answer.status_code == 200
    told = answer.json()["partialSuccess"]
    assert told["rejectedDataPoints"] == "1"
    assert told["errorMessage"].startswith("gc.pause: summaries are not read")
    answer = await client.post("/v1/metrics", content=b"", headers={"content-type": "application/x-protobuf"})
    assert (answer.status_code, answer.content) == (200, b"")


async def test_protobuf_is_answered_in_protobuf(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/metrics", content=b"\xff\xff", headers={"content-type": "application/x-protobuf"})
    assert answer.status_code == 400
    assert b"ExportMetricsServiceRequest" in answer.content
    answer = await client.post("/v1/metrics", content=b"", headers={"content-type": "application/x-protobuf"})
    told = ExportMetricsServiceResponse.FromString(answer.content)
    assert not told.partial_success.rejected_data_points


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
async def test_packed_bodies_are_unpacked(client: httpx.AsyncClient, engine: Engine, encoding: str) -> None:
    body = gzip.compress(EXPORT) if encoding == "gzip" else zstandard.compress(EXPORT)
    answer = await client.post("/v1/metrics", content=body, headers={**JSON, "content-encoding": encoding})
    assert answer.status_code == 200
    with engine.store.read() as tx:
        assert len(tx.watched.stream_points("orders", NOON - timedelta(hours=1), NOON)) == 1


async def test_a_point_sent_twice_counts_once_and_is_shown_as_a_duplicate(
    client: httpx.AsyncClient, engine: Engine
) -> None:
    for _ in range(2):
        await client.post("/v1/metrics", content=EXPORT, headers=JSON)
    with engine.store.read() as tx:
        kept = {name: len(tx.watched.stream_points(name, NOON - timedelta(hours=1), NOON)) for name in SERIES}
    assert kept == {"latency": 1, "orders": 1, "queue": 1, "wrong": 0}
    (sender,) = engine.ledger.senders()
    assert (sender.use.source, sender.use.service, sender.use.batches) == ("otlp-metrics", "checkout", 2)
    assert (sender.use.lines, sender.use.duplicates, sender.use.rejected) == (6, 1, 2)


async def test_streams_are_bounded_and_what_has_no_place_is_said(
    client: httpx.AsyncClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metered, "STREAMS_MAX", 2)
    answers = [
        await client.post("/v1/metrics", content=gauge(NOON, 1.0, queue=name), headers=JSON) for name in ("a", "b", "c")
    ]
    assert [one.json() for one in answers[:2]] == [{}, {}]
    assert answers[2].json()["partialSuccess"]["errorMessage"] == (
        "queue.size: watch.series.queue has 2 streams already"
    )
    assert (await client.post("/v1/metrics", content=gauge(NOON + MINUTE, 1.0, queue="a"), headers=JSON)).json() == {}


async def test_points_are_kept_for_two_hours(client: httpx.AsyncClient, engine: Engine) -> None:
    clock = engine.clock
    assert isinstance(clock, HeldClock)
    for _ in range(40):
        await client.post("/v1/metrics", content=gauge(clock.now(), 1.0, queue="a"), headers=JSON)
        clock.advance(timedelta(minutes=10))
    with engine.store.read() as tx:
        kept = tx.watched.stream_points("queue", NOON - timedelta(days=1), clock.now())
    assert len(kept) <= 13


async def test_a_series_of_points_becomes_a_watched_series(client: httpx.AsyncClient, engine: Engine) -> None:
    clock = engine.clock
    assert isinstance(clock, HeldClock)
    for tick in range(160):
        level = 100.0 + tick % 7 + (400.0 if tick > 157 else 0.0)
        await client.post("/v1/metrics", content=gauge(clock.now(), level, queue="orders"), headers=JSON)
        clock.advance(10 * MINUTE)
        engine.watched.run()
    with engine.store.read() as tx:
        (signal,) = tx.signals.loose(NOON)
    measure = signal.evidence.measure
    assert measure is not None
    assert (signal.service, measure.subject, measure.what) == ("checkout", "queue (queue=orders)", "spike")
    assert measure.now is not None
    assert measure.now >= 500
    assert measure.high == 106.0


async def test_a_metric_that_does_not_give_what_is_asked_is_said_once(
    client: httpx.AsyncClient, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        await client.post("/v1/metrics", content=EXPORT, headers=JSON)
    told = [record.getMessage() for record in caplog.records if "gives no" in record.getMessage()]
    assert told == ["watch.series.wrong: queue.size is a gauge, which gives no p95"]
