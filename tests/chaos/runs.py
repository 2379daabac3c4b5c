"""Is every effect of many runs had exactly once while their workers are killed?

    python -m tests.chaos.runs --runs 300 --kills 20 [--postgres postgresql://…]

Three workers do runs of three steps (one of them slow, so that it is followed); some runs are stopped by people
meanwhile. At random moments a worker is killed with -9 and another one started; on PostgreSQL the server also ends
connections. Afterwards every step of a run that succeeded has had its effect once, and no step more than once.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from bot.actions.model import ActionKind, Run, RunState
from bot.clock import SystemClock
from bot.engine.whole import Engine
from bot.errors import Refused, Stale
from bot.main import build_engine, open_store
from bot.people import Person
from bot.settings import Settings
from tests.chaos.backend import FileBackend

ROOT = Path(__file__).parents[2]
STEPS = ("", "slow", "")
WORKERS = 3
ANA, BEN = Person("T1", "UANA"), Person("T1", "UBEN")
ENOUGH_S = 600


def settings_for(folder: Path, services: int) -> Settings:
    steps = [{"kind": "restart", "connector": "file", "target": {"pace": pace} if pace else {}} for pace in STEPS]
    actions = {f"act-{n}": {"kind": "restart", "service": f"s{n}", "steps": steps} for n in range(services)}
    values = {"connectors": {"file": {"type": "file"}}, "actions": actions, "slack": {"operators": ["*"]}}
    return Settings.model_validate({"data_dir": str(folder), **values})


@dataclass
class Outcome:
    runs: dict[str, int]
    steps_done: int
    twice: list[str]
    missing: list[str]
    calls: int
    kills: int
    connections_ended: int
    seconds: float

    @property
    def is_right(self) -> bool:
        return not self.twice and not self.missing


@dataclass
class Chaos:
    folder: Path
    url: str
    runs: int
    kills: int
    seed: int = 1
    workers: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    started: int = 0
    ended: int = 0

    def __post_init__(self) -> None:
        self.settings = settings_for(self.folder, self.runs)
        self.rng = random.Random(self.seed)
        self.backend = FileBackend(self.folder / "backend.db")

    def play(self, pause_s: tuple[float, float] = (0.8, 2.5)) -> Outcome:
        began = time.monotonic()
        store = open_store(self.settings, database_url=self.url)
        executors = {"file": self.backend}
        engine = build_engine(self.settings, clock=SystemClock(), store=store, executors=executors, team="T1")
        try:
            for number in range(self.runs):
                run = engine.runs.ask(ActionKind.RESTART, f"s{number}", {}, ANA)
                engine.runs.approve(run.id, BEN)
            for _ in range(WORKERS):
                self._start()
            killed = self._kill_and_stop(engine, pause_s)
            self._wait(engine)
            return self._outcome(engine, killed, time.monotonic() - began)
        finally:
            for worker in self.workers:
                self._kill(worker)
            store.close()

    def _kill_and_stop(self, engine: Engine, pause_s: tuple[float, float]) -> int:
        for killed in range(self.kills):
            time.sleep(self.rng.uniform(*pause_s))
            with suppress(Stale, Refused):
                engine.runs.cancel(self.rng.randint(1, self.runs), BEN)
            self._kill(self.workers.pop(self.rng.randrange(len(self.workers))))
            self._start()
            if self.url.startswith("postgresql") and killed % 2:
                self.ended += _end_connections(self.url)
        return self.kills

    def _start(self) -> None:
        self.started += 1
        name, number = f"worker-{self.started}", str(self.runs)
        command = [sys.executable, "-m", "tests.chaos.run_worker", str(self.folder), self.url, name, number]
        with (self.folder / f"{name}.log").open("wb") as out:
            self.workers.append(subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out, env=dict(os.environ)))

    def _kill(self, worker: "subprocess.Popen[bytes]") -> None:
        worker.send_signal(signal.SIGKILL)
        worker.wait(10)

    def _wait(self, engine: Engine) -> None:
        until = time.monotonic() + ENOUGH_S
        while any(not run.state.is_over for run in self._all(engine)):
            if time.monotonic() > until:
                states = Counter(run.state for run in self._all(engine))
                raise AssertionError(f"after {ENOUGH_S} s: {states}; {self._said()}")
            time.sleep(0.3)

    def _outcome(self, engine: Engine, killed: int, seconds: float) -> Outcome:
        runs = self._all(engine)
        effects = {effect.key: effect for effect in self.backend.effects()}
        wanted = [run.key_of(i) for run in runs if run.state is RunState.SUCCEEDED for i in range(len(STEPS))]
        recorded = [run.key_of(i) for run in runs for i, step in enumerate(run.steps) if step.done]
        return Outcome(
            runs=dict(Counter(run.state.value for run in runs)),
            steps_done=len(recorded),
            twice=[key for key, effect in effects.items() if effect.effects != 1],
            missing=[key for key in {*wanted, *recorded} if key not in effects],
            calls=sum(effect.calls for effect in effects.values()) - len(effects),
            kills=killed,
            connections_ended=self.ended,
            seconds=round(seconds, 1),
        )

    def _all(self, engine: Engine) -> list[Run]:
        with engine.store.read() as tx:
            return tx.runs.in_state(*RunState)

    def _said(self) -> str:
        return "\n".join(path.read_text()[-500:] for path in sorted(self.folder.glob("worker-*.log"))[-3:])


def _end_connections(url: str) -> int:
    """What a failover or an impatient administrator does."""
    with psycopg.connect(url, autocommit=True) as admin:
        query = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> %s"
        )
        own = admin.info.backend_pid
        return len(admin.execute(query, (own,)).fetchall())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgres", default="", help="the URL of an empty database; else SQLite")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = asked.postgres or f"sqlite:///{folder}/tocsin.db"
        outcome = Chaos(Path(folder), url, asked.runs, asked.kills, asked.seed).play()
    sys.stdout.write(f"{outcome}\n")
    sys.exit(0 if outcome.is_right else 1)


if __name__ == "__main__":
    main()
