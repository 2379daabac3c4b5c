"""Silences, ad-hoc maintenance, and what they hid."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from bot.errors import NotFound
from bot.signals.model import Signal
from bot.silences.model import Copy, Hidden, MaintenanceWindow, Matcher, Silence, Untold
from bot.store.tables import hidden, maintenance, silence_copy
from bot.store.tables import silence as table
from bot.store.types import plain
from bot.store.upsert import insert_ignore, insert_or_update


class SilenceTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, silence: Silence) -> Silence:
        values = {name: getattr(silence, name) for name in ("by", "reason", "since", "until", "origin")}
        values |= {"matchers": plain(silence.matchers), "ended_by": ""}
        new_id = self._db.execute(insert(table).returning(table.c.id), values).scalar_one()
        return replace(silence, id=new_id)

    def get(self, silence_id: int) -> Silence:
        row = self._db.execute(select(table).where(table.c.id == silence_id)).one_or_none()
        if row is None:
            raise NotFound("silence", str(silence_id))
        return _silence(row)

    def since(self, at: datetime) -> list[Silence]:
        """Those that last beyond `at`, the oldest first."""
        return [_silence(row) for row in self._db.execute(select(table).where(table.c.until > at).order_by(table.c.id))]

    def end(self, silence_id: int, at: datetime, by: str) -> None:
        self._db.execute(update(table).where(table.c.id == silence_id).values(until=at, ended_by=by))

    def move_end(self, silence_id: int, until: datetime) -> None:
        self._db.execute(update(table).where(table.c.id == silence_id).values(until=until))

    def copies(self, source: str) -> list[Copy]:
        query = select(silence_copy).where(silence_copy.c.source == source).order_by(silence_copy.c.silence_id)
        return [_copy(row) for row in self._db.execute(query)]

    def copies_of(self, silence_id: int) -> list[Copy]:
        query = select(silence_copy).where(silence_copy.c.silence_id == silence_id).order_by(silence_copy.c.source)
        return [_copy(row) for row in self._db.execute(query)]

    def set_copy(self, copy: Copy) -> None:
        values = {"silence_id": copy.silence_id, "source": copy.source}
        told = {"copy_id": copy.copy_id, "problem": copy.problem or ""}
        insert_or_update(self._db, silence_copy, values | told, list(values), told)

    def drop_copies(self, before: datetime) -> int:
        over = select(table.c.id).where(table.c.until < before)
        return self._db.execute(delete(silence_copy).where(silence_copy.c.silence_id.in_(over))).rowcount

    def add_window(self, window: MaintenanceWindow, by: str) -> MaintenanceWindow:
        values: dict[str, object] = {"services": sorted(window.services), "by": by, "reason": window.reason}
        values |= {"since": window.since, "until": window.until}
        new_id = self._db.execute(insert(maintenance).returning(maintenance.c.id), values).scalar_one()
        return replace(window, id=new_id)

    def windows(self, since: datetime) -> list[MaintenanceWindow]:
        """Those that last beyond `since`."""
        query = select(maintenance).where(maintenance.c.until > since).order_by(maintenance.c.id)
        return [
            MaintenanceWindow(frozenset(row.services), row.reason, row.since, row.until, row.id)
            for row in self._db.execute(query)
        ]

    def end_window(self, window_id: int, at: datetime) -> None:
        self._db.execute(update(maintenance).where(maintenance.c.id == window_id).values(until=at))

    def hide(self, reason: str, subject: str, signal: Signal, at: datetime) -> bool:
        """Counts a muted signal. True the first time this problem is muted by this."""
        keys = {"reason": reason, "subject": subject, "fingerprint": signal.fingerprint}
        values = {
            **keys,
            "service": signal.service,
            "kind": signal.kind.value,
            "severity": signal.severity.value,
            "title": signal.title,
            "count": 1,
            "first_at": at,
            "last_at": at,
        }
        if insert_ignore(self._db, hidden, values, list(keys)):
            return True
        same = [hidden.c[name] == value for name, value in keys.items()]
        self._db.execute(update(hidden).where(*same).values(count=hidden.c.count + 1, last_at=at))
        return False

    def hidden_by(self, reason: str, subject: str) -> list[Hidden]:
        query = select(hidden).where(hidden.c.reason == reason, hidden.c.subject == subject)
        return [_hidden(row) for row in self._db.execute(query.order_by(hidden.c.first_at, hidden.c.fingerprint))]

    def hidden_between(
        self, since: datetime, until: datetime, services: Collection[str] = (), limit: int = 200
    ) -> list[Hidden]:
        query = select(hidden).where(hidden.c.last_at >= since, hidden.c.first_at < until)
        if services:
            query = query.where(hidden.c.service.in_(services))
        query = query.order_by(hidden.c.count.desc(), hidden.c.fingerprint).limit(limit)
        return [_hidden(row) for row in self._db.execute(query)]


def _silence(row: Any) -> Silence:
    matchers = tuple(Matcher(m["field"], m["value"], m.get("sign", "=")) for m in row.matchers)
    return Silence(matchers, row.by, row.reason, row.since, row.until, row.id, row.origin, row.ended_by)


def _copy(row: Any) -> Copy:
    return Copy(row.silence_id, row.source, row.copy_id, Untold(row.problem) if row.problem else None)


def _hidden(row: Any) -> Hidden:
    return Hidden(
        reason=row.reason,
        subject=row.subject,
        fingerprint=row.fingerprint,
        service=row.service,
        kind=row.kind,
        severity=row.severity,
        title=row.title,
        count=row.count,
        first_at=row.first_at,
        last_at=row.last_at,
    )
