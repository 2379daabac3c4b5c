"""Do the migrations make the schema the code expects, and unmake it?"""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from bot.errors import StoreError
from bot.store import migrate
from bot.store.database import Database
from bot.store.tables import metadata
from bot.stream.table import metadata as bus_metadata


def test_the_migrated_schema_is_the_one_in_the_tables(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_bus_finds_its_tables_as_it_expects_them() -> None:
    for table in bus_metadata.tables.values():
        made = metadata.tables[table.name]
        assert [(c.name, type(c.type), c.nullable) for c in made.columns] == [
            (c.name, type(c.type), c.nullable) for c in table.columns
        ]


def test_down_leaves_nothing_and_up_again_everything(database: Database) -> None:
    migrate.downgrade(database.engine)
    assert set(inspect(database.engine).get_table_names()) <= {"alembic_version"}
    assert not migrate.is_current(database.engine)
    migrate.upgrade(database.engine)
    assert migrate.is_current(database.engine)
    assert set(metadata.tables) <= set(inspect(database.engine).get_table_names())


def test_a_schema_of_a_newer_tocsin_is_refused(database: Database) -> None:
    known = migrate.version(database.engine)
    with database.engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="made by a newer Tocsin"):
        migrate.upgrade(database.engine)
    with database.engine.connect() as connection, connection.begin():
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{known}'")


def test_a_url_that_is_none_is_refused_in_words() -> None:
    with pytest.raises(StoreError, match="not a database URL"):
        Database("nonsense")
    with pytest.raises(StoreError, match="mysql is not supported"):
        Database("mysql://h/d")
