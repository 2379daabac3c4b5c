"""What is to be told, and where it stands once told."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, or_, select, update

from bot.engine.ports import DueNotice, Notice, Posted
from bot.store.tables import outbox as table
from bot.store.tables import posted as posted_table
from bot.store.types import plain
from bot.store.upsert import insert_into, insert_or_update


class OutboxTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def put(self, notice: Notice, at: datetime) -> None:
        """A card that is told already, or is being told, becomes due again; a line is put once."""
        values = {
            "key": notice.key,
            "template": notice.template,
            "channel": notice.channel,
            "thread_of": notice.thread_of,
            "card": notice.card,
            "facts": plain(dict(notice.facts)),
            "state": "due",
            "version": 1,
            "attempts": 0,
            "unsure": False,
            "put_at": at,
            "due_at": at,
            "error": "",
        }
        statement = insert_into(self._db, table)
        if not notice.card:
            self._db.execute(statement.on_conflict_do_nothing(index_elements=["key"]), values)
            return
        again = {
            "version": table.c.version + 1,
            "facts": statement.excluded.facts,
            "channel": statement.excluded.channel,
            "state": "due",
            "put_at": statement.excluded.put_at,
            "attempts": 0,
        }
        self._db.execute(statement.on_conflict_do_update(index_elements=["key"], set_=again), values)

    def withdraw(self, key: str) -> bool:
        """Takes back a card, and what stands under it, that certainly was never sent. False when it may have been."""
        unsent = table.c.state.in_(("due",)) & (table.c.attempts == 0) & (table.c.unsure.is_(False))
        if self.posted(key) is not None:
            return False
        if not self._db.execute(delete(table).where(table.c.key == key, unsent)).rowcount:
            return False
        self._db.execute(delete(table).where(table.c.thread_of == key, unsent))
        return True

    def due(self, now: datetime, limit: int = 50) -> list[DueNotice]:
        """Those to be told, the oldest first; what was being sent when the process ended is among them, unsure."""
        query = (
            select(table)
            .where(table.c.state.in_(("due", "sending")), table.c.due_at <= now)
            .order_by(table.c.put_at, table.c.id)
            .limit(limit)
        )
        return [_due(row) for row in self._db.execute(query)]

    def sending(self, notice_id: int) -> None:
        values = {"state": "sending", "unsure": True, "attempts": table.c.attempts + 1}
        self._db.execute(update(table).where(table.c.id == notice_id).values(values))

    def sent(self, due: DueNotice, posted: Posted, at: datetime) -> None:
        row = {"key": posted.key, "channel": posted.channel, "ts": posted.ts, "thread_ts": posted.thread_ts}
        row |= {"digest": posted.digest}
        insert_or_update(self._db, posted_table, row | {"at": at}, ["key"], row | {"at": at})
        done = update(table).where(table.c.id == due.id)
        self._db.execute(done.values(unsure=False, error=""))
        self._db.execute(done.where(table.c.version == due.version).values(state="sent"))
        self._db.execute(done.where(table.c.version != due.version).values(state="due"))

    def later(self, notice_id: int, at: datetime, error: str, *, unsure: bool) -> None:
        values = {"state": "due", "due_at": at, "error": error[:2000], "unsure": unsure}
        self._db.execute(update(table).where(table.c.id == notice_id).values(values))

    def give_up(self, notice_id: int, error: str) -> None:
        self._db.execute(update(table).where(table.c.id == notice_id).values(state="failed", error=error[:2000]))

    def posted(self, key: str) -> Posted | None:
        row = self._db.execute(select(posted_table).where(posted_table.c.key == key)).one_or_none()
        return _posted(row) if row else None

    def forget_posted(self, key: str) -> None:
        self._db.execute(delete(posted_table).where(posted_table.c.key == key))

    def find_posted(self, channel: str, ts: str) -> Posted | None:
        query = select(posted_table).where(posted_table.c.channel == channel, posted_table.c.ts == ts)
        row = self._db.execute(query).one_or_none()
        return _posted(row) if row else None

    def waiting(self) -> int:
        query = select(func.count()).select_from(table).where(or_(table.c.state == "due", table.c.state == "sending"))
        return int(self._db.execute(query).scalar_one())

    def failed(self, keys: Collection[str]) -> set[str]:
        query = select(table.c.key).where(table.c.key.in_(keys), table.c.state == "failed")
        return set(self._db.execute(query).scalars())

    def next_due_at(self) -> datetime | None:
        query = select(func.min(table.c.due_at)).where(table.c.state.in_(("due", "sending")))
        found: datetime | None = self._db.execute(query).scalar_one_or_none()
        return found


def _due(row: Any) -> DueNotice:
    notice = Notice(row.key, row.template, row.channel, row.facts, row.card, row.thread_of)
    return DueNotice(row.id, notice, row.version, row.attempts, row.unsure)


def _posted(row: Any) -> Posted:
    return Posted(row.key, row.channel, row.ts, row.thread_ts, row.digest)
