"""Are batches in others' formats taken once, and answered as their senders expect?"""

import gzip
import json
from collections.abc import Callable

import httpx
import pytest
import zstandard
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse

from bot.engine.whole import Engine
from bot.errors import StoreError
from bot.sources.registry import BY_NAME
from bot.store.database import Database
from bot.stream.errors import BusFull
from bot.stream.table import TableBus
from tests.http.conftest import NOW, Heard, client_of
from tests.http.test_counted import client_on, counted
from tests.http.test_counted import engine as engine
from tests.sources.posting import fixture

PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}


def export(*texts: str, at: bool = True) -> bytes:
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "checkout"
    for text in texts:
        record = resource.scope_logs.add().log_records.add(severity_number=9)
        if text:
            record.body.string_value = text
        if at:
            record.time_unix_nano = int(NOW.timestamp()) * 10**9
    return request.SerializeToString()


@pytest.mark.parametrize("encoding", ["", "gzip", "zstd"])
async def test_otlp_in_protobuf_is_taken_in_every_encoding(
    client: httpx.AsyncClient, heard: Heard, encoding: str
) -> None:
    folds: dict[str, Callable[[bytes], bytes]] = {
        "": bytes,
        "gzip": gzip.compress,
        "zstd": zstandard.ZstdCompressor().compress,
    }
    headers = PROTOBUF | ({"content-encoding": encoding} if encoding else {})
    answer = await client.post("/v1/logs", content=folds[encoding](export("a", "b")), headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-protobuf")
    assert not ExportLogsServiceResponse.FromString(answer.content).partial_success.rejected_log_records
    assert heard.ingest.texts == ["a", "b"]


async def test_otlp_tells_what_it_rejected_as_partial_success(client: httpx.AsyncClient, heard: Heard) -> None:
    answer = await client.post("/v1/logs", content=export("a", ""), headers=PROTOBUF)
    told = ExportLogsServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, told.rejected_log_records) == (200, 1)
    assert "neither a body" in told.error_message
    assert heard.ingest.texts == ["a"]
    body = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}'
    assert (await client.post("/v1/logs", content=body, headers=JSON)).json()["partialSuccess"][
        "rejectedLogRecords"
    ] == "1"


async def test_otlp_that_cannot_be_read_is_a_status(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/logs", content=b"\xff\xff", headers=PROTOBUF)
    assert answer.status_code == 400
    assert b"ExportLogsServiceRequest" in answer.content
    assert answer.content.startswith(b"\x08\x03\x12")
    assert (await client.post("/v1/logs", content=b"[", headers=JSON)).json()["code"] == 3


async def test_loki_is_answered_204_and_bulk_item_by_item(client: httpx.AsyncClient, heard: Heard) -> None:
    loki = await client.post("/loki/api/v1/push", content=fixture(BY_NAME["loki"]), headers=JSON)
    assert (loki.status_code, loki.content) == (204, b"")
    ndjson = {"content-type": "application/vnd.elasticsearch+x-ndjson; compatible-with=9"}
    accept = {"accept": "application/vnd.elasticsearch+json; compatible-with=9"}
    bulk = await client.put("/_bulk", content=fixture(BY_NAME["bulk"]), headers=ndjson | accept)
    assert bulk.headers["x-elastic-product"] == "Elasticsearch"
    assert bulk.headers["content-type"] == accept["accept"]
    assert bulk.json()["items"][0]["create"]["status"] == 201
    assert bulk.json()["errors"] is False
    body = b'{"index":{}}\n{"message":"x","@timestamp":"2026-03-01T12:00:00Z"}\n{"delete":{"_id":"1"}}\n'
    told = (await client.post("/audit/_bulk", content=body, headers=ndjson)).json()
    assert told["errors"] is True
    assert [next(iter(item.values()))["status"] for item in told["items"]] == [201, 400]
    assert told["items"][0]["index"]["_index"] == "audit"
    assert len(heard.ingest.records) == 3 + 2 + 1


async def test_shippers_of_elasticsearch_find_what_they_ask_for(client: httpx.AsyncClient) -> None:
    root = await client.get("/")
    assert root.headers["x-elastic-product"] == "Elasticsearch"
    assert root.json()["version"]["number"].startswith("8.")
    assert (await client.head("/")).status_code == 200
    assert (await client.get("/_license")).json()["license"]["status"] == "active"
    assert (await client.get("/_cluster/health")).json()["status"] == "green"


async def test_a_batch_sent_again_counts_once(engine: Engine) -> None:
    async with client_on(engine) as client:
        for _ in range(3):
            await client.post("/v1/logs", content=export("a", "b"), headers=PROTOBUF)
            await client.post("/loki/api/v1/push", content=_loki("x"), headers=JSON)
            await client.post("/_bulk", content=_bulk("y"), headers=JSON)
        assert counted(engine) == 4
        await client.post("/loki/api/v1/push", content=_loki("z"), headers=JSON)
        assert counted(engine) == 5
        for _ in range(2):  # records without a time of their own have no identity: both are counted
            await client.post("/v1/logs", content=export("a", at=False), headers=PROTOBUF)
        assert counted(engine) == 7


class NarrowBus(TableBus):
    """Has room for so many batches."""

    room = 1

    def publish(self, partition: int, key: str, batch: bytes) -> None:
        if not self.room:
            raise BusFull("there is no room")
        self.room -= 1
        super().publish(partition, key, batch)


async def test_what_elasticsearchs_clients_have_to_send_again_is_told_item_by_item(
    heard: Heard, engine: Engine
) -> None:
    body = _bulk("a") + b'{"index":{}}\n{\n' + _bulk("b").replace(b"checkout", b"cart")
    assert isinstance(engine.store, Database)
    async with client_of(heard, bus=NarrowBus(engine.store)) as client:
        full = await client.post("/_bulk", content=body, headers=JSON)
    items = [item["index"] for item in full.json()["items"]]
    assert (full.status_code, full.headers["retry-after"]) == (429, "5")
    assert [item["status"] for item in items] == [201, 400, 429]
    assert items[2]["error"]["type"] == "es_rejected_execution_exception"
    heard.ingest.problem = StoreError("SELECT secrets")
    async with client_of(heard) as client:
        away = await client.post("/_bulk", content=body, headers=JSON)
    assert (away.status_code, [item["index"]["status"] for item in away.json()["items"]]) == (503, [503, 400, 503])
    assert "SELECT" not in away.text


def _loki(text: str) -> bytes:
    values = [[str(int(NOW.timestamp()) * 10**9), text]]
    return json.dumps({"streams": [{"stream": {"service": "checkout"}, "values": values}]}).encode()


def _bulk(text: str) -> bytes:
    document = {"message": text, "@timestamp": NOW.isoformat(), "service.name": "checkout"}
    return b'{"index":{}}\n' + json.dumps(document).encode() + b"\n"


@pytest.mark.parametrize("authorization", ["Bearer s3cret", "Basic b3BzOnMzY3JldA==", "ApiKey dG9jc2luOnMzY3JldA=="])
async def test_each_program_may_show_its_token_in_its_own_way(heard: Heard, authorization: str) -> None:
    async with client_of(heard, "10.1.1.1", tokens={"shipper": "s3cret"}) as client:
        wrong = await client.post("/_bulk", content=_bulk("a"), headers=JSON)
        right = await client.post("/_bulk", content=_bulk("a"), headers=JSON | {"authorization": authorization})
        assert (wrong.status_code, right.status_code) == (401, 200)
        header = await client.post("/_bulk", content=_bulk("a"), headers=JSON | {"x-tocsin-token": "s3cret"})
        assert header.status_code == 200


async def test_who_sent_what_and_what_was_rejected_is_remembered(engine: Engine) -> None:
    async with client_on(engine) as client:
        await client.post("/v1/logs", content=export("a", "b", ""), headers=PROTOBUF)
        await client.post("/loki/api/v1/push", content=b"{", headers=JSON)
        await client.post("/v1/ingest/payments", content=b"hello")
    senders = {sender.use.key: sender.use for sender in engine.ledger.senders()}
    otlp = senders["otlp", "this machine", "checkout"]
    assert (otlp.lines, otlp.batches, otlp.rejected, otlp.bytes) == (2, 1, 1, len(export("a", "b", "")))
    assert senders["lines", "this machine", "payments"].lines == 1
    assert senders["loki", "this machine", ""].rejected == 1
    letters = engine.ledger.rejected(10)
    assert [(letter.source, letter.data) for letter in letters] == [("loki", b"{"), ("otlp", b"")]
