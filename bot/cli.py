"""`tocsin` on the command line: every command, and what it prints when something is wrong.

Exit codes: 0 all well, 1 it could not be done, 2 the call was wrong, 130 interrupted.
"""

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler

from bot.connectors import desks, executors
from bot.demo.cli import demo_settings, story_beside
from bot.errors import SettingsError, TocsinError
from bot.evaluate.backtest_cli import run_backtest
from bot.evaluate.cli import evaluate_app
from bot.mining.cli import masks_app, mine, patterns_app
from bot.oncall_cli import oncall_app
from bot.process import Parts, serve
from bot.replay.cli import replay
from bot.reports.cli import review, stats
from bot.settings import Settings, load
from bot.simulation.cli import simulate
from bot.slack.cli import doctor
from bot.store import migrate as migrations
from bot.store.cli import audit_app, totp_app
from bot.store.database import Database
from bot.tail.cli import change, tail
from bot.tail.sources import sources_app
from bot.watch.sources import problems_of
from bot.workspace.cli import workspace

app = typer.Typer(
    name="tocsin",
    help="Reads your logs, tells your channel what matters, and fixes it from the message.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="Settings file; ./tocsin.toml when there is one.")
]
DataDirOption = Annotated[Path | None, typer.Option("--data-dir", help="Where state is kept, instead of the setting.")]
PortOption = Annotated[int | None, typer.Option("--port", help="Port for logs and changes, instead of the setting.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Log what happens inside.")]


@app.command()
def run(
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    port: PortOption = None,
    workspace_port: Annotated[int, typer.Option(help="Port of the local workspace's page; 0 for any.")] = 8320,
    demo: Annotated[bool, typer.Option(help="A simulated shop beside it, with a bad deploy within a minute.")] = False,
    play: Annotated[bool, typer.Option("--play", help="Play the demo's story by itself, tell it, and exit.")] = False,
    verbose: VerboseOption = False,
) -> None:
    """Everything in one process: on Slack if tokens are set, else on a local workspace."""
    settings = _settings(config, data_dir, port)
    beside = None
    if demo or play:
        settings = demo_settings(settings)
        beside = story_beside(settings, play=play, out=out)
    _log(verbose)
    _end(asyncio.run(serve(settings, Parts(), say=out.print, workspace_port=workspace_port, beside=beside)))


@app.command()
def web(config: ConfigOption = None, port: PortOption = None, verbose: VerboseOption = False) -> None:
    """Takes logs, changes and people's commands in. For several processes on one database: see the Procfile."""
    _serve_part(Parts(web=True, worker=False, clock=False), config, port, verbose)


@app.command()
def worker(config: ConfigOption = None, verbose: VerboseOption = False) -> None:
    """Mines logs, sends messages and does approved runs. Any number of them may run."""
    _serve_part(Parts(web=False, worker=True, clock=False), config, None, verbose)


@app.command()
def clock(config: ConfigOption = None, verbose: VerboseOption = False) -> None:
    """Runs the schedule. Any number may stand by: one leads."""
    _serve_part(Parts(web=False, worker=False, clock=True), config, None, verbose)


@app.command()
def migrate(
    config: ConfigOption = None,
    to: Annotated[str, typer.Option(help="A version of the schema, or: head, base.")] = "head",
) -> None:
    """Brings the database's schema up to date (or to a version)."""
    settings = _settings(config, None, None)
    database = Database(settings.database_url)
    try:
        before = migrations.version(database.engine)
        (migrations.downgrade if to == "base" else migrations.upgrade)(database.engine, to)
        out.print(f"schema: {before or 'empty'} → {migrations.version(database.engine) or 'empty'}")
    finally:
        database.close()


@app.command()
def check(
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="For a script to read.")] = False,
) -> None:
    """Says whether the settings are right, and names every mistake with its place."""
    path = _config_path(config)
    problems: list[str] = []
    try:
        settings = load(path)
        problems += problems_of(settings.watch)
        executors(settings)
        desks(settings)
    except SettingsError as error:
        problems += error.problems
    if as_json:
        print(json.dumps({"file": str(path) if path else None, "problems": problems}))
    else:
        for problem in problems:
            err.print(f"[red]✗[/red] {problem}" if err.is_terminal else f"- {problem}", markup=err.is_terminal)
        if not problems:
            out.print(f"{path} is right." if path else "There is no tocsin.toml; the defaults are right.")
    _end(1 if problems else 0)


app.command()(replay)
app.command()(tail)
app.command()(change)
app.command()(doctor)
app.command()(workspace)
app.command()(mine)
app.add_typer(sources_app, name="sources")
app.command()(simulate)
app.command()(stats)
app.command()(review)
app.add_typer(masks_app, name="masks")
app.add_typer(audit_app, name="audit")
app.add_typer(oncall_app, name="oncall")
app.add_typer(totp_app, name="totp")
app.add_typer(patterns_app, name="patterns")
app.add_typer(evaluate_app, name="evaluate")
app.command("backtest")(run_backtest)


def main() -> None:
    """Runs the command line; a mistake of ours is a traceback, everything expected is a sentence."""
    try:
        app(standalone_mode=True)
    except SettingsError as error:
        for problem in error.problems:
            err.print(problem, markup=False)
        err.print("(tocsin.example.toml shows every setting; `tocsin check` tests yours)", markup=False)
        sys.exit(1)
    except TocsinError as error:
        err.print(str(error), markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _serve_part(parts: Parts, config: Path | None, port: int | None, verbose: bool) -> None:
    settings = _settings(config, None, port)
    _log(verbose)
    _end(asyncio.run(serve(settings, parts, say=out.print)))


def _settings(config: Path | None, data_dir: Path | None, port: int | None) -> Settings:
    settings = load(_config_path(config))
    if data_dir is not None:
        settings = settings.model_copy(update={"data_dir": data_dir})
    if port is not None:
        settings = settings.model_copy(update={"http": settings.http.model_copy(update={"port": port})})
    return settings


def _config_path(config: Path | None) -> Path | None:
    default = Path("tocsin.toml")
    return config or (default if default.exists() else None)


def _log(verbose: bool) -> None:
    handler: logging.Handler = logging.StreamHandler()
    if err.is_terminal:
        handler = RichHandler(console=err, show_path=False, markup=False, rich_tracebacks=False)
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, handlers=[handler])
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    if not verbose:
        logging.getLogger("slack_bolt").setLevel(logging.ERROR)


def _end(code: int) -> None:
    if code:
        raise typer.Exit(code)
