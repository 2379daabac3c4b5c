"""Which mixes of templates are usual, as they were learnt, and the counts to learn them from."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from bot.store.tables import count_minute, mix_model, template
from bot.store.upsert import insert_ignore, insert_into

_told_as = func.coalesce(template.c.alias_of, template.c.id)


class MixTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def fitted(self) -> dict[str, datetime]:
        rows = self._db.execute(select(mix_model.c.service, mix_model.c.fitted_at))
        return {row.service: row.fitted_at for row in rows}

    def packed(self, service: str) -> bytes:
        query = select(mix_model.c.packed).where(mix_model.c.service == service)
        return self._db.execute(query).scalar_one_or_none() or b""

    def save(self, service: str, at: datetime, packed: bytes) -> None:
        values: dict[str, Any] = {"fitted_at": at, "packed": packed}
        statement = insert_into(self._db, mix_model)
        statement = statement.on_conflict_do_update(index_elements=["service"], set_=values)
        self._db.execute(statement, values | {"service": service})

    def note_tried(self, service: str, at: datetime) -> None:
        values = {"service": service, "fitted_at": at, "packed": b""}
        if not insert_ignore(self._db, mix_model, values, ["service"]):
            self._db.execute(update(mix_model).where(mix_model.c.service == service).values(fitted_at=at))

    def forget(self, before: datetime) -> int:
        return self._db.execute(delete(mix_model).where(mix_model.c.fitted_at < before)).rowcount

    def counts(
        self, service: str, since: datetime, until: datetime, window_s: int, each: int, templates: int
    ) -> Mapping[str, Mapping[int, int]]:
        start = count_minute.c.start
        is_sampled: list[ColumnElement[bool]] = [
            template.c.service == service,
            start >= int(since.timestamp()),
            start < int(until.timestamp()),
            start % (window_s * each) < window_s,
        ]
        of_service = select(_told_as.label("id"), start, count_minute.c.lines).join(
            count_minute, count_minute.c.template_no == template.c.no
        )
        sampled = of_service.where(*is_sampled).subquery()
        lines = func.sum(sampled.c.lines)
        busiest = (
            select(sampled.c.id).group_by(sampled.c.id).order_by(lines.desc(), sampled.c.id).limit(templates)
        ).subquery()
        found: dict[str, dict[int, int]] = defaultdict(dict)
        for row in self._db.execute(select(sampled).join(busiest, busiest.c.id == sampled.c.id)):
            found[row.id][row.start] = found[row.id].get(row.start, 0) + row.lines
        return found
