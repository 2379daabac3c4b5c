"""`tocsin backtest`: what the detectors would have said of the past, from the database or from files."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bot.anomalies.detectors import default_detectors
from bot.clock import HeldClock, SystemClock
from bot.engine.whole import Engine
from bot.errors import InputError
from bot.evaluate.backtest import Fired, backtest, known_incidents
from bot.evaluate.backtest_plot import plot_backtest
from bot.evaluate.backtest_series import is_series, of_files, of_store
from bot.evaluate.cli import progress
from bot.evaluate.report import Report
from bot.files import lines_of, written_at
from bot.main import build_engine, open_store
from bot.replay.ordered import Ordered
from bot.replay.records import FileReader, Tally
from bot.settings import Settings, load

_LENGTH = re.compile(r"(?P<number>\d{1,4})(?P<unit>[mhd])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_BATCH = 20_000
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def run_backtest(
    files: Annotated[
        list[str] | None, typer.Argument(help="Log files, or CSV files of time and value; the database when left out.")
    ] = None,
    since: Annotated[str, typer.Option(help="How far back: 90m, 12h, 14d. Of files: all of them.")] = "14d",
    plot: Annotated[Path | None, typer.Option(help="A PNG of what would have fired when.")] = None,
    config: Annotated[Path | None, typer.Option("--config", "-c", help="Settings file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For a script to read.")] = False,
) -> None:
    """What would have been told of the past, at which thresholds, and how much of it during known incidents."""
    err = Console(stderr=True, highlight=False, soft_wrap=True)
    default = Path("tocsin.toml")
    settings = load(config or (default if default.exists() else None))
    try:
        length = _length(since)
        csv_files = [Path(name) for name in files or () if is_series(name)]
        if csv_files and len(csv_files) == len(files or ()):
            table, fired, first, last = of_files(csv_files)
            report = Report((table,))
        elif csv_files:
            raise InputError(
                "files of points and files of log lines are asked one after the other", place=str(csv_files[0])
            )
        elif files:
            engine, first, last = _of_files(settings, files)
            with progress(err) as start:
                report, fired = backtest(engine.store, settings, default_detectors(), first, last, start)
        else:
            engine = build_engine(settings, store=open_store(settings, make=False), executors={})
            last = SystemClock().now()
            first = last - length
            with progress(err) as start:
                report, fired = backtest(engine.store, settings, default_detectors(), first, last, start)
            series, odd = of_store(engine.store, settings, first, last, known_incidents(engine.store, first, last))
            if series is not None:
                report, fired = replace(report, tables=(*report.tables, series)), [*fired, *odd]
        if plot is not None:
            _save(plot, fired, first, last)
    except InputError as error:
        err.print(f"tocsin backtest: {error}", markup=False)
        raise typer.Exit(2) from error
    typer.echo(report.as_json() if as_json else report.as_text())


def _length(text: str) -> timedelta:
    found = _LENGTH.fullmatch(text.strip())
    if found is None:
        raise InputError(f"{text!r} is not a length of time such as 90m, 12h or 14d", place="--since")
    return int(found["number"]) * _UNITS[found["unit"]]


def _of_files(settings: Settings, files: Sequence[str]) -> tuple[Engine, datetime, datetime]:
    """An engine in memory that has counted the files, and from when to when they are."""
    clock = HeldClock(_BEGINNING)
    engine = build_engine(settings, clock=clock, database_url="sqlite://", executors={})
    bytes_max = settings.http.line_kb_max << 10
    first: datetime | None = None
    last = _BEGINNING
    with Ordered() as ordered:
        for name in files:
            reader = FileReader(name, None, written_at(name, SystemClock().now()), None, Tally())
            for record in reader.records(lines_of(name, bytes_max, lambda size: None), bytes_max):
                ordered.add(record)
        batch = []
        for record in ordered:
            first, last = first or record.at, record.at
            batch.append(record)
            if len(batch) == _BATCH:
                clock.move_to(last)
                engine.ingest.take(batch)
                batch = []
        if batch:
            clock.move_to(last)
            engine.ingest.take(batch)
    if first is None:
        raise InputError("nothing could be read", place=files[0])
    return engine, first, last + settings.detection.window


def _save(path: Path, fired: Sequence[Fired], since: datetime, until: datetime) -> None:
    try:
        path.write_bytes(plot_backtest(fired, since, until))
    except OSError as error:
        raise InputError(f"it cannot be written: {error.strerror}", place=str(path)) from error
