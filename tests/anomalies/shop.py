"""What do the services of a small shop write, window by window? Seeded counts, busier by day and on workdays.

    shop = Shop(seed=1, days=7)
    shop.deploy("checkout", at=600)                    # healthy: a gap, a start-up burst, some new harmless lines
    shop.add("checkout", Kind("payment failed", "error", 40), since=900, until=930)
    for window in shop.windows("checkout"): ...        # bot.anomalies.model.ServiceWindow

Every count is overdispersed: the traffic of a service wavers as a whole, and each template has its own noise.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from bot.anomalies.model import ServiceWindow, TemplateSeries

START = datetime(2026, 11, 16, tzinfo=UTC)  # a Monday
MINUTE = timedelta(minutes=1)
HISTORY, LEARNING = 180, 30


@dataclass(frozen=True)
class Kind:
    """A template: `rate` lines a minute at normal traffic. `pattern`: traffic, beat (regular), hourly or nightly."""

    text: str
    level: str = "info"
    rate: float = 1.0
    pattern: str = "traffic"


SERVICES: dict[str, tuple[Kind, ...]] = {
    "web": (
        Kind("GET /cart <NUM>", rate=60),
        Kind("GET /product/<NUM> <NUM>", rate=90),
        Kind("POST /order <NUM>", rate=12),
        Kind("slow response took <NUM> ms", "warning", 0.4),
        Kind("client closed connection", "warning", 1.5),
        Kind("upstream checkout answered <NUM>", "error", 0.15),
        Kind("GET /health <NUM>", rate=2, pattern="beat"),
    ),
    "checkout": (
        Kind("order <NUM> accepted total=<NUM>", rate=12),
        Kind("cart <NUM> priced", rate=30),
        Kind("inventory reserved sku=<NUM>", rate=12),
        Kind("coupon <*> rejected", "warning", 0.6),
        Kind("payment <NUM> declined", "error", 0.5),
        Kind("heartbeat ok", rate=1, pattern="beat"),
    ),
    "payments": (
        Kind("charge <NUM> captured", rate=11),
        Kind("card <NUM> declined by issuer", "warning", 0.5),
        Kind("token refreshed", rate=0.1),
        Kind("heartbeat ok", rate=1, pattern="beat"),
    ),
    "orders_hourly": (
        Kind("task <*> started", rate=6, pattern="hourly"),
        Kind("extracted <NUM> rows", rate=8, pattern="hourly"),
        Kind("loaded <NUM> rows into orders", rate=8, pattern="hourly"),
        Kind("<NUM> rows skipped: missing currency", "warning", 5, "hourly"),
        Kind("vacuum analysed table <*>", rate=25, pattern="nightly"),
    ),
    "recommender": (
        Kind("scored <NUM> candidates in <NUM> ms", rate=45),
        Kind("feature cache refreshed", rate=0.5, pattern="beat"),
        Kind("fell back to popular items", "warning", 0.8),
    ),
}
GRAPH = {"web": ("checkout", "recommender"), "checkout": ("payments",)}


class Shop:
    def __init__(self, seed: int, days: float = 7.0) -> None:
        self.rng = np.random.default_rng(seed)
        self.length = int(days * 1440)
        self._busy = {service: self._traffic() for service in SERVICES}
        self._rows: dict[str, list[tuple[Kind, NDArray[np.int64]]]] = {
            service: [(kind, self._counts(service, kind)) for kind in kinds] for service, kinds in SERVICES.items()
        }

    # -- what happens; times are windows since the start

    def add(self, service: str, kind: Kind, since: int, until: int) -> None:
        """Further lines: of a template the service has, or of a new one."""
        more = np.zeros(self.length, dtype=np.int64)
        more[since:until] = self._counts(service, kind)[since:until]
        self._row(service, kind)[:] += more

    def scale(self, service: str, by: float, since: int, until: int, only: str = "") -> None:
        """More or less of everything, or of the templates with `only` in their text."""
        for kind, row in self._rows[service]:
            if only in kind.text:
                row[since:until] = self.rng.poisson(row[since:until] * by)

    def restart(self, service: str, at: int, gap: float = 0.7, noise: int = 0) -> None:
        """Down for `gap` windows; then a burst of start-up lines, with `noise` complaints about what is not up yet."""
        for i in range(math.ceil(gap)):
            self.scale(service, max(0.0, 1 - (gap - i)), at + i, at + i + 1)
        for text, lines in (("starting <*> version <*>", 1), ("loaded <NUM> settings", 8), ("listening on <NUM>", 2)):
            self._row(service, Kind(text))[at] += lines
        if noise:
            self._row(service, Kind("connection to database lost, retrying", "warning"))[at] += noise
            self._row(service, Kind("connection refused by <IP>", "error"))[at] += noise // 2

    def deploy(self, service: str, at: int, reworded: str = "") -> None:
        """A healthy one: a restart, lines nobody has seen, and perhaps a template that is worded anew from now on."""
        self.restart(service, at, gap=float(self.rng.uniform(0.3, 1.5)), noise=int(self.rng.integers(0, 4)))
        self.add(service, Kind(f"cache warmed in <NUM> ms since {at}", rate=2), at, self.length)
        self.add(
            service,
            Kind(f"option <*> is deprecated since {at}", "warning", float(self.rng.choice((0.3, 40)))),
            at,
            self.length,
        )
        for kind, row in list(self._rows[service]):
            if reworded and reworded in kind.text:
                self._row(service, Kind(f"{kind.text} (since {at})", kind.level))[at:] += row[at:]
                row[at:] = 0

    def oddities(self, per_day: float = 4.0) -> None:
        """Now and then every service writes something it never wrote before: mostly once, sometimes as an error."""
        for service in SERVICES:
            for i, at in enumerate(self.rng.integers(0, self.length, int(per_day * self.length / 1440))):
                level = ("info", "info", "warning", "error")[int(self.rng.integers(0, 4))]
                self._row(service, Kind(f"odd thing number {i} of {service}", level))[at] += self.rng.integers(1, 3)

    # -- what the detectors see

    def windows(self, service: str, since: int = 0, until: int | None = None) -> Iterator[ServiceWindow]:
        for at in range(since, self.length if until is None else until):
            yield self.window(service, at)

    def window(self, service: str, at: int) -> ServiceWindow:
        past = min(at, HISTORY)
        templates = []
        for kind, row in self._rows[service]:
            counts = row[at - past : at + 1]
            if counts.any():
                first = int((row > 0).argmax())
                first_at = START + first * MINUTE + timedelta(seconds=20)
                seen = counts.tolist()
                templates.append(TemplateSeries(kind.text, kind.text, kind.level, first_at, tuple(seen[:-1]), seen[-1]))
        return ServiceWindow(service, START + at * MINUTE, MINUTE, tuple(templates), past, at < LEARNING)

    # -- how it is made

    def _row(self, service: str, kind: Kind) -> NDArray[np.int64]:
        for known, row in self._rows[service]:
            if known.text == kind.text:
                return row
        row = np.zeros(self.length, dtype=np.int64)
        self._rows[service].append((kind, row))
        return row

    def _traffic(self) -> NDArray[np.float64]:
        """About 1: a day's wave, a quieter week-end, and slow and fast wavering."""
        minutes = np.arange(self.length)
        day = 1 + 0.7 * np.sin((minutes / 1440 - 0.375) * 2 * np.pi)
        weekend = np.where((minutes // 1440) % 7 >= 5, 0.6, 1.0)
        slow = np.zeros(self.length)
        steps = self.rng.normal(0, 0.03, self.length)
        for i in range(1, self.length):
            slow[i] = 0.97 * slow[i - 1] + steps[i]
        wavering: NDArray[np.float64] = day * weekend * np.exp(slow) * self.rng.gamma(30, 1 / 30, self.length)
        return wavering

    def _counts(self, service: str, kind: Kind) -> NDArray[np.int64]:
        minutes = np.arange(self.length)
        if kind.pattern == "beat":
            phase = self.rng.uniform(0, 1)
            beats = np.floor((minutes + 1) * kind.rate + phase) - np.floor(minutes * kind.rate + phase)
            counts: NDArray[np.int64] = beats.astype(np.int64)
            return counts
        if kind.pattern == "hourly":
            mean = np.where(minutes % 60 < 2, kind.rate, 0.0)
        elif kind.pattern == "nightly":
            mean = np.where((minutes % 1440 >= 120) & (minutes % 1440 < 125), kind.rate, 0.0)
        else:
            mean = kind.rate * self._busy[service]
        return self.rng.poisson(mean).astype(np.int64)
