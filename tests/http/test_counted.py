"""Is what was answered 2xx counted in the database? The routes over the real engine, on SQLite and PostgreSQL."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from bot.clock import HeldClock
from bot.engine.whole import Engine
from bot.main import build_engine
from bot.settings import Settings
from bot.store.database import Database
from bot.stream.bus import Bus
from bot.stream.consume import Worker
from bot.stream.table import TableBus
from handlers.http import application
from tests.http.conftest import NOW

URL = "/v1/ingest/checkout"


@pytest.fixture
def engine(database: Database) -> Engine:
    return build_engine(Settings(), clock=HeldClock(NOW), store=database, executors={})


def client_on(engine: Engine, bus: Bus | None = None) -> httpx.AsyncClient:
    app = application(engine, Settings(), bus=bus)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("127.0.0.1", 50123))
    return httpx.AsyncClient(transport=transport, base_url="http://tocsin")


@pytest.fixture
async def client(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    async with client_on(engine) as made:
        yield made


def counted(engine: Engine, service: str = "checkout") -> int:
    with engine.store.read() as tx:
        counts = tx.logs.counts(service, NOW - timedelta(days=2), NOW + timedelta(days=2))
    return sum(lines for windows in counts.values() for lines in windows.values())


async def test_lines_are_counted_at_their_own_time_and_a_retry_counts_once(
    client: httpx.AsyncClient, engine: Engine
) -> None:
    body = "".join(f"2026-03-01T11:{n % 60:02}:00Z INFO order {n} placed\n" for n in range(600))
    for _ in range(3):
        answer = await client.post(URL, content=body, headers={"Idempotency-Key": "one"})
        assert answer.status_code == 200
    assert answer.json()["duplicate"]
    assert counted(engine) == 600
    with engine.store.read() as tx:
        (windows,) = tx.logs.counts("checkout", NOW - timedelta(hours=1), NOW).values()
    assert set(windows.values()) == {10}
    assert len(windows) == 60


async def test_hostile_lines_reach_the_database_and_break_nothing(client: httpx.AsyncClient, engine: Engine) -> None:
    hostile = [
        b"<!channel> `code` {{7*7}} ${jndi:ldap://x}",
        b"nul \x00 byte",
        b"\xff\xfe not utf-8",
        b"\x1b[31mred\x1b[0m",
        "\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe".encode(),
        b'{"message": "half a pair \\ud800", "level": "error"}',
        b'{"message": "nul \\u0000 inside", "\\u0000key": "\\u0000"}',
        b"x" * 1_000_000,
        b"'; DROP TABLE service; --",
    ]
    answer = await client.post(URL, content=b"\n".join(hostile), headers={"Content-Type": "text/plain"})
    assert answer.status_code == 200
    assert answer.json()["accepted"] == len(hostile)
    assert counted(engine) == len(hostile)


async def test_a_stack_trace_is_one_record(client: httpx.AsyncClient, engine: Engine) -> None:
    trace = 'ERROR request failed\nTraceback (most recent call last):\n  File "a.py", line 1, in f\nValueError: no\n'
    answer = await client.post(URL, content=trace + "INFO next\n", headers={"Content-Type": "text/plain"})
    assert answer.json()["accepted"] == 5
    assert counted(engine) == 2


async def test_a_change_is_stored_once(client: httpx.AsyncClient, engine: Engine) -> None:
    report = {"kind": "deploy", "service": "checkout", "version": "1.4.2", "key": "ci-1"}
    answers = [(await client.post("/v1/changes", json=report)).json() for _ in range(2)]
    assert [answer["accepted"] for answer in answers] == [1, 0]
    with engine.store.read() as tx:
        (change,) = tx.changes.between(NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    assert (change.version, change.source) == ("1.4.2", "this machine")


async def test_ready_says_how_far_behind_it_is(client: httpx.AsyncClient, engine: Engine) -> None:
    assert (await client.get("/readyz")).json()["checked_age_s"] is None
    await client.post(URL, content=b"INFO a\n")
    assert isinstance(engine.clock, HeldClock)
    engine.clock.advance(timedelta(seconds=70))
    engine.checks.run()
    engine.clock.advance(timedelta(seconds=30))
    ready = await client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {
        "ready": True,
        "checked_age_s": 40.0,
        "outbox_waiting": 0,
        "outbox_age_s": 0.0,
        "bus_batches": None,
    }


async def test_metrics_count_what_came_in(client: httpx.AsyncClient) -> None:
    await client.post(URL, content=b"a\nb\nc\n", headers={"Idempotency-Key": "k"})
    await client.post(URL, content=b"a\nb\nc\n", headers={"Idempotency-Key": "k"})
    await client.post(URL, content=b"x", headers={"Content-Type": "image/png"})
    text = (await client.get("/metrics")).text
    for row in (
        "tocsin_http_lines_total 3",
        "tocsin_http_batches_total 2",
        "tocsin_http_batches_duplicate_total 1",
        "tocsin_lines_total 3",
        "tocsin_services 1",
        'tocsin_http_answers_total{status="415"} 1',
    ):
        assert row in text.splitlines()


async def test_not_ready_when_the_database_is_away(engine: Engine, database: Database) -> None:
    async with client_on(engine) as client:
        with database.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE service RENAME TO service_gone")
        try:
            ready = await client.get("/readyz")
            ingest = await client.post(URL, content=b"a")
        finally:
            with database.engine.begin() as connection:
                connection.exec_driver_sql("ALTER TABLE service_gone RENAME TO service")
    assert ready.status_code == 503
    assert ingest.status_code == 503
    assert "send it again" in ingest.json()["error"]


async def test_with_a_bus_lines_are_accepted_and_counted_by_a_worker(engine: Engine, database: Database) -> None:
    bus = TableBus(database)
    async with client_on(engine, bus) as client:
        body = "".join(f"INFO order {n} placed\n" for n in range(1300))
        for _ in range(2):
            answer = await client.post(URL, content=body, headers={"Idempotency-Key": "one"})
            assert answer.status_code == 202
        assert counted(engine) == 0
        assert (await client.get("/readyz")).json()["bus_batches"] == 3
        worker = Worker(bus, engine, "w")
        while worker.round():
            pass
        assert counted(engine) == 1300
        assert (await client.get("/readyz")).json()["bus_batches"] == 0
        await client.post(URL, content=body, headers={"Idempotency-Key": "one"})
        while worker.round():
            pass
    assert counted(engine) == 1300


async def test_a_full_bus_is_429(engine: Engine, database: Database) -> None:
    async with client_on(engine, TableBus(database, bytes_max=2000)) as client:
        statuses = [(await client.post(URL, content=f"INFO {n} {'x' * n}\n")).status_code for n in range(60)]
        refused = await client.post(URL, content=b"INFO a\n")
    assert statuses[0] == 202
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "5"
