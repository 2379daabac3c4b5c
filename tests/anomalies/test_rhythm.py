"""Are regular lines known as such, irregular ones left alone, and is the next one expected when it should come?"""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.anomalies.rhythm import Rhythm, occurrences, rhythm_of

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 11, 2, 2, 5, tzinfo=UTC)  # a Monday


def nightly(first: str, days: int, zone: ZoneInfo, *, jitter_minutes: float = 4, seed: int = 1) -> list[datetime]:
    """Each day at the same time on the wall clock, give or take."""
    rng, start = random.Random(seed), datetime.fromisoformat(first)
    late = [timedelta(minutes=rng.uniform(0, jitter_minutes)) for _ in range(days)]
    return [((start + n * DAY).replace(tzinfo=zone) + late[n]).astimezone(UTC) for n in range(days)]


def known(times: list[datetime], zone: ZoneInfo = BERLIN) -> Rhythm:
    rhythm = rhythm_of(times, zone)
    assert rhythm is not None
    return rhythm


def test_what_comes_each_night_is_expected_the_next_night() -> None:
    rhythm = known(nightly("2026-11-02T02:05", 14, BERLIN))
    assert (rhythm.period, len(rhythm.weekdays), rhythm.times, rhythm.missed) == (DAY, 7, 14, 0)
    assert rhythm.spread <= 4 * MINUTE
    expected = rhythm.next_after(rhythm.last_at, BERLIN)
    assert abs(expected - rhythm.last_at - DAY) < MINUTE


def test_six_nights_are_too_few_to_know() -> None:
    assert rhythm_of(nightly("2026-11-02T02:05", 6, BERLIN), BERLIN) is None


@pytest.mark.parametrize("clocks", ["2026-03-15T02:05", "2026-10-11T02:05"])
def test_on_the_night_the_clocks_change_it_is_expected_by_the_wall_clock(clocks: str) -> None:
    times = nightly(clocks, 30, BERLIN, jitter_minutes=1)
    rhythm = known(times)
    assert rhythm.spread <= HOUR + 2 * MINUTE
    expected = [rhythm.next_after(at, BERLIN) for at in times[:-1]]
    assert all(abs(a - b) <= HOUR for a, b in zip(expected, times[1:], strict=True))


@pytest.mark.parametrize("clocks", ["2026-03-10T03:30", "2026-10-14T03:30"])
def test_a_job_in_a_zone_we_do_not_know_is_within_its_tolerance_when_its_clocks_change(clocks: str) -> None:
    times = nightly(clocks, 40, NEW_YORK, jitter_minutes=2)
    for seen in range(8, 40):
        rhythm = rhythm_of(times[:seen], ZoneInfo("UTC"))
        if rhythm is not None and seen < 40:
            assert times[seen] <= rhythm.next_after(times[seen - 1], ZoneInfo("UTC")) + rhythm.tolerance


def test_a_job_of_working_days_is_not_awaited_on_sunday() -> None:
    times = [at for at in nightly("2026-11-02T06:30", 25, BERLIN) if at.astimezone(BERLIN).weekday() < 5]
    rhythm = known(times)
    assert rhythm.weekdays == (0, 1, 2, 3, 4)
    friday = next(at for at in times if at.astimezone(BERLIN).weekday() == 4)
    assert rhythm.next_after(friday, BERLIN).astimezone(BERLIN).weekday() == 0


def test_a_weekly_job_is_known_after_a_few_weeks() -> None:
    times = [START + n * 7 * DAY for n in range(8)]
    rhythm = known(times, ZoneInfo("UTC"))
    assert rhythm.next_after(times[-1], ZoneInfo("UTC")) == times[-1] + 7 * DAY


def test_an_hourly_job_has_minutes_of_tolerance_not_hours() -> None:
    rng = random.Random(2)
    rhythm = known([START + n * HOUR + timedelta(seconds=rng.uniform(0, 90)) for n in range(80)])
    assert abs(rhythm.period - HOUR) < 2 * MINUTE
    assert rhythm.weekdays == ()
    assert rhythm.tolerance < 12 * MINUTE


def test_one_missed_hour_in_a_week_does_not_hide_the_next_one() -> None:
    rhythm = known([START + n * HOUR for n in range(24 * 7) if n != 50])
    assert (rhythm.missed, rhythm.tolerance) == (1, 6 * MINUTE)


def test_what_pauses_at_night_is_no_rhythm() -> None:
    times = [START + n * HOUR for n in range(24 * 14) if 8 <= (START + n * HOUR).hour < 18]
    assert rhythm_of(times, BERLIN) is None


@pytest.mark.parametrize("hours", [10, 20, 30, 24 * 12])
def test_what_pauses_is_no_rhythm_from_the_first_day_on(hours: int) -> None:
    quarters = (START + timedelta(hours=6) + n * timedelta(minutes=15) for n in range(4 * hours))
    assert rhythm_of([at for at in quarters if 8 <= at.hour < 18 and at.weekday() < 5], BERLIN) is None


def test_many_lines_of_one_job_are_one_occurrence() -> None:
    times = [START + n * DAY + k * MINUTE for n in range(9) for k in range(20)]
    assert len(occurrences(times)) == 9
    assert known(times).times == 9


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("mean_hours", [1, 6, 24])
def test_what_comes_by_chance_has_no_rhythm(seed: int, mean_hours: float) -> None:
    rng, at, times = random.Random(seed), START, []
    while at < START + 28 * DAY:
        at += timedelta(hours=rng.expovariate(1 / mean_hours))
        times.append(at)
    assert rhythm_of(times, BERLIN) is None


@pytest.mark.parametrize("times", [[], [START], [START, START]])
def test_too_few_times_are_survived(times: list[datetime]) -> None:
    assert rhythm_of(times, BERLIN) is None
