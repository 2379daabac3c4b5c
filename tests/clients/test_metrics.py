"""Do the metrics of a real OpenTelemetry SDK arrive once and say what was measured?"""

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.metrics.streams import Point, Shape, steps
from bot.settings import Settings
from tests.clients.conftest import HERE, Tocsin

EXPORTS = 3
METRICS = {"orders": "orders", "queue": "queue.size", "took": "request.duration", "render": "render.duration"}
SETTINGS = Settings.model_validate(
    {
        "http": {"tokens": {"shipper": "t0ken"}},
        "watch": {"series": {name: {"source": "otlp", "metric": metric} for name, metric in METRICS.items()}},
    }
)


def points_of(tocsin: Tocsin, name: str) -> list[Point]:
    now = datetime.now(UTC)
    with tocsin.engine.store.read() as tx:
        rows = tx.watched.stream_points(name, now - timedelta(hours=1), now)
    assert len({row.stream for row in rows}) == 1
    assert {row.labels for row in rows} <= {"service=checkout", "http.route=/checkout,service=checkout"}
    return [row.point for row in rows]


@pytest.mark.parametrize(("temporality", "storms"), [("cumulative", 0), ("delta", 0), ("cumulative", 2)])
def test_what_the_python_sdk_measures_arrives_once(
    tocsin: Tocsin, python_clients: Path, temporality: str, storms: int
) -> None:
    tocsin.settings, tocsin.storms = SETTINGS, storms
    environment = {**os.environ, "DELTA": "yes" if temporality == "delta" else ""}
    with tocsin.running():
        command = [str(python_clients), str(HERE / "speak.py"), "metrics", tocsin.url, str(EXPORTS)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
        assert done.returncode == 0, done.stderr[-2000:]
        (sender,) = tocsin.engine.ledger.senders()
        points = {name: points_of(tocsin, name) for name in METRICS}
    assert (sender.use.source, sender.use.service, sender.use.rejected) == ("otlp-metrics", "checkout", 0)
    assert tocsin.weather.refused == storms
    assert [one.value for one in points["orders"]][:EXPORTS] == [5.0, 10.0, 15.0]
    assert [one.value for one in points["queue"]][:EXPORTS] == [0.0, 1.0, 2.0]
    counts = [one.count for one in points["took"]][:EXPORTS]
    assert counts == ([100.0] * 3 if temporality == "delta" else [100.0, 200.0, 300.0])
    assert {one.shape for one in points["took"]} == {Shape.DELTA if temporality == "delta" else Shape.TOTAL}
    for name, off in (("took", 3.0), ("render", 3.0)):
        ((_, p95),) = steps([points[name]], "p95", [datetime.now(UTC)], timedelta(minutes=10))
        assert abs(p95 - 95) < off, f"{name}: of 0 to 99 ms"
