"""The audit's chain: which entry stands where, and with which hash?"""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, func, select

from bot.engine.ports import AuditEntry, SealedEntry
from bot.errors import Stale
from bot.store.tables import audit, audit_seal
from bot.store.upsert import insert_ignore

_CHAIN = 0x70C51
"""The advisory lock of the end of the chain. A transaction takes it last, and waits for nothing while it has it."""


class AuditTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def unsealed(self, limit: int) -> list[AuditEntry]:
        sealed = select(audit_seal.c.audit_id).where(audit_seal.c.audit_id == audit.c.id)
        query = select(audit).where(~sealed.exists()).order_by(audit.c.id).limit(limit)
        return [AuditEntry(row.at, row.by, row.what, row.subject, row.facts, row.id) for row in self._db.execute(query)]

    def entries(self, ids: Sequence[int]) -> list[AuditEntry]:
        query = select(audit).where(audit.c.id.in_(ids)).order_by(audit.c.id)
        return [AuditEntry(row.at, row.by, row.what, row.subject, row.facts, row.id) for row in self._db.execute(query)]

    def last_seal(self) -> tuple[int, str]:
        if self._db.dialect.name == "postgresql":  # SQLite has one writer anyway
            self._db.execute(select(func.pg_advisory_xact_lock(_CHAIN)))
        query = select(audit_seal).order_by(audit_seal.c.no.desc()).limit(1)
        row = self._db.execute(query).one_or_none()
        return (row.no, row.hash) if row else (0, "")

    def seal(self, no: int, entry_id: int, hash: str) -> None:
        if not insert_ignore(self._db, audit_seal, {"no": no, "audit_id": entry_id, "hash": hash}, ["no"]):
            raise Stale("changed_meanwhile", seal=str(no))

    def sealed(self, after: int, limit: int) -> list[SealedEntry]:
        query = select(audit_seal, audit).outerjoin(audit, audit.c.id == audit_seal.c.audit_id)
        query = query.where(audit_seal.c.no > after).order_by(audit_seal.c.no).limit(limit)
        return [SealedEntry(row.no, row.hash, _entry(row)) for row in self._db.execute(query)]


def _entry(row: object) -> AuditEntry:
    """An entry that somebody removed is one without facts: its hash no longer fits."""
    found = row._mapping  # type: ignore[attr-defined]
    if found[audit.c.id] is None:
        return AuditEntry(_NEVER, "", "removed", "", {}, 0)
    columns = (audit.c.at, audit.c.by, audit.c.what, audit.c.subject, audit.c.facts, audit.c.id)
    return AuditEntry(*(found[column] for column in columns))


_NEVER = datetime.min.replace(tzinfo=UTC)
