"""Who leads an incident, what was said of it, what is to be done, its channel, and what people marked."""

from collections.abc import Collection
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from bot.errors import NotFound
from bot.incidents.life import Mark, Role, Room, RoomState, Task, Update
from bot.store.tables import incident_role, incident_room, incident_update
from bot.store.tables import mark as mark_table
from bot.store.tables import task as task_table
from bot.store.upsert import insert_ignore, insert_or_update


class RoleTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def of(self, incident_id: int) -> list[Role]:
        query = select(incident_role).where(incident_role.c.incident_id == incident_id)
        return [_role(row) for row in self._db.execute(query.order_by(incident_role.c.since, incident_role.c.role))]

    def of_person(self, person: str, incident_ids: Collection[int]) -> dict[int, list[Role]]:
        query = select(incident_role).where(
            incident_role.c.person == person, incident_role.c.incident_id.in_(list(incident_ids))
        )
        found: dict[int, list[Role]] = {}
        for row in self._db.execute(query):
            found.setdefault(row.incident_id, []).append(_role(row))
        return found

    def give(self, incident_id: int, role: Role) -> None:
        given = {"person": role.person, "since": role.since, "by": role.by}
        values = {"incident_id": incident_id, "role": role.name, **given}
        insert_or_update(self._db, incident_role, values, ["incident_id", "role"], given)

    def free(self, incident_id: int, name: str) -> None:
        self._db.execute(
            delete(incident_role).where(incident_role.c.incident_id == incident_id, incident_role.c.role == name)
        )


class UpdateTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, said: Update) -> Update:
        earlier = update(incident_update).where(incident_update.c.incident_id == said.incident_id)
        self._db.execute(earlier.values(remind_at=None))
        values = _without_id(said)
        new_id = self._db.execute(insert(incident_update).returning(incident_update.c.id), values).scalar_one()
        return replace(said, id=new_id)

    def of(self, incident_id: int) -> list[Update]:
        query = select(incident_update).where(incident_update.c.incident_id == incident_id)
        return [_update(row) for row in self._db.execute(query.order_by(incident_update.c.id))]

    def get(self, update_id: int) -> Update:
        row = self._db.execute(select(incident_update).where(incident_update.c.id == update_id)).one_or_none()
        if row is None:
            raise NotFound("update", str(update_id))
        return _update(row)

    def due(self, now: datetime, limit: int) -> list[Update]:
        query = select(incident_update).where(incident_update.c.remind_at <= now)
        ordered = query.order_by(incident_update.c.remind_at, incident_update.c.id).limit(limit)
        return [_update(row) for row in self._db.execute(ordered)]

    def save_reminder(self, said: Update, reminded_before: int) -> bool:
        mine = update(incident_update).where(
            incident_update.c.id == said.id,
            incident_update.c.reminded == reminded_before,
            incident_update.c.remind_at.is_not(None),
        )
        return self._db.execute(mine.values(remind_at=said.remind_at, reminded=said.reminded)).rowcount == 1


class TaskTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, task: Task) -> Task:
        new_id = self._db.execute(insert(task_table).returning(task_table.c.id), _without_id(task)).scalar_one()
        return replace(task, id=new_id)

    def get(self, task_id: int) -> Task:
        row = self._db.execute(select(task_table).where(task_table.c.id == task_id).with_for_update()).one_or_none()
        if row is None:
            raise NotFound("task", str(task_id))
        return _task(row)

    def save(self, task: Task) -> None:
        self._db.execute(update(task_table).where(task_table.c.id == task.id).values(_without_id(task)))

    def of(self, incident_id: int) -> list[Task]:
        query = select(task_table).where(task_table.c.incident_id == incident_id).order_by(task_table.c.id)
        return [_task(row) for row in self._db.execute(query)]

    def open_of(self, person: str, limit: int) -> list[Task]:
        query = select(task_table).where(task_table.c.owner == person, task_table.c.done_at.is_(None))
        return [_task(row) for row in self._db.execute(query.order_by(task_table.c.id).limit(limit))]

    def move_open(self, from_id: int, to_id: int) -> int:
        still_open = update(task_table).where(task_table.c.incident_id == from_id, task_table.c.done_at.is_(None))
        return self._db.execute(still_open.values(incident_id=to_id)).rowcount


class RoomTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def want(self, room: Room) -> bool:
        return insert_ignore(self._db, incident_room, _room_values(room), ["incident_id"])

    def of(self, incident_id: int) -> Room | None:
        return self._one(incident_room.c.incident_id == incident_id)

    def at(self, channel: str) -> Room | None:
        return self._one(incident_room.c.channel == channel) if channel else None

    def due(self, now: datetime, limit: int) -> list[Room]:
        query = select(incident_room).where(incident_room.c.due_at <= now).order_by(incident_room.c.due_at)
        return [_room(row) for row in self._db.execute(query.limit(limit))]

    def save(self, room: Room) -> None:
        mine = update(incident_room).where(incident_room.c.incident_id == room.incident_id)
        self._db.execute(mine.values(_room_values(room)))

    def _one(self, condition: Any) -> Room | None:
        row = self._db.execute(select(incident_room).where(condition)).one_or_none()
        return _room(row) if row else None


class MarkTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, mark: Mark) -> bool:
        return insert_ignore(self._db, mark_table, asdict(mark), ["channel", "ts", "kind", "by"])

    def remove(self, mark: Mark) -> Mark | None:
        same = (
            (mark_table.c.channel == mark.channel)
            & (mark_table.c.ts == mark.ts)
            & (mark_table.c.kind == mark.kind)
            & (mark_table.c.by == mark.by)
        )
        row = self._db.execute(select(mark_table).where(same)).one_or_none()
        if row is None or self._db.execute(delete(mark_table).where(same)).rowcount != 1:
            return None
        return _mark(row)

    def of_message(self, channel: str, ts: str) -> list[Mark]:
        query = select(mark_table).where(mark_table.c.channel == channel, mark_table.c.ts == ts)
        return [_mark(row) for row in self._db.execute(query)]


def _without_id(value: Update | Task) -> dict[str, Any]:
    return {name: held for name, held in asdict(value).items() if name != "id"}


def _role(row: Any) -> Role:
    return Role(row.role, row.person, row.since, row.by)


def _update(row: Any) -> Update:
    return Update(
        row.incident_id,
        row.at,
        row.by,
        row.text,
        row.severity,
        row.promised_at,
        row.remind_at,
        row.reminded,
        row.id,
    )


def _task(row: Any) -> Task:
    return Task(
        row.incident_id, row.text, row.at, row.by, row.owner, row.is_follow_up, row.done_at, row.done_by, row.id
    )


def _room_values(room: Room) -> dict[str, Any]:
    return asdict(room) | {"state": room.state.value, "done": list(room.done)}


def _room(row: Any) -> Room:
    return Room(
        row.incident_id,
        RoomState(row.state),
        row.channel,
        row.name,
        tuple(row.done),
        row.due_at,
        row.attempts,
        row.error,
    )


def _mark(row: Any) -> Mark:
    return Mark(row.channel, row.ts, row.kind, row.by, row.incident_id, row.timeline_id)
