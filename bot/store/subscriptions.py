"""Who wants a digest."""

from datetime import time
from typing import Any

from sqlalchemy import Connection, delete, select

from bot.digests.model import Subscription
from bot.digests.rhythm import Every, Rhythm
from bot.errors import NotFound
from bot.store.tables import subscription as table
from bot.store.upsert import insert_or_update


class SubscriptionTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def put(self, wanted: Subscription) -> Subscription:
        rhythm = wanted.rhythm
        keys = {"to": wanted.to, "every": rhythm.every.value}
        values = {
            "by": wanted.by,
            "at": rhythm.at.strftime("%H:%M"),
            "weekday": rhythm.weekday,
            "timezone": rhythm.timezone,
            "services": list(wanted.services),
            "since": wanted.since,
        }
        insert_or_update(self._db, table, keys | values, list(keys), values)
        return next(one for one in self.of(wanted.to) if one.rhythm.every is rhythm.every)

    def get(self, subscription_id: int) -> Subscription:
        row = self._db.execute(select(table).where(table.c.id == subscription_id)).one_or_none()
        if row is None:
            raise NotFound("subscription", str(subscription_id))
        return _subscription(row)

    def of(self, to: str) -> list[Subscription]:
        return self._all(select(table).where(table.c.to == to))

    def all(self) -> list[Subscription]:
        return self._all(select(table))

    def drop(self, subscription_id: int) -> bool:
        return self._db.execute(delete(table).where(table.c.id == subscription_id)).rowcount > 0

    def _all(self, query: Any) -> list[Subscription]:
        return [_subscription(row) for row in self._db.execute(query.order_by(table.c.id))]


def _subscription(row: Any) -> Subscription:
    rhythm = Rhythm(time.fromisoformat(row.at), row.timezone, Every(row.every), row.weekday)
    return Subscription(row.to, row.by, rhythm, tuple(row.services), row.since, row.id)
