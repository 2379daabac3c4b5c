"""How often is a regular line wrongly called late, or an irregular one called regular? Simulated jobs and chance.

    python -m tests.benchmarks.rhythms --seed 1 --templates 20

Each kind of line is written for 84 days, by so many templates. After each line what is known by then says when the next
is late. Jobs miss one run in the last four weeks; all else that is told is a false alarm.
"""

import argparse
import itertools
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.anomalies.rhythm import rhythm_of
from bot.engine.rhythms import LEARN_FROM

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday; the clocks change on the 29th
DAYS, MISSES_FROM = 84, 56
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
HERE, THERE = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
LOOKED_AT = 250
"""Of each template so many lines, spread over the days."""

Times = list[datetime]
Kind = Callable[[random.Random], Times]


@dataclass
class Row:
    kind: str
    is_regular: bool
    template_days: float = 0.0
    missed: int = 0
    told: int = 0
    false: int = 0


def nightly(rng: random.Random, days: Sequence[int] = range(7), zone: ZoneInfo = HERE) -> Times:
    at, late = timedelta(hours=rng.uniform(0, 23), minutes=rng.uniform(0, 59)), rng.uniform(0.5, 20)
    starts = (BEGIN.replace(tzinfo=None) + n * DAY + at for n in range(DAYS))
    return [
        (s + rng.random() * late * MINUTE).replace(tzinfo=zone).astimezone(UTC) for s in starts if s.weekday() in days
    ]


def hourly(rng: random.Random) -> Times:
    period, late = rng.choice((0.25, 0.5, 1, 2, 6)) * HOUR, rng.uniform(0, 0.04)
    return [BEGIN + (n + rng.random() * late) * period for n in range(int(DAYS * DAY / period))]


def by_chance(rng: random.Random, a_day: float) -> Times:
    times, at = [], BEGIN
    while at < BEGIN + DAYS * DAY:
        at += DAY * rng.expovariate(a_day)
        times.append(at)
    return times


def by_people(rng: random.Random) -> Times:
    """The first of the day, at about nine."""
    return sorted(BEGIN + n * DAY + 9 * HOUR + timedelta(minutes=rng.gauss(0, 50)) for n in range(DAYS) if n % 7 < 5)


def in_office_hours(rng: random.Random) -> Times:
    return [t for t in hourly(rng) if 8 <= t.hour < 18 and t.weekday() < 5]


REGULAR: dict[str, Kind] = {
    "each night": nightly,
    "each night, another time zone": lambda rng: nightly(rng, zone=THERE),
    "each working day": lambda rng: nightly(rng, range(5)),
    "each Monday": lambda rng: nightly(rng, (0,)),
    "each 15 min to 6 h": hourly,
}
IRREGULAR: dict[str, Kind] = {
    "by chance, once a day": lambda rng: by_chance(rng, 1),
    "by chance, 24 times a day": lambda rng: by_chance(rng, 24),
    "by people, at about nine": by_people,
    "regular in office hours only": in_office_hours,
}


def measure(kind: str, make: Kind, seed: int, templates: int, *, is_regular: bool) -> Row:
    row = Row(kind, is_regular)
    for number in range(templates):
        rng = random.Random(f"{seed} {kind} {number}")
        times = make(rng)
        gone = rng.choice([t for t in times if t >= BEGIN + MISSES_FROM * DAY][1:-1]) if is_regular else None
        left = [t for t in times if t != gone]
        row.template_days += (left[-1] - left[0]) / DAY
        row.missed += gone is not None
        for before, after in _told(left):
            is_true = gone is not None and before < gone < after
            row.told += is_true
            row.false += not is_true
    return row


def _told(times: Times) -> Iterator[tuple[datetime, datetime]]:
    """The gaps that are told: from the last line before to the first after. Long gaps are always looked
    at, of the rest a spread sample."""
    step = max(1, len(times) // LOOKED_AT)
    for i, (before, after) in enumerate(itertools.pairwise(times)):
        if i % step and after - before < 1.5 * (before - times[i - 1]):
            continue
        known = [t for t in times[max(0, i - 500) : i + 1] if before - t <= LEARN_FROM]
        rhythm = rhythm_of(known, HERE)
        if rhythm and after > rhythm.next_after(before, HERE) + rhythm.tolerance + 2 * MINUTE:
            yield before, after


def rows(seed: int, templates: int) -> list[Row]:
    kinds = [(kinds, kind) for kinds in (REGULAR, IRREGULAR) for kind in kinds]
    return [measure(kind, of[kind], seed, templates, is_regular=of is REGULAR) for of, kind in kinds]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--templates", type=int, default=20)
    asked = parser.parse_args()
    for row in rows(asked.seed, asked.templates):
        found = f"{row.told}/{row.missed} missed runs told" if row.is_regular else "nothing to tell"
        rate = 1000 * row.false / row.template_days
        sys.stdout.write(f"{row.kind:32} {found:28} {row.false} false, {rate:.2f} in 1,000 template-days\n")


if __name__ == "__main__":
    main()
