"""Is it told when a heartbeat does not come and when an address does not answer, and when they do again?"""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from bot.asking.probe import look
from bot.clock import HeldClock, SystemClock
from bot.engine.uptime import Look, due_at
from bot.engine.whole import Engine
from bot.errors import NotFound
from bot.incidents.model import Incident, Resolution
from bot.main import build_engine
from bot.settings import HeartbeatSettings, Settings, UptimeSettings
from bot.store.database import Database

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SETTINGS = {
    "heartbeats": {"backup": {"every_minutes": 60, "grace_minutes": 10, "service": "warehouse"}},
    "uptime": {"shop": {"url": "http://127.0.0.1:1/", "service": "web"}},
}


@pytest.fixture
def engine(database: Database) -> Engine:
    return build_engine(Settings.model_validate(SETTINGS), clock=HeldClock(NOW), store=database, executors={})


def advance(engine: Engine, minutes: float) -> None:
    assert isinstance(engine.clock, HeldClock)
    engine.clock.advance(timedelta(minutes=minutes))
    engine.uptime.check_heartbeats()


def incidents(engine: Engine) -> list[Incident]:
    with engine.store.read() as tx:
        return tx.incidents.recent(NOW - timedelta(days=1))


def test_a_heartbeat_that_does_not_come_is_told_once_and_ends_when_it_comes(engine: Engine) -> None:
    engine.uptime.check_heartbeats()
    engine.uptime.beat("backup")
    advance(engine, 69)
    assert incidents(engine) == []
    advance(engine, 2)
    advance(engine, 30)
    (incident,) = incidents(engine)
    assert (incident.service, incident.title) == ("warehouse", "backup sent no heartbeat")
    engine.uptime.beat("backup")
    assert incidents(engine)[0].resolution is Resolution.RECOVERED


def test_a_heartbeat_that_never_came_is_awaited_from_the_first_look(engine: Engine) -> None:
    advance(engine, 0)
    advance(engine, 69)
    assert incidents(engine) == []
    advance(engine, 2)
    assert len(incidents(engine)) == 1


def test_a_job_may_say_that_it_failed(engine: Engine) -> None:
    engine.uptime.beat("backup", "start")
    engine.uptime.beat("backup", "fail")
    assert len(incidents(engine)) == 1
    engine.uptime.beat("backup")
    assert incidents(engine)[0].resolution is Resolution.RECOVERED
    with pytest.raises(NotFound, match="backup"):
        engine.uptime.beat("nightly")


def test_cron_says_when_the_next_one_is_due_across_a_change_of_the_clocks() -> None:
    heartbeat = HeartbeatSettings(cron="0 3 * * *", timezone="Europe/Berlin", grace_minutes=30)
    assert due_at(heartbeat, datetime(2026, 3, 28, 2, 5, tzinfo=UTC)) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    with pytest.raises(ValueError, match="cron"):
        Settings.model_validate({"heartbeats": {"x": {"cron": "every day"}}})


def test_one_bad_look_is_not_told_two_are_and_a_good_one_ends_it(engine: Engine) -> None:
    engine.uptime.looked("shop", Look("it answers 502"))
    assert incidents(engine) == []
    engine.uptime.looked("shop", Look("it answers 502"))
    engine.uptime.looked("shop", Look("it answers 503"))
    (incident,) = incidents(engine)
    assert incident.service == "web"
    engine.uptime.looked("shop", Look("", 12.0))
    assert incidents(engine)[0].resolution is Resolution.RECOVERED


@pytest.fixture
def url() -> Iterator[str]:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(int(self.path.strip("/") or 200))
            self.end_headers()
            self.wfile.write(b"all is well")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "settings", "problem"),
    [
        ("/200", {}, ""),
        ("/200", {"contains": "well", "status": 200, "latency_ms_max": 5000}, ""),
        ("/200", {"contains": "ill"}, "'ill' is not in its answer"),
        ("/503", {}, "it answers 503"),
        ("/204", {"status": 200}, "it answers 204, not 200"),
        ("/200", {"latency_ms_max": 0.001}, "are allowed"),
    ],
)
async def test_a_look_says_what_is_wrong(url: str, path: str, settings: dict[str, Any], problem: str) -> None:
    found = await look(UptimeSettings(url=url + path, **settings), SystemClock())
    assert problem in found.problem
    assert bool(found.problem) is bool(problem)


async def test_what_cannot_be_reached_or_takes_too_long_is_a_problem() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        waited = await look(UptimeSettings(url=f"http://127.0.0.1:{port}/", timeout_s=0.1), SystemClock())
    gone = await look(UptimeSettings(url=f"http://127.0.0.1:{port}/"), SystemClock())
    assert "no answer within" in waited.problem
    assert "cannot be reached" in gone.problem
