"""What does following sessions cost while lines are counted? CPU time of ingest with it over without it.

    python -m tests.benchmarks.following --lines 100000 --rounds 5

Batches of 1,000 lines of one service into SQLite in memory; both ways in turn, so that what else the machine does meets
both; the median of the rounds' ratios. With ids: requests of eight lines each.
"""

import argparse
import random
import statistics
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from bot.clock import HeldClock
from bot.logs.record import LogRecord
from bot.main import build_engine
from bot.settings import Settings

BEGIN = datetime(2026, 11, 16, 6, tzinfo=UTC)
BATCH, STEPS = 1_000, 8
KINDS = ("without attributes", "with a host", "with eight other attributes", "with a trace id")


def cost(kind: str, lines: int, *, follows: bool) -> float:
    """Seconds of CPU for so many lines."""
    detection: dict[str, list[str]] = {} if follows else {"session_ids": []}
    settings = Settings.model_validate({"detection": detection, "digest": {"enabled": False}})
    clock = HeldClock(BEGIN)
    engine = build_engine(settings, clock=clock, database_url="sqlite://", executors={})
    batches = list(_batches(kind, lines))
    began = time.process_time()
    for batch in batches:
        clock.advance(timedelta(seconds=1))
        engine.ingest.take(batch)
    return time.process_time() - began


def ratio(kind: str, lines: int, rounds: int) -> float:
    ratios = []
    for number in range(rounds):
        order = (True, False) if number % 2 else (False, True)
        costs = {follows: cost(kind, lines, follows=follows) for follows in order}
        ratios.append(costs[True] / costs[False])
    return statistics.median(ratios)


def _batches(kind: str, lines: int) -> Iterator[list[LogRecord]]:
    rng = random.Random(3)
    for first in range(0, lines, BATCH):
        at = BEGIN + timedelta(seconds=first / BATCH)
        yield [_line(kind, first + place, at, rng) for place in range(BATCH)]


def _line(kind: str, number: int, at: datetime, rng: random.Random) -> LogRecord:
    step = number % STEPS
    text = f"step {'abcdefgh'[step]} of order {rng.randint(1, 99_999)} took {rng.randint(1, 400)} ms"
    return LogRecord(at, "checkout", text, "info", _attributes(kind, number))


def _attributes(kind: str, number: int) -> Mapping[str, str]:
    if kind == KINDS[1]:
        return {"host": "web-1"}
    if kind == KINDS[2]:
        return dict.fromkeys(("host", "pod", "logger", "thread", "file", "line", "user", "version"), "value")
    return {"trace_id": f"{number // STEPS:032x}"} if kind == KINDS[3] else {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    for kind in KINDS:
        print(f"{kind}: {ratio(kind, given.lines, given.rounds):.3f}")  # noqa: T201


if __name__ == "__main__":
    main()
