"""Do dbt, Great Expectations and Evidently, as they are, report what went wrong to Tocsin by docs/sources.md?

Each in an environment of its own (`locks/`). What was never sent by a real one cannot be known to be read.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.sources.model import Measured, PipelineRun, RunState
from tests.clients.conftest import Tocsin, example
from tests.heavy import servers

pytestmark = pytest.mark.timeout(900)
HERE = Path(__file__).parent
PROJECT = {
    "dbt_project.yml": "name: shop\nprofile: shop\nmodels:\n  shop:\n    +materialized: table\n",
    "profiles.yml": "shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb}\n",
    "models/orders.sql": "select 1 as id, 10 as amount union all select 2, null\n",
    "models/broken.sql": "select no_such_column from (select 1 as id)\n",
    "models/schema.yml": """\
models:
  - name: orders
    columns:
      - name: id
        data_tests: [unique, not_null]
      - name: amount
        data_tests: [not_null]
""",
}


@pytest.fixture
def tocsin(tmp_path: Path) -> Iterator[Tocsin]:
    with Tocsin(f"sqlite:///{tmp_path}/tocsin.db").running() as tocsin:
        yield tocsin


def filled(tocsin: Tocsin, source: str, shipper: str, folder: Path) -> Path:
    """The configuration of docs/sources.md, for this Tocsin, as a file."""
    file = folder / f"{source}-example"
    file.write_text(tocsin.filled(example(source, shipper)))
    return file


def ran(command: list[str], folder: Path, well: Callable[[int], bool] = lambda code: code == 0) -> str:
    env = {
        **os.environ,
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "false",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=600)
    assert well(done.returncode), done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def reported(tocsin: Tocsin) -> tuple[list[PipelineRun], list[Measured]]:
    since = datetime.now(UTC) - timedelta(days=1)
    with tocsin.engine.store.read() as tx:
        return tx.sources.pipeline_runs(since), tx.sources.measured(since)


def signals(tocsin: Tocsin) -> set[str]:
    with tocsin.engine.store.read() as tx:
        return {row.title for row in tx.sources.standing()}


def unread(tocsin: Tocsin) -> list[str]:
    return [f"{letter.place}: {letter.problem}" for letter in tocsin.engine.ledger.rejected(10)]


def test_a_model_that_fails_and_a_test_that_does_not_pass_come_from_dbt(tocsin: Tocsin, tmp_path: Path) -> None:
    bin_ = servers.environment("dbt")
    for name, text in PROJECT.items():
        file = tmp_path / "shop" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    ran([str(bin_ / "dbt"), "build", "--profiles-dir", "."], tmp_path / "shop", lambda code: code == 1)
    for _ in range(2):
        ran(["sh", str(filled(tocsin, "dbt", "after dbt build", tmp_path))], tmp_path / "shop")
    runs, measured = reported(tocsin)
    assert {(run.task, run.state) for run in runs} == {("orders", RunState.SUCCEEDED), ("broken", RunState.FAILED)}
    assert {(one.name.partition(".")[0], one.passed, one.value) for one in measured} == {
        ("unique_orders_id", True, 0.0), ("not_null_orders_id", True, 0.0), ("not_null_orders_amount", False, 1.0)
    }  # fmt: skip
    assert signals(tocsin) == {"shop/broken", "shop: not_null_orders_amount"}
    assert unread(tocsin) == []


def test_an_expectation_that_is_not_met_comes_from_great_expectations(tocsin: Tocsin, tmp_path: Path) -> None:
    python = servers.environment("expectations") / "python"
    file = filled(tocsin, "expectations", "after a checkpoint", tmp_path)
    ran([str(python), str(HERE / "reports" / "expectations.py"), str(file)], tmp_path)
    _, measured = reported(tocsin)
    assert {(one.subject, one.name, one.passed, one.value) for one in measured} == {
        ("orders", "expect_column_values_to_be_unique(id)", True, 0.0),
        ("orders", "expect_column_values_to_not_be_null(amount)", False, 25.0),
    }
    assert signals(tocsin) == {"orders: expect_column_values_to_not_be_null(amount)"}
    assert unread(tocsin) == []


def test_a_column_that_drifted_comes_from_evidently(tocsin: Tocsin, tmp_path: Path) -> None:
    python = servers.environment("evidently") / "python"
    file = filled(tocsin, "evidently", "after a report", tmp_path)
    ran([str(python), str(HERE / "reports" / "evidently_report.py"), str(file)], tmp_path)
    _, measured = reported(tocsin)
    assert {one.subject for one in measured} == {"churn"}
    failed = [one.name for one in measured if one.passed is False]
    assert any("amount" in name for name in failed), measured
    assert not any("age" in name for name in failed), measured
    assert all("churn: " in title for title in signals(tocsin))
    assert unread(tocsin) == []
