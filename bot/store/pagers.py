"""What pagers know of incidents, and the outbox of what they are still to be told."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, exists, func, insert, select, update

from bot.engine.calling_ports import PagerAlert, PagerEvent, Told
from bot.store.tables import pager_alert as alert_table
from bot.store.tables import pager_event as event_table
from bot.store.upsert import insert_ignore

_DUE, _TOLD, _DROPPED, _FAILED = "due", "told", "dropped", "failed"
_ERROR_MAX = 2_000


class PagerTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    # -- what they know

    def add_alert(self, alert: PagerAlert) -> bool:
        return insert_ignore(self._db, alert_table, {"key": alert.key} | _values(alert), ["key"])

    def alert(self, key: str) -> PagerAlert | None:
        row = self._db.execute(select(alert_table).where(alert_table.c.key == key)).one_or_none()
        return _alert(row) if row else None

    def alerts(self, incident_id: int) -> list[PagerAlert]:
        query = select(alert_table).where(alert_table.c.incident_id == incident_id)
        return [_alert(row) for row in self._db.execute(query.order_by(alert_table.c.since, alert_table.c.key))]

    def open_alerts(self) -> list[PagerAlert]:
        query = select(alert_table).where(alert_table.c.state != Told.RESOLVE.value)
        return [_alert(row) for row in self._db.execute(query.order_by(alert_table.c.key))]

    def save_alert(self, alert: PagerAlert) -> None:
        self._db.execute(update(alert_table).where(alert_table.c.key == alert.key).values(_values(alert)))

    # -- what they are to be told

    def put(self, event: PagerEvent, due_at: datetime) -> None:
        values = {"key": event.key, "pager": event.pager, "incident_id": event.incident_id, "state": _DUE}
        values |= {"action": event.action.value, "put_at": event.put_at, "due_at": due_at}
        self._db.execute(insert(event_table).values(values | {"attempts": 0, "error": ""}))

    def drop_waiting(self, key: str) -> list[tuple[PagerEvent, datetime]]:
        """Locked first, so that nobody claims one of them meanwhile."""
        mine = and_(event_table.c.key == key, event_table.c.state == _DUE)
        rows = self._db.execute(select(event_table).where(mine).order_by(event_table.c.id).with_for_update()).all()
        self._db.execute(
            update(event_table).where(event_table.c.id.in_([row.id for row in rows])).values(state=_DROPPED)
        )
        return [(_event(row, row.attempts), row.due_at) for row in rows]

    def claim(self, now: datetime, until: datetime) -> PagerEvent | None:
        """The claim is the number of attempts, which only one can raise; until it ends nothing is due."""
        earlier = event_table.alias()
        waits = exists().where(
            earlier.c.key == event_table.c.key, earlier.c.id < event_table.c.id, earlier.c.state == _DUE
        )
        due = select(event_table).where(event_table.c.state == _DUE, event_table.c.due_at <= now, ~waits)
        row = self._db.execute(due.order_by(event_table.c.due_at, event_table.c.id).limit(1)).one_or_none()
        if row is None:
            return None
        mine = and_(event_table.c.id == row.id, event_table.c.attempts == row.attempts, event_table.c.state == _DUE)
        raised = {"attempts": row.attempts + 1, "due_at": until}
        if self._db.execute(update(event_table).where(mine).values(raised)).rowcount != 1:
            return None
        return _event(row, row.attempts + 1)

    def told(self, event: PagerEvent) -> None:
        self._end(event, state=_TOLD, error="")

    def later(self, event: PagerEvent, at: datetime, error: str) -> None:
        self._end(event, due_at=at, error=error[:_ERROR_MAX])

    def give_up(self, event: PagerEvent, error: str) -> None:
        self._end(event, state=_FAILED, error=error[:_ERROR_MAX])

    def waiting(self) -> int:
        query = select(func.count()).select_from(event_table).where(event_table.c.state == _DUE)
        return int(self._db.execute(query).scalar_one())

    def _end(self, event: PagerEvent, **values: Any) -> None:
        mine = and_(event_table.c.id == event.id, event_table.c.attempts == event.attempts, event_table.c.state == _DUE)
        self._db.execute(update(event_table).where(mine).values(values))


def _values(alert: PagerAlert) -> dict[str, Any]:
    return {
        "pager": alert.pager,
        "incident_id": alert.incident_id,
        "since": alert.since,
        "state": alert.state.value,
        "heard_at": alert.heard_at,
        "link": alert.link,
    }


def _alert(row: Any) -> PagerAlert:
    return PagerAlert(row.key, row.pager, row.incident_id, row.since, Told(row.state), row.heard_at, row.link)


def _event(row: Any, attempts: int) -> PagerEvent:
    return PagerEvent(row.key, row.pager, row.incident_id, Told(row.action), row.put_at, attempts, row.id)
