"""Does each line of a followed log system count once: overlaps, late lines, restarts, crashes?"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest

from bot.asking.elasticsearch import ElasticsearchPuller
from bot.asking.follow import Follow
from bot.asking.loki import LokiPuller
from bot.asking.pulled import Pulled
from bot.clock import HeldClock
from bot.errors import ConnectorError, StoreError
from bot.logs.record import LogRecord
from bot.settings import PullSettings
from bot.store.database import Database

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass(slots=True)
class Shelf:
    """A log system of which lines are put by hand."""

    lines: list[tuple[str, datetime]] = field(default_factory=list)
    limit: int = 1000

    def put(self, text: str, at: datetime) -> None:
        self.lines.append((text, at))

    def pull(self, since: datetime, until: datetime) -> Pulled:
        found = sorted((at, text) for text, at in self.lines if since <= at < until)[: self.limit]
        records = {f"{text}@{at}": LogRecord(at, "checkout", text) for at, text in found}
        is_full = len(found) == self.limit
        return Pulled(records, found[-1][0] + timedelta(microseconds=1) if is_full else until, is_full)


@dataclass(slots=True)
class Counter:
    """Counts a batch once for its key; may fail before or after it has counted."""

    records: list[LogRecord] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    fail: str = ""

    @property
    def texts(self) -> list[str]:
        return [record.text for record in self.records]

    def __call__(self, records: Sequence[LogRecord], key: str) -> None:
        if self.fail == "before":
            raise StoreError("away")
        if key not in self.keys:
            self.keys.add(key)
            self.records += records
        if self.fail == "after":
            raise StoreError("away")


def test_every_line_counts_once_also_late_ones_and_over_restarts(database: Database) -> None:
    clock, shelf, counter = HeldClock(NOW), Shelf(), Counter()
    put = 0
    for step in range(20):
        for _ in range(3):
            shelf.put(f"line {put}", clock.now() - timedelta(seconds=7 * (put % 7)))  # up to 42 s late
            put += 1
        clock.advance(timedelta(seconds=5))
        Follow("loki", shelf, counter, database, clock).once()  # each time a new process
        if step % 5 == 0:
            Follow("loki", shelf, counter, database, clock).once()
    assert sorted(counter.texts) == sorted(f"line {number}" for number in range(put))


@pytest.mark.parametrize("fail", ["before", "after"])
def test_a_crash_between_counting_and_remembering_neither_loses_nor_doubles(database: Database, fail: str) -> None:
    clock, shelf, counter = HeldClock(NOW), Shelf(), Counter()
    for number in range(10):
        shelf.put(f"line {number}", NOW - timedelta(seconds=number + 1))
    counter.fail = fail
    with pytest.raises(StoreError):
        Follow("loki", shelf, counter, database, clock).once()
    counter.fail = ""
    shelf.put("late", NOW - timedelta(seconds=3))
    clock.advance(timedelta(seconds=30))
    for _ in range(3):
        Follow("loki", shelf, counter, database, clock).once()
    assert sorted(counter.texts) == sorted(["late", *(f"line {number}" for number in range(10))])


def test_more_than_a_page_is_read_page_by_page(database: Database) -> None:
    clock, shelf, counter = HeldClock(NOW), Shelf(limit=10), Counter()
    for number in range(95):
        shelf.put(f"line {number}", NOW - timedelta(seconds=100 - number))
    follow = Follow("loki", shelf, counter, database, clock)
    rounds = 0
    while follow.once()[1] and rounds < 60:
        rounds += 1
    assert sorted(counter.texts) == sorted(f"line {number}" for number in range(95))


def settings(**more: str) -> PullSettings:
    return PullSettings.model_validate({"type": "loki", "url": "http://loki", "query": '{a="b"}', **more})


def answering(status: int, body: object) -> tuple[httpx.Client, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, content=body if isinstance(body, bytes) else msgspec.json.encode(body))

    return httpx.Client(transport=httpx.MockTransport(answer), base_url="http://loki"), asked


def test_loki_is_asked_as_it_documents(database: Database) -> None:
    stream = {"stream": {"app": "checkout"}, "values": [["1772366399000000000", "level=error msg=failed"]]}
    client, asked = answering(200, {"status": "success", "data": {"resultType": "streams", "result": [stream]}})
    pulled = LokiPuller("l", settings(), client).pull(NOW - timedelta(minutes=1), NOW)
    (record,) = pulled.records.values()
    assert (record.service, record.level, record.text) == ("checkout", "error", "failed")
    assert (pulled.until, pulled.is_full) == (NOW, False)
    parameters = asked[0].url.params
    assert asked[0].url.path == "/loki/api/v1/query_range"
    assert (parameters["query"], parameters["direction"], parameters["end"]) == (
        '{a="b"}',
        "forward",
        "1772366400000000000",
    )


def test_elasticsearch_is_asked_as_it_documents() -> None:
    source = {"@timestamp": "2026-03-01T11:59:59Z", "message": "failed", "service": {"name": "checkout"}}
    client, asked = answering(
        200, {"hits": {"hits": [{"_index": "logs", "_id": "1", "_source": source}, {"_id": "2"}]}}
    )
    pulled = ElasticsearchPuller("e", settings(index="logs-*"), client).pull(NOW - timedelta(minutes=1), NOW)
    assert [(key, r.service, r.text) for key, r in pulled.records.items()] == [("logs/1", "checkout", "failed")]
    assert asked[0].url.path == "/logs-*/_search"
    body = msgspec.json.decode(asked[0].content)
    assert body["query"]["bool"]["filter"][0]["range"]["@timestamp"]["lt"] == "2026-03-01T12:00:00+00:00"


@pytest.mark.parametrize(
    ("status", "body", "permanent"),
    [(503, b"later", False), (401, b"no", True), (200, b"<html>", True), (200, b"[]", True)],
)
def test_a_system_that_does_not_answer_as_it_should_is_told_in_words(status: int, body: bytes, permanent: bool) -> None:
    client, _ = answering(status, body)
    with pytest.raises(ConnectorError, match=r"pull\.l: ") as error:
        LokiPuller("l", settings(), client).pull(NOW, NOW)
    assert error.value.permanent is permanent
