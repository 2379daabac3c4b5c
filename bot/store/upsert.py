"""How is a row inserted that may be there already? The same statement shapes on SQLite and PostgreSQL."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Insert = postgresql.Insert | sqlite.Insert


def insert_into(connection: Connection, table: Table) -> Insert:
    """The dialect's own insert, which knows ON CONFLICT."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def insert_ignore(connection: Connection, table: Table, values: dict[str, Any], key: Sequence[str]) -> bool:
    """True when the row is new, False when one with this key was there."""
    statement = insert_into(connection, table).values(values).on_conflict_do_nothing(index_elements=list(key))
    return connection.execute(statement.returning(table.c[key[0]])).one_or_none() is not None


def insert_or_update(
    connection: Connection, table: Table, values: dict[str, Any], key: Sequence[str], changed: dict[str, Any]
) -> None:
    statement = insert_into(connection, table)
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=changed), values)
