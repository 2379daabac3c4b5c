"""Who holds which lock? One row a name; taking and letting go are each one conditional statement."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, delete, select

from bot.actions.locks import Lock
from bot.store.tables import environment_lock as table
from bot.store.upsert import insert_into


class LockTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def take(self, lock: Lock, now: datetime) -> Lock | None:
        self._db.execute(delete(table).where(table.c.name == lock.name, table.c.until <= now))
        values = {"name": lock.name, "by": lock.by, "reason": lock.reason, "at": lock.at, "until": lock.until}
        statement = insert_into(self._db, table).values(values).on_conflict_do_nothing(index_elements=["name"])
        serial = self._db.execute(statement.returning(table.c.serial)).scalar_one_or_none()
        return replace(lock, serial=serial) if serial is not None else None

    def release(self, name: str, serial: int) -> bool:
        statement = delete(table).where(table.c.name == name, table.c.serial == serial)
        return self._db.execute(statement).rowcount == 1

    def all(self) -> list[Lock]:
        rows = self._db.execute(select(table).order_by(table.c.name))
        return [Lock(row.name, row.by, row.reason, row.at, row.until, row.serial) for row in rows]
