"""How does a table hold what is to be done elsewhere, about each key in the order in which it was put?

A row is claimed by raising its number of attempts, which only one can; until the claim ends nothing else is due.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, exists, func, insert, select, update

_DUE, _DONE, _DROPPED, _FAILED = "due", "told", "dropped", "failed"
_ERROR_MAX = 2_000


class InOrder:
    """`table` has the columns id, key, state, put_at, due_at, attempts, error, and whatever is to be done."""

    def __init__(self, connection: Connection, table: Table) -> None:
        self._db, self._table = connection, table

    def put(self, values: dict[str, Any], due_at: datetime) -> None:
        more = {"state": _DUE, "due_at": due_at, "attempts": 0, "error": ""}
        self._db.execute(insert(self._table).values(values | more))

    def drop_waiting(self, key: str, *only: ColumnElement[bool]) -> Sequence[Row[Any]]:
        """Takes them back. Locked first, so that nobody claims one of them meanwhile."""
        table = self._table
        mine = and_(table.c.key == key, table.c.state == _DUE, *only)
        rows = self._db.execute(select(table).where(mine).order_by(table.c.id).with_for_update()).all()
        self._db.execute(update(table).where(table.c.id.in_([row.id for row in rows])).values(state=_DROPPED))
        return rows

    def claim(self, now: datetime, until: datetime) -> Row[Any] | None:
        """The next one, whose attempts are one more now than the row says. None too when another was faster."""
        table, earlier = self._table, self._table.alias()
        waits = exists().where(earlier.c.key == table.c.key, earlier.c.id < table.c.id, earlier.c.state == _DUE)
        due = select(table).where(table.c.state == _DUE, table.c.due_at <= now, ~waits)
        row = self._db.execute(due.order_by(table.c.due_at, table.c.id).limit(1)).one_or_none()
        if row is None:
            return None
        raised = {"attempts": row.attempts + 1, "due_at": until}
        return row if self._change(row.id, row.attempts, raised) else None

    def done(self, row_id: int, attempts: int) -> None:
        self._change(row_id, attempts, {"state": _DONE, "error": ""})

    def later(self, row_id: int, attempts: int, at: datetime, error: str) -> None:
        self._change(row_id, attempts, {"due_at": at, "error": error[:_ERROR_MAX]})

    def give_up(self, row_id: int, attempts: int, error: str) -> None:
        self._change(row_id, attempts, {"state": _FAILED, "error": error[:_ERROR_MAX]})

    def waiting(self) -> int:
        query = select(func.count()).select_from(self._table).where(self._table.c.state == _DUE)
        return int(self._db.execute(query).scalar_one())

    def _change(self, row_id: int, attempts: int, values: dict[str, Any]) -> bool:
        """False when the claim is another's by now."""
        table = self._table
        mine = and_(table.c.id == row_id, table.c.attempts == attempts, table.c.state == _DUE)
        return self._db.execute(update(table).where(mine).values(values)).rowcount == 1
