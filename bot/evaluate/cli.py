"""`tocsin evaluate`: precision, recall, false alarms and cost on labelled data that you bring."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from bot.errors import InputError
from bot.evaluate import incidents as incident_sets
from bot.evaluate import logs as log_sets
from bot.evaluate import metrics as metric_sets
from bot.evaluate import models as model_sets
from bot.evaluate import told_faults
from bot.evaluate.recordings import is_recording
from bot.evaluate.report import Report

evaluate_app = typer.Typer(
    help="How good is the detection? On labelled data, beside simple baselines. Layouts: docs/detection.md.",
    no_args_is_help=True,
)

Start = Callable[[int], Callable[[int], None]]
FolderArgument = Annotated[Path, typer.Argument(help="A folder with the labelled set.", show_default=False)]
OptionalFolder = Annotated[
    Path | None, typer.Argument(help="A folder with the labelled set; a seeded simulation when left out.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="For a script to read.")]
SeedOption = Annotated[int, typer.Option(help="Of everything random in it.")]


@evaluate_app.command()
def metrics(folder: FolderArgument, seed: SeedOption = 1, as_json: JsonOption = False) -> None:
    """Anomalies of series: NAB's layout, or CSV files with time, value and label."""
    _run(partial(metric_sets.evaluate, folder, seed), as_json)


@evaluate_app.command()
def logs(
    folder: OptionalFolder = None,
    normals: Annotated[
        int, typer.Option(min=0, help="For how many normal sessions the held-out ones stand; 0: for themselves.")
    ] = 0,
    seed: SeedOption = 1,
    as_json: JsonOption = False,
) -> None:
    """Anomalies of logs: sessions, HDFS with anomaly_label.csv, lines with labels; simulated without a folder."""
    _run(partial(log_sets.evaluate, folder, seed, normals), as_json)


@evaluate_app.command()
def models(folder: OptionalFolder = None, seed: SeedOption = 1, as_json: JsonOption = False) -> None:
    """Drift of data and models, and capacity: CSV pairs of a reference and what came later; simulated without them."""
    _run(partial(model_sets.evaluate, folder, seed), as_json)


@evaluate_app.command()
def incidents(
    folder: FolderArgument,
    part: Annotated[str, typer.Option(help="Of a recording's faults: all, the odd or the even ones.")] = "all",
    seed: SeedOption = 1,
    graph: Annotated[
        bool | None,
        typer.Option("--graph/--no-graph", help="Of a recording: only told who calls whom, or only not; else both."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Causes: PetShop's issues, beside a published method; or a recording with a list of faults (Nezha's layout),
    through the whole program. Chance stands beside each. Layouts: docs/incidents.md."""
    if is_recording(folder):
        _run(partial(told_faults.evaluate, folder, seed, part, graph), as_json)
    else:
        _run(partial(incident_sets.evaluate, folder), as_json)


def _run(evaluate: Callable[[Start], Report], as_json: bool) -> None:
    err = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        with progress(err) as start:
            report = evaluate(start)
    except InputError as error:
        err.print(f"tocsin evaluate: {error}", markup=False)
        raise typer.Exit(1) from error
    typer.echo(report.as_json() if as_json else report.as_text())
    for problem in report.skipped:
        err.print(f"not read: {problem}", markup=False)


@contextmanager
def progress(err: Console) -> Iterator[Start]:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as shown:

        def start(total: int) -> Callable[[int], None]:
            task = shown.add_task("scoring", total=total)
            return lambda count: shown.advance(task, count)

        yield start
