"""Is a model's new version a change, its own reference, and told once; and is a feature that no longer comes seen?"""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from bot.changes.model import Change, ChangeKind
from bot.sources.model import Posted
from bot.sources.registry import BY_NAME
from tests.scenarios.world import World
from tests.sources.posting import fixture

START = datetime(2026, 11, 16, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Predictions:
    """The table that a model writes: each hour 700 rows of the version that serves then."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder}/models.db"
        self._engine = create_engine(self.url)
        with self._engine.begin() as connection:
            connection.execute(text("CREATE TABLE fraud (version TEXT, amount REAL, score REAL, at TIMESTAMP)"))

    def add(self, at: datetime, version: str, *, amount: float | None = 50.0, score: float = 0.2) -> None:
        rng = random.Random(f"{at}")
        rows = [
            {
                "v": version,
                "x": None if amount is None or rng.random() < 0.02 else rng.gauss(amount, 10),
                "s": rng.gauss(score, 0.05),
                "t": (at - timedelta(seconds=i)).replace(tzinfo=None),
            }
            for i in range(700)
        ]
        with self._engine.begin() as connection:
            connection.execute(text("INSERT INTO fraud VALUES (:v, :x, :s, :t)"), rows)

    def close(self) -> None:
        self._engine.dispose()


@pytest.fixture
def predictions(tmp_path: Path) -> Any:
    made = Predictions(tmp_path)
    yield made
    made.close()


def a_world(predictions: Predictions, *names: str) -> World:
    check = {
        "source": "models", "service": "payments", "table": "fraud", "every_minutes": 5, "kind": "drift",
        "columns": ["amount"], "prediction": "score", "time_column": "at", "version_column": "version",
        "hours": 1, "reference_hours": 24,
    }  # fmt: skip
    watch = {"databases": {"models": {"url": predictions.url}}, "checks": dict.fromkeys(names or ("drift",), check)}
    return World(services={}, watch=watch)


def run(world: World, predictions: Predictions, hours: int, version: str, **values: Any) -> None:
    """Looks twice in an hour, for drift is told when two looks in a row find it."""
    for _ in range(hours):
        world.clock.advance(timedelta(minutes=50))
        predictions.add(world.clock.now(), version, **values)
        for _ in range(2):
            world.engine.watched.run()
            world.clock.advance(timedelta(minutes=5))


def changes(world: World) -> list[Change]:
    with world.engine.store.read() as tx:
        return tx.changes.between(START - timedelta(days=3_650), world.clock.now() + HOUR)


def loose(world: World) -> list[Any]:
    with world.engine.store.read() as tx:
        return tx.signals.loose(START - timedelta(days=1))


def test_a_new_version_is_one_change_however_many_checks_look(predictions: Predictions) -> None:
    world = a_world(predictions, "drift", "drift-of-scores")
    run(world, predictions, 3, "7")
    assert changes(world) == [], "what serves when Tocsin starts is no news"
    began = world.clock.now() + timedelta(minutes=50, seconds=-699)
    run(world, predictions, 3, "8")
    (change,) = changes(world)
    assert (change.kind, change.service, change.version, change.previous) == (
        ChangeKind.MODEL_VERSION, "payments", "8", "7",
    )  # fmt: skip
    assert change.at == began
    assert change.attributes == {"model": "fraud"}


def test_versions_that_take_turns_are_told_once_each(predictions: Predictions) -> None:
    world = a_world(predictions)
    for version in ("7", "8", "7", "8", "9", "8"):
        run(world, predictions, 1, version)
    assert sorted(change.version for change in changes(world)) == ["7", "8", "9"]


def test_the_reference_is_the_version_s_own(predictions: Predictions) -> None:
    world = a_world(predictions)
    run(world, predictions, 10, "7")
    run(world, predictions, 10, "8", score=0.6)
    assert loose(world) == [], "another model predicts otherwise, which is no drift"
    run(world, predictions, 1, "8", score=0.9)
    (signal,) = loose(world)
    assert signal.kind == "drift"


def test_a_feature_that_no_longer_comes_is_drift_and_says_what_is_missing(predictions: Predictions) -> None:
    world = a_world(predictions)
    run(world, predictions, 10, "7")
    run(world, predictions, 1, "7", amount=None)
    (signal,) = loose(world)
    assert signal.evidence.measure.parts[0][1].startswith("amount ((missing): 2% → 100%")


def test_an_alias_of_mlflow_that_is_told_twice_is_one_change() -> None:
    world, source = World(services={}), BY_NAME["mlflow"]
    posted = Posted(fixture(source), dict(source.fixture_headers), world.clock.now())
    for delivery in ("first", "again by hand"):
        world.engine.events.hear("mlflow", source.decode(posted), delivery)
    assert [change.version for change in changes(world)] == ["2"]
