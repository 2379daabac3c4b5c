"""What do the declared series and checks say? Each is read when it is due; what is wrong becomes a signal and stands
until the next look finds it well.

What is due comes from the database, so a missed or a double alarm does no harm. Reading happens outside of any
transaction; the points, the signals and the time of reading are one.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import numpy as np

from bot.changes.model import Change, ChangeKind
from bot.checks.declared import SERIES_MAX, CheckSettings, SeriesSettings
from bot.clock import Clock
from bot.engine.changes import Changes
from bot.engine.checked import Checked, measured
from bot.engine.correlator import Correlator
from bot.engine.ports import Store, Transaction
from bot.engine.sensitivity import Sensitivities
from bot.engine.watch_ports import PageSource, ReadSeries, SeriesSource, TableSource, WatchState
from bot.errors import ConnectorError, SettingsError
from bot.logs.windows import window_start
from bot.metrics.forecast import forecast
from bot.metrics.labels import labels_of, labels_text
from bot.metrics.records import Values
from bot.metrics.tracking import Oddity, Tracking
from bot.settings import Settings
from bot.signals.fingerprint import fingerprint
from bot.signals.model import Evidence, Measure, Measured, Signal, SignalKind
from bot.signals.severity import Severity

log = logging.getLogger(__name__)

HISTORY = timedelta(days=3)
"""So much of the past is read when Tocsin starts, and first of all from a source that has one."""

POINTS_KEPT = timedelta(days=15)
STANDS_FOR = timedelta(minutes=20)
"""A record is told while it is new; what is beyond its limit stands until it is back."""

TELL_LATE = timedelta(minutes=15)
"""Older points are history only."""

FORECAST_EVERY = timedelta(hours=1)
SOON = timedelta(hours=24)
CHANGE_KEY_MAX = 200
Standing = tuple[Signal, ...]


@dataclass(frozen=True, slots=True)
class Sources:
    """What the declared names read from."""

    series: Mapping[str, SeriesSource]
    tables: Mapping[str, TableSource]
    pages: PageSource | None = None

    def with_series(self, more: Mapping[str, SeriesSource]) -> "Sources":
        return replace(self, series={**self.series, **more})


class Watched:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: Settings,
        correlator: Correlator,
        changes: Changes,
        sources: Sources,
    ) -> None:
        self._store, self._clock, self._settings = store, clock, settings
        self._correlator, self._changes, self._sources = correlator, changes, sources
        self._tracking: dict[str, Tracking] = {}
        self._checked = Checked(sources.tables)
        self._failing: set[str] = set()
        missing = [s.source for s in settings.watch.series.values() if s.source not in sources.series]
        if missing:
            raise SettingsError([f"watch.series: nothing reads from {name!r}" for name in missing])

    def run(self) -> int:
        """Reads everything that is due. Returns how many signals stand."""
        now = self._clock.now()
        standing = 0
        for name, series in self._settings.watch.series.items():
            standing += self._guarded(f"series.{name}", partial(self._series, name, series, now))
        for name, check in self._settings.watch.checks.items():
            standing += self._guarded(f"checks.{name}", partial(self._check, name, check, now))
        return standing

    def drop_old(self) -> None:
        with self._store.write() as tx:
            tx.watched.drop_points(self._clock.now() - POINTS_KEPT)

    def _guarded(self, name: str, read: Callable[[], int]) -> int:
        """A source that is away does not keep the others from being read; it is said once."""
        try:
            standing = read()
        except ConnectorError as error:
            if name not in self._failing:
                log.warning("watch.%s cannot be read, and is tried again: %s", name, error)
            self._failing.add(name)
            return 0
        self._failing.discard(name)
        return standing

    # -- series

    def _series(self, name: str, series: SeriesSettings, now: datetime) -> int:
        key = f"series.{name}"
        with self._store.read() as tx:
            state = tx.watched.state(key)
        until = window_start(now - series.waits, series.every)
        if state.read_at is not None and state.read_at >= until:
            return self._stand(state, now)
        since = state.read_at or until - HISTORY
        since = max(since, until - HISTORY)
        read = self._sources.series[series.source].read(series.query or name, since, until, series.every)
        if len(read) >= SERIES_MAX:
            log.warning("watch.%s: only the first %s series are watched", key, SERIES_MAX)
        with self._store.write() as tx:
            tracking = self._tracking_of(tx, name, series, since, read)
            self._keep(tx, name, read)
            odd = self._feed(tracking, series, read, since, until, now)
            standing = tuple(s for s in state.standing if s.kind is SignalKind.SERIES and _still_stands(s, now))
            new = tuple(self._signal(name, series, at, oddity) for at, oddity in odd)
            new = tuple(s for s in new if s.fingerprint not in {old.fingerprint for old in standing})
            beyond = self._beyond(name, series, read, tracking, now)
            foreseen, notes = self._foreseen(tx, name, series, state, now)
            standing = (*standing, *new, *beyond, *foreseen)
            tx.watched.remember(WatchState(key, until, standing, notes))
            self._place(tx, standing, now)
        return len(standing)

    def _tracking_of(
        self, tx: Transaction, name: str, series: SeriesSettings, since: datetime, read: Sequence[ReadSeries]
    ) -> Tracking:
        """The state in memory if it is that of `since`, else made again from what is kept."""
        tracking = self._tracking.get(name)
        keys = {labels_text(one.labels): None for one in read}
        if tracking is not None and (tracking.until is None or tracking.until <= since) and tracking.has_room(keys):
            return tracking
        known = tx.watched.known_series(name)
        tracking = self._tracking[name] = Tracking(series.every, max(len(known), len(keys)))
        points = tx.watched.points(known.values(), since - HISTORY)
        texts = {number: text for text, number in known.items()}
        ticks = _ticks({texts[number]: some for number, some in points.items()}, series.every)
        for at in _every(ticks, series.every, since):
            tracking.observe(at, ticks.get(at, {}))
        return tracking

    def _keep(self, tx: Transaction, name: str, read: Sequence[ReadSeries]) -> None:
        ids = tx.watched.series_ids(name, [labels_text(one.labels) for one in read])
        tx.watched.add_points([(ids[labels_text(one.labels)], at, value) for one in read for at, value in one.points])

    def _feed(
        self, tracking: Tracking, series: SeriesSettings, read: Sequence[ReadSeries], since: datetime, until: datetime,
        now: datetime,
    ) -> list[tuple[datetime, Oddity]]:  # fmt: skip
        ticks = _ticks({labels_text(one.labels): one.points for one in read}, series.every)
        first = since if tracking.until is not None else min(ticks, default=until) - series.every
        found: list[tuple[datetime, Oddity]] = []
        at = window_start(first, series.every) + series.every
        while at <= until:
            odd = tracking.observe(at, ticks.get(at, {}), series.smallest_change)
            if now - at <= max(TELL_LATE, 2 * series.every):
                found += [(at, oddity) for oddity in odd if _is_worse(oddity, series)]
            at += series.every
        return found

    def _signal(self, name: str, series: SeriesSettings, at: datetime, odd: Oddity) -> Signal:
        measure = Measure(
            what=Measured(odd.what),
            subject=subject(name, odd.key),
            unit=series.unit,
            now=odd.now,
            low=odd.low,
            high=odd.high,
            values=odd.values,
            step_s=series.every_s,
            known_s=int(odd.known_for.total_seconds()),
        )
        return _signal(SignalKind.SERIES, name, series, odd.key, Severity.MINOR, at, measure, odd.score, odd.threshold)

    def _beyond(
        self, name: str, series: SeriesSettings, read: Sequence[ReadSeries], tracking: Tracking, now: datetime
    ) -> Standing:
        """What is on the wrong side of its declared limit now."""
        if series.limit is None:
            return ()
        rises = series.limit >= series.floor
        found = []
        for one in read:
            if one.points and (one.points[-1][1] >= series.limit) == rises and one.points[-1][1] != series.floor:
                key = labels_text(one.labels)
                values = tuple(None if v != v else float(v) for v in tracking.history(key)[-60:])
                measure = Measure(
                    Measured.BEYOND_LIMIT, subject(name, key), series.unit, one.points[-1][1], limit=series.limit,
                    values=values, step_s=series.every_s,
                )  # fmt: skip
                made = _signal(SignalKind.SERIES, name, series, key, Severity.MAJOR, one.points[-1][0], measure)
                found.append(replace(made, attributes={**made.attributes, "limit": f"{series.limit:g}"}))
        return tuple(found)

    def _foreseen(
        self, tx: Transaction, name: str, series: SeriesSettings, state: WatchState, now: datetime
    ) -> tuple[Standing, Mapping[str, str]]:
        """Once an hour: what will reach its limit soon. It stands until the next forecast."""
        last = state.notes.get("foreseen_at")
        if series.limit is None or (last and now - datetime.fromisoformat(last) < FORECAST_EVERY):
            return tuple(s for s in state.standing if s.kind is SignalKind.FORECAST), state.notes
        found = []
        known = tx.watched.known_series(name)
        points = tx.watched.points(known.values(), now - timedelta(days=7))
        for key, number in known.items():
            values = _even(points.get(number, []), series.every, now)
            seen = forecast(values, series.every, now, series.limit, floor=series.floor)
            if seen is None or seen.at - now > timedelta(days=series.forecast_days):
                continue
            measure = Measure(
                Measured.REACHES_LIMIT, subject(name, key), series.unit, seen.now, limit=seen.limit, at=seen.at,
                earliest=seen.earliest, latest=seen.latest, per_day=seen.per_day, step_s=series.every_s,
                values=tuple(None if v != v else float(v) for v in values[:: max(1, len(values) // 168)]),
            )  # fmt: skip
            severity = Severity.MAJOR if seen.at - now <= SOON else Severity.MINOR
            found.append(_signal(SignalKind.FORECAST, name, series, key, severity, now, measure))
        return tuple(found), {**state.notes, "foreseen_at": now.isoformat()}

    # -- checks

    def _check(self, name: str, check: CheckSettings, now: datetime) -> int:
        key = f"checks.{name}"
        with self._store.read() as tx:
            state = tx.watched.state(key)
        if state.read_at is not None and now - state.read_at < check.every:
            return self._stand(state, now)
        finding, notes = self._checked.look(check, state.notes, now)
        version = self._checked.version(check)
        change = _new_version(name, check, version, str(state.notes.get("version", "")), now)
        notes = {**notes, "version": version[0]} if version else notes
        standing: Standing = ()
        if finding is not None:
            before = next((s for s in state.standing if isinstance(s, Signal)), None)
            made = measured(name, check, finding, now)
            standing = (replace(made, began_at=before.began_at) if before else made,)
        with self._store.write() as tx:
            if change is not None:
                self._changes.note(tx, change, now)
            tx.watched.remember(WatchState(key, now, standing, notes))
            self._place(tx, standing, now)
        return len(standing)

    # -- both

    def _stand(self, state: WatchState, now: datetime) -> int:
        """What stands keeps its incident from going quiet until the next look."""
        if state.standing:
            with self._store.write() as tx:
                self._place(tx, state.standing, now)
        return len(state.standing)

    def _place(self, tx: Transaction, standing: Standing, now: datetime) -> None:
        shadow = set(self._settings.detection.shadow)
        learnt = Sensitivities(tx)
        for signal in standing:
            if signal.kind.value in shadow:
                learnt.count_shadow(signal, now)
            elif learnt.is_told(signal, now):
                self._correlator.place(tx, replace(signal, at=now), now)


def subject(name: str, key: str) -> str:
    """What people call the series: the declared name, and the labels that tell it from its neighbours."""
    told = ", ".join(part for part in key.split(",") if part and not part.startswith(("__name__=", "service=")))
    return f"{name} ({told})" if told else name


def _signal(
    kind: SignalKind, name: str, series: SeriesSettings, key: str, severity: Severity, at: datetime, measure: Measure,
    score: float | None = None, threshold: float | None = None,
) -> Signal:  # fmt: skip
    labels = labels_of(key)
    service = series.service or labels.get(series.service_label) or name
    kinds = ("host", "instance", "pod", "table", "model", "device")
    entities = (("series", measure.subject), *((k, v) for k, v in labels.items() if k in kinds))
    return Signal(
        fingerprint=fingerprint(kind, name, key, measure.what if kind is SignalKind.SERIES else ""),
        kind=kind,
        service=service,
        severity=severity,
        began_at=at,
        at=at,
        title=measure.subject[:160],
        evidence=Evidence(measure=measure, score=score, threshold=threshold),
        source=f"watch.series.{name}",
        entities=entities,
        attributes={"floor": f"{series.smallest_change:g}"} if series.smallest_change else {},
    )


def _new_version(
    name: str, check: CheckSettings, version: tuple[str, datetime] | None, before: str, now: datetime
) -> Change | None:
    """A model has a version that it had not at the last look. The key is the model's, so that several checks of one
    table, and versions that take turns in a canary, tell of each version once."""
    if version is None or not before or version[0] == before:
        return None
    return Change(
        key=f"model:{check.source}:{check.table}:{version[0]}"[:CHANGE_KEY_MAX],
        kind=ChangeKind.MODEL_VERSION,
        service=check.service,
        at=min(version[1], now),
        version=version[0][:100],
        previous=before[:100],
        source=f"watch.checks.{name}",
        attributes={"model": check.table or name},
    )


def _still_stands(signal: Signal, now: datetime) -> bool:
    """What is beyond a limit is looked at anew each time."""
    return now - signal.at < STANDS_FOR and "limit" not in signal.attributes


def _is_worse(odd: Oddity, series: SeriesSettings) -> bool:
    if odd.what in ("flat", "missing") or series.worse == "both":
        return True
    return odd.is_up == (series.worse == "up")


def _ticks(series: Mapping[str, Sequence[tuple[datetime, float]]], step: timedelta) -> dict[datetime, dict[str, float]]:
    ticks: dict[datetime, dict[str, float]] = {}
    for key, points in series.items():
        for at, value in points:
            ticks.setdefault(window_start(at, step), {})[key] = value
    return ticks


def _every(ticks: Mapping[datetime, object], step: timedelta, until: datetime) -> list[datetime]:
    """Each tick from the first that is kept up to `until`, also those that nothing came in."""
    if not ticks:
        return []
    first = min(ticks)
    return [first + i * step for i in range(int((until - first) // step) + 1)]


def _even(points: Sequence[tuple[datetime, float]], step: timedelta, now: datetime) -> Values:
    """Evenly spaced, the newest last, NaN where nothing came."""
    if not points:
        return np.full(0, np.nan)
    length = int((window_start(now, step) - window_start(points[0][0], step)) // step) + 1
    values = np.full(max(0, length), np.nan)
    first = window_start(points[0][0], step)
    for at, value in points:
        place = int((window_start(at, step) - first) // step)
        if place < length:
            values[place] = value
    return values
