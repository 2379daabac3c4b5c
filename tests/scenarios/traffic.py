"""What do services write in simulated time? Seeded lines, busier by day."""

import math
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.logs.record import LogRecord


@dataclass
class Line:
    """A kind of line: `per_minute` on average, with `{n}` for a number and `{c}` for one of `choices`."""

    text: str
    per_minute: float
    level: str = "info"
    choices: tuple[str, ...] = ("EUR", "USD", "GBP", "JPY")
    steady: bool = False


@dataclass
class Service:
    name: str
    lines: list[Line]
    faults: list[Line] = field(default_factory=list)

    def write(self, start: datetime, length: timedelta, rng: random.Random) -> list[LogRecord]:
        minutes = length / timedelta(minutes=1)
        busy = 1 + 0.4 * math.sin((start.hour + start.minute / 60 - 9) / 24 * 2 * math.pi)
        records: list[LogRecord] = []
        for line in (*self.lines, *self.faults):
            mean = line.per_minute * minutes * (1 if line.steady else busy)
            for _ in range(round(mean) if line.steady else _poisson(mean, rng)):
                at = start + length * rng.random()
                text = line.text.format(n=rng.randint(1, 99_999), c=rng.choice(line.choices))
                records.append(LogRecord(at, self.name, text, line.level))
        records.sort(key=lambda record: record.at)
        return records


def shop() -> dict[str, Service]:
    """checkout, payments and web on a healthy day."""
    return {
        "checkout": Service(
            "checkout",
            [
                Line("order {n} accepted total={n} currency={c}", 6),
                Line("cart {n} opened by customer {n}", 4),
                Line("inventory reserved sku={n} quantity={n}", 3),
                Line("slow query took {n} ms", 0.2, "warning"),
                Line("heartbeat ok", 1, steady=True),
            ],
        ),
        "payments": Service(
            "payments",
            [
                Line("charge {n} captured amount={n} currency={c}", 5),
                Line("card {n} declined by issuer", 0.3, "warning"),
                Line("heartbeat ok", 1, steady=True),
            ],
        ),
        "web": Service("web", [Line("GET /cart 200 {n} ms", 8), Line("GET /health 200 {n} ms", 1, steady=True)]),
    }


def small_shop() -> dict[str, Service]:
    """checkout and web with a fifth of the traffic, for long stretches of time."""
    services = {name: service for name, service in shop().items() if name != "payments"}
    for line in (line for service in services.values() for line in service.lines):
        line.per_minute *= 0.2
    return services


def _poisson(mean: float, rng: random.Random) -> int:
    """Knuth's method: the means here are small."""
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count
