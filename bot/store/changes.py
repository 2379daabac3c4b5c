"""The ledger of changes."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from bot.changes.model import Change, ChangeKind
from bot.errors import NotFound
from bot.store.tables import change as table
from bot.store.upsert import insert_ignore


class ChangeTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, change: Change) -> Change | None:
        values = {column: getattr(change, column) for column in _COLUMNS}
        values["attributes"] = dict(change.attributes)
        inserted = insert_ignore(self._db, table, values, ["key"])
        if not inserted:
            return None
        row = self._db.execute(select(table).where(table.c.key == change.key)).one()
        return _change(row)

    def get(self, change_id: int) -> Change:
        row = self._db.execute(select(table).where(table.c.id == change_id)).one_or_none()
        if row is None:
            raise NotFound("change", str(change_id))
        return _change(row)

    def between(self, since: datetime, until: datetime, services: Collection[str] = ()) -> list[Change]:
        query = select(table).where(table.c.at >= since, table.c.at < until).order_by(table.c.at, table.c.id)
        if services:
            query = query.where(table.c.service.in_(services))
        return [_change(row) for row in self._db.execute(query)]

    def latest(self, service: str, kinds: Collection[str]) -> Change | None:
        query = (
            select(table)
            .where(table.c.service == service, table.c.kind.in_(kinds))
            .order_by(table.c.at.desc(), table.c.id.desc())
            .limit(1)
        )
        row = self._db.execute(query).one_or_none()
        return _change(row) if row else None


_COLUMNS = ("key", "kind", "service", "at", "version", "previous", "by", "summary", "link", "environment", "source")


def _change(row: Any) -> Change:
    values = {column: getattr(row, column) for column in _COLUMNS}
    return Change(**{**values, "kind": ChangeKind(row.kind)}, attributes=row.attributes, id=row.id)
