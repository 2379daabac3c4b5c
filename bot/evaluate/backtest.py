"""What would have been told, at which thresholds, how often during incidents? From the counts that are kept."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from bot.anomalies.mix_model import MixModel, fit_mix
from bot.anomalies.model import Anomaly, Detector, ServiceWindow, TemplateSeries
from bot.engine.log_ports import ServiceRow, TemplateRow
from bot.engine.ports import Store
from bot.evaluate.report import Cell, Report, Table
from bot.logs.windows import window_start
from bot.settings import Settings
from bot.signals.severity import Severity

HOUR = timedelta(hours=1)
FIT_EVERY, WINDOWS_OF_MIX = timedelta(hours=6), 720
"""The usual mixes are fitted anew so often, from so many windows outside incidents."""

TIMES = (1.0, 2.0, 4.0, 8.0)
"""Thresholds, in times the present one."""

COLUMNS = ("detector", "threshold", "fired", "a day", "minor or worse", "in incidents", "problems")
NOTES = (
    "threshold: in times the present one, as *Tell less of this* sets it. fired: windows in which it would have spoken;"
    " problems: different services and templates. in incidents: while an incident of that service was open.",
)
Span = tuple[str, datetime, datetime]


@dataclass(frozen=True, slots=True)
class Fired:
    detector: str
    at: datetime
    end: datetime
    anomaly: Anomaly


def backtest(
    store: Store,
    settings: Settings,
    detectors: Sequence[Detector],
    since: datetime,
    until: datetime,
    start: Callable[[int], Callable[[int], None]],
) -> tuple[Report, list[Fired]]:
    """Every window between `since` and `until` as if it were checked now. Nothing is stored and nothing is told."""
    with store.read() as tx:
        services = tx.logs.services()
    incidents = known_incidents(store, since, until)
    length = settings.detection.window
    windows = max(0, int((window_start(until, length) - window_start(since, length)) / length))
    done = start(windows * len(services))
    fired: list[Fired] = []
    for service in services:
        for window in _windows(store, settings, service, since, until, incidents):
            for detector in detectors:
                fired += [
                    Fired(detector.name, window.start, window.end, anomaly) for anomaly in detector.detect(window)
                ]
            done(1)
    days = max((until - since) / timedelta(days=1), 1e-9)
    rows = [row for d in detectors for row in rows_of(d.name, fired, incidents, days)]
    title = (
        f"{since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC, {len(services)} services, {len(incidents)} incidents"
    )
    return Report((Table(title, COLUMNS, tuple(rows), NOTES),)), fired


def known_incidents(store: Store, since: datetime, until: datetime) -> list[Span]:
    with store.read() as tx:
        return [(i.service, i.began_at, i.resolved_at or until) for i in tx.incidents.recent(since, 1_000)]


def rows_of(name: str, fired: Sequence[Fired], incidents: Sequence[Span], days: float) -> Iterator[Mapping[str, Cell]]:
    for times in TIMES:
        some = [f for f in fired if f.detector == name and f.anomaly.score >= times * f.anomaly.threshold]
        if times > 1 and not some:
            return
        yield {
            "detector": name,
            "threshold": f"{times:g} ×",
            "fired": len(some),
            "a day": round(len(some) / days, 2),
            "minor or worse": sum(f.anomaly.severity.at_least(Severity.MINOR) for f in some),
            "in incidents": sum(_is_during(f, incidents) for f in some),
            "problems": len({(f.anomaly.service, f.anomaly.template_id) for f in some}),
        }


def _is_during(fired: Fired, incidents: Sequence[Span]) -> bool:
    """A window counts from its end: what opened the incident stands in it."""
    name, end = fired.anomaly.service, fired.end
    return any(service == name and began_at <= end and fired.at <= over_at for service, began_at, over_at in incidents)


def _windows(
    store: Store,
    settings: Settings,
    service: ServiceRow,
    since: datetime,
    until: datetime,
    incidents: Sequence[Span],
) -> Iterator[ServiceWindow]:
    """The windows of one service with the history each had; those in which it was still learnt are left out."""
    length = settings.detection.window
    history = timedelta(minutes=settings.detection.history_minutes)
    learnt_at = service.first_at + timedelta(minutes=settings.detection.learning_minutes)
    first = window_start(max(since - history, service.first_at), length)
    counts, rows = _counts(store, service.name, first, until, length)
    begin = max(window_start(since, length), window_start(learnt_at, length))
    is_quiet = _quiet(service.name, first, counts.shape[1], length, incidents)
    ids, mix = tuple(row.id for row in rows), None
    fitted_for = -1
    for at in range(int((begin - first) / length), int((window_start(until, length) - first) / length)):
        past = min(at, int(history / length))
        if at // int(max(1, FIT_EVERY / length)) != fitted_for:
            fitted_for = at // int(max(1, FIT_EVERY / length))
            mix = _mix(ids, counts[:, :at], is_quiet[:at])
        part = counts[:, at - past : at + 1]
        templates = tuple(
            TemplateSeries(row.id, row.text, row.level, row.first_at, tuple(lines[:-1]), lines[-1])
            for row, lines in zip(rows, part.tolist(), strict=True)
            if any(lines)
        )
        yield ServiceWindow(service.name, first + at * length, length, templates, past, mix=mix)


def _quiet(
    service: str, first: datetime, windows: int, length: timedelta, incidents: Sequence[Span]
) -> NDArray[np.bool_]:
    quiet = np.ones(windows, dtype=np.bool_)
    for name, began_at, over_at in incidents:
        if name == service:
            quiet[max(0, int((began_at - first) / length)) : max(0, int((over_at - first) / length) + 1)] = False
    return quiet


def _mix(ids: tuple[str, ...], counts: NDArray[np.int64], is_quiet: NDArray[np.bool_]) -> MixModel | None:
    quiet = counts[:, is_quiet][:, -WINDOWS_OF_MIX:]
    return fit_mix(ids, quiet.T) if quiet.size else None


def _counts(
    store: Store, service: str, first: datetime, until: datetime, length: timedelta
) -> tuple[NDArray[np.int64], list[TemplateRow]]:
    """Templates x windows since `first`."""
    size = max(1, int((until - first) / length) + 1)
    found: dict[str, NDArray[np.int64]] = defaultdict(lambda: np.zeros(size, dtype=np.int64))
    with store.read() as tx:
        for template_id, hours in tx.logs.hours(
            service, first.replace(minute=0, second=0, microsecond=0), until
        ).items():
            row = found[template_id]
            for hour, lines in hours.items():
                for offset, count in lines.items():
                    place = int((hour + timedelta(seconds=offset) - first) / length)
                    if 0 <= place < size:
                        row[place] += count
        known = tx.logs.templates(list(found))
    rows = [known[i] for i in found if i in known]
    return np.array([found[row.id] for row in rows], dtype=np.int64).reshape(len(rows), size), rows
