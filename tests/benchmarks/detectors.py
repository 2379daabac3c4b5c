"""What does each detector cost, in time and memory? Every one on the amount that a large installation has.

python -m tests.benchmarks.detectors
"""

import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import numpy as np

from bot.anomalies.detectors import default_detectors, detect
from bot.anomalies.model import Detector, ServiceWindow, TemplateSeries
from bot.anomalies.rhythm import rhythm_of
from bot.anomalies.runs import usual_length
from bot.checks.drift import drifts
from bot.metrics.buckets import Histogram
from bot.metrics.forecast import forecast
from bot.metrics.streams import Point, Shape, steps
from bot.metrics.tracking import Tracking
from tests.anomalies.windows import with_mix

NOON, MINUTE = datetime(2026, 11, 16, 12, tzinfo=UTC), timedelta(minutes=1)
TEMPLATES, SERVICES, HISTORY = 5_000, 50, 180
SERIES = 10_000
FITTED = 5
RUNS = 2


@dataclass(frozen=True, slots=True)
class Cost:
    """The least CPU of a few runs, and the most memory that was held at once beyond what was there before."""

    what: str
    amount: int
    of: str
    seconds: float
    megabytes: float
    limit_s: float | None = None

    def row(self) -> str:
        each = self.seconds / self.amount * 1e6
        limit = f"{self.limit_s:g} s: {self.seconds / self.limit_s:.0%}" if self.limit_s else ""
        return (
            f"| {self.what} | {self.amount:,} {self.of} | {self.seconds * 1000:,.1f} | {each:,.2f} |"
            f" {self.megabytes:,.1f} | {limit} |"
        )


def cost(what: str, amount: int, of: str, work: Callable[[], object], limit_s: float | None = None) -> Cost:
    spent = []
    for _ in range(RUNS):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return Cost(what, amount, of, min(spent), peak / 2**20, limit_s)


# -- log templates


def windows(storm: bool) -> list[ServiceWindow]:
    """Rates with a long tail. In a storm each template comes ten times as often, and a tenth of them is new."""
    rng = np.random.default_rng(1)
    rates = np.minimum(1 + rng.pareto(1.1, TEMPLATES), 500)
    counts = rng.poisson(rates[:, None], (TEMPLATES, HISTORY + 1))
    counts[::100, -1] += 60
    if storm:
        counts[:, -1] *= 10
        counts[::10, :-1] = 0
    per = TEMPLATES // SERVICES
    found = []
    for service in range(SERVICES):
        rows = counts[service * per : (service + 1) * per].tolist()
        templates = tuple(_template(f"{service}-{i}", row, rng) for i, row in enumerate(rows))
        found.append(with_mix(ServiceWindow(f"s{service}", NOON, MINUTE, templates, HISTORY)))
    return found


def _template(name: str, row: Sequence[int], rng: np.random.Generator) -> TemplateSeries:
    usual = float(np.mean(row[:-1]))
    first_at = NOON - timedelta(days=9) if any(row[:-1]) else NOON + timedelta(seconds=20)
    level = "error" if rng.random() < 0.1 else "info"
    text = f"request {name} <*> {'failed' if level == 'error' else 'done'}"
    return TemplateSeries(name, text, level, first_at, tuple(row[:-1]), row[-1], (usual, 2 * usual + 5))


def of_templates() -> Iterator[Cost]:
    for storm in (False, True):
        some, when = windows(storm), "in a storm" if storm else "on a usual day"

        def looked(detector: Detector, some: list[ServiceWindow] = some) -> Callable[[], object]:
            return lambda: [detector.detect(window) for window in some]

        yield from (cost(f"`{d.name}`, {when}", TEMPLATES, "templates", looked(d)) for d in default_detectors())
        once = default_detectors()
        all_of = f"**all of them, {when}**"
        yield cost(all_of, TEMPLATES, "templates", lambda s=some, o=once: [detect(w, o) for w in s], 2.0)  # type: ignore[misc]
    few = windows(storm=False)[:FITTED]
    yield cost(
        "the usual mixes: a fit of 180 windows, each hour", FITTED, "services", lambda: [with_mix(w) for w in few]
    )


# -- series


def of_series() -> list[Cost]:
    rng = np.random.default_rng(4)
    tracking, keys, at = Tracking(MINUTE, SERIES // 2), [f"pod={i}" for i in range(SERIES)], NOON
    ticks = [dict(zip(keys, row, strict=True)) for row in rng.normal(100, 5, (30, SERIES)).tolist()]

    def tick() -> None:
        nonlocal at
        at += MINUTE
        tracking.observe(at, ticks[at.minute % len(ticks)])

    for _ in range(60):
        tick()
    held = cost("`series`: one tick", SERIES, "series", tick, 0.1)
    five = Tracking(MINUTE, 2_500)
    few = [{key: tick[key] for key in keys[:5_000]} for tick in ticks]
    minute = NOON

    def window() -> None:
        nonlocal minute
        minute += MINUTE
        five.observe(minute, few[minute.minute % len(few)])

    for _ in range(60):
        window()
    week = np.linspace(10, 60, 7 * 288) + rng.normal(0, 0.5, 7 * 288)
    step = timedelta(minutes=5)
    return [
        held,
        cost("`series`: one tick", 5_000, "series", window, 2.0),
        cost("`forecast` of a week in steps of 5 min", 100, "series",
             lambda: [forecast(week, step, NOON, 95.0) for _ in range(100)]),
        cost("OTLP: a step of histograms, p95", 1_000, "series", _histograms()),
    ]  # fmt: skip


def _histograms() -> Callable[[], object]:
    bounds = tuple(0.005 * 2**i for i in range(14))
    streams = [
        [
            Point(
                NOON + i * MINUTE,
                Shape.TOTAL,
                3.0 * i,
                NOON - MINUTE,
                60.0 * i,
                Histogram(dict.fromkeys(range(15), 4.0 * i), bounds),
            )
            for i in range(1, 7)
        ]
    ] * 1_000
    return lambda: [list(steps([stream], "p95", [NOON + 6 * MINUTE], MINUTE)) for stream in streams]


# -- what is looked at seldom


def of_the_rest() -> list[Cost]:
    rng = Random(5)
    zone = ZoneInfo("Europe/Berlin")
    hourly = [NOON + timedelta(hours=h, seconds=rng.uniform(0, 60)) for h in range(63 * 24)]
    lengths = [timedelta(minutes=rng.gauss(20, 2)) for _ in range(50)]
    rows: dict[str, list[object]] = {f"c{i}": [rng.gauss(0, 1) for _ in range(50_000)] for i in range(10)}
    return [
        cost("`absence`: is it regular? 63 days, hourly", 100, "templates",
             lambda: [rhythm_of(hourly, zone) for _ in range(100)]),
        cost("runs: the usual length of 50", 100, "pipelines", lambda: [usual_length(lengths) for _ in range(100)]),
        cost("`drift` of 50,000 rows against as many", 10, "columns", lambda: drifts(rows, rows)),
    ]  # fmt: skip


HEAD = """\
| detector | looks at | ms of CPU a window | µs each | MB at most | limit: used |
|---|---|---|---|---|---|
"""


def main() -> None:
    sys.stdout.write(HEAD)
    for costs in (of_templates(), of_series(), of_the_rest()):
        for one in costs:
            sys.stdout.write(one.row() + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
