"""What is watched: the points of series, packed by the hour, and what is remembered of each check."""

from collections import defaultdict
from collections.abc import Collection
from datetime import UTC, datetime

import msgspec
from sqlalchemy import Connection, delete, select

from bot.engine.watch_ports import WatchState
from bot.signals.model import Signal
from bot.store.tables import series, series_hour, watch_state
from bot.store.types import plain, revive
from bot.store.upsert import insert_ignore, insert_into, insert_or_update

_HOUR_S = 3600
_IDS_AT_ONCE = 500


class WatchTable:
    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def state(self, name: str) -> WatchState:
        row = self._db.execute(select(watch_state).where(watch_state.c.name == name)).one_or_none()
        if row is None:
            return WatchState(name)
        return WatchState(name, row.read_at, tuple(revive(one, Signal) for one in row.standing), row.notes)

    def remember(self, state: WatchState) -> None:
        values = {
            "read_at": state.read_at,
            "standing": [plain(one) for one in state.standing],
            "notes": dict(state.notes),
        }
        insert_or_update(self._db, watch_state, {"name": state.name, **values}, ["name"], values)

    def known_series(self, watch: str) -> dict[str, int]:
        rows = self._db.execute(select(series.c.labels, series.c.id).where(series.c.watch == watch))
        return {row.labels: row.id for row in rows}

    def series_ids(self, watch: str, labels: Collection[str]) -> dict[str, int]:
        known = self.known_series(watch)
        new = [one for one in labels if one not in known]
        for one in new:
            insert_ignore(self._db, series, {"watch": watch, "labels": one}, ["watch", "labels"])
        return self.known_series(watch) if new else known

    def add_points(self, points: Collection[tuple[int, datetime, float]]) -> None:
        hours: dict[tuple[int, int], dict[int, float]] = defaultdict(dict)
        for series_id, at, value in points:
            seconds = int(at.timestamp())
            hours[series_id, seconds // _HOUR_S * _HOUR_S][seconds % _HOUR_S] = value
        known = self._hours({hour for _, hour in hours})
        rows = [
            {
                "series_id": series_id,
                "hour": hour,
                "packed": msgspec.msgpack.encode({**known.get((series_id, hour), {}), **some}),
            }
            for (series_id, hour), some in hours.items()
        ]
        if rows:
            statement = insert_into(self._db, series_hour)
            changed = {"packed": statement.excluded.packed}
            self._db.execute(statement.on_conflict_do_update(index_elements=["series_id", "hour"], set_=changed), rows)

    def points(self, ids: Collection[int], since: datetime) -> dict[int, list[tuple[datetime, float]]]:
        found: dict[int, list[tuple[datetime, float]]] = defaultdict(list)
        wanted = list(ids)
        for i in range(0, len(wanted), _IDS_AT_ONCE):
            part = wanted[i : i + _IDS_AT_ONCE]
            query = select(series_hour).where(
                series_hour.c.series_id.in_(part), series_hour.c.hour >= int(since.timestamp()) - _HOUR_S
            )
            for row in self._db.execute(query.order_by(series_hour.c.series_id, series_hour.c.hour)):
                for offset, value in sorted(msgspec.msgpack.decode(row.packed, type=dict[int, float]).items()):
                    at = datetime.fromtimestamp(row.hour + offset, UTC)
                    if at > since:
                        found[row.series_id].append((at, value))
        return found

    def drop_points(self, before: datetime) -> int:
        """And the series of which nothing is left: pods come and go."""
        dropped = self._db.execute(delete(series_hour).where(series_hour.c.hour < int(before.timestamp()))).rowcount
        self._db.execute(delete(series).where(series.c.id.not_in(select(series_hour.c.series_id))))
        return dropped

    def _hours(self, hours: Collection[int]) -> dict[tuple[int, int], dict[int, float]]:
        if len(hours) > _IDS_AT_ONCE:  # a first filling: nothing is there yet
            return {}
        rows = self._db.execute(select(series_hour).where(series_hour.c.hour.in_(list(hours))))
        return {(r.series_id, r.hour): msgspec.msgpack.decode(r.packed, type=dict[int, float]) for r in rows}
