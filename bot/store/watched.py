"""What is watched: the points of series, packed by the hour, and what is remembered of each check."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

import msgspec
from sqlalchemy import Connection, delete, select

from bot.engine.watch_ports import StreamPoint, WatchState
from bot.metrics.streams import Point
from bot.signals.model import Signal
from bot.store.tables import series, series_hour, stream_point, watch_state
from bot.store.types import plain, revive
from bot.store.upsert import insert_ignore, insert_into, insert_or_update

_HOUR_S = 3600
_IDS_AT_ONCE = 500
_PACK, _UNPACK = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(Point)


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

    # -- OpenTelemetry's points

    def add_stream_points(self, points: Sequence[StreamPoint]) -> int:
        rows = {(one.watch, one.stream, _ms(one.point.at)): one for one in points}
        values = [
            {"watch": watch, "stream": stream, "at_ms": at, "labels": one.labels, "packed": _PACK.encode(one.point)}
            for (watch, stream, at), one in rows.items()
        ]
        new = 0
        for i in range(0, len(values), _IDS_AT_ONCE):
            some = values[i : i + _IDS_AT_ONCE]
            statement = insert_into(self._db, stream_point).values(some)
            new += len(self._db.execute(statement.on_conflict_do_nothing().returning(stream_point.c.at_ms)).all())
        return new

    def stream_points(self, watch: str, after: datetime, until: datetime) -> list[StreamPoint]:
        of = stream_point.c
        query = select(stream_point).where(of.watch == watch, of.at_ms > _ms(after), of.at_ms <= _ms(until))
        rows = self._db.execute(query.order_by(of.at_ms, of.stream))
        return [StreamPoint(row.watch, row.stream, row.labels, _UNPACK.decode(row.packed)) for row in rows]

    def streams(self, watch: str) -> set[str]:
        return set(
            self._db.execute(select(stream_point.c.stream).where(stream_point.c.watch == watch).distinct()).scalars()
        )

    def drop_stream_points(self, before: datetime) -> int:
        return self._db.execute(delete(stream_point).where(stream_point.c.at_ms < _ms(before))).rowcount

    def _hours(self, hours: Collection[int]) -> dict[tuple[int, int], dict[int, float]]:
        if len(hours) > _IDS_AT_ONCE:  # a first filling: nothing is there yet
            return {}
        rows = self._db.execute(select(series_hour).where(series_hour.c.hour.in_(list(hours))))
        return {(r.series_id, r.hour): msgspec.msgpack.decode(r.packed, type=dict[int, float]) for r in rows}


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
