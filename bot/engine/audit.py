"""Can it be shown afterwards who did what, and that nobody rewrote it?

Every audit entry gets a place in a chain: the hash of a link covers the link before it. Entries are written and sealed
in the transaction of what they record, as the last thing before it commits; one transaction at a time does that.
Database triggers keep entries and seals from being changed or removed; who takes the triggers away still breaks the
chain.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.engine.ports import AuditEntry, AuditRows, SealedEntry, Store
from bot.errors import Stale

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Broken:
    """The first link that does not fit."""

    no: int
    entry: AuditEntry


class Audit:
    def __init__(self, store: Store) -> None:
        self._store = store

    def seal(self) -> int:
        """Links what is not in the chain yet, as an older version left it; gives how many."""
        sealed = 0
        while True:
            try:
                with self._store.write() as tx:
                    tx.audit.last_seal()  # from here on nobody else seals them
                    entries = tx.audit.unsealed(_BATCH)
                    seal(tx.audit, entries)
            except Stale:
                return sealed
            sealed += len(entries)
            if len(entries) < _BATCH:
                return sealed

    def verify(self) -> Broken | None:
        """The first broken link, or None when the chain is whole."""
        last = ""
        for expected, sealed in enumerate(self.export(), start=1):
            last = link(last, expected, sealed.entry)
            if sealed.no != expected or sealed.hash != last:
                return Broken(sealed.no, sealed.entry)
        return None

    def export(self) -> Iterator[SealedEntry]:
        """Every sealed entry, the oldest first."""
        after = 0
        while True:
            with self._store.read() as tx:
                page = tx.audit.sealed(after, _BATCH)
            yield from page
            if len(page) < _BATCH:
                return
            after = page[-1].no


def seal(rows: AuditRows, entries: Sequence[AuditEntry]) -> None:
    """Puts them at the end of the chain. Raises `Stale` when somebody else made that link."""
    if not entries:
        return
    no, last = rows.last_seal()
    for entry in entries:
        no, last = no + 1, link(last, no + 1, entry)
        rows.seal(no, entry.id, last)


def as_json(sealed: SealedEntry) -> str:
    """One line for an archive: everything the hash covers, and the hash."""
    return json.dumps({"no": sealed.no, "hash": sealed.hash, **_facts(sealed.entry)}, ensure_ascii=False)


def link(previous: str, no: int, entry: AuditEntry) -> str:
    covered = json.dumps([previous, no, _facts(entry)], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(covered.encode()).hexdigest()


def _facts(entry: AuditEntry) -> dict[str, object]:
    at = entry.at.isoformat()
    return {"id": entry.id, "at": at, "by": entry.by, "what": entry.what, "subject": entry.subject,
            "facts": dict(entry.facts)}  # fmt: skip
