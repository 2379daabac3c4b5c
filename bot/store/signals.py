"""The signals, those of an incident and the loose ones."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, func, insert, select, update

from bot.engine.ports import Raised
from bot.incidents.model import IncidentState, Resolution
from bot.signals.model import Evidence, Signal, SignalKind
from bot.signals.severity import Severity
from bot.store.tables import incident
from bot.store.tables import signal as table
from bot.store.types import plain, revive

_BETWEEN_MAX = 1_000


class SignalTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, signal: Signal, incident_id: int) -> Signal:
        values = {column: getattr(signal, column) for column in _COLUMNS}
        values |= {
            "incident_id": incident_id,
            "evidence": plain(signal.evidence),
            "entities": plain(signal.entities),
            "attributes": dict(signal.attributes),
        }
        new_id = self._db.execute(insert(table).returning(table.c.id), values).scalar_one()
        row = self._db.execute(select(table).where(table.c.id == new_id)).one()
        return _signal(row)

    def refresh(self, signal_id: int, evidence: Evidence, severity: Severity) -> None:
        clearer = {"evidence": plain(evidence), "severity": severity.value}
        self._db.execute(update(table).where(table.c.id == signal_id).values(clearer))

    def repeat(self, signal_id: int, at: datetime) -> None:
        again = update(table).where(table.c.id == signal_id)
        self._db.execute(again.values(count=table.c.count + 1, last_at=at))

    def of(self, incident_id: int) -> list[Signal]:
        return self._all(select(table).where(table.c.incident_id == incident_id))

    def of_each(self, incident_ids: Collection[int]) -> dict[int, list[Signal]]:
        found: dict[int, list[Signal]] = {incident_id: [] for incident_id in incident_ids}
        if found:
            for incident_id, signal in self._pairs(select(table).where(table.c.incident_id.in_(found))):
                found[incident_id].append(signal)
        return found

    def known(self, fingerprint: str) -> tuple[int, Signal] | None:
        query = select(table).join(incident, incident.c.id == table.c.incident_id)
        query = query.where(table.c.fingerprint == fingerprint, incident.c.state != IncidentState.RESOLVED.value)
        return max(self._pairs(query), key=lambda pair: (pair[1].seen_until, pair[1].id), default=None)

    def watched(self, service: str, resolved_since: datetime) -> list[tuple[int, Signal]]:
        query = select(table).join(incident, incident.c.id == table.c.incident_id).where(table.c.service == service)
        is_active = incident.c.state != IncidentState.RESOLVED.value
        return self._pairs(query.where(is_active | (incident.c.resolved_at >= resolved_since)))

    def of_fingerprints(self, fingerprints: Collection[str], since: datetime) -> list[tuple[int, Signal]]:
        query = select(table).where(table.c.fingerprint.in_(fingerprints), table.c.at >= since)
        return self._pairs(query) if fingerprints else []

    def holders(self, fingerprints: Collection[str], since: datetime) -> list[tuple[int, str]]:
        """(incident id, fingerprint) of what was seen since in any incident."""
        query = select(table.c.incident_id, table.c.fingerprint).where(table.c.fingerprint.in_(fingerprints))
        rows = self._db.execute(query.where(table.c.at >= since, table.c.incident_id != 0).distinct())
        return [(row.incident_id, row.fingerprint) for row in rows]

    def between(self, since: datetime, until: datetime, service: str = "") -> list[tuple[int, Signal]]:
        """Seen in [since, until), at most `_BETWEEN_MAX`."""
        query = select(table).where(table.c.at >= since, table.c.at < until)
        if service:
            query = query.where(table.c.service == service)
        return self._pairs(query, _BETWEEN_MAX)

    def still_on(self, signal_ids: Collection[int], at: datetime) -> None:
        if signal_ids:
            self._db.execute(update(table).where(table.c.id.in_(signal_ids)).values(last_at=at))

    def begin_again(self, signal_ids: Collection[int], began_at: datetime, at: datetime) -> None:
        if signal_ids:
            again = update(table).where(table.c.id.in_(signal_ids))
            self._db.execute(again.values(count=table.c.count + 1, began_at=began_at, at=at, last_at=at))

    def loose(self, since: datetime) -> list[Signal]:
        return self._all(select(table).where(table.c.incident_id == 0, table.c.at >= since))

    def join(self, signal_ids: Collection[int], incident_id: int) -> None:
        if signal_ids:
            self._db.execute(update(table).where(table.c.id.in_(signal_ids)).values(incident_id=incident_id))

    def count(self, since: datetime, until: datetime) -> int:
        query = select(func.count()).select_from(table).where(table.c.at >= since, table.c.at < until)
        return int(self._db.execute(query).scalar_one())

    def raised(self, since: datetime, until: datetime, limit: int) -> list[Raised]:
        """The problems seen in [since, until), the most often raised first."""
        times = func.sum(table.c.count).label("times")
        is_useless = incident.c.resolution == Resolution.NOT_A_PROBLEM.value
        query = select(
            table.c.fingerprint,
            table.c.kind,
            table.c.service,
            func.max(table.c.title).label("title"),
            times,
            func.count(incident.c.id.distinct()).label("incidents"),
            func.count(case((is_useless, incident.c.id)).distinct()).label("useless"),
        )
        query = query.outerjoin(incident, incident.c.id == table.c.incident_id)
        query = query.where(table.c.at >= since, table.c.at < until)
        query = query.group_by(table.c.fingerprint, table.c.kind, table.c.service)
        rows = self._db.execute(query.order_by(times.desc(), table.c.fingerprint).limit(limit))
        return [Raised(r.fingerprint, r.kind, r.service, r.title, int(r.times), r.incidents, r.useless) for r in rows]

    def _pairs(self, query: Any, limit: int | None = None) -> list[tuple[int, Signal]]:
        rows = self._db.execute(query.order_by(table.c.at, table.c.id).limit(limit))
        return [(row.incident_id, _signal(row)) for row in rows]

    def _all(self, query: Any) -> list[Signal]:
        return [_signal(row) for row in self._db.execute(query.order_by(table.c.at, table.c.id))]


_COLUMNS = ("fingerprint", "kind", "service", "severity", "began_at", "at", "title", "source", "count", "last_at")


def _signal(row: Any) -> Signal:
    return Signal(
        fingerprint=row.fingerprint,
        kind=SignalKind(row.kind),
        service=row.service,
        severity=Severity(row.severity),
        began_at=row.began_at,
        at=row.at,
        title=row.title,
        evidence=revive(row.evidence, Evidence),
        source=row.source,
        entities=tuple((kind, value) for kind, value in row.entities),
        attributes=row.attributes,
        count=row.count,
        last_at=row.last_at,
        id=row.id,
    )
