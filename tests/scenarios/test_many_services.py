"""What if a sender puts an id into the service's name? It fills neither the database nor the channel."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from bot.clock import HeldClock
from bot.engine.admitting import OTHERS
from bot.engine.pages import LinePage
from bot.engine.whole import Engine
from bot.logs.record import LogRecord
from bot.main import build_engine
from bot.settings import Settings
from bot.slack.render import Renderer
from bot.store.database import Database

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SETTINGS = Settings.model_validate({"logs": {"services_max": 5}, "services": {"payments": {}}})


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock(NOW)


@pytest.fixture
def engine(database: Database, clock: HeldClock) -> Engine:
    return made(database, clock)


def made(database: Database, clock: HeldClock) -> Engine:
    return build_engine(SETTINGS, clock=clock, store=database, executors={})


def send(engine: Engine, services: Sequence[str]) -> None:
    engine.ingest.take([LogRecord(engine.clock.now(), service, "order 1 failed", "error") for service in services])


def lines(engine: Engine) -> dict[str, int]:
    with engine.store.read() as tx:
        return {row.name: row.lines for row in tx.logs.services()}


def told(engine: Engine) -> list[str]:
    with engine.store.read() as tx:
        return [str(due.notice.facts["service"]) for due in tx.outbox.due(engine.clock.now() + timedelta(days=3), 100)]


def test_further_services_count_together_and_no_line_is_lost(engine: Engine) -> None:
    send(engine, [f"pod-{number}" for number in range(200)] + ["pod-0", "payments"])
    send(engine, ["pod-1", "pod-199", "payments"])
    counted = lines(engine)
    assert set(counted) == {*(f"pod-{number}" for number in range(5)), OTHERS, "payments"}
    assert (counted["pod-0"], counted["pod-1"], counted[OTHERS], counted["payments"]) == (2, 2, 196, 2)
    assert sum(counted.values()) == 205


def test_the_channel_is_told_once_a_day(engine: Engine, clock: HeldClock) -> None:
    send(engine, [f"pod-{number}" for number in range(7)])
    send(engine, ["pod-8", "pod-9"])
    assert told(engine) == ["pod-5"]
    clock.advance(timedelta(days=1))
    send(engine, ["pod-10"])
    assert told(engine) == ["pod-5", "pod-10"]


def test_it_holds_over_a_restart_and_a_failed_batch(engine: Engine, database: Database, clock: HeldClock) -> None:
    send(engine, ["a", "b", "c", "d"])
    again = made(database, clock)
    with pytest.raises(AttributeError):
        again.ingest.take([LogRecord(clock.now(), "lost", cast(str, None))])
    send(again, ["e", "f"])
    assert set(lines(again)) == {"a", "b", "c", "d", "e", OTHERS}


def test_what_is_told_can_be_read_and_pings_nobody() -> None:
    facts = {"kind": "services_capped", "by": "", "service": "<!channel>", "most": "2000"}
    said = Renderer().render("line", LinePage(facts, None, None, NOW)).text
    assert "more than 2,000 services" in said
    assert "<!channel>" not in said
