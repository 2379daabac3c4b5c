"""Which sessions are open, and what is known of those that ended?"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, or_, select, tuple_, update

from bot.engine.session_ports import Followed, OpenSession
from bot.store.tables import open_session, session_service
from bot.store.upsert import insert_into

_AT_ONCE = 500


class SessionTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def followed(self, services: Collection[str] = ()) -> dict[str, Followed]:
        columns = (getattr(session_service.c, name) for name in ("service", "limit", "whole", "since"))
        query = select(*columns)
        if services:
            query = query.where(session_service.c.service.in_(services))
        return {row.service: Followed(*row) for row in self._db.execute(query)}

    def follow(self, how: Followed) -> None:
        values = {"limit": how.limit, "whole": how.whole, "since": how.since}
        statement = insert_into(self._db, session_service)
        statement = statement.on_conflict_do_update(index_elements=["service"], set_=values)
        self._db.execute(statement, values | {"service": how.service, "history": b""})
        beyond = (open_session.c.service == how.service) & (open_session.c.number >= how.limit)
        self._db.execute(delete(open_session).where(beyond))

    def add(self, service: str, steps: Mapping[int, Mapping[str, int]], at: datetime, steps_max: int) -> None:
        numbers = sorted(steps)
        known: dict[int, tuple[datetime, dict[str, int]]] = {}
        for i in range(0, len(numbers), _AT_ONCE):
            query = select(open_session.c.number, open_session.c.opened_at, open_session.c.steps)
            query = query.where(open_session.c.service == service, open_session.c.number.in_(numbers[i : i + _AT_ONCE]))
            for row in self._db.execute(query.order_by(open_session.c.number).with_for_update()):
                known[row.number] = (row.opened_at, msgspec.msgpack.decode(row.steps, type=dict[str, int]))
        rows = []
        for number in numbers:
            opened_at, whole = known.get(number, (at, {}))
            for step, lines in steps[number].items():
                if step in whole or len(whole) < steps_max:
                    whole[step] = whole.get(step, 0) + lines
            packed = msgspec.msgpack.encode(whole)
            rows.append({"service": service, "number": number, "opened_at": opened_at, "seen_at": at, "steps": packed})
        if rows:
            statement = insert_into(self._db, open_session)
            changed = {name: statement.excluded[name] for name in ("seen_at", "steps")}
            keys = ["service", "number"]
            self._db.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), rows)

    def close(self, seen_before: datetime, opened_before: datetime, limit: int) -> list[OpenSession]:
        """Rows that a batch is just writing are skipped: no one waits for the other."""
        key = tuple_(open_session.c.service, open_session.c.number)
        over = or_(open_session.c.seen_at < seen_before, open_session.c.opened_at < opened_before)
        query = select(open_session.c.service, open_session.c.number).where(over)
        quiet = query.order_by(open_session.c.seen_at).limit(limit).with_for_update(skip_locked=True)
        taken = self._db.execute(delete(open_session).where(key.in_(quiet)).returning(open_session)).all()
        return [_session(row) for row in sorted(taken, key=lambda row: (row.service, row.number))]

    def open(self) -> dict[str, int]:
        query = select(open_session.c.service, func.count()).group_by(open_session.c.service)
        return {name: int(count) for name, count in self._db.execute(query)}

    def drop_open(self) -> int:
        return self._db.execute(delete(open_session)).rowcount

    def history(self, service: str) -> bytes:
        query = select(session_service.c.history).where(session_service.c.service == service)
        return self._db.execute(query).scalar_one_or_none() or b""

    def save_history(self, service: str, packed: bytes) -> None:
        self._db.execute(update(session_service).where(session_service.c.service == service).values(history=packed))


def _session(row: Any) -> OpenSession:
    steps = msgspec.msgpack.decode(row.steps, type=dict[str, int])
    return OpenSession(row.service, row.number, row.opened_at, row.seen_at, steps)
