"""What people taught."""

from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from bot.store.tables import lesson as table


class LessonTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, kind: str, subject: str, verdict: str, by: str, at: datetime) -> None:
        self._db.execute(
            insert(table), {"kind": kind, "subject": subject[:200], "verdict": verdict, "by": by, "at": at}
        )

    def counts(self, kind: str) -> dict[tuple[str, str], int]:
        """(subject, verdict) → how often."""
        query = select(table.c.subject, table.c.verdict, func.count().label("times")).where(table.c.kind == kind)
        rows = self._db.execute(query.group_by(table.c.subject, table.c.verdict))
        return {(row.subject, row.verdict): int(row.times) for row in rows}
