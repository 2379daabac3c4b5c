"""What remedies did, and what people said of them. Who acts for a remedy holds its row until the transaction ends."""

from datetime import datetime

from sqlalchemy import Connection, select, update

from bot.actions.model import Run
from bot.actions.remedies import Doing, Mode, Standing
from bot.store.runs import RunTable
from bot.store.tables import remedied, remedy
from bot.store.upsert import insert_ignore


class RemedyTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def lock(self, name: str) -> Standing:
        insert_ignore(self._db, remedy, {"name": name, "stopped_by": "", "resumed_by": ""}, ["name"])
        query = select(remedy).where(remedy.c.name == name)
        if self._db.dialect.name == "postgresql":
            query = query.with_for_update()
        return _standing(self._db.execute(query).one())

    def standing(self, name: str) -> Standing:
        row = self._db.execute(select(remedy).where(remedy.c.name == name)).one_or_none()
        return _standing(row) if row else Standing()

    def stop(self, name: str, by: str, at: datetime) -> None:
        self.lock(name)
        self._db.execute(update(remedy).where(remedy.c.name == name).values(stopped_at=at, stopped_by=by))

    def resume(self, name: str, by: str, at: datetime) -> None:
        self.lock(name)
        self._db.execute(update(remedy).where(remedy.c.name == name).values(resumed_at=at, resumed_by=by))

    def add(self, name: str, doing: Doing) -> bool:
        values = {"remedy": name, "incident": doing.incident, "mode": doing.mode.value, "at": doing.at}
        values |= {"run": doing.run.id if doing.run else 0, "failed": doing.failed}
        return insert_ignore(self._db, remedied, values, ["remedy", "incident", "mode"])

    def has_done(self, name: str, incident: int, mode: Mode) -> bool:
        there = (remedied.c.remedy == name, remedied.c.incident == incident, remedied.c.mode == mode.value)
        return self._db.execute(select(remedied.c.id).where(*there)).one_or_none() is not None

    def past(self, name: str, mode: Mode, limit: int) -> list[Doing]:
        query = select(remedied).where(remedied.c.remedy == name, remedied.c.mode == mode.value)
        rows = self._db.execute(query.order_by(remedied.c.id.desc()).limit(limit)).all()
        return [Doing(row.incident, row.at, Mode(row.mode), self._run(row.run), row.failed) for row in reversed(rows)]

    def _run(self, run_id: int) -> Run | None:
        return RunTable(self._db).get(run_id) if run_id else None


def _standing(row: object) -> Standing:
    found = row._mapping  # type: ignore[attr-defined]
    return Standing(found["stopped_at"], found["stopped_by"], found["resumed_at"], found["resumed_by"])
