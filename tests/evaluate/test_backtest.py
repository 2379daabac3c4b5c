"""What would have been told? From the database as it is, and from files."""

import json
import random
from datetime import datetime, timedelta
from pathlib import Path

from typer.testing import CliRunner

from bot.anomalies.detectors import default_detectors
from bot.cli import app
from bot.evaluate.backtest import backtest
from bot.evaluate.backtest_series import of_store
from tests.scenarios.traffic import Line, shop
from tests.scenarios.world import World


def test_the_windows_of_a_known_incident_are_found_again_and_nothing_is_told_anew() -> None:
    world = World(services={"checkout": shop()["checkout"]})
    world.run(minutes=60)
    world.service("checkout").faults.append(Line("payment {n} failed: timeout", 40, "error"))
    world.run(minutes=5)
    told = world.notices()
    until = world.clock.now()
    report, fired = backtest(
        world.engine.store,
        world.settings,
        default_detectors(),
        until - timedelta(hours=2),
        until,
        lambda _: lambda _: None,
    )
    rows = {(row["detector"], row["threshold"]): row for row in report.tables[0].rows}
    assert {one.anomaly.service for one in fired} == {"checkout"}
    new = rows["new_template", "1 ×"]
    assert new["fired"] == new["in incidents"] == 1
    assert world.notices() == told


def test_files_are_counted_in_memory_and_the_plot_is_written(tmp_path: Path) -> None:
    began = datetime(2026, 11, 16, 6)
    lines = [f"{began + timedelta(seconds=i)} INFO order {i} accepted" for i in range(0, 3600)]
    lines += [f"{began + timedelta(seconds=3600 + i / 4)} ERROR payment {i} failed: timeout" for i in range(300)]
    (tmp_path / "checkout.log").write_text("\n".join(lines))
    done = CliRunner().invoke(
        app, ["backtest", str(tmp_path / "checkout.log"), "--json", "--plot", str(tmp_path / "p.png")]
    )
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)["tables"][0]["rows"]
    assert next(row for row in rows if row["detector"] == "new_template")["fired"] == 1
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    assert CliRunner().invoke(app, ["backtest", str(tmp_path / "checkout.log"), "--since", "soon"]).exit_code == 2


def curve(folder: Path, name: str, *, label: bool) -> Path:
    """Two days by the five minutes with half an hour far outside."""
    rng, lines = random.Random(3), [f"timestamp,value{',label' if label else ''}"]
    for tick in range(2 * 288):
        is_odd = 500 <= tick < 506
        value = 100 + rng.gauss(0, 5) + (300 if is_odd else 0)
        lines.append(f"{MONDAY + tick * timedelta(minutes=5)},{value:.2f}{f',{int(is_odd)}' if label else ''}")
    (folder / name).write_text("\n".join(lines))
    return folder / name


MONDAY = datetime(2026, 11, 16)


def test_a_csv_of_points_is_asked_at_each_threshold_and_its_labels_are_its_incidents(tmp_path: Path) -> None:
    files = [str(curve(tmp_path, name, label=name == "cpu.csv")) for name in ("cpu.csv", "disk.csv")]
    done = CliRunner().invoke(app, ["backtest", *files, "--json", "--plot", str(tmp_path / "p.png")])
    assert done.exit_code == 0, done.output
    rows = {(row["series"], row["threshold"]): row for row in json.loads(done.stdout)["tables"][0]["rows"]}
    assert {threshold for name, threshold in rows if name == "cpu.csv"} == {"1 ×", "2 ×", "4 ×", "8 ×"}
    assert rows["cpu.csv", "8 ×"]["fired"] == rows["cpu.csv", "8 ×"]["in incidents"] >= 1
    assert rows["disk.csv", "8 ×"]["in incidents"] == 0
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    (tmp_path / "a.log").write_text("2026-11-16 06:00:00 INFO hello\n")
    mixed = CliRunner().invoke(app, ["backtest", files[0], str(tmp_path / "a.log")])
    assert mixed.exit_code == 2
    assert "one after the other" in mixed.output


def test_the_points_that_are_kept_are_asked_again_and_count_where_an_incident_was_open() -> None:
    declared = {"source": "main", "query": "q", "service": "checkout", "every_s": 300, "worse": "up"}
    watch = {"prometheus": {"main": {"url": "http://127.0.0.1:1"}}, "series": {"latency": declared}}
    world = World(services={}, watch=watch)
    until, rng = world.clock.now(), random.Random(5)
    ticks = [until - timedelta(minutes=5 * i) for i in range(3 * 288, 0, -1)]
    with world.engine.store.write() as tx:
        ids = tx.watched.series_ids("latency", ["pod=a", "pod=b"])
        for number, key in enumerate(ids.values()):
            odd = range(3 * 288 - 20, 3 * 288 - 14) if number == 0 else range(0)
            points = [(key, at, 100 + rng.gauss(0, 5) + 300 * (i in odd)) for i, at in enumerate(ticks)]
            tx.watched.add_points(points)
    since = until - timedelta(days=1)
    table, fired = of_store(world.engine.store, world.settings, since, until, [("checkout", since, until)])
    assert table is not None
    rows = {row["threshold"]: row for row in table.rows}
    assert rows["8 ×"]["fired"] == rows["8 ×"]["in incidents"] == rows["8 ×"]["problems"] == 1
    assert {one.anomaly.template_id for one in fired if one.anomaly.score > 8 * one.anomaly.threshold} == {"pod=a"}
    assert world.incidents() == []
    assert of_store(world.engine.store, World(services={}).settings, since, until, []) == (None, [])
