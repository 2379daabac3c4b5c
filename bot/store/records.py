"""Audit, decisions, and things that happen once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from bot.engine.ports import AuditEntry, Decision
from bot.store.tables import audit, decision, happened, memory
from bot.store.types import plain
from bot.store.upsert import insert_ignore, insert_or_update


class RecordTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection
        self.noted: list[int] = []
        """The audit entries of this transaction."""

    def audit(self, entry: AuditEntry) -> None:
        values = {"at": entry.at, "by": entry.by, "what": entry.what, "subject": entry.subject}
        statement = insert(audit).values(values | {"facts": _facts(entry.facts)})
        self.noted.append(self._db.execute(statement.returning(audit.c.id)).scalar_one())

    def audit_of(self, subject: str) -> list[AuditEntry]:
        query = select(audit).where(audit.c.subject == subject).order_by(audit.c.id)
        return [AuditEntry(row.at, row.by, row.what, row.subject, row.facts, row.id) for row in self._db.execute(query)]

    def decide(self, made: Decision) -> None:
        values = {"at": made.at, "kind": made.kind, "subject": made.subject, "reason": made.reason}
        self._db.execute(insert(decision), values | {"facts": _facts(made.facts)})

    def decisions(self, subject: str, since: datetime | None = None) -> list[Decision]:
        query = select(decision).where(decision.c.subject == subject).order_by(decision.c.id)
        if since is not None:
            query = query.where(decision.c.at >= since)
        return [Decision(row.at, row.kind, row.subject, row.reason, row.facts) for row in self._db.execute(query)]

    def decided_between(self, since: datetime, until: datetime, limit: int = 500) -> list[Decision]:
        query = select(decision).where(decision.c.at >= since, decision.c.at < until).order_by(decision.c.id)
        rows = self._db.execute(query.limit(limit))
        return [Decision(row.at, row.kind, row.subject, row.reason, row.facts) for row in rows]

    def count_decisions(self, kind: str, since: datetime, until: datetime) -> int:
        query = select(func.count()).select_from(decision)
        query = query.where(decision.c.kind == kind, decision.c.at >= since, decision.c.at < until)
        return int(self._db.execute(query).scalar_one())

    def once(self, kind: str, key: str, at: datetime) -> bool:
        return insert_ignore(self._db, happened, {"kind": kind, "key": key, "at": at}, ["kind", "key"])

    def has_happened(self, kind: str, key: str) -> bool:
        query = select(happened.c.key).where(happened.c.kind == kind, happened.c.key == key)
        return self._db.execute(query).one_or_none() is not None

    def forget_before(self, kind: str, before: datetime) -> int:
        statement = delete(happened).where(happened.c.kind == kind, happened.c.at < before)
        return self._db.execute(statement).rowcount

    def remember(self, name: str, value: str) -> None:
        insert_or_update(self._db, memory, {"name": name, "value": value}, ["name"], {"value": value})

    def recall(self, name: str) -> str:
        found: str | None = self._db.execute(select(memory.c.value).where(memory.c.name == name)).scalar_one_or_none()
        return found or ""


def _facts(facts: Mapping[str, Any]) -> Any:
    return plain(dict(facts))
