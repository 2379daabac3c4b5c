"""`tocsin audit export` and `tocsin audit verify`: who did what, and has nobody rewritten it?"""

from pathlib import Path
from typing import Annotated

import typer

from bot.engine.audit import Audit, as_json
from bot.settings import load
from bot.store.database import Database

audit_app = typer.Typer(help="Who did what: an append-only record whose entries are chained by their hashes.")

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="Settings file; ./tocsin.toml when there is one.")
]


@audit_app.command()
def export(config: ConfigOption = None) -> None:
    """Every entry as a line of JSON with its number and hash, the oldest first."""
    database = _database(config)
    try:
        audit = Audit(database)
        audit.seal()
        for sealed in audit.export():
            typer.echo(as_json(sealed))
    finally:
        database.close()


@audit_app.command()
def verify(config: ConfigOption = None) -> None:
    """Recomputes the chain. Exit code 1 when an entry was changed, removed or put in."""
    database = _database(config)
    try:
        broken = Audit(database).verify()
    finally:
        database.close()
    if broken is not None:
        entry = broken.entry
        typer.echo(
            f"The chain breaks at link {broken.no}: {entry.at.isoformat()} {entry.by} {entry.what} {entry.subject}"
        )
        raise typer.Exit(1)
    typer.echo("The chain is whole.")


def _database(config: Path | None) -> Database:
    default = Path("tocsin.toml")
    return Database(load(config or (default if default.exists() else None)).database_url)
