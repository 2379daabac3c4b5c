"""The runs: who may work on one is decided by a conditional update."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select, update

from bot.actions.model import Run, RunState
from bot.errors import NotFound, Stale
from bot.store.tables import run as table
from bot.store.types import plain, revive
from bot.store.upsert import insert_into


class RunTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, run: Run) -> Run | None:
        statement = insert_into(self._db, table).values(_values(run))
        statement = statement.on_conflict_do_nothing(index_elements=["exclusive"])
        new_id = self._db.execute(statement.returning(table.c.id)).scalar_one_or_none()
        return replace(run, id=new_id) if new_id is not None else None

    def holder_of(self, locks: str) -> Run | None:
        row = self._db.execute(select(table).where(table.c.exclusive == locks)).one_or_none()
        return _run(row) if row else None

    def get(self, run_id: int) -> Run:
        row = self._db.execute(select(table).where(table.c.id == run_id)).one_or_none()
        if row is None:
            raise NotFound("run", str(run_id))
        return _run(row)

    def lock(self, run_id: int) -> Run:
        query = select(table).where(table.c.id == run_id)
        if self._db.dialect.name == "postgresql":
            query = query.with_for_update()
        row = self._db.execute(query).one_or_none()
        if row is None:
            raise NotFound("run", str(run_id))
        return _run(row)

    def stop(self, run_id: int, by: str) -> bool:
        running = and_(table.c.id == run_id, table.c.state == RunState.RUNNING.value, table.c.stop_by == "")
        return self._db.execute(update(table).where(running).values(stop_by=by)).rowcount == 1

    def save(self, run: Run, *, expected_state: str, fence: int | None = None) -> Run:
        statement = update(table).where(table.c.id == run.id, table.c.state == expected_state)
        if fence is not None:
            statement = statement.where(table.c.fence == fence)
        values = _values(run)
        del values["fence"]
        if self._db.execute(statement.values(values)).rowcount != 1:
            raise Stale("changed_meanwhile", run=str(run.id))
        return run

    def claim(self, holder: str, now: datetime, until: datetime) -> Run | None:
        claimable = or_(
            table.c.state == RunState.APPROVED.value,
            and_(table.c.state == RunState.RUNNING.value, table.c.leased_until <= now),
        )
        due_since = func.coalesce(table.c.leased_until, table.c.asked_at)
        candidate = select(table.c.id).where(claimable).order_by(due_since, table.c.id).limit(1)
        if self._db.dialect.name == "postgresql":
            candidate = candidate.with_for_update(skip_locked=True)
        statement = (
            update(table)
            .where(table.c.id == candidate.scalar_subquery())
            .values(holder=holder, leased_until=until, fence=table.c.fence + 1)
            .returning(table.c.id)
        )
        run_id = self._db.execute(statement).scalar_one_or_none()
        return self.get(run_id) if run_id is not None else None

    def lease(self, run_id: int, fence: int, until: datetime) -> None:
        statement = update(table).where(table.c.id == run_id, table.c.fence == fence)
        self._db.execute(statement.values(leased_until=until))

    def release(self, holder: str, now: datetime) -> None:
        statement = update(table).where(table.c.holder == holder, table.c.state == RunState.RUNNING.value)
        self._db.execute(statement.values(leased_until=now))

    def of(self, incident_id: int) -> list[Run]:
        return self._all(select(table).where(table.c.incident == incident_id))

    def in_state(self, *states: str) -> list[Run]:
        return self._all(select(table).where(table.c.state.in_(states)))

    def between(self, since: datetime, until: datetime) -> list[Run]:
        return self._all(select(table).where(table.c.asked_at >= since, table.c.asked_at < until))

    def _all(self, query: Any) -> list[Run]:
        return [_run(row) for row in self._db.execute(query.order_by(table.c.id))]


_COLUMNS = ("action", "kind", "service", "state", "incident", "asked_at", "expires_at", "bound_to", "fence")


def _values(run: Run) -> dict[str, Any]:
    values = {column: getattr(run, column) for column in _COLUMNS}
    holds = run.state in (RunState.ASKED, RunState.APPROVED, RunState.RUNNING)
    return values | {"exclusive": run.locks or None if holds else None, "body": plain(run)}


def _run(row: Any) -> Run:
    run = revive(row.body, Run)
    by = row.stop_by or run.cancelled_by
    return replace(run, id=row.id, fence=row.fence, state=RunState(row.state), cancelled_by=by)
