"""Is Tocsin quiet when nothing is wrong, and does the digest come once a day whatever the clocks do?"""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from bot.digests.rhythm import Rhythm, due_slot, next_due_at
from tests.scenarios.traffic import Line, small_shop
from tests.scenarios.world import World

TEN_MINUTES = timedelta(minutes=10)


def test_a_quiet_week_posts_nothing_but_digests() -> None:
    world = World(window=TEN_MINUTES, services=small_shop(), digest={"timezone": "Europe/Berlin"})
    world.run(days=7)
    assert world.incidents() == []
    keys = world.notices()
    assert len(keys) == 7
    assert all(key.startswith("digest:#incidents:2026-11-") for key in keys)


@pytest.mark.timeout(400)  # a month takes half a minute on a machine that is not busy
def test_a_month_with_harmless_deploys_restarts_and_quiet_weekends_opens_nothing() -> None:
    world = World(window=TEN_MINUTES, seed=3, services=small_shop())
    for day in range(30):
        world.run(days=1)
        world.deploy("checkout", f"1.4.{day}")
        if day % 7 == 2:  # a restart: lines that are only written then
            world.service("web").faults.append(Line("worker {n} booted, listening on port {n}", 2))
            world.run(minutes=10)
            world.service("web").faults.clear()
        if day % 7 in (4, 6):  # half the traffic from Saturday on, all of it again on Monday
            for line in (line for service in world.services.values() for line in service.lines):
                line.per_minute *= 0.5 if day % 7 == 4 else 2
    assert [incident.title for incident in world.incidents()] == []


@pytest.mark.parametrize("night", ["2026-03-28", "2026-10-24"])
@pytest.mark.parametrize("hour", ["09:00:00", "02:30:00"])
def test_the_digest_comes_once_a_day_on_the_nights_the_clocks_change(night: str, hour: str) -> None:
    start = datetime.fromisoformat(night).replace(tzinfo=UTC)
    digest = {"timezone": "Europe/Berlin", "at": hour}
    world = World(start=start.isoformat(), window=TEN_MINUTES, services={}, digest=digest)
    world.run(days=3)
    first = date.fromisoformat(night)
    assert world.notices("digest") == [f"digest:#incidents:{first + timedelta(days=day)}" for day in range(3)]


def test_a_digest_after_an_hour_of_downtime_is_sent_once() -> None:
    world = World(start="2026-11-16T08:30:00+00:00", services={})
    world.tick()
    world.clock.advance(timedelta(hours=1, minutes=10))  # nothing ran at 09:00
    world.tick()
    world.tick()
    assert world.notices("digest") == ["digest:#incidents:2026-11-16"]


def test_a_first_start_after_the_hour_waits_for_tomorrows_digest() -> None:
    world = World(start="2026-11-16T14:00:00+00:00", services={}, window=TEN_MINUTES)
    world.run(days=1)
    assert world.notices("digest") == ["digest:#incidents:2026-11-17"]


def test_a_digest_of_another_process_is_not_sent_again(tmp_path_factory: pytest.TempPathFactory) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('db')}/tocsin.db"
    first = World(start="2026-11-16T08:59:00+00:00", services={}, database_url=url)
    second = World(start="2026-11-16T08:59:00+00:00", services={}, database_url=url)
    for world in (first, second):
        world.tick()
        world.clock.advance(timedelta(minutes=2))
    first.tick()
    second.tick()
    assert first.notices("digest") == ["digest:#incidents:2026-11-16"]


def test_the_day_before_a_digest_has_23_hours_in_spring_and_25_in_autumn() -> None:
    rhythm = Rhythm(time(9), "Europe/Berlin")
    for noon, hours in (("2026-03-29T10:00+00:00", 23), ("2026-10-25T10:00+00:00", 25), ("2026-11-20T10:00+00:00", 24)):
        slot = due_slot(rhythm, datetime.fromisoformat(noon))
        assert slot is not None
        assert slot.until - slot.since == timedelta(hours=hours)


def test_the_next_digest_is_tomorrow_once_todays_hour_has_passed() -> None:
    rhythm = Rhythm(time(9), "UTC")
    now = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    assert next_due_at(rhythm, now) == datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    assert next_due_at(rhythm, now - timedelta(minutes=1)) == now
