"""What would many log templates write in quiet weeks with some trouble in them? Seeded, seasonal, overdispersed.

Four hundred templates in twenty services: rates from a Pareto law, a daily and a weekly rhythm with each service's own
phase, two in five Poisson and the rest burstier. Trouble: for half an hour to an hour a template rises or falls. The
generator resembles the detector's own idea of the world, so the figures say more about each other than about yours.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.anomalies.detectors import detect
from bot.anomalies.dwindled import Dwindled
from bot.anomalies.grown import Grown
from bot.anomalies.model import Detector, ServiceWindow, TemplateSeries
from bot.anomalies.rate_down import RateDown
from bot.anomalies.rate_up import RateUp
from bot.evaluate.report import Cell, Report, Table
from bot.metrics.seasons import DAYS_BACK, recurring_at_hour, usual_at_hour

START = datetime(2026, 11, 2, tzinfo=UTC)  # a Monday
WINDOW = timedelta(minutes=5)
DAY, WEEK = 288, 2016
SERVICES, TEMPLATES_EACH = 20, 20
TRAINING_DAYS, TEST_DAYS, INCIDENTS = 14, 7, 67
HISTORY = 36
BURSTY_SHARE = 0.6

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Trouble:
    template: int
    since: int
    until: int
    times: float


class Month:
    """`counts`: templates x windows; the first `test_from` windows are only history."""

    def __init__(
        self, seed: int, *, services: int = SERVICES, test_days: int = TEST_DAYS, incidents: int = INCIDENTS
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self.templates = services * TEMPLATES_EACH
        self.test_from = TRAINING_DAYS * DAY
        self.length = self.test_from + test_days * DAY
        self.means = self._means()
        self.troubles = tuple(self._trouble() for _ in range(incidents))
        means = self.means.copy()
        for trouble in self.troubles:
            means[trouble.template, trouble.since : trouble.until] *= trouble.times
        self.counts = self._counts(means)

    def windows(self, at: int) -> Iterator[tuple[int, ServiceWindow]]:
        """(first template, window) of each service, as the live check would have them."""
        usual, most = self._by_hour(at)
        for first in range(0, self.templates, TEMPLATES_EACH):
            rows = range(first, first + TEMPLATES_EACH)
            templates = tuple(
                TemplateSeries(
                    str(row),
                    "request <*> handled",
                    "info",
                    START,
                    tuple(self.counts[row, at - HISTORY : at].tolist()),
                    int(self.counts[row, at]),
                    seasonal=(float(usual[row]), float(most[row])),
                )
                for row in rows
            )
            yield first, ServiceWindow(f"service-{first}", START + at * WINDOW, WINDOW, templates, HISTORY)

    def _by_hour(self, at: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What `bot.engine.seasons` reads from the counts by the hour."""
        hour = at // 12 * 12
        known = [back for back in DAYS_BACK if hour - back * DAY - 12 >= 0]
        hours = {back: self.counts[:, hour - back * DAY : hour - back * DAY + 12] for back in known}
        near = {back: self.counts[:, hour - back * DAY - 12 : hour - back * DAY + 24] for back in known}
        alike = {back for back in known if _is_weekend(hour - back * DAY) == _is_weekend(hour)}
        return usual_at_hour(hours, alike), recurring_at_hour(near)

    def _means(self) -> NDArray[np.float64]:
        t = np.arange(self.length)
        rates = np.minimum(1.0 + self.rng.pareto(1.1, self.templates) * 2.0, 2_000.0)
        phase = np.repeat(self.rng.uniform(-0.1, 0.1, self.templates // TEMPLATES_EACH), TEMPLATES_EACH)[:, None]
        depth = self.rng.uniform(0.2, 0.8, self.templates)[:, None]
        daily = 1 + depth * np.sin(2 * np.pi * (t[None] / DAY - 0.375 + phase))
        weekly = np.where(_is_weekend(t), 0.6, 1.0)[None]
        means: NDArray[np.float64] = rates[:, None] * daily * weekly
        return means

    def _counts(self, means: NDArray[np.float64]) -> Counts:
        is_bursty = self.rng.random(self.templates) < BURSTY_SHARE
        sizes = self.rng.uniform(4.0, 30.0, self.templates)[:, None]
        wavering = np.where(is_bursty[:, None], self.rng.gamma(sizes, 1 / sizes, means.shape), 1.0)
        return self.rng.poisson(means * wavering).astype(np.int64)

    def _trouble(self) -> Trouble:
        since = int(self.rng.integers(self.test_from, self.length - 12))
        rises = self.rng.random() < 0.7
        times = float(self.rng.uniform(2.5, 12.0) if rises else self.rng.uniform(0.0, 0.15))
        return Trouble(int(self.rng.integers(self.templates)), since, since + int(self.rng.integers(6, 13)), times)


def _is_weekend(at: Any) -> Any:
    """Of window numbers: the first day is a Monday."""
    return at // DAY % 7 >= 5


# -- scoring


COLUMNS = ("rule", "recall", "false/day", "ms/day of windows")
DAYS_SHORT = 3
NOTES = (
    "recall: troubles that were told while they lasted; false: alarms of templates without trouble within three hours, "
    "those of one template within an hour counted once (for ours), as they would be one incident.",
)


def evaluate_counts(seed: int, start: Callable[[int], Callable[[int], None]], *, days: int = TEST_DAYS) -> Report:
    month = Month(seed, test_days=days, incidents=round(INCIDENTS * days / TEST_DAYS))
    done = start(month.length - month.test_from)
    rows = [_ours(month, days, done), *(_z_rule(month, days, limit) for limit in (3.0, 5.0))]
    title = (
        f"{month.templates} templates x {DAY} windows a day, {days} days, {len(month.troubles)} troubles, seed {seed}"
    )
    return Report((Table(title, COLUMNS, tuple(rows), NOTES),))


def _ours(month: Month, days: int, done: Callable[[int], None]) -> dict[str, Cell]:
    detectors: list[Detector] = [RateUp(), Grown(), RateDown(), Dwindled()]
    hit: set[int] = set()
    told: dict[int, int] = {}
    false, began = 0, time.process_time()
    for at in range(month.test_from, month.length):
        for _, window in month.windows(at):
            for anomaly in detect(window, detectors):
                row = int(anomaly.template_id)
                near = [
                    i for i, t in enumerate(month.troubles) if t.template == row and t.since <= at < t.until + HISTORY
                ]
                hit.update(i for i in near if at < month.troubles[i].until)
                false += not near and at - told.get(row, -DAY) > 12
                told[row] = at
        done(1)
    cost = (time.process_time() - began) * 1e3 / days
    return {
        "rule": "Tocsin: seasonal negative binomial, false discovery rate, grown, dwindled",
        "recall": round(len(hit) / len(month.troubles), 3),
        "false/day": round(false / days, 2),
        "ms/day of windows": round(cost),
    }


def _z_rule(month: Month, days: int, limit: float) -> dict[str, Cell]:
    counts, began = month.counts.astype(np.float64), time.process_time()
    sums = np.cumsum(np.pad(counts, ((0, 0), (1, 0))), axis=1)
    squares = np.cumsum(np.pad(counts**2, ((0, 0), (1, 0))), axis=1)
    ats = np.arange(month.test_from, month.length)
    mean = (sums[:, ats] - sums[:, ats - DAY]) / DAY
    sigma = np.sqrt(np.maximum((squares[:, ats] - squares[:, ats - DAY]) / DAY - mean**2, 1e-12))
    alarms = np.abs(counts[:, ats] - mean) > limit * sigma
    near = np.zeros(alarms.shape, dtype=np.bool_)
    hits = 0
    for trouble in month.troubles:
        since, until = trouble.since - month.test_from, trouble.until - month.test_from
        hits += bool(alarms[trouble.template, since:until].any())
        near[trouble.template, since : until + HISTORY] = True
    return {
        "rule": f"z > {limit:.0f} of the last 24 h",
        "recall": round(hits / len(month.troubles), 3),
        "false/day": round(float((alarms & ~near).sum()) / days, 1),
        "ms/day of windows": round((time.process_time() - began) * 1e3 / days),
    }
