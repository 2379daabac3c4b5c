"""Who was asked about an incident, who stands in for whom, and copies of what others keep."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, or_, select, update

from bot.engine.calling_ports import Copy
from bot.errors import NotFound
from bot.incidents.model import IncidentState
from bot.oncall.escalation import Escalation, Page, PageState, Reach, Stop
from bot.oncall.model import Override
from bot.signals.severity import Severity
from bot.store.tables import escalation as escalation_table
from bot.store.tables import incident as incident_table
from bot.store.tables import oncall_override as override_table
from bot.store.tables import outside_copy as copy_table
from bot.store.tables import page as page_table
from bot.store.upsert import insert_into, insert_or_update

_PAGE_KEY = ["incident_id", "since", "policy", "turn", "target"]


class CallTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    # -- escalations

    def escalation(self, incident_id: int) -> Escalation | None:
        query = select(escalation_table).where(escalation_table.c.incident_id == incident_id)
        row = self._db.execute(query).one_or_none()
        return _escalation(row) if row else None

    def escalations(self) -> list[Escalation]:
        table, incident = escalation_table, incident_table
        query = select(table).join(incident, incident.c.id == table.c.incident_id)
        is_open = incident.c.state != IncidentState.RESOLVED.value
        is_asking = or_(table.c.stopped.is_(None), table.c.stopped == Stop.EXHAUSTED.value)
        rows = self._db.execute(query.where(or_(is_open, is_asking)).order_by(table.c.incident_id))
        return [_escalation(row) for row in rows]

    def save_escalation(self, escalation: Escalation) -> None:
        values = {
            "since": escalation.since,
            "policy": escalation.policy,
            "severity": escalation.severity.value,
            "turn": escalation.turn,
            "due_at": escalation.due_at,
            "stopped": escalation.stopped.value if escalation.stopped else None,
        }
        key = {"incident_id": escalation.incident_id}
        insert_or_update(self._db, escalation_table, key | values, ["incident_id"], values)

    # -- pages

    def add_page(self, page: Page) -> Page | None:
        values = {name: getattr(page, name) for name in ("incident_id", "since", "policy", "turn", "target", "at")}
        values |= {"reach": page.reach.value, "state": page.state.value}
        statement = insert_into(self._db, page_table).values(values).on_conflict_do_nothing(index_elements=_PAGE_KEY)
        row = self._db.execute(statement.returning(page_table)).one_or_none()
        return _page(row) if row else None

    def page(self, page_id: int) -> Page:
        row = self._db.execute(select(page_table).where(page_table.c.id == page_id)).one_or_none()
        if row is None:
            raise NotFound("page", str(page_id))
        return _page(row)

    def pages(self, incident_id: int, since: datetime) -> list[Page]:
        table = page_table
        query = select(table).where(table.c.incident_id == incident_id, table.c.since == since).order_by(table.c.id)
        return [_page(row) for row in self._db.execute(query)]

    def every_page(self, incident_id: int) -> list[Page]:
        query = select(page_table).where(page_table.c.incident_id == incident_id).order_by(page_table.c.id)
        return [_page(row) for row in self._db.execute(query)]

    def told_pages(self, incident_ids: Collection[int]) -> list[Page]:
        table = page_table
        query = select(table).where(table.c.state == PageState.TOLD.value, table.c.incident_id.in_(incident_ids))
        return [_page(row) for row in self._db.execute(query.order_by(table.c.id))]

    def set_page(self, page_id: int, state: PageState) -> None:
        self._db.execute(update(page_table).where(page_table.c.id == page_id).values(state=state.value))

    # -- overrides

    def add_override(self, schedule: str, override: Override) -> Override:
        values = {"schedule": schedule, "person": override.person, "since": override.since, "until": override.until}
        values |= {"by": override.by, "reason": override.reason, "ended_by": ""}
        statement = insert_into(self._db, override_table).values(values).returning(override_table)
        return _override(self._db.execute(statement).one())

    def override(self, override_id: int) -> tuple[str, Override]:
        row = self._db.execute(select(override_table).where(override_table.c.id == override_id)).one_or_none()
        if row is None:
            raise NotFound("override", str(override_id))
        return row.schedule, _override(row)

    def overrides(self, since: datetime) -> list[tuple[str, Override]]:
        query = select(override_table).where(override_table.c.until > since).order_by(override_table.c.id)
        return [(row.schedule, _override(row)) for row in self._db.execute(query)]

    def end_override(self, override_id: int, at: datetime, by: str) -> None:
        statement = update(override_table).where(override_table.c.id == override_id)
        self._db.execute(statement.values(until=at, ended_by=by))

    # -- copies

    def copy(self, kind: str, name: str) -> Copy | None:
        query = select(copy_table).where(copy_table.c.kind == kind, copy_table.c.name == name)
        row = self._db.execute(query).one_or_none()
        return Copy(row.kind, row.name, row.text, row.fetched_at, row.tried_at, row.problem) if row else None

    def keep_copy(self, copy: Copy) -> None:
        values = {"text": copy.text, "fetched_at": copy.fetched_at, "tried_at": copy.tried_at, "problem": copy.problem}
        key = {"kind": copy.kind, "name": copy.name}
        insert_or_update(self._db, copy_table, key | values, ["kind", "name"], values)


def _escalation(row: Any) -> Escalation:
    stopped = Stop(row.stopped) if row.stopped else None
    return Escalation(row.incident_id, row.since, row.policy, Severity(row.severity), row.turn, row.due_at, stopped)


def _page(row: Any) -> Page:
    return Page(
        row.incident_id, row.since, row.policy, row.turn, Reach(row.reach), row.target, row.at, PageState(row.state),
        row.id,
    )  # fmt: skip


def _override(row: Any) -> Override:
    return Override(row.person, row.since, row.until, row.by, row.reason, row.id)
