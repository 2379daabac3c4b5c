"""Who may act alone? Lease rows with an epoch, and the stream positions they fence."""

from datetime import datetime

from sqlalchemy import Connection, delete, or_, select, update

from bot.engine.ports import Lease
from bot.errors import Stale
from bot.store.tables import lease as table
from bot.store.tables import position
from bot.store.upsert import insert_ignore, insert_or_update


class LeaseTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def take(self, name: str, holder: str, now: datetime, until: datetime) -> Lease | None:
        if insert_ignore(self._db, table, {"name": name, "holder": holder, "epoch": 1, "until": until}, ["name"]):
            return Lease(name, holder, 1, until)
        mine = table.c.holder == holder
        renewed = self._db.execute(
            update(table).where(table.c.name == name, mine, table.c.until > now), {"until": until}
        )
        if renewed.rowcount != 1:
            free = or_(mine, table.c.until <= now)
            values = {"holder": holder, "epoch": table.c.epoch + 1, "until": until}
            if self._db.execute(update(table).where(table.c.name == name, free).values(values)).rowcount != 1:
                return None
        row = self._db.execute(select(table).where(table.c.name == name)).one()
        return Lease(row.name, row.holder, row.epoch, row.until)

    def release(self, name: str, holder: str) -> None:
        """Lets go at once; the epoch stays, so that the next holder gets a higher one."""
        row = self._db.execute(
            select(table.c.until).where(table.c.name == name, table.c.holder == holder)
        ).one_or_none()
        if row is not None:
            self._db.execute(update(table).where(table.c.name == name).values(holder="", until=_LONG_AGO))

    def position(self, partition: int) -> int:
        query = select(position.c.seq).where(position.c.partition == partition)
        return self._db.execute(query).scalar_one_or_none() or 0

    def advance(self, partition: int, seq: int, lease: Lease) -> None:
        held = select(table.c.name).where(
            table.c.name == lease.name, table.c.holder == lease.holder, table.c.epoch == lease.epoch
        )
        if self._db.dialect.name == "postgresql":
            held = held.with_for_update()
        if self._db.execute(held).one_or_none() is None:
            raise Stale("lease_lost", lease=lease.name)
        insert_or_update(self._db, position, {"partition": partition, "seq": seq}, ["partition"], {"seq": seq})

    def forget(self, name: str) -> None:
        self._db.execute(delete(table).where(table.c.name == name))


_LONG_AGO = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
