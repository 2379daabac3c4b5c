"""Which version has the schema, and how does it get to another?"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from bot.errors import StoreError


def upgrade(engine: Engine, to: str = "head") -> None:
    """Brings the schema up to version `to`. A schema made by a newer Tocsin is refused."""
    with engine.connect() as connection:
        write = connection.execution_options(tocsin_write=True)
        with write.begin():
            _refuse_newer(write)
            command.upgrade(_config(write), to)


def downgrade(engine: Engine, to: str = "base") -> None:
    with engine.connect() as connection:
        write = connection.execution_options(tocsin_write=True)
        with write.begin():
            command.downgrade(_config(write), to)


def is_current(engine: Engine) -> bool:
    with engine.connect() as connection:
        newest = ScriptDirectory.from_config(_config(connection)).get_current_head()
        return MigrationContext.configure(connection).get_current_revision() == newest


def version(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _refuse_newer(connection: Connection) -> None:
    current = MigrationContext.configure(connection).get_current_revision()
    known = {step.revision for step in ScriptDirectory.from_config(_config(connection)).walk_revisions()}
    if current is not None and current not in known:
        raise StoreError(f"database: its schema ({current}) was made by a newer Tocsin; upgrade Tocsin, or use another")
