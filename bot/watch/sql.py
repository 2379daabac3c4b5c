"""What do tables say? Reads on any database SQLAlchemy knows; values are bound, results are bounded, writing is off."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, inspect, literal_column, select, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, NoSuchTableError, SQLAlchemyError
from sqlalchemy.sql import column as sql_column
from sqlalchemy.sql import table as sql_table

from bot.checks.declared import SERIES_MAX, DatabaseSettings
from bot.engine.watch_ports import ReadSeries
from bot.errors import ConnectorError, SettingsError

ROWS_MAX = 50_000
SQLITE_STEPS = 10_000


class Sql:
    """Fulfils `TableSource` and `SeriesSource`."""

    def __init__(self, name: str, settings: DatabaseSettings) -> None:
        self._name, self._timeout_s = name, settings.timeout_s
        try:
            self._engine = _open(settings)
        except (ArgumentError, NoSuchModuleError) as error:
            raise SettingsError([f"watch.databases.{name}.url: {error}"]) from error
        except ModuleNotFoundError as error:
            raise SettingsError(
                [f"watch.databases.{name}.url: needs the package {error.name}, which is not installed"]
            ) from error

    def close(self) -> None:
        self._engine.dispose()

    # -- tables

    def newest(self, table: str, column: str, where: str) -> datetime | None:
        return _as_time(self._one(select(func.max(sql_column(column))), table, where))

    def count(self, table: str, where: str, column: str = "", since: datetime | None = None) -> int:
        query = select(func.count())
        if column and since is not None:
            query = query.where(sql_column(column) >= self._bound(since))
        return int(self._one(query, table, where) or 0)

    def columns(self, table: str) -> dict[str, str]:
        schema, _, name = table.rpartition(".")
        with self._connected() as connection:
            return {c["name"]: str(c["type"]) for c in inspect(connection).get_columns(name, schema=schema or None)}

    def nulls(self, table: str, columns: Sequence[str], where: str) -> dict[str, int]:
        counts = [func.count() - func.count(sql_column(name)) for name in columns]
        with self._connected() as connection:
            row = connection.execute(_from(select(*counts), table, where)).one()
        return {name: int(count or 0) for name, count in zip(columns, row, strict=True)}

    def duplicates(self, table: str, columns: Sequence[str], where: str) -> int:
        keys: list[Any] = [sql_column(name) for name in columns]
        groups = _from(select(func.count().label("times")), table, where).group_by(*keys).having(func.count() > 1)
        times = groups.subquery().c.times
        with self._connected() as connection:
            return int(connection.execute(select(func.coalesce(func.sum(times - 1), 0))).scalar_one())

    def value(self, query: str) -> float | None:
        with self._connected() as connection:
            row = connection.execute(text(query)).first()
        found = row[0] if row else None
        return None if found is None else self._number(found)

    def rows(
        self, table: str, columns: Sequence[str], time_column: str, since: datetime, until: datetime, where: str
    ) -> list[tuple[Any, ...]]:
        at: Any = sql_column(time_column)
        query = _from(select(*[sql_column(name) for name in columns]), table, where)
        query = query.where(at >= self._bound(since), at < self._bound(until)).order_by(at.desc()).limit(ROWS_MAX)
        with self._connected() as connection:
            return [tuple(_plain(cell) for cell in row) for row in connection.execute(query)]

    def newest_version(self, table: str, column: str, time_column: str) -> tuple[str, datetime] | None:
        version: Any = sql_column(column)
        at: Any = sql_column(time_column)
        with self._connected() as connection:
            newest = connection.execute(_from(select(version), table, "").order_by(at.desc()).limit(1)).first()
            if newest is None:
                return None
            first = connection.execute(_from(select(func.min(at)), table, "").where(version == newest[0])).scalar_one()
        since = _as_time(first)
        return (str(newest[0]), since) if since else None

    # -- series

    def read(self, query: str, since: datetime, until: datetime, step: timedelta) -> list[ReadSeries]:
        """One point now: a database is asked how things are, not how they were."""
        with self._connected() as connection:
            result = connection.execute(text(query))
            columns = result.keys()
            names = [name.lower() for name in columns]
            rows = result.fetchmany(SERIES_MAX)
        if len(names) > 1 and "value" not in names:
            raise ConnectorError("of several columns one has to be called value", permanent=True, connector=self._name)
        place = names.index("value") if "value" in names else 0
        found = []
        for row in rows:
            if row[place] is not None:
                labels = {name: str(cell) for i, (name, cell) in enumerate(zip(names, row, strict=True)) if i != place}
                found.append(ReadSeries(labels, [(until, self._number(row[place]))]))
        return found

    # -- helpers

    def _one(self, query: Any, table: str, where: str) -> Any:
        with self._connected() as connection:
            return connection.execute(_from(query, table, where)).scalar_one()

    def _bound(self, at: datetime) -> datetime:
        """SQLite keeps times as naive text."""
        return at.astimezone(UTC).replace(tzinfo=None) if self._engine.dialect.name in ("sqlite", "mysql") else at

    def _number(self, found: Any) -> float:
        try:
            number = float(found)
        except (TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number):
            raise ConnectorError(f"{str(found)[:40]!r} is not a number", permanent=True, connector=self._name)
        return number

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except NoSuchTableError as error:
            raise ConnectorError(f"there is no table {error}", permanent=True, connector=self._name) from error
        except SQLAlchemyError as error:
            words = str(getattr(error, "orig", None) or error).splitlines()[0][:300]
            raise ConnectorError(words, permanent=False, connector=self._name) from error


def _open(settings: DatabaseSettings) -> Engine:
    url = settings.url.get_secret_value()
    if url.startswith(("postgres://", "postgresql://")):
        url = "postgresql+psycopg://" + url.split("://", 1)[1]
    engine = create_engine(url, pool_pre_ping=True, pool_size=2, max_overflow=2)
    limit_ms = round(settings.timeout_s * 1000)

    @event.listens_for(engine, "connect")
    def _read_only(connection: Any, _record: Any) -> None:
        if engine.dialect.name == "sqlite":
            connection.execute("PRAGMA query_only=ON")
        elif engine.dialect.name == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"SET default_transaction_read_only=on; SET statement_timeout={limit_ms}")
            connection.commit()

    return engine


def _from(query: Any, table: str, where: str) -> Any:
    schema, _, name = table.rpartition(".")
    query = query.select_from(sql_table(name, schema=schema or None))
    return query.where(literal_column(f"({where})")) if where else query


def _as_time(found: Any) -> datetime | None:
    """Databases without a type for times keep text or Unix seconds."""
    if found is None:
        return None
    if isinstance(found, datetime):
        at = found
    elif isinstance(found, date):
        at = datetime(found.year, found.month, found.day, tzinfo=UTC)
    elif isinstance(found, int | float | Decimal):
        at = datetime.fromtimestamp(float(found), UTC)
    else:
        try:
            at = datetime.fromisoformat(str(found))
        except ValueError as error:
            raise ConnectorError(f"{str(found)[:40]!r} is not a time", permanent=True) from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _plain(cell: Any) -> Any:
    return float(cell) if isinstance(cell, Decimal) else cell
