"""Is it told when a line that comes every night or every hour does not come, once, and is it over when it does?"""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.incidents.model import Incident, Resolution
from bot.logs.record import LogRecord
from bot.signals.model import Signal, SignalKind
from tests.scenarios.traffic import Service
from tests.scenarios.world import World

BERLIN = ZoneInfo("Europe/Berlin")
TEN_MINUTES = timedelta(minutes=10)
DONE = "backup finished, {n} tables"


@dataclass
class Job(Service):
    """Writes one line at a time of the day on the wall clock, or with `at=None` at each full hour."""

    at: time | None = time(2, 7)
    fails_on: set[date] = field(default_factory=set)

    def write(self, start: datetime, length: timedelta, rng: random.Random) -> list[LogRecord]:
        local = start.astimezone(BERLIN)
        due = datetime.combine(local.date(), self.at or time(local.hour), tzinfo=BERLIN).astimezone(UTC)
        if not start <= due < start + length or local.date() in self.fails_on:
            return []
        return [LogRecord(due, self.name, DONE.format(n=rng.randint(10, 99)), "info")]


def world_of(job: Job, start: str = "2026-11-02T00:00:00+00:00", **more: Any) -> World:
    digest = {"timezone": "Europe/Berlin", "enabled": False}
    return World(
        start=start,
        window=TEN_MINUTES,
        services={job.name: job},
        digest=digest,
        incidents={"quiet_minutes": 30},
        **more,
    )


def absences(world: World) -> list[tuple[Incident, Signal]]:
    found = []
    for incident in world.incidents():
        for signal in world.engine.reading.incident(incident.id).signals:
            if signal.kind is SignalKind.ABSENCE:
                found.append((incident, signal))
    return found


def test_a_nightly_backup_that_does_not_come_is_told_once_and_over_when_it_comes() -> None:
    job = Job("backup", [], fails_on={date(2026, 11, 14), date(2026, 11, 15)})
    world = world_of(job)
    world.run(days=12)
    assert world.incidents() == []
    world.run(days=2)
    [(incident, signal)] = absences(world)
    local = signal.began_at.astimezone(BERLIN)
    assert (local.date(), local.hour) == (date(2026, 11, 14), 2)
    told_after = incident.opened_at - signal.began_at
    assert timedelta(minutes=60) < told_after < timedelta(minutes=100)
    assert signal.evidence.measure is not None
    assert signal.evidence.measure.now == 12, "the nights in a row"
    assert incident.state.is_active, "a second night without it is the same problem"
    assert world.timeline(incident).count("opened") == 1
    world.run(days=1)
    [incident] = world.incidents()
    assert incident.resolution is Resolution.RECOVERED
    assert incident.resolved_at is not None
    assert incident.resolved_at.astimezone(BERLIN).date() == date(2026, 11, 16)


def test_an_hourly_line_that_stops_is_told_within_the_hour() -> None:
    job = Job("report", [], at=None)
    world = world_of(job)
    world.run(days=3)
    world.run(minutes=60 * 5 + 30)
    job.fails_on.add(world.clock.now().astimezone(BERLIN).date())
    world.run(minutes=75)
    [(incident, signal)] = absences(world)
    assert incident.opened_at - signal.began_at <= timedelta(minutes=40)


@pytest.mark.parametrize("start", ["2026-03-19T00:00:00+00:00", "2026-10-15T00:00:00+00:00"])
def test_the_night_the_clocks_change_is_no_absence(start: str) -> None:
    world = world_of(Job("backup", []), start)
    world.run(days=15)
    assert world.incidents() == []


def test_what_came_while_tocsin_was_away_is_not_missed(tmp_path: Path) -> None:
    world = world_of(Job("backup", []), database_url=f"sqlite:///{tmp_path}/tocsin.db")
    world.run(days=12)
    world.clock.advance(timedelta(hours=9))  # over the night, and nobody kept its lines
    world.restart()
    world.run(days=3)
    assert world.incidents() == []
    job = world.services["backup"]
    assert isinstance(job, Job)
    job.fails_on.add(world.clock.now().astimezone(BERLIN).date() + timedelta(days=1))
    world.run(days=2)
    assert len(absences(world)) == 1


def test_in_shadow_it_is_counted_and_told_to_nobody() -> None:
    job = Job("backup", [], fails_on={date(2026, 11, 14)})
    world = world_of(job, detection={"shadow": ["absence"], "window_s": 600, "grace_s": 5})
    world.run(days=13)
    assert world.incidents() == []
    decisions = world.engine.whys.service("backup", "2026-11-14 03:20").decisions
    assert any(d.reason == "shadow" for d in decisions)
