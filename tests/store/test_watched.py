"""Are points and what is remembered of checks kept, on SQLite and on PostgreSQL?"""

from datetime import UTC, datetime, timedelta

from bot.engine.ports import Sensitivity
from bot.engine.watch_ports import WatchState
from bot.store.database import Database
from tests.templates import pages

START = datetime(2026, 11, 16, 6, tzinfo=UTC)


def test_points_come_back_in_order_and_old_ones_go_with_the_series_that_ended(database: Database) -> None:
    with database.write() as tx:
        ids = tx.watched.series_ids("latency", ["pod=a", "pod=b"])
        tx.watched.add_points([(ids["pod=a"], START, 1.0), (ids["pod=b"], START - timedelta(days=20), 2.0)])
        tx.watched.add_points([(ids["pod=a"], START + timedelta(minutes=i), float(i)) for i in range(90, 0, -1)])
    with database.read() as tx:
        points = tx.watched.points(ids.values(), START + timedelta(minutes=30))
    assert [value for _, value in points[ids["pod=a"]]] == [float(i) for i in range(31, 91)]
    assert points[ids["pod=a"]][0][0] == START + timedelta(minutes=31)
    with database.write() as tx:
        assert tx.watched.drop_points(START - timedelta(days=15)) == 1
        assert list(tx.watched.known_series("latency")) == ["pod=a"]
        assert tx.watched.series_ids("latency", ["pod=a"]) == {"pod=a": ids["pod=a"]}


def test_what_stands_and_the_notes_of_a_check_survive(database: Database) -> None:
    signals = tuple(s for s in pages.measured() if s.evidence.measure and s.evidence.measure.what != "schema")
    with database.write() as tx:
        assert tx.watched.state("checks.orders") == WatchState("checks.orders")
        tx.watched.remember(WatchState("checks.orders", START, signals, {"volumes": [1.0, 2.0]}))
        tx.watched.remember(WatchState("checks.orders", START + timedelta(hours=1), signals, {"volumes": [3.0]}))
        state = tx.watched.state("checks.orders")
    assert state == WatchState("checks.orders", START + timedelta(hours=1), signals, {"volumes": [3.0]})


def test_what_people_said_is_kept_and_can_be_forgotten(database: Database) -> None:
    said = Sensitivity("f", "rate_up", "checkout", "t", 4.0, 1, 2, START, "T1/UANA")
    with database.write() as tx:
        tx.sensitivity.save(said)
        tx.sensitivity.save(said)
        assert tx.sensitivity.of("f") == said
        assert tx.sensitivity.all(5) == [said]
        assert tx.sensitivity.forget("f")
        assert not tx.sensitivity.forget("f")
