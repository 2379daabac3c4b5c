"""What is in a recording of a system with faults injected? Lines, figures, faults, and who calls whom.

Understood is the layout of Nezha (Yu et al., 2023), a folder with `*fault_list.json`, `log/*.csv[.gz]` (a file a
minute; not every minute), `metric/*_metric.csv[.gz]` (a file a pod, a row a minute), `normal/log/*` (a fault-free
stretch) and, if there is one, `graph.csv` (caller, callee) or `metric/dependency.csv` (Source, Target). A recording may
have figures and no lines. All is read at once: a day of it is some hundred megabytes.
"""

import csv
import gzip
import io
import json
import math
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from msgspec.structs import replace

from bot.errors import InputError
from bot.logs.parse import LineParser
from bot.logs.record import LogRecord
from bot.logs.timestamps import parse_iso

MINUTE = timedelta(minutes=1)
_APART = timedelta(seconds=45)
"""Recorded minutes closer than that are one stretch."""

_CLOCKS_DIFFER = timedelta(seconds=10)
GAP_MAX = timedelta(minutes=10)
"""Of a longer time without lines, the rest is cut out: the clock of lines, figures and faults closes up."""

FIGURES_AFTER = timedelta(minutes=3)

_FIGURES = {"cpu": "CpuUsageRate(%)", "memory": "MemoryUsageRate(%)", "latency": "PodServerLatencyP90(s)"}

_ADDRESS = re.compile(r"[0-9.]+")

Stretch = tuple[datetime, datetime]
Points = Mapping[str, Sequence[tuple[datetime, float]]]
"""Service → its points."""


@dataclass(frozen=True, slots=True)
class Injected:
    """`stretch`: the recorded time around it."""

    at: datetime
    service: str
    kind: str
    stretch: Stretch


@dataclass(frozen=True, slots=True)
class Recording:
    """`records` are in order of time. `normal` are lines without a fault: those of `normal/`, and those before a fault
    of a service that was not broken in the stretch before. `figures`: name → points."""

    records: Sequence[LogRecord]
    stretches: Sequence[Stretch]
    normal: Sequence[LogRecord]
    figures: Mapping[str, Points]
    faults: Sequence[Injected]
    calls: Mapping[str, Sequence[str]]

    @property
    def services(self) -> list[str]:
        of_lines = {record.service for record in self.normal} | {record.service for record in self.records}
        return sorted(of_lines or {service for points in self.figures.values() for service in points})


def is_recording(folder: Path) -> bool:
    return any(folder.glob("*fault_list.json"))


def read_recording(folder: Path) -> Recording:
    """Raises `InputError` when something of the layout is missing."""
    files = sorted((folder / "log").glob("*.csv*"))
    normal = sorted((folder / "normal" / "log").glob("*.csv*"))
    if not files and not normal and any((folder / "metric").glob("*_metric.csv*")):
        return _without_lines(folder)
    if not files or not normal:
        raise InputError("log/*.csv and normal/log/*.csv are expected beside *fault_list.json", place=str(folder))
    found: dict[tuple[str, ...], LogRecord] = {}
    stretches: list[Stretch] = []
    for path in files:
        of_file = dict(_records(path))
        if of_file:
            times = [record.at for record in of_file.values()]
            stretches.append((min(times), max(times)))
        found |= of_file
    joined = _joined(stretches)
    clock = _Closed(joined)
    records = sorted((replace(r, at=clock.at(r.at)) for r in found.values()), key=lambda record: record.at)
    faults = list(_faults(folder, joined, clock))
    fault_free = [record for path in normal for _, record in _records(path)]
    return Recording(
        records=records,
        stretches=[(clock.at(begin), clock.at(end)) for begin, end in joined],
        normal=sorted([*fault_free, *_before_faults(records, faults)], key=lambda record: record.at),
        figures=_figures(folder / "metric", clock),
        faults=faults,
        calls=_calls(folder),
    )


def _without_lines(folder: Path) -> Recording:
    """Of each fault the figures of a minute before and three after are its stretch."""
    times = [parse_iso(str(fault["inject_time"])) for path in _fault_lists(folder) for fault in _listed(path)]
    stretches = _joined([(at - MINUTE, at + FIGURES_AFTER) for at in times if at is not None])
    clock = _Closed(stretches)
    return Recording(
        records=(),
        stretches=[(clock.at(begin), clock.at(end)) for begin, end in stretches],
        normal=(),
        figures=_figures(folder / "metric", clock),
        faults=list(_faults(folder, stretches, clock)),
        calls=_calls(folder),
    )


def _before_faults(records: Sequence[LogRecord], faults: Sequence[Injected]) -> Iterator[LogRecord]:
    """The recorded lines of up to a minute before each fault, except where the same service was broken before: what is
    injected again may not have been over. The last seconds are left out, for clocks differ, and requests under way."""
    times = [record.at for record in records]
    broken = ""
    for fault in faults:
        if fault.service != broken:
            first, last = bisect_left(times, fault.stretch[0]), bisect_left(times, fault.at - _CLOCKS_DIFFER)
            end = bisect_left(times, fault.stretch[1])
            under_way = {record.attributes.get("trace_id", "") for record in records[last:end]}
            yield from (r for r in records[first:last] if r.attributes.get("trace_id", "") not in under_way)
        broken = fault.service


class _Closed:
    """A clock on which no gap between the stretches is longer than `GAP_MAX`."""

    def __init__(self, stretches: Sequence[Stretch]) -> None:
        self._cuts: list[tuple[datetime, timedelta]] = []
        for (_, end), (begin, _) in pairwise(stretches):
            if begin - end > GAP_MAX:
                over = (begin - end - GAP_MAX) // MINUTE * MINUTE
                self._cuts.append((begin - over, over))

    def at(self, at: datetime) -> datetime:
        return at - sum((over for since, over in self._cuts if at >= since + over), timedelta())

    def has(self, at: datetime) -> bool:
        return not any(since <= at < since + over for since, over in self._cuts)


def _joined(stretches: Sequence[Stretch]) -> list[Stretch]:
    joined: list[Stretch] = []
    for begin, end in sorted(stretches):
        if joined and begin - joined[-1][1] <= _APART:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((begin, end))
    return joined


def _faults(folder: Path, stretches: Sequence[Stretch], clock: _Closed) -> Iterator[Injected]:
    for path in _fault_lists(folder):
        for fault in _listed(path):
            at = parse_iso(fault["inject_time"])
            if at is None:
                raise InputError(f"{fault['inject_time']!r} is no time", place=str(path))
            around = next((s for s in stretches if s[0] <= at <= s[1] + _APART), None)
            if around is None:
                raise InputError(f"there are no log lines around the fault of {fault['inject_time']}", place=str(path))
            closed = clock.at(around[0]), clock.at(around[1])
            yield Injected(clock.at(at.astimezone(UTC)), service_of(fault["inject_pod"]), fault["inject_type"], closed)


def _fault_lists(folder: Path) -> list[Path]:
    return sorted(folder.glob("*fault_list.json"))


def _listed(path: Path) -> list[Mapping[str, str]]:
    by_hour = json.loads(path.read_text("utf-8")).values()
    return sorted((fault for hour in by_hour for fault in hour), key=lambda fault: str(fault["inject_time"]))


def service_of(pod: str) -> str:
    """`ts-order-service-5b67c48447-mv5hb` is a pod of ts-order-service."""
    return pod.rsplit("-", 2)[0]


def _records(path: Path) -> Iterator[tuple[tuple[str, ...], LogRecord]]:
    """Each with what it is known by: minutes overlap. The column `Log` holds the container's JSON line."""
    for number, row in enumerate(csv.DictReader(io.StringIO(_text(path))), 2):
        try:
            line = json.JSONDecoder().raw_decode(row["Log"])[0]
            service, pod, host = service_of(row["PodName"]), row["PodName"], row["Node"]
        except (KeyError, ValueError) as error:
            raise InputError(f"not a line of a recording: {error}", place=f"{path}:{number}") from error
        record = LineParser(service).parse_fields(line).record
        if record is not None:
            attributes = {**record.attributes, "pod": pod, "host": host}
            yield (
                (pod, row["Timestamp"], row["Log"]),
                LogRecord(record.at, service, record.text, record.level, attributes),
            )


def _figures(folder: Path, clock: _Closed) -> dict[str, Points]:
    found: dict[str, dict[str, list[tuple[datetime, float]]]] = {name: defaultdict(list) for name in _FIGURES}
    for path in sorted(folder.glob("*_metric.csv*")):
        service = service_of(path.name.split("_metric")[0])
        for row in csv.DictReader(io.StringIO(_text(path))):
            at = datetime.fromtimestamp(int(row["TimeStamp"]), UTC)
            for name, column in _FIGURES.items():
                value = float(row[column] or "nan")
                if clock.has(at) and not math.isnan(value):
                    found[name][service].append((clock.at(at), value))
    return {name: dict(points) for name, points in found.items()}


def _calls(folder: Path) -> dict[str, list[str]]:
    """Who calls whom: of the traces, else of what the mesh saw; addresses are no services."""
    calls: dict[str, list[str]] = defaultdict(list)
    columns = {"graph.csv": ("caller", "callee"), "metric/dependency.csv": ("Source", "Target")}
    for name, (caller, callee) in columns.items():
        for path in (folder / name, folder / f"{name}.gz"):
            if path.exists():
                for row in csv.DictReader(io.StringIO(_text(path))):
                    if not _ADDRESS.fullmatch(row[callee]) and row[callee] not in calls[row[caller]]:
                        calls[row[caller]].append(row[callee])
                return {service: others for service, others in calls.items() if others}
    return {}


def _text(path: Path) -> str:
    raw = path.read_bytes()
    return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8", "replace")
