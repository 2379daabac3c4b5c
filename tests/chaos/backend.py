"""A backend in a file of its own that many processes act on. It takes a key once, as Airflow takes a run's name, and
counts how often it was called all the same."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.actions.model import Action, ActionKind, Done, Plan, Progress, Started
from bot.actions.parameters import Parameter
from bot.errors import ConnectorError

LOOKS = 2
"""How often a slow step is looked at before it is done."""


@dataclass(frozen=True)
class Effect:
    key: str
    effects: int
    calls: int
    cancelled: bool


class FileBackend:
    """Fulfils `bot.engine.ports.Executor`. A target `pace = "slow"` is followed; others are done at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._open() as db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS effect (key TEXT PRIMARY KEY, effects INT, calls INT, looks INT, off INT)"
            )

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        return ()

    def choices(self, action: Action, parameter: str) -> list[str]:
        return []

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        return Plan(f"act on {action.service}", "", "", "", "")

    def execute(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Done | Started:
        with self._open() as db:
            db.execute("INSERT OR IGNORE INTO effect VALUES (?, 0, 0, 0, 0)", (key,))
            db.execute("UPDATE effect SET calls = calls + 1, effects = max(effects, 1) WHERE key = ?", (key,))
        return self._outcome(key, action)

    def find(self, key: str, action: Action, plan: Plan | None = None) -> Done | Started | None:
        with self._open() as db:
            known = db.execute("SELECT 1 FROM effect WHERE key = ?", (key,)).fetchone()
        return self._outcome(key, action) if known else None

    def follow(self, started: Started, action: Action) -> Progress | Done:
        with self._open() as db:
            db.execute("UPDATE effect SET looks = looks + 1 WHERE key = ?", (started.reference,))
            row = db.execute("SELECT looks, off FROM effect WHERE key = ?", (started.reference,)).fetchone()
        if row[1]:
            raise ConnectorError("it was stopped", permanent=True, connector="file")
        return _done(started.reference) if row[0] >= LOOKS else Progress(row[0], LOOKS, "busy")

    def cancel(self, started: Started, action: Action) -> None:
        with self._open() as db:
            db.execute("UPDATE effect SET off = 1 WHERE key = ?", (started.reference,))

    def effects(self) -> list[Effect]:
        with self._open() as db:
            rows = db.execute("SELECT key, effects, calls, off FROM effect").fetchall()
        return [Effect(key, effects, calls, bool(off)) for key, effects, calls, off in rows]

    def _outcome(self, key: str, action: Action) -> Done | Started:
        return Started(key, "going on") if action.target.get("pace") == "slow" else _done(key)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Durable at the end, as an answered request is. Each call is one transaction."""
        db = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")
        finally:
            db.close()


def _done(key: str) -> Done:
    return Done("2", "1", key, "done")
