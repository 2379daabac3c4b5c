"""Which log lines come regularly, and when did the rare ones come?"""

from collections import defaultdict
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, select, union_all

from bot.engine.rhythm_ports import KnownRhythm, RareTemplate
from bot.store.tables import count_hour, count_minute, rhythm, template
from bot.store.upsert import insert_into

_told_as = func.coalesce(template.c.alias_of, template.c.id)
_AT_ONCE = 500


class RhythmTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def rare(self, since: datetime, lines_min: int, lines_max: int, limit: int) -> list[RareTemplate]:
        first = int(since.timestamp())
        each = union_all(
            select(count_hour.c.template_no, count_hour.c.lines).where(count_hour.c.hour >= first),
            select(count_minute.c.template_no, count_minute.c.lines).where(count_minute.c.start >= first),
        ).subquery()
        lines = func.sum(each.c.lines).label("lines")
        few = (
            select(_told_as.label("id"), template.c.service, lines)
            .join(each, each.c.template_no == template.c.no)
            .group_by(_told_as, template.c.service)
            .having(lines >= lines_min, lines <= lines_max)
            .order_by(lines, _told_as)
            .limit(limit)
        )
        return [RareTemplate(row.id, row.service, int(row.lines)) for row in self._db.execute(few)]

    def written_at(self, ids: Collection[str], since: datetime) -> dict[str, list[datetime]]:
        first = int(since.timestamp())
        found: dict[str, set[int]] = defaultdict(set)
        wanted = list(ids)
        for i in range(0, len(wanted), _AT_ONCE):
            of = select(template.c.no, _told_as.label("id")).where(_told_as.in_(wanted[i : i + _AT_ONCE])).subquery()
            cold = select(of.c.id, count_hour.c.hour, count_hour.c.packed).join(
                count_hour, count_hour.c.template_no == of.c.no
            )
            for template_id, hour, packed in self._db.execute(cold.where(count_hour.c.hour >= first)):
                found[template_id].update(
                    hour + offset for offset in msgspec.msgpack.decode(packed, type=dict[int, int])
                )
            hot = select(of.c.id, count_minute.c.start).join(count_minute, count_minute.c.template_no == of.c.no)
            for template_id, start in self._db.execute(hot.where(count_minute.c.start >= first)):
                found[template_id].add(start)
        return {i: [datetime.fromtimestamp(at, UTC) for at in sorted(times)] for i, times in found.items()}

    def all(self) -> list[KnownRhythm]:
        return [_known(row) for row in self._db.execute(select(rhythm).order_by(rhythm.c.template_id))]

    def late(self, now: datetime) -> list[KnownRhythm]:
        """Those that should have come by now, and those that are absent."""
        query = select(rhythm).where(rhythm.c.late_at <= now).order_by(rhythm.c.late_at, rhythm.c.template_id)
        return [_known(row) for row in self._db.execute(query)]

    def save(self, known: Collection[KnownRhythm]) -> None:
        rows = [_values(one) for one in known]
        if rows:
            statement = insert_into(self._db, rhythm)
            changed = {c.name: statement.excluded[c.name] for c in rhythm.c if c.name != "template_id"}
            self._db.execute(statement.on_conflict_do_update(index_elements=["template_id"], set_=changed), rows)

    def forget(self, ids: Collection[str]) -> None:
        wanted = list(ids)
        for i in range(0, len(wanted), _AT_ONCE):
            self._db.execute(delete(rhythm).where(rhythm.c.template_id.in_(wanted[i : i + _AT_ONCE])))


def _values(known: KnownRhythm) -> dict[str, Any]:
    return {
        "template_id": known.template_id,
        "service": known.service,
        "period_s": known.period_s,
        "weekdays": "".join(str(day) for day in known.weekdays),
        "times": known.times,
        "missed": known.missed,
        "spread_s": known.spread_s,
        "last_at": known.last_at,
        "expected_at": known.expected_at,
        "late_at": known.late_at,
        "absent_since": known.absent_since,
    }


def _known(row: Any) -> KnownRhythm:
    values = dict(row._mapping)
    return KnownRhythm(**{**values, "weekdays": tuple(int(day) for day in values["weekdays"])})
