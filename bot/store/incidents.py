"""The incidents with their suspects and timelines."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select, update

from bot.errors import NotFound, Stale
from bot.incidents.model import Incident, IncidentState, Resolution, Suspect, TimelineEntry
from bot.signals.severity import Severity
from bot.store.tables import incident as table
from bot.store.tables import suspect as suspect_table
from bot.store.tables import timeline as timeline_table
from bot.store.types import plain


class IncidentTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, incident: Incident) -> Incident:
        values = {name: getattr(incident, name) for name in _COLUMNS} | {"version": 1}
        new_id = self._db.execute(insert(table).returning(table.c.id), values).scalar_one()
        return replace(incident, id=new_id, version=1)

    def get(self, incident_id: int) -> Incident:
        return self._one(incident_id, select(table))

    def lock(self, incident_id: int) -> Incident:
        return self._one(incident_id, select(table).with_for_update())  # SQLite has one writer and ignores it

    def _one(self, incident_id: int, query: Select[Any]) -> Incident:
        row = self._db.execute(query.where(table.c.id == incident_id)).one_or_none()
        if row is None:
            raise NotFound("incident", f"INC-{incident_id}")
        return _incident(row)

    def save(self, incident: Incident) -> Incident:
        values = {name: getattr(incident, name) for name in _COLUMNS} | {"version": incident.version + 1}
        statement = update(table).where(table.c.id == incident.id, table.c.version == incident.version)
        if self._db.execute(statement.values(values)).rowcount != 1:
            raise Stale("changed_meanwhile", incident=incident.key)
        return replace(incident, version=incident.version + 1)

    def active(self) -> list[Incident]:
        query = select(table).where(table.c.state != IncidentState.RESOLVED.value).order_by(table.c.id)
        return [_incident(row) for row in self._db.execute(query)]

    def recent(self, since: datetime, limit: int = 100) -> list[Incident]:
        query = select(table).where(table.c.opened_at >= since).order_by(table.c.id.desc()).limit(limit)
        return [_incident(row) for row in self._db.execute(query)]

    def open_between(self, since: datetime, until: datetime, limit: int) -> list[Incident]:
        """Those that were open at some time in [since, until), the newest first."""
        lasted = table.c.resolved_at.is_(None) | (table.c.resolved_at >= since)
        query = select(table).where(table.c.opened_at < until, lasted)
        return [_incident(row) for row in self._db.execute(query.order_by(table.c.id.desc()).limit(limit))]

    def resolved_since(self, since: datetime) -> list[Incident]:
        query = select(table).where(table.c.state == IncidentState.RESOLVED.value, table.c.resolved_at >= since)
        return [_incident(row) for row in self._db.execute(query.order_by(table.c.id))]

    def set_suspects(self, incident_id: int, suspects: Sequence[Suspect]) -> None:
        self._db.execute(delete(suspect_table).where(suspect_table.c.incident_id == incident_id))
        rows = [plain(suspect) | {"incident_id": incident_id, "place": place} for place, suspect in enumerate(suspects)]
        if rows:
            self._db.execute(insert(suspect_table), rows)

    def suspects(self, incident_id: int) -> list[Suspect]:
        query = select(suspect_table).where(suspect_table.c.incident_id == incident_id)
        return [
            Suspect(
                kind=row.kind,
                subject=row.subject,
                label=row.label,
                likelihood=row.likelihood,
                because=tuple((reason, figure) for reason, figure in row.because),
                verdict=row.verdict,
            )
            for row in self._db.execute(query.order_by(suspect_table.c.place))
        ]

    def add_timeline(self, incident_id: int, entry: TimelineEntry) -> TimelineEntry:
        values = {
            "incident_id": incident_id,
            "at": entry.at,
            "kind": entry.kind,
            "by": entry.by,
            "facts": plain(entry.facts),
        }
        new_id = self._db.execute(insert(timeline_table).returning(timeline_table.c.id), values).scalar_one()
        return replace(entry, id=new_id)

    def drop_timeline(self, entry_id: int) -> None:
        self._db.execute(delete(timeline_table).where(timeline_table.c.id == entry_id))

    def timeline(self, incident_id: int) -> list[TimelineEntry]:
        query = select(timeline_table).where(timeline_table.c.incident_id == incident_id)
        return [
            TimelineEntry(
                at=row.at,
                kind=row.kind,
                by=row.by,
                facts=tuple((name, value) for name, value in row.facts),
                id=row.id,
            )
            for row in self._db.execute(query.order_by(timeline_table.c.at, timeline_table.c.id))
        ]


_COLUMNS = tuple(field.name for field in fields(Incident) if field.name not in ("id", "version"))


def _incident(row: Any) -> Incident:
    values = {name: getattr(row, name) for name in _COLUMNS}
    values["severity"] = Severity(row.severity)
    values["state"] = IncidentState(row.state)
    values["resolution"] = Resolution(row.resolution) if row.resolution else None
    return Incident(**values, id=row.id, version=row.version)
