"""`tocsin replay`: the main job on your own logs, without Slack."""

import logging
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from bot.changes.model import Change
from bot.changes.reported import change_from
from bot.clock import HeldClock, SystemClock
from bot.errors import InputError
from bot.files import lines_of, size_of, written_at
from bot.main import build_engine
from bot.replay.drive import Replay
from bot.replay.ordered import Ordered
from bot.replay.records import FileReader, Tally
from bot.replay.told import Telling, as_json, incidents_of, summary
from bot.services import service_name
from bot.settings import Settings, load
from bot.slack.render import Renderer
from bot.stream.split import split

CHANGE_BYTES_MAX = 256 << 10
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def replay(
    files: Annotated[
        list[str], typer.Argument(help="Log files: plain, JSON lines, CSV, .gz, .zst; - is standard input.")
    ],
    as_json_: Annotated[bool, typer.Option("--json", help="A line of JSON for each incident, nothing else.")] = False,
    changes: Annotated[Path | None, typer.Option(help="Changes, in JSON lines, that happened meanwhile.")] = None,
    service: Annotated[str, typer.Option(help="The service of every line, instead of what lines and names say.")] = "",
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Settings file for windows, detection …")
    ] = None,
    rate: Annotated[float | None, typer.Option(min=0.001, help="Lines a minute, for files that tell no time.")] = None,
    speed: Annotated[str, typer.Option(help="none: at once. 60: an hour of logs in a minute.")] = "none",
) -> None:
    """Go through logs by their own timestamps as if live, and print what Tocsin would have posted and when."""
    logging.basicConfig(level=logging.ERROR, format="%(message)s", stream=sys.stderr)
    err = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        if service:
            service_name(service)
        faster = _speed(speed)
        told = _changes_of(changes) if changes else []
    except InputError as error:
        err.print(f"tocsin replay: {error}", markup=False)
        raise typer.Exit(2) from error
    settings = load(config)
    with _progress(err) as shown:
        reading = _Reading(settings, service or None, rate, SystemClock().now())
        with reading.ordered:
            _read_all(files, reading, shown)
            for problem in reading.problems:
                err.print(f"tocsin replay: {problem}", markup=False)
            if not reading.ordered.count:
                err.print("tocsin replay: nothing could be read", markup=False)
                raise typer.Exit(1)
            _go_through(settings, reading, told, faster, shown, as_json_, err)


@dataclass(slots=True)
class _Reading:
    """What the files hold, and what was wrong with them."""

    settings: Settings
    service: str | None
    rate: float | None
    now: datetime
    tally: Tally = field(default_factory=Tally)
    ordered: Ordered = field(default_factory=Ordered)
    problems: list[str] = field(default_factory=list)


def _read_all(files: list[str], reading: _Reading, shown: Progress) -> None:
    task = shown.add_task("reading", total=sum(map(size_of, files)) or None)
    bytes_max = reading.settings.http.line_kb_max << 10
    for name in files:
        reader = FileReader(name, reading.service, written_at(name, reading.now), reading.rate, reading.tally)
        try:
            lines = lines_of(name, bytes_max, lambda size: shown.advance(task, size))
            for record in reader.records(lines, bytes_max):
                reading.ordered.add(record)
        except InputError as error:
            reading.problems.append(str(error))
    shown.update(task, visible=False)


def _go_through(
    settings: Settings,
    reading: _Reading,
    changes: list[Change],
    faster: float | None,
    shown: Progress,
    is_json: bool,
    err: Console,
) -> None:
    clock = HeldClock(_BEGINNING)
    engine = build_engine(settings, clock=clock, database_url="sqlite://", executors={})
    task = shown.add_task("replaying", total=reading.ordered.count)
    telling = Telling(Renderer().render_text, (lambda _: None) if is_json else _printer(shown))
    run = Replay(engine, clock, telling.tell, lambda count: shown.advance(task, count), _pace(faster))
    outcome = run.run(reading.ordered, changes)
    shown.update(task, visible=False)
    incidents = incidents_of(engine)
    if is_json:
        for incident in incidents:
            typer.echo(as_json(incident))
    err.print(summary(reading.tally, outcome, engine, incidents, len(reading.problems)), markup=False)


def _progress(err: Console) -> Progress:
    """On standard error, and only on a terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        redirect_stdout=False,
        disable=not err.is_terminal,
    )


def _printer(shown: Progress) -> Callable[[str], None]:
    """To standard output; where that is the terminal on which the progress stands, above it."""
    if shown.disable or not sys.stdout.isatty():
        return typer.echo
    return partial(shown.console.print, markup=False, emoji=False, highlight=False, soft_wrap=True)


def _changes_of(path: Path) -> list[Change]:
    """The changes of a file of JSON lines (or one JSON array). Raises `InputError` that names file, line and field."""
    try:
        body = path.read_bytes()
    except OSError as error:
        raise InputError(f"it cannot be read: {error.strerror or error}", place=str(path)) from error
    if body.lstrip().startswith(b"["):
        reports = [(number, msgspec.json.encode(one)) for number, one in enumerate(_decoded(body, str(path)), 1)]
    else:
        reports = [(number, line) for number, line, _ in split([body], CHANGE_BYTES_MAX)]
    return [_change(report, f"{path}:{number}") for number, report in reports]


def _change(report: bytes, place: str) -> Change:
    fields = _decoded(report, place)
    if not isinstance(fields, dict):
        raise InputError("a JSON object is expected", place=place)
    try:
        return change_from(fields, None)
    except InputError as error:
        raise InputError(str(error), place=place) from None


def _decoded(data: bytes, place: str) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"it is not JSON: {error}", place=place) from error


def _speed(text: str) -> float | None:
    if text in ("none", "0"):
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = -1
    if not 0 < speed < float("inf"):
        raise InputError(f"{text!r} is neither none nor a number of times faster than life", place="--speed")
    return speed


def _pace(faster: float | None) -> Callable[[timedelta], None]:
    if faster is None:
        return lambda _: None
    return lambda length: time.sleep(length.total_seconds() / faster)
