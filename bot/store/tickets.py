"""What tickets there are of incidents, and the outbox of what is still to be done to them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, exists, or_, select, update

from bot.engine.ticket_ports import Does, TicketEvent
from bot.incidents.life import Ticket, TicketState
from bot.incidents.model import IncidentState
from bot.store.in_order import InOrder
from bot.store.tables import incident as incident_table
from bot.store.tables import ticket as table
from bot.store.tables import ticket_event as event_table
from bot.store.tables import timeline as timeline_table
from bot.store.types import plain
from bot.store.upsert import insert_ignore


class TicketTable:
    def __init__(self, connection: Connection) -> None:
        self._db, self._events = connection, InOrder(connection, event_table)

    # -- what there is

    def add(self, ticket: Ticket) -> bool:
        return insert_ignore(self._db, table, _values(ticket), ["key"])

    def get(self, key: str) -> Ticket | None:
        row = self._db.execute(select(table).where(table.c.key == key)).one_or_none()
        return _ticket(row) if row else None

    def of(self, incident_id: int) -> list[Ticket]:
        return self.of_each([incident_id]).get(incident_id, [])

    def of_each(self, incident_ids: list[int]) -> dict[int, list[Ticket]]:
        query = select(table).where(table.c.incident_id.in_(incident_ids)).order_by(table.c.at, table.c.key)
        found: dict[int, list[Ticket]] = {}
        for row in self._db.execute(query):
            found.setdefault(row.incident_id, []).append(_ticket(row))
        return found

    def behind(self) -> list[Ticket]:
        told_more = exists().where(
            timeline_table.c.incident_id == table.c.incident_id, timeline_table.c.id > table.c.seen
        )
        query = select(table).join(incident_table, incident_table.c.id == table.c.incident_id)
        counts = table.c.state.in_([TicketState.WANTED.value, TicketState.OPEN.value])
        over = IncidentState.RESOLVED.value
        goes_on = or_(incident_table.c.state != over, table.c.told != over)
        is_behind = or_(incident_table.c.state != table.c.told, told_more)
        query = query.where(counts, goes_on, is_behind).order_by(table.c.at, table.c.key)
        return [_ticket(row) for row in self._db.execute(query)]

    def save(self, ticket: Ticket) -> None:
        self._db.execute(update(table).where(table.c.key == ticket.key).values(_values(ticket)))

    def drop(self, key: str) -> None:
        self._db.execute(delete(table).where(table.c.key == key))

    # -- what is to be done

    def put(self, event: TicketEvent, due_at: datetime) -> None:
        values = {"key": event.key, "name": event.name, "incident_id": event.incident_id, "put_at": event.put_at}
        what = {"does": event.does.value, "entry": event.entry, "moved_to": event.state.value if event.state else ""}
        self._events.put(values | what, due_at)

    def drop_untried(self, key: str, does: Does | None = None) -> list[Does]:
        only = [event_table.c.attempts == 0, *([event_table.c.does == does.value] if does else [])]
        return [Does(row.does) for row in self._events.drop_waiting(key, *only)]

    def claim(self, now: datetime, until: datetime) -> TicketEvent | None:
        row = self._events.claim(now, until)
        return _event(row, row.attempts + 1) if row else None

    def done(self, event: TicketEvent) -> None:
        self._events.done(event.id, event.attempts)

    def later(self, event: TicketEvent, at: datetime, error: str) -> None:
        self._events.later(event.id, event.attempts, at, error)

    def give_up(self, event: TicketEvent, error: str) -> None:
        self._events.give_up(event.id, event.attempts, error)

    def waiting(self) -> int:
        return self._events.waiting()


_COLUMNS: Sequence[str] = ("key", "name", "incident_id", "seen", "at", "by", "ticket", "link", "error")


def _values(ticket: Ticket) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(ticket, name) for name in _COLUMNS}
    return values | {"state": plain(ticket.state), "told": plain(ticket.told)}


def _ticket(row: Any) -> Ticket:
    values = {name: getattr(row, name) for name in _COLUMNS}
    return Ticket(**values, state=TicketState(row.state), told=IncidentState(row.told))


def _event(row: Any, attempts: int) -> TicketEvent:
    state = IncidentState(row.moved_to) if row.moved_to else None
    return TicketEvent(
        row.key, row.name, row.incident_id, Does(row.does), row.put_at, row.entry, state, attempts, row.id
    )
