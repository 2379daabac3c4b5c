"""How often does Tocsin speak in a month in which nothing is wrong? The demo estate through the whole program.

    python -m tests.benchmarks.quiet_month --days 30 --seed 1

Days and nights, half the traffic at week-ends, a deploy a day that changes nothing, a noisy but healthy restart and a
roll-out that fails for a minute and is taken back each week, nightly, hourly and weekly jobs, and seldom lines. Time is
given. `--share` of the lines is written, so that a month takes minutes.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from bot.changes.model import Change, ChangeKind
from bot.clock import HeldClock
from bot.demo.lines import PODS, pod
from bot.demo.shop import SERVICES
from bot.demo.traffic import Line, Traffic
from bot.engine.whole import Engine
from bot.logs.record import LogRecord
from bot.main import build_engine
from bot.settings import Settings

BEGIN = datetime(2026, 11, 2, tzinfo=UTC)  # a Monday
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
LEARNS = DAY
DayIsOver = Callable[["Month", int], None]
DEPLOYED = ("web", "checkout", "payments")
RESTARTS_ON, FAILS_ON = 2, 3


@dataclass(frozen=True, slots=True)
class QuietTraffic(Traffic):
    share: float = 1.0

    def _amount(self, service: str, number: int, random: Random) -> int:
        at = datetime.fromtimestamp(number * 60, UTC)
        share = self.share * (0.5 if at.weekday() >= 5 else 1.0)
        whole = Traffic._amount(self, service, number, random) * share
        return int(whole) + (random.random() < whole % 1)


@dataclass
class Month:
    """`told` are the incidents after the first day: when, and what."""

    days: int
    lines: int = 0
    signals: int = 0
    told: list[tuple[datetime, str]] = field(default_factory=list)
    spent: dict[str, list[float]] = field(default_factory=dict)
    """What → seconds of CPU on each day: the work must not grow with the age of Tocsin."""

    @property
    def incidents_a_week(self) -> float:
        return len(self.told) / ((self.days - LEARNS / DAY) / 7)

    @contextmanager
    def spending(self, what: str, day: int) -> Iterator[None]:
        began = time.process_time()
        yield
        days = self.spent.setdefault(what, [])
        days += [0.0] * (day + 1 - len(days))
        days[day] += time.process_time() - began


def quiet_month(
    days: int, seed: int, *, window_s: int = 300, share: float = 0.1, day_is_over: DayIsOver | None = None
) -> Month:
    clock = HeldClock(BEGIN)
    engine = build_engine(_settings(window_s), clock=clock, database_url="sqlite://", executors={})
    traffic = QuietTraffic(60.0, seed, BEGIN, share)
    month = Month(days)
    window = timedelta(seconds=window_s)
    for number in range(int(days * DAY / window)):
        start = BEGIN + number * window
        day = (start - BEGIN) // DAY
        with month.spending("writing the lines", day):
            records = [_record(line) for line in _written(traffic, start, window, seed)]
        _deploy(engine, start, window)
        clock.move_to(start + window)
        with month.spending("ingest", day):
            if records:
                engine.ingest.take(records, key=f"quiet-{number}")
        clock.advance(timedelta(seconds=5))
        month.lines += len(records)
        with month.spending("checks", day):
            month.signals += engine.checks.run()
        with month.spending("rhythms", day):
            engine.rhythms.run()
        with month.spending("mixes", day):
            engine.mixes.run()
        with month.spending("sessions", day):
            engine.sessions.run()
        with month.spending("upkeep", day):
            if start.minute == 0 and start.hour % 6 == 0:
                engine.upkeep.run()
        if day_is_over is not None and start + window == BEGIN + (day + 1) * DAY:
            day_is_over(month, day)
    with engine.store.read() as tx:
        incidents = tx.incidents.recent(BEGIN + LEARNS, 1_000)
    month.told = [(i.opened_at, f"{i.severity.value} {i.service}: {i.title}") for i in reversed(incidents)]
    return month


def _settings(window_s: int) -> Settings:
    services = {name: {"depends_on": list(service.depends_on)} for name, service in SERVICES.items()}
    detection = {"window_s": window_s, "grace_s": 5}
    return Settings.model_validate({"services": services, "detection": detection, "digest": {"enabled": False}})


def _record(line: Line) -> LogRecord:
    return LogRecord(line.at, line.service, line.text, line.level, {"host": line.host})


def _written(traffic: Traffic, start: datetime, window: timedelta, seed: int) -> list[Line]:
    lines = [line for name in SERVICES for line in traffic.between(name, start, start + window)]
    restart = start.replace(hour=14, minute=0) if start.weekday() == RESTARTS_ON else None
    if restart is not None and start <= restart < start + window:
        lines = [line for line in lines if line.service != "web" or not restart <= line.at < restart + 2 * MINUTE]
        lines += _starting("web", restart + 2 * MINUTE, Random(f"{seed} {start}"))
    deploy = start.replace(hour=10, minute=30)
    if start <= deploy < start + window:
        service = DEPLOYED[start.day % len(DEPLOYED)]
        lines += traffic.rollout(service, f"9.{start.day}.0", f"9.{start.day - 1}.0", f"{start.day:08x}", deploy)
        if start.weekday() == FAILS_ON:
            lines += _failing(service, deploy + MINUTE, Random(f"{seed} {start}"))
    lines += [line for line in _jobs(start, seed) if start <= line.at < start + window]
    return sorted(lines, key=lambda line: line.at)


def _starting(service: str, at: datetime, random: Random) -> Iterator[Line]:
    """Three pods come up, and complain of each other until they have."""
    for number in PODS:
        host = pod(service, number)
        for step in range(6):
            later = at + timedelta(seconds=3 * step + random.random())
            yield Line(later, service, "info", f"starting worker {step} of 6 on {host}", host)
        for attempt in range(1, 4):
            later = at + timedelta(seconds=5 * attempt + random.random())
            yield Line(later, service, "warn", f"connection to cache refused, attempt {attempt} of 5", host)


def _failing(service: str, at: datetime, random: Random) -> Iterator[Line]:
    """The new version does not pass its health check and is taken back by itself."""
    host = pod(service, 0)
    for attempt in range(3):
        later = at + timedelta(seconds=15 * attempt + random.random())
        yield Line(later, service, "error", f"readiness probe failed on {host}, attempt {attempt}", host)
    yield Line(at + MINUTE, service, "info", "rollout paused, previous version kept", host)


def _jobs(start: datetime, seed: int) -> Iterator[Line]:
    """A backup each night, a report each hour, an invoice run each Monday."""
    late = timedelta(seconds=Random(f"{seed} {start:%F %H}").uniform(0, 150))
    hour = start.replace(minute=0)
    yield Line(hour + 5 * MINUTE + late, "orders_hourly", "info", "hourly report written rows=1200", "jobs-0")
    yield Line(start.replace(hour=2, minute=5) + late, "payments", "info", "nightly backup finished in 212 s", "jobs-0")
    if start.weekday() == 0:
        yield Line(start.replace(hour=6, minute=0) + late, "payments", "info", "weekly invoices sent to 84", "jobs-0")


def _deploy(engine: Engine, start: datetime, window: timedelta) -> None:
    at = start.replace(hour=10, minute=30)
    if start <= at < start + window:
        service = DEPLOYED[start.day % len(DEPLOYED)]
        engine.changes.report(
            Change(f"quiet-{at:%F}", ChangeKind.DEPLOY, service, at, f"9.{at.day}.0", f"9.{at.day - 1}.0", by="ana")
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--window", type=int, default=300, help="seconds")
    parser.add_argument("--share", type=float, default=0.1, help="of the demo's lines")
    asked = parser.parse_args()
    month = quiet_month(asked.days, asked.seed, window_s=asked.window, share=asked.share, day_is_over=_tell_day)
    for at, what in month.told:
        sys.stdout.write(f"{at:%a %F %H:%M}  {what}" + "\n")
    sys.stdout.write(
        f"{month.lines} lines, {month.signals} signals, {len(month.told)} incidents after the first day" + "\n"
    )
    sys.stdout.write(
        f"{month.incidents_a_week:.2f} incidents a week; {sum(map(sum, month.spent.values())):.0f} s of CPU\n"
    )


def _tell_day(month: Month, day: int) -> None:
    parts = ", ".join(f"{what} {days[day]:.1f}" for what, days in month.spent.items())
    sys.stderr.write(f"day {day + 1}: {month.lines} lines, {month.signals} signals so far; seconds of CPU: {parts}\n")


if __name__ == "__main__":
    main()
