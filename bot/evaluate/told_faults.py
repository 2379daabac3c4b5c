"""Were the faults of a recording told, and was the service named? The whole program against the list of faults.

A fault is told when an incident's message was posted, or stood and went on, in the recorded stretch around it or within
two minutes after. Where several did, the one that was posted first in the stretch counts, and one of before only
when there is no new one; its suspects are those at the end of the stretch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median

from bot.errors import InputError
from bot.evaluate.recordings import Injected, Recording, read_recording
from bot.evaluate.report import Cell, Report, Table
from bot.evaluate.rerun import Rerun, Shown, Told

GRACE = timedelta(minutes=2)
PARTS = ("all", "odd", "even")
_COLUMNS = (
    "program",
    "faults",
    "told",
    "by a new message",
    "first",
    "in three",
    "in five",
    "minutes",
    "messages between",
)
_NOTES = (
    "first, in three, in five: of all faults, those whose service is so far up among the suspects of their message.",
    "minutes: from the injection to the message, median; a fault that shows before its noted time counts as 0.",
    "messages between: first messages at times without a fault, in how many hours.",
    "Between the recorded minutes stand fault-free requests of the recording, drawn at random.",
    "In-sample on TrainTicket, 2023-01-29: calls that break off and effects were worked out on its faults.",
    "Published for 45 faults of two days, service first / in three / in five: Nezha .87 .98 .98 (with traces); other "
    "multi-modal methods at best .20 .31 .44. Our prototype on the same 45, without traces: .38 .62 .73.",
)

Start = Callable[[int], Callable[[int], None]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`place`: of the true service among the suspects, from 1; 0 when it is not there. `minutes` to a new message."""

    fault: Injected
    shown: Shown | None
    place: int
    minutes: float | None


def evaluate(folder: Path, seed: int, part: str, graph: bool | None, start: Start) -> Report:
    """With the graph of calls of the recording and without (or `graph`: only the one or the other), and what chance
    would do. Raises `InputError`."""
    if part not in PARTS:
        raise InputError(f"{part!r} is none of {', '.join(PARTS)}", place="--part")
    recording = read_recording(folder)
    reruns = {
        name: Rerun(recording, seed, is_declared=is_declared)
        for name, is_declared in (("Tocsin, told who calls whom", True), ("Tocsin, without a graph", False))
        if graph in (None, is_declared) and (recording.calls or not is_declared)
    }
    if not reruns:
        raise InputError("there is neither graph.csv nor metric/dependency.csv in it", place=str(folder))
    advance = start(sum(rerun.minutes for rerun in reruns.values()))
    faults = [f for i, f in enumerate(recording.faults, 1) if part == "all" or (i % 2 == 1) == (part == "odd")]
    rows, each = [], []
    for name, rerun in reruns.items():
        told = rerun.run(advance)
        verdicts = [verdict_on(fault, told) for fault in faults]
        rows.append(_row(name, verdicts, recording, told))
        each.append(_each(name, verdicts))
    rows.append(_chance(len(faults), len(recording.services)))
    title = f"{len(faults)} faults" + ("" if part == "all" else f" (the {part} ones)")
    return Report((Table(title, _COLUMNS, tuple(rows), _NOTES), *each))


def verdict_on(fault: Injected, told: Told) -> Verdict:
    begin, end = fault.stretch[0], fault.stretch[1] + GRACE
    inside = [shown for shown in told.shown if begin <= shown.at <= end and shown.seen_until >= begin]
    if not inside:
        return Verdict(fault, None, 0, None)
    first = min(inside, key=lambda shown: (not shown.is_new, shown.at, shown.incident_id))
    last = [shown for shown in inside if shown.incident_id == first.incident_id][-1]
    place = last.suspects.index(fault.service) + 1 if fault.service in last.suspects else 0
    minutes = max(0.0, (first.at - fault.at) / timedelta(minutes=1)) if first.is_new else None
    return Verdict(fault, last, place, minutes)


def _row(name: str, verdicts: Sequence[Verdict], recording: Recording, told: Told) -> dict[str, Cell]:
    minutes = [v.minutes for v in verdicts if v.minutes is not None]
    between = sum(shown.is_new and not _is_about_any(shown, recording) for shown in told.shown)
    quiet_h = told.minutes / 60 - sum((f[1] - f[0] + GRACE) / timedelta(hours=1) for f in recording.stretches)
    return {
        "program": name,
        "faults": len(verdicts),
        "told": _share(sum(v.shown is not None for v in verdicts), len(verdicts)),
        "by a new message": _share(len(minutes), len(verdicts)),
        **{
            label: _share(sum(0 < v.place <= most for v in verdicts), len(verdicts))
            for label, most in (("first", 1), ("in three", 3), ("in five", 5))
        },
        "minutes": round(median(minutes), 1) if minutes else None,
        "messages between": f"{between} in {quiet_h:.1f} h",
    }


def _is_about_any(shown: Shown, recording: Recording) -> bool:
    return any(begin <= shown.at <= end + GRACE for begin, end in recording.stretches)


def _chance(faults: int, services: int) -> dict[str, Cell]:
    """The services in a random order for every fault."""
    row: dict[str, Cell] = dict.fromkeys(_COLUMNS)
    shares: dict[str, Cell] = {
        label: round(most / services, 3) for label, most in (("first", 1), ("in three", 3), ("in five", 5))
    }
    return {**row, "program": f"chance, of {services} services", "faults": faults, **shares}


def _each(name: str, verdicts: Sequence[Verdict]) -> Table:
    rows: list[dict[str, Cell]] = [
        {
            "fault": f"{v.fault.at:%H:%M} {v.fault.kind} {v.fault.service}",
            "told of": v.shown.service if v.shown else None,
            "place": v.place or None,
            "suspects": ", ".join(v.shown.suspects[:3]) if v.shown else None,
        }
        for v in verdicts
    ]
    return Table(name, ("fault", "told of", "place", "suspects"), tuple(rows))


def _share(count: int, total: int) -> float:
    return round(count / total, 3) if total else 0.0
