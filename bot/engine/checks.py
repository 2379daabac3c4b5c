"""What do the closed windows say? Every check moves a service's watermark and, in the same transaction, tells."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.anomalies.detectors import detect
from bot.anomalies.model import Anomaly, Detector, ServiceWindow, TemplateSeries
from bot.clock import Clock
from bot.engine.evidence import signal_of, still_new
from bot.engine.log_ports import ServiceRow, TemplateRow
from bot.engine.mixes import Mixes
from bot.engine.placing import Placing
from bot.engine.ports import Decision, Store, Transaction
from bot.engine.rarity import rarity_of, unseen_for
from bot.engine.seasons import Seasons
from bot.engine.values import places_of
from bot.engine.watching import Watching
from bot.logs.windows import window_start
from bot.settings import Settings

log = logging.getLogger(__name__)

_LAST_RUN = "checks.last_run"

CATCH_UP_MAX = 120
"""After a downtime at most this many windows of a service are checked; older ones count as history only."""


class Checks:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: Settings,
        detectors: Sequence[Detector],
        placing: Placing,
        watching: Watching,
        mixes: Mixes,
    ) -> None:
        self._store, self._clock, self._settings = store, clock, settings
        self._detectors, self._placing, self._watching = detectors, placing, watching
        self._mixes = mixes
        self._was_away_until = datetime.min.replace(tzinfo=UTC)
        self._has_run = False
        self._seasons = Seasons(settings.detection.window, ZoneInfo(settings.digest.timezone))

    def run(self) -> int:
        """Checks every window that has closed since the last time. Returns how many signals it gave."""
        now = self._clock.now()
        length = self._settings.detection.window
        closed_until = window_start(now - timedelta(seconds=self._settings.detection.grace_s), length)
        with self._store.read() as tx:
            services = tx.logs.services()
            self._mixes.refresh(tx)
            was_up_since = self._up_since(tx.records.recall(_LAST_RUN), now)
        found = 0
        due = {row.name: self._due(row, closed_until, length) for row in services}
        for start in sorted({start for starts in due.values() for start in starts}):
            for row in services:
                if start in due[row.name]:
                    found += self._check(row, start, now, is_complete=start >= was_up_since)
        with self._store.write() as tx:
            self._watching.settle(tx, now)
            tx.records.remember(_LAST_RUN, now.isoformat())
        return found

    def _up_since(self, last_run: str, now: datetime) -> datetime:
        """Windows that began before this may lack lines: Tocsin was away, and senders still have them. A process that
        has just begun to check, or has missed a check, waits two windows until it says that something has stopped."""
        length = self._settings.detection.window
        if last_run and (not self._has_run or now - datetime.fromisoformat(last_run) > 2.5 * length):
            self._was_away_until = now + 2 * length
        self._has_run = True
        return self._was_away_until if last_run else now

    def _due(self, row: ServiceRow, closed_until: datetime, length: timedelta) -> list[datetime]:
        """The starts of the windows to check. A service seen for the first time starts with the last closed window:
        what it sent of the past is history."""
        first = row.checked_until or closed_until - length
        if row.checked_until is None:
            first = max(first, window_start(row.first_at, length))
        count = (closed_until - first) // length
        if count > CATCH_UP_MAX:
            log.warning("%s: %s windows were missed, only the last %s are checked", row.name, count, CATCH_UP_MAX)
            first, count = closed_until - CATCH_UP_MAX * length, CATCH_UP_MAX
        return [first + i * length for i in range(max(0, count))]

    def _check(self, row: ServiceRow, start: datetime, now: datetime, *, is_complete: bool) -> int:
        length = self._settings.detection.window
        with self._store.write() as tx:
            window, rows = self._window(tx, row, start, is_complete)
            anomalies = detect(window, self._detectors)
            tx.logs.mark_checked(row.name, start + length)
            self._watching.watch_window(tx, window, now)
            if window.is_learning:
                self._note_learning(tx, row, anomalies, now)
                return 0
            found = [still_new(anomaly, window, rows) for anomaly in anomalies]
            signals = [signal_of(a, window, rows, now, rarity_of(tx, a, window, row, now)) for a in found]
            return sum(self._placing.place(tx, signal, now) for signal in signals)

    def _window(
        self, tx: Transaction, row: ServiceRow, start: datetime, is_complete: bool
    ) -> tuple[ServiceWindow, Mapping[str, TemplateRow]]:
        length = self._settings.detection.window
        since = start - timedelta(minutes=self._settings.detection.history_minutes)
        since = max(window_start(since, length), window_start(row.first_at, length))
        counts = tx.logs.counts(row.name, since, start + length)
        past = max(0, (start - since) // length)
        rows = tx.logs.templates(counts)
        seasonal = self._seasons.of(tx, row, start)
        quiet = [i for i, c in counts.items() if len(c) == 1 and start in c]
        unseen = unseen_for(tx, rows, quiet, since, timedelta(days=self._settings.logs.keep_hours_days))
        places = places_of(tx, rows, {i: c.get(start, 0) for i, c in counts.items()}, start + length)
        learnt_at = row.first_at + timedelta(minutes=self._settings.detection.learning_minutes)
        window = ServiceWindow(
            service=row.name,
            start=start,
            length=length,
            templates=tuple(
                replace(
                    _series(rows[i], c, since, start, past, length),
                    seasonal=seasonal.get(i),
                    unseen_for=unseen.get(i),
                    places=places.get(i, ()),
                )
                for i, c in sorted(counts.items())
            ),
            history_windows=past,
            is_learning=start < learnt_at,
            is_complete=is_complete,
            mix=self._mixes.of(tx, row.name),
        )
        return window, rows

    def _note_learning(self, tx: Transaction, row: ServiceRow, anomalies: Sequence[Anomaly], now: datetime) -> None:
        """Once per service: why nothing was told about it in its first minutes."""
        if anomalies and tx.records.once("learning", row.name, now):
            facts: dict[str, int] = defaultdict(int)
            for anomaly in anomalies:
                facts[anomaly.kind.value] += 1
            tx.records.decide(Decision(now, "muted", row.name, "learning", facts))


def _series(
    row: TemplateRow, counts: Mapping[datetime, int], since: datetime, start: datetime, past: int, length: timedelta
) -> TemplateSeries:
    history = [0] * past
    for at, lines in counts.items():
        if at < start:
            history[(at - since) // length] = lines
    return TemplateSeries(row.id, row.text, row.level, row.first_at, tuple(history), counts.get(start, 0))
