"""`tocsin audit export`, `tocsin audit verify`: who did what, and has nobody rewritten it? `tocsin totp forget`."""

import getpass
from pathlib import Path
from typing import Annotated

import typer

from bot.clock import SystemClock
from bot.engine.audit import Audit, as_json
from bot.engine.second_factor import SecondFactors
from bot.settings import Settings, load
from bot.store.database import Database

audit_app = typer.Typer(help="Who did what: an append-only record whose entries are chained by their hashes.")

totp_app = typer.Typer(help="People's authenticators.")
totp_app.callback()(lambda: None)

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


@totp_app.command()
def forget(person: str, config: ConfigOption = None) -> None:
    """Forgets the authenticator of a person (T…/U…), who then sets up another one. Exit code 1 when there is none."""
    settings = _settings(config)
    database = Database(settings.database_url)
    try:
        was_there = SecondFactors(database, SystemClock(), settings).forget(person, f"shell/{getpass.getuser()}")
    finally:
        database.close()
    if not was_there:
        typer.echo(f"{person} has none here; it is said as T…/U…")
        raise typer.Exit(1)
    typer.echo(f"The authenticator of {person} is forgotten.")


def _database(config: Path | None) -> Database:
    return Database(_settings(config).database_url)


def _settings(config: Path | None) -> Settings:
    default = Path("tocsin.toml")
    return load(config or (default if default.exists() else None))
