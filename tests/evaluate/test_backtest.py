"""What would have been told? From the database as it is, and from files."""

import json
from datetime import datetime, timedelta
from pathlib import Path

from typer.testing import CliRunner

from bot.anomalies.detectors import default_detectors
from bot.cli import app
from bot.evaluate.backtest import backtest
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
