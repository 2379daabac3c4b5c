"""What people are called, and which time zone they are in, as Slack said last."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, select

from bot.people import Known
from bot.store.tables import person as table
from bot.store.upsert import insert_or_update


class PeopleTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def note(self, known: Known, at: datetime) -> None:
        values = {"name": known.name, "timezone": known.timezone, "asked_at": at}
        insert_or_update(self._db, table, {"key": known.key, **values}, ["key"], values)

    def known(self, keys: Collection[str]) -> dict[str, Known]:
        query = select(table).where(table.c.key.in_(keys))
        return {row.key: Known(row.key, row.name, row.timezone) for row in self._db.execute(query)} if keys else {}
