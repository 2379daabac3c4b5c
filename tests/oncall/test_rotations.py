"""Does everybody take their turn, also when the clocks change?"""

import itertools
from collections import Counter
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bot.oncall.model import Override
from bot.oncall.rotation import Hours, Rotation
from bot.oncall.schedule import following, gaps, shifts, who
from tests.oncall.rotations import business_hours, lines, rotation, schedule, utc


def test_a_handover_stays_at_nine_in_the_morning_when_the_clocks_change() -> None:
    spring = rotation("UANA", "UBEN", "UCAT")
    assert lines(spring.shifts(utc("2026-03-16T08:00"), utc("2026-04-13T07:00"))) == [
        "UANA 03-16 09:00 to 03-23 09:00",
        "UBEN 03-23 09:00 to 03-30 09:00",
        "UCAT 03-30 09:00 to 04-06 09:00",
        "UANA 04-06 09:00 to 04-13 09:00",
    ]
    week = spring.shifts(utc("2026-03-23T08:00"), utc("2026-03-30T07:00"))[0]
    assert week.until - week.since == timedelta(days=7, hours=-1)
    autumn = rotation("UANA", "UBEN", first=datetime(2026, 10, 19, 9, 0))
    week = autumn.shifts(utc("2026-10-19T07:00"), utc("2026-10-26T08:00"))[0]
    assert week.until - week.since == timedelta(days=7, hours=1)


def test_a_handover_at_midnight_belongs_to_who_comes_on() -> None:
    daily = schedule(rotation("UANA", "UBEN", first=datetime(2026, 3, 28), period=timedelta(days=1)))
    for before, at in (("2026-03-28T22:59:59", "2026-03-28T23:00"), ("2026-03-29T21:59:59", "2026-03-29T22:00")):
        (leaving,), (coming,) = who(daily, utc(before)), who(daily, utc(at))
        assert leaving.until == coming.since == utc(at)
        assert {leaving.person, coming.person} == {"UANA", "UBEN"}


def test_a_handover_in_the_hour_that_does_not_exist_is_after_it() -> None:
    nightly = rotation("UANA", "UBEN", first=datetime(2026, 3, 28, 2, 30), period=timedelta(days=1))
    assert lines(nightly.shifts(utc("2026-03-28T01:30"), utc("2026-03-30T00:30"))) == [
        "UANA 03-28 02:30 to 03-29 03:30",
        "UBEN 03-29 03:30 to 03-30 02:30",
    ]


def test_nobody_is_on_call_before_it_begins() -> None:
    weekly = schedule(rotation("UANA"))
    assert who(weekly, utc("2026-03-16T07:59")) == []
    assert who(weekly, utc("2026-03-16T08:00"))[0].person == "UANA"
    assert following(weekly, utc("2026-03-01T00:00"))[0].since == utc("2026-03-16T08:00")


def test_outside_business_hours_and_on_holidays_the_layer_below_counts() -> None:
    nights = rotation("UCAT", name="nights")
    days = rotation("UANA", "UBEN", hours=(business_hours(),), holidays=(date(2026, 3, 18),))
    assert lines(shifts(schedule(nights, days), utc("2026-03-16T08:00"), utc("2026-03-20T08:00"))) == [
        "UANA 03-16 09:00 to 03-16 17:00",
        "UCAT 03-16 17:00 to 03-17 09:00",
        "UANA 03-17 09:00 to 03-17 17:00",
        "UCAT 03-17 17:00 to 03-19 09:00",
        "UANA 03-19 09:00 to 03-19 17:00",
        "UCAT 03-19 17:00 to 03-20 09:00",
    ]
    assert gaps(schedule(days), utc("2026-03-16T08:00"), utc("2026-03-16T18:00")) == [
        (utc("2026-03-16T16:00"), utc("2026-03-16T18:00"))
    ]


def test_hours_may_go_past_midnight() -> None:
    night = Hours(frozenset({4}), time(22), time(6))
    assert lines(rotation("UANA", hours=(night,)).shifts(utc("2026-03-16T08:00"), utc("2026-03-23T08:00"))) == [
        "UANA 03-20 22:00 to 03-21 06:00"
    ]


def test_an_override_counts_before_all_and_the_later_of_two() -> None:
    weekly = schedule(rotation("UANA", "UBEN"))
    swap = Override("UCAT", utc("2026-03-17T08:00"), utc("2026-03-18T08:00"))
    within = Override("UDAN", utc("2026-03-17T20:00"), utc("2026-03-17T22:00"))
    assert lines(shifts(weekly.with_overrides([swap, within]), utc("2026-03-16T08:00"), utc("2026-03-24T00:00"))) == [
        "UANA 03-16 09:00 to 03-17 09:00",
        "UCAT 03-17 09:00 to 03-17 21:00",
        "UDAN 03-17 21:00 to 03-17 23:00",
        "UCAT 03-17 23:00 to 03-18 09:00",
        "UANA 03-18 09:00 to 03-23 09:00",
        "UBEN 03-23 09:00 to 03-24 01:00",
    ]


ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"])
PERIODS = st.one_of(
    st.integers(1, 72).map(lambda n: timedelta(hours=n)),
    st.integers(1, 5).map(lambda n: timedelta(days=n)),
    st.integers(1, 3).map(lambda n: timedelta(weeks=n)),
)
FIRSTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 11, 30)).map(lambda at: at.replace(second=0, microsecond=0))


@st.composite
def rotations(draw: st.DrawFn) -> Rotation:
    people = [f"U{n}" for n in range(draw(st.integers(1, 6)))]
    return rotation(*people, first=draw(FIRSTS), period=draw(PERIODS), zone=ZoneInfo(draw(ZONES)))


@given(rotations(), st.integers(0, 60 * 24 * 400))
def test_exactly_one_is_on_call_at_any_time(made: Rotation, minutes: int) -> None:
    at = made.begin_of(0) + timedelta(minutes=minutes)
    (on,) = who(schedule(made, zone=made.zone), at)
    assert on.person in made.people
    assert on.covers(at)


@given(rotations())
def test_shifts_follow_each_other_without_a_gap_and_nobody_is_left_out(made: Rotation) -> None:
    begin = made.begin_of(0)
    until = begin + made.period * (3 * len(made.people)) + timedelta(hours=2)
    found = made.shifts(begin, until)
    assert found[0].since == begin
    assert found[-1].until == until
    assert all(one.until == other.since for one, other in itertools.pairwise(found))
    turns = Counter(shift.person for shift in found)
    assert set(turns) == set(made.people)
    fewest = 2 if made.period <= timedelta(hours=2) else 3  # a turn of an hour may fall into the spring gap
    assert min(turns.values()) >= fewest or len(made.people) == 1


@given(rotations(), st.integers(0, 60 * 24 * 90), st.integers(1, 60 * 24 * 30))
def test_a_part_of_a_schedule_says_what_the_whole_says(made: Rotation, minutes: int, length: int) -> None:
    whole = schedule(made, zone=made.zone)
    since = made.begin_of(0) + timedelta(minutes=minutes)
    until = since + timedelta(minutes=length)
    for shift in shifts(whole, since, until):
        (on,) = who(whole, shift.since)
        assert on.person == shift.person
        assert on.since <= shift.since
        assert shift.until <= on.until or on.until == shift.since + timedelta(days=35)
