"""Which mixes of templates are usual in each service? Fitted on a schedule from the quiet windows of the last days.

Work is bounded by services a run, templates and windows a fit; a service that has to wait keeps the model it has. The
models are rows, so that a restart and another process judge by the same ones.
"""

from collections import OrderedDict
from datetime import UTC, datetime, timedelta

import numpy as np

from bot.anomalies.mix_model import TEMPLATES_MAX, WINDOWS_MIN, MixModel, fit_mix, pack, unpack
from bot.clock import Clock
from bot.engine.log_ports import ServiceRow
from bot.engine.ports import Store, Transaction
from bot.engine.quiet import is_quiet, unquiet
from bot.logs.windows import window_start
from bot.settings import Settings

FIT_EVERY_WINDOWS = 60
"""Each hour with windows of a minute; longer ones bring less that is new."""

SERVICES_A_RUN = 10
WINDOWS_MAX = 720
EACH = (7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113)
"""Of many windows each seventh, or so: no number that goes into an hour, or jobs of the clock would be seen always or
never."""

WINDOWS_TO_SPREAD = 256
"""So many at least are left of them; of fewer the last ones are taken, without gaps."""

SILENT_MAX = timedelta(days=8)
KEPT_IN_MEMORY = 256


class Mixes:
    def __init__(self, store: Store, clock: Clock, settings: Settings) -> None:
        self._store, self._clock, self._settings = store, clock, settings
        self._fit_every = FIT_EVERY_WINDOWS * settings.detection.window
        self._kept: OrderedDict[str, tuple[datetime, MixModel | None]] = OrderedDict()
        self._fitted: dict[str, datetime] = {}

    def run(self) -> int:
        """Fits what is due, those that waited longest first. Returns how many services it looked at."""
        now = self._clock.now()
        with self._store.read() as tx:
            due = self._due(tx, now)
        for row in due:
            self._fit(row, now)
        if due:
            with self._store.write() as tx:
                tx.mixes.forget(now - SILENT_MAX)
        return len(due)

    def refresh(self, tx: Transaction) -> None:
        """Before a round of checks: which models are there now?"""
        self._fitted = tx.mixes.fitted()

    def of(self, tx: Transaction, service: str) -> MixModel | None:
        fitted_at = self._fitted.get(service)
        if fitted_at is None:
            return None
        known = self._kept.pop(service, None)
        if known is None or known[0] != fitted_at:
            known = (fitted_at, unpack(tx.mixes.packed(service)))
        self._kept[service] = known
        while len(self._kept) > KEPT_IN_MEMORY:
            self._kept.popitem(last=False)
        return known[1]

    def _due(self, tx: Transaction, now: datetime) -> list[ServiceRow]:
        fitted = tx.mixes.fitted()
        never = datetime.min.replace(tzinfo=UTC)
        since = now - (WINDOWS_MIN + 3) * self._settings.detection.window
        rows = [
            row
            for row in tx.logs.services()
            if row.first_at <= since
            and row.last_at > now - self._fit_every
            and now - fitted.get(row.name, never) >= self._fit_every
        ]
        return sorted(rows, key=lambda row: (fitted.get(row.name, never), row.name))[:SERVICES_A_RUN]

    def _fit(self, row: ServiceRow, now: datetime) -> None:
        """Counts of days take a while to read and to fit, so nothing is held for writing meanwhile."""
        length = self._settings.detection.window
        until = window_start(now - timedelta(seconds=self._settings.detection.grace_s), length)
        kept = timedelta(days=self._settings.logs.keep_minutes_days)
        since = window_start(max(until - kept, row.first_at + length), length)
        windows = max(0, int((until - since) / length))
        each = each_of(windows)
        since = max(since, until - WINDOWS_MAX * each * length)
        with self._store.read() as tx:
            counts = tx.mixes.counts(row.name, since, until, self._settings.detection.window_s, each, TEMPLATES_MAX)
            spans = unquiet(tx, row.name, since, until)
        starts = sorted({start for lines in counts.values() for start in lines})
        quiet = [start for start in starts if is_quiet(datetime.fromtimestamp(start, UTC), length, spans)]
        templates = tuple(sorted(counts))
        matrix = np.array([[counts[i].get(start, 0) for i in templates] for start in quiet], dtype=np.int64)
        model = fit_mix(templates, matrix.reshape(len(quiet), len(templates)))
        with self._store.write() as tx:
            if model is None:
                tx.mixes.note_tried(row.name, now)
            else:
                tx.mixes.save(row.name, now, pack(model))


def each_of(windows: int) -> int:
    """Of so many windows every how many-th is taken."""
    if windows < WINDOWS_TO_SPREAD * EACH[0]:
        return 1
    return next((each for each in EACH if windows <= WINDOWS_MAX * each), EACH[-1])
