"""Do declared checks of real tables find what is wrong, tell it as a signal, and stop when it is right again?"""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from bot.checks.declared import CheckKind, CheckSettings
from bot.checks.judged import Finding
from bot.engine.checked import measured
from bot.engine.ports import Notice
from bot.incidents.model import IncidentState
from bot.metrics.labels import labels_text
from bot.slack.render import Renderer
from tests.scenarios.world import World

START = datetime(2026, 11, 16, 6, tzinfo=UTC)


class Warehouse:
    """A real SQLite database beside the world."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder}/warehouse.db"
        self.engine: Engine = create_engine(self.url)
        self.do("CREATE TABLE orders (id INTEGER, customer TEXT, total REAL, at TIMESTAMP, score REAL, truth TEXT)")

    def do(self, statement: str, **values: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(statement), values)

    def add(
        self, count: int, at: datetime, *, total: float = 50.0, customer: str | None = "ann", seed: int = 1
    ) -> None:
        rng = random.Random(f"{seed}{at}")
        rows = [
            {
                "id": rng.randrange(10**9),
                "c": customer,
                "t": rng.gauss(total, 10),
                "a": (at - timedelta(seconds=i / 10)).replace(tzinfo=None),
            }
            for i in range(count)
        ]
        with self.engine.begin() as connection:
            statement = "INSERT INTO orders (id, customer, total, at, score, truth) VALUES (:id, :c, :t, :a, 1, '1')"
            connection.execute(text(statement), rows)


def a_world(warehouse: Warehouse, **check: Any) -> World:
    declared = {"source": "warehouse", "service": "orders_hourly", "table": "orders", "every_minutes": 5, **check}
    watch = {"databases": {"warehouse": {"url": warehouse.url}}, "checks": {"orders": declared}}
    return World(services={}, watch=watch)


def run(world: World, minutes: int) -> None:
    for _ in range(minutes):
        world.clock.advance(timedelta(minutes=1))
        world.engine.watched.run()
        world.engine.checks.run()


def card(world: World) -> str:
    """The incident's message as a person reads it."""
    incident = world.incidents()[0]
    page = world.engine.reading.page(Notice("k", "incident", "#incidents", {"incident": incident.id}, card=True))
    return Renderer().render("incident", page).text


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path)


def test_a_table_that_gets_no_new_rows_opens_an_incident_and_its_return_ends_it(warehouse: Warehouse) -> None:
    world = a_world(warehouse, kind="freshness", time_column="at", minutes_max=60)
    warehouse.add(5, START)
    run(world, 55)
    assert world.incidents() == []
    run(world, 15)
    (incident,) = world.incidents()
    assert incident.service == "orders_hourly"
    assert incident.began_at <= START + timedelta(minutes=61)
    assert "orders is late" in card(world)
    run(world, 30)
    assert world.incidents()[0].state is IncidentState.OPEN
    warehouse.add(5, world.clock.now())
    run(world, 25)
    assert world.incidents()[0].state is IncidentState.RESOLVED


def test_far_fewer_rows_than_the_tables_own_history_are_told_and_what_was_odd_does_not_become_usual(
    warehouse: Warehouse,
) -> None:
    world = a_world(warehouse, kind="volume", time_column="at", hours=1)
    for _ in range(10):
        warehouse.add(random.Random(str(world.clock.now())).randint(95, 105), world.clock.now())
        run(world, 60)
    assert world.incidents() == []
    warehouse.add(12, world.clock.now())
    run(world, 59)
    assert len(world.incidents()) == 1
    assert "far fewer rows" in card(world)


NULLS = {"kind": "nulls", "columns": ["customer"], "share_max": 0.05}
DUPLICATES = {"kind": "duplicates", "columns": ["id"], "share_max": 0.01}
VALUE = {"kind": "query", "query": "SELECT min(total) FROM orders", "value_min": 0}


@pytest.mark.parametrize(
    ("check", "break_it", "said"),
    [
        ({"kind": "schema"}, "ALTER TABLE orders ADD COLUMN coupon TEXT", "has other columns"),
        (NULLS, "UPDATE orders SET customer = NULL WHERE id % 2 = 0", "too many empty"),
        (DUPLICATES, "INSERT INTO orders SELECT * FROM orders", "too many duplicates"),
        (VALUE, "UPDATE orders SET total = -5", "not as it should be"),
    ],
)
def test_what_a_check_declares_is_found_when_it_breaks(
    warehouse: Warehouse, check: dict[str, Any], break_it: str, said: str
) -> None:
    world = a_world(warehouse, **check)
    warehouse.add(200, START, total=60)
    run(world, 20)
    assert world.incidents() == []
    warehouse.do(break_it)
    run(world, 10)
    assert len(world.incidents()) == 1
    assert said in card(world)


def test_drift_is_evidence_by_itself_and_worse_predictions_are_a_message(warehouse: Warehouse) -> None:
    drift = a_world(warehouse, kind="drift", columns=["total"], time_column="at", hours=1, reference_hours=24)
    for hour in range(1, 6):
        warehouse.add(700, START - timedelta(hours=hour), seed=hour)
    warehouse.add(700, START, total=80)
    run(drift, 15)
    assert drift.incidents() == []
    with drift.engine.store.read() as tx:
        (signal,) = tx.signals.loose(START)
    assert signal.kind == "drift"
    assert signal.evidence.measure is not None
    assert "total" in signal.evidence.measure.parts[0][1]
    performance = a_world(
        warehouse, kind="performance", prediction="score", label="truth", time_column="at", hours=1, reference_hours=24
    )
    warehouse.do(
        "UPDATE orders SET score = 0 WHERE at >= :since AND id % 3 = 0", since=str(START - timedelta(minutes=30))[:19]
    )
    warehouse.do("UPDATE orders SET truth = score WHERE at < :since", since=str(START - timedelta(minutes=30))[:19])
    run(performance, 10)
    assert len(performance.incidents()) == 1
    assert "predicts worse" in card(performance)


def test_a_database_that_is_away_is_said_once_and_the_other_checks_go_on(
    warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    world = a_world(warehouse, kind="freshness", table="nothing", time_column="at", minutes_max=60)
    run(world, 12)
    assert len([r for r in caplog.records if "checks.orders cannot be read" in r.message]) == 1


def test_only_reading_is_possible(warehouse: Warehouse) -> None:
    world = a_world(warehouse, kind="query", query="DELETE FROM orders", value_min=0)
    warehouse.add(3, START)
    run(world, 6)
    with warehouse.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM orders")).scalar_one() == 3


def test_a_detector_in_shadow_is_counted_and_says_nothing(warehouse: Warehouse) -> None:
    declared = {"source": "warehouse", "service": "o", "table": "orders", "kind": "freshness", "time_column": "at"}
    watch = {"databases": {"warehouse": {"url": warehouse.url}}, "checks": {"o": {**declared, "minutes_max": 1}}}
    world = World(services={}, watch=watch, detection={"shadow": ["data_check"]})
    warehouse.add(1, START)
    run(world, 30)
    assert world.incidents() == []
    with world.engine.store.read() as tx:
        assert [d.reason for d in tx.records.decisions("o")] == ["shadow"]


def test_a_value_with_a_nul_in_it_is_no_trouble_for_any_database() -> None:
    check = CheckSettings(source="w", kind=CheckKind.SCHEMA, service="s", table="t")
    signal = measured("c", check, Finding("schema", parts=(("added", "a\x00b"),)), START)
    assert signal.evidence.measure is not None
    assert signal.evidence.measure.parts == (("added", "ab"),)
    assert "\x00" not in labels_text({"pod": "a\x00"})
