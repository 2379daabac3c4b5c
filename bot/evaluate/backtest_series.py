"""What would have been told of series, at which thresholds? Of the points that are kept, or of CSV files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bot.anomalies.model import Anomaly
from bot.checks.declared import SeriesSettings
from bot.engine.ports import Store
from bot.engine.watched import HISTORY
from bot.evaluate.backtest import COLUMNS, Fired, Span, rows_of
from bot.evaluate.nab import LabelledSeries
from bot.evaluate.report import Table
from bot.evaluate.series_detectors import step_of
from bot.evaluate.series_sets import has_points, series_in
from bot.logs.windows import window_start
from bot.metrics.labels import labels_of
from bot.metrics.tracking import Oddity, Tracking
from bot.settings import Settings
from bot.signals.model import SignalKind
from bot.signals.severity import Severity

NOTES = (
    "series: each declared one, or file. fired: ticks in which a figure would have been evidence; problems: different"
    " series. A single odd series opens no incident by itself. Limits and forecasts are not asked again.",
)


@dataclass(frozen=True, slots=True)
class _Ticks:
    """One declared series (or file): what was read at each tick, by key, and what is known of it."""

    name: str
    step: timedelta
    smallest_change: float
    worse: str
    ticks: Mapping[datetime, Mapping[str, float]]
    services: Mapping[str, str]


def of_store(
    store: Store, settings: Settings, since: datetime, until: datetime, incidents: Sequence[Span]
) -> tuple[Table | None, list[Fired]]:
    """Every kept point since `since` as if it came now, with up to three days before it as history. None when no series
    is declared. Nothing is stored and nothing is told."""
    if not settings.watch.series:
        return None, []
    kept = [_kept(store, name, series, since, until) for name, series in settings.watch.series.items()]
    return _asked(kept, since, until, incidents)


def of_files(files: Sequence[Path]) -> tuple[Table, list[Fired], datetime, datetime]:
    """Of CSV files with a time and a value; the stretches that a column of labels marks are their known incidents.
    Raises `InputError`."""
    series = [series_in(path) for path in files]
    since, until = min(one.at[0] for one in series), max(one.at[-1] for one in series)
    spans = [(one.name, start, end) for one in series for start, end in one.windows]
    table, fired = _asked([_of_file(one) for one in series], since, until, spans)
    return table, fired, since, until


def is_series(name: str) -> bool:
    """Is this a CSV file of points, and not of log lines?"""
    return name.lower().endswith(".csv") and has_points(Path(name))


def _asked(
    series: Sequence[_Ticks], since: datetime, until: datetime, incidents: Sequence[Span]
) -> tuple[Table, list[Fired]]:
    fired = [one for some in series for one in _fired(some, since, until)]
    days = max((until - since) / timedelta(days=1), 1e-9)
    rows = [row for some in series for row in rows_of(some.name, fired, incidents, days)]
    count = sum(len(some.services) for some in series)
    title = f"{since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC, {count} series, {len(incidents)} incidents"
    return Table(
        title, ("series", *COLUMNS[1:]), tuple({"series": row["detector"], **row} for row in rows), NOTES
    ), fired


def _fired(series: _Ticks, since: datetime, until: datetime) -> Iterator[Fired]:
    tracking = Tracking(series.step, len(series.services))
    at, last = min(series.ticks, default=until), max(series.ticks, default=since)
    gaps = {*series.ticks, *_every(at, last, series.step)}
    for moment in sorted(gaps):
        for odd in tracking.observe(moment, series.ticks.get(moment, {}), series.smallest_change):
            if moment > since and _is_worse(odd, series.worse):
                yield Fired(series.name, moment, moment + series.step, _anomaly(series, odd, moment))


def _every(first: datetime, last: datetime, step: timedelta) -> Iterator[datetime]:
    """Also the ticks in which nothing came: a series that stops is seen by them."""
    for i in range(int((last - first) / step) + 1):
        yield first + i * step


def _anomaly(series: _Ticks, odd: Oddity, at: datetime) -> Anomaly:
    service = series.services[odd.key]
    return Anomaly(SignalKind.SERIES, service, at, Severity.MINOR, odd.score, odd.threshold, odd.key)


def _is_worse(odd: Oddity, worse: str) -> bool:
    return odd.what in ("flat", "missing") or worse == "both" or odd.is_up == (worse == "up")


def _kept(store: Store, name: str, series: SeriesSettings, since: datetime, until: datetime) -> _Ticks:
    with store.read() as tx:
        known = tx.watched.known_series(name)
        points = tx.watched.points(known.values(), since - HISTORY)
    ticks: dict[datetime, dict[str, float]] = {}
    for key, number in known.items():
        for at, value in points.get(number, ()):
            if at <= until:
                ticks.setdefault(window_start(at, series.every), {})[key] = value
    services = {key: series.service or labels_of(key).get(series.service_label) or name for key in known}
    return _Ticks(name, series.every, series.smallest_change, series.worse, ticks, services)


def _of_file(series: LabelledSeries) -> _Ticks:
    ticks = {at: {series.name: float(v)} for at, v in zip(series.at, series.values, strict=True) if v == v}
    return _Ticks(series.name, step_of(series), 0.0, "both", ticks, {series.name: series.name})
