"""What pagers know of incidents, and the outbox of what they are still to be told."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from bot.engine.calling_ports import PagerAlert, PagerEvent, Told
from bot.store.in_order import InOrder
from bot.store.tables import pager_alert as alert_table
from bot.store.tables import pager_event as event_table
from bot.store.upsert import insert_ignore


class PagerTable:
    def __init__(self, connection: Connection) -> None:
        self._db, self._events = connection, InOrder(connection, event_table)

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
        values = {"key": event.key, "pager": event.pager, "incident_id": event.incident_id}
        self._events.put(values | {"action": event.action.value, "put_at": event.put_at}, due_at)

    def drop_waiting(self, key: str) -> list[tuple[PagerEvent, datetime]]:
        return [(_event(row, row.attempts), row.due_at) for row in self._events.drop_waiting(key)]

    def claim(self, now: datetime, until: datetime) -> PagerEvent | None:
        row = self._events.claim(now, until)
        return _event(row, row.attempts + 1) if row else None

    def told(self, event: PagerEvent) -> None:
        self._events.done(event.id, event.attempts)

    def later(self, event: PagerEvent, at: datetime, error: str) -> None:
        self._events.later(event.id, event.attempts, at, error)

    def give_up(self, event: PagerEvent, error: str) -> None:
        self._events.give_up(event.id, event.attempts, error)

    def waiting(self) -> int:
        return self._events.waiting()


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
