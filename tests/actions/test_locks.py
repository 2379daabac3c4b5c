"""When is an environment frozen, and whose lock closes it?"""

from datetime import UTC, datetime, time

import pytest

from bot.actions.locks import Freeze, Lock, closing_freeze, closing_lock

FRIDAY = datetime(2026, 11, 20, tzinfo=UTC)


def on(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "frozen"),
    [
        (on(20, 21, 59), False),
        (on(20, 22), True),
        (on(21, 3), True),
        (on(21, 6, 1), False),
        (on(21, 23), False),  # Saturday is not among the days
        (on(20, 3), False),  # the night before began on Thursday
    ],
)
def test_a_frozen_night_lasts_into_the_next_day(at: datetime, frozen: bool) -> None:
    freeze = Freeze("night", ("production",), days=("fri",), from_time=time(22), to_time=time(6))
    assert freeze.holds("production", at) is frozen
    assert not freeze.holds("staging", at)


def test_office_hours_are_of_their_own_zone() -> None:
    freeze = Freeze("hours", ("*",), from_time=time(9), to_time=time(17), zone="Europe/Berlin")
    assert freeze.holds("anything", on(20, 8, 30))  # 9:30 in Berlin
    assert not freeze.holds("anything", on(20, 16, 30))  # 17:30


def test_a_freeze_of_the_calendar_begins_and_ends_on_the_second() -> None:
    freeze = Freeze("year's end", ("production",), starts=on(20, 0), ends=on(22, 0))
    assert closing_freeze([freeze], "production", on(20, 0)) is freeze
    assert closing_freeze([freeze], "production", on(22, 0)) is None


def test_ones_own_lock_keeps_out_the_others_only() -> None:
    lock = Lock("production", "T1/UANA", "audit", FRIDAY)
    assert closing_lock([lock], "production", "checkout", "T1/UANA", FRIDAY) is None
    assert closing_lock([lock], "production", "checkout", "T1/UBEN", FRIDAY) is lock
    assert closing_lock([lock], "staging", "checkout", "T1/UBEN", FRIDAY) is None


def test_a_lock_of_one_service_ends_by_itself() -> None:
    lock = Lock("production/checkout", "T1/UANA", "", FRIDAY, until=on(20, 12))
    assert closing_lock([lock], "production", "checkout", "T1/UBEN", on(20, 11)) is lock
    assert closing_lock([lock], "production", "web", "T1/UBEN", on(20, 11)) is None
    assert closing_lock([lock], "production", "checkout", "T1/UBEN", on(20, 12)) is None
