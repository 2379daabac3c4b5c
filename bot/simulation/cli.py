"""`tocsin simulate`: faults whose cause is known, through the whole program, and how well that went."""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import active_children, get_context
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from bot.errors import InputError
from bot.simulation.drive import Drive
from bot.simulation.estate import SERVICES_MAX, SERVICES_MIN
from bot.simulation.measures import Figures, Outcome, by_kind, figures, outcome_of
from bot.simulation.plan import make_plan

_WORDS = {
    "pairwise_f1": "signals put together rightly (pairwise F1)",
    "pairwise_f1_mean": "… mean of the seeds",
    "recall": "faults that were told",
    "precision": "messages that are about a fault",
    "precision_with_repeats": "… and its first message",
    "signals_per_message": "signals per message",
    "signals_per_storm_message": "… in storms",
    "cause_first": "true cause is the first suspect",
    "cause_in_three": "… among the first three",
    "cause_first_at_once": "… first already in the first message",
    "minutes_to_message": "minutes from fault to message (median)",
    "quiet_messages_an_hour": "messages an hour in quiet time",
    "thread_lines_per_message": "lines in the thread per message",
}


def simulate(
    seed: Annotated[int, typer.Option(help="The first seed.")] = 1,
    seeds: Annotated[int, typer.Option(min=1, max=10_000, help="How many seeds from there on.")] = 1,
    services: Annotated[int, typer.Option(help="So many services; 0: 6 to 30, by the seed.")] = 0,
    load: Annotated[float, typer.Option(min=0.1, max=10, help="Faults begin so much more often.")] = 1.0,
    hours: Annotated[float, typer.Option(min=0.25, max=48, help="The stretch in which faults begin.")] = 3.0,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="So many seeds at a time, each in a process.")] = 1,
    no_graph: Annotated[bool, typer.Option("--no-graph", help="Tocsin is not told who depends on whom.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON for each seed, and one for all.")] = False,
) -> None:
    """Breaks a simulated estate in ten known ways and prints how well Tocsin told it. Up to a minute of CPU a seed."""
    if services and not SERVICES_MIN <= services <= SERVICES_MAX:
        raise InputError(f"{services} is not between {SERVICES_MIN} and {SERVICES_MAX}", place="--services")
    outcomes = []
    out = Console(highlight=False, soft_wrap=True)
    one = partial(_outcome, services=services, load=load, hours=hours, is_declared=not no_graph)
    for outcome in _each(one, range(seed, seed + seeds), jobs):
        outcomes.append(outcome)
        if as_json:
            _line({"seed": outcome.seed, "services": outcome.services, **figures([outcome]).as_dict()})
        else:
            out.print(_short(outcome, figures([outcome])), markup=False)
    if as_json and seeds > 1:
        _line({"seed": f"{seed}-{seed + seeds - 1}", **figures(outcomes).as_dict(), "kinds": by_kind(outcomes)})
    elif not as_json:
        _print_all(out, outcomes)


def _outcome(seed: int, *, services: int, load: float, hours: float, is_declared: bool) -> Outcome:
    drive = Drive(make_plan(seed, services, load=load, hours=hours), is_declared=is_declared)
    drive.run()
    return outcome_of(drive)


def _each(one: Callable[[int], Outcome], seeds: range, jobs: int) -> Iterator[Outcome]:
    """In the order of the seeds. A process computes on one core: what scikit-learn would spread is small. Ctrl-C is for
    this process, which ends the others."""
    if jobs == 1 or len(seeds) == 1:
        yield from map(one, seeds)
        return
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    pool = ProcessPoolExecutor(min(jobs, len(seeds)), mp_context=get_context("spawn"))
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        futures = [pool.submit(one, seed) for seed in seeds]
    finally:
        signal.signal(signal.SIGINT, before)
    try:
        for future in futures:
            yield future.result()
    finally:
        for child in active_children():
            child.terminate()
        pool.shutdown()


def _line(values: dict[str, object]) -> None:
    typer.echo(msgspec.json.encode(values).decode())


def _short(outcome: Outcome, found: Figures) -> str:
    return (
        f"seed {outcome.seed}: {outcome.services} services, {_count(outcome.faults, 'fault')}, {outcome.found} told, "
        f"{_count(outcome.messages, 'message')}, F1 {_number(found.pairwise_f1)}, "
        f"cause first {_number(found.cause_first)}"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _print_all(out: Console, outcomes: list[Outcome]) -> None:
    found = figures(outcomes).as_dict()
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, words in _WORDS.items():
        table.add_row(words, _number(found[name]))
    out.print()
    out.print(table)
    kinds = Table(box=None, pad_edge=False)
    for heading in ("kind of fault", "cause first", "in three", "later", "not suspected", "not told"):
        kinds.add_column(heading)
    for kind, verdicts in sorted(by_kind(outcomes).items()):
        kinds.add_row(kind, *(str(verdicts[v]) for v in ("first", "in three", "later", "not suspected", "not told")))
    out.print()
    out.print(kinds)


def _number(value: float | int | None) -> str:
    return "–" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)
