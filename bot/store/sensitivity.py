"""What people said of signals, by fingerprint."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, delete, select

from bot.engine.ports import Sensitivity
from bot.store.tables import sensitivity as table
from bot.store.upsert import insert_or_update


class SensitivityTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def of(self, fingerprint: str) -> Sensitivity | None:
        row = self._db.execute(select(table).where(table.c.fingerprint == fingerprint)).one_or_none()
        return _sensitivity(row) if row else None

    def save(self, learnt: Sensitivity) -> None:
        values = asdict(learnt)
        insert_or_update(self._db, table, values, ["fingerprint"], values)

    def forget(self, fingerprint: str) -> bool:
        return self._db.execute(delete(table).where(table.c.fingerprint == fingerprint)).rowcount > 0

    def all(self, limit: int) -> list[Sensitivity]:
        """Those changed last."""
        query = select(table).order_by(table.c.changed_at.desc(), table.c.fingerprint).limit(limit)
        return [_sensitivity(row) for row in self._db.execute(query)]


def _sensitivity(row: Any) -> Sensitivity:
    return Sensitivity(**row._mapping)
