"""Is everything done once, whichever step the process dies at?"""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.actions.model import ActionKind, Run, RunState
from bot.clock import HeldClock
from bot.engine.whole import Engine
from bot.logs.record import LogRecord
from bot.main import build_engine
from bot.settings import Settings
from bot.store import migrate
from bot.store.database import Database
from tests.scenarios.deployments import Deployments
from tests.scenarios.kills import Fuse, FusedDatabase, FusedExecutor, Killed
from tests.scenarios.world import ANA, BEN

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
STEPS_MAX = 14


class Life:
    """A Tocsin that can be killed and started again on the same database and repository."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder}/tocsin.db"
        self.deployments = Deployments(folder, {"checkout": "1.4.1"})
        self.deployments.commit("checkout", "1.4.2")
        values = {**self.deployments.settings(), "slack": {"operators": ["UANA", "UBEN"]}}
        self.settings = Settings.model_validate(values)
        with_schema = Database(self.url)
        migrate.upgrade(with_schema.engine)
        with_schema.close()

    def start(self, fuse: Fuse) -> Engine:
        return build_engine(
            self.settings,
            clock=HeldClock(NOW),
            store=FusedDatabase(self.url, fuse),
            executors={"shop": FusedExecutor(self.deployments.executor, fuse)},
            team="T1",
        )


@pytest.mark.parametrize("at", range(1, STEPS_MAX))
def test_a_run_killed_at_any_step_commits_once(tmp_path: Path, at: int) -> None:
    life = Life(tmp_path)
    run = _approved(life)
    fuse = Fuse(at)
    engine = life.start(fuse)
    try:
        while engine.runs.work("embedded"):
            pass
    except Killed:
        engine = life.start(Fuse())
        engine.runs.take_over("embedded")
        while engine.runs.work("embedded"):
            pass
    else:
        assert 9 <= fuse.steps < at, "the fuse must guard at least three transactions and the call"
    assert life.deployments.version("checkout") == "1.4.1"
    assert life.deployments.commits_by("Tocsin-Action") == 1
    assert engine.reading.run(run.id).run.state is RunState.VERIFYING
    with engine.store.read() as tx:
        assert len(tx.changes.between(NOW.replace(year=2020), NOW.replace(year=2030))) == 1


@pytest.mark.parametrize("at", range(1, 4))
def test_a_batch_killed_at_any_step_counts_once_when_it_is_sent_again(tmp_path: Path, at: int) -> None:
    life = Life(tmp_path)
    records = [LogRecord(NOW, "checkout", f"order {n} accepted") for n in range(50)]
    engine = life.start(Fuse(at))
    with pytest.raises(Killed):
        engine.ingest.take(records, key="batch-1")
    engine = life.start(Fuse())
    engine.ingest.take(records, key="batch-1")
    with engine.store.read() as tx:
        assert tx.logs.total_lines() == 50
        [state] = tx.logs.template_states("checkout")
        assert state.size == 50


def test_a_failed_transaction_does_not_leave_its_lines_in_the_miner(tmp_path: Path) -> None:
    life = Life(tmp_path)
    engine = life.start(Fuse(2))
    records = [LogRecord(NOW, "checkout", f"order {n} accepted") for n in range(50)]
    with pytest.raises(Killed):
        engine.ingest.take(records, key="batch-1")
    engine.ingest.take(records, key="batch-1")
    with engine.store.read() as tx:
        assert tx.logs.total_lines() == 50
        [state] = tx.logs.template_states("checkout")
        assert state.size == 50


def _approved(life: Life) -> Run:
    engine = life.start(Fuse())
    run = engine.runs.ask(ActionKind.ROLLBACK, "checkout", {}, ANA)
    return engine.runs.approve(run.id, BEN)
