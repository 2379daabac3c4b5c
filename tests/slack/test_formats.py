"""Are figures, times and people written so that one reads them at a glance?"""

from datetime import UTC, datetime, timedelta

import pytest

from bot.slack import formats


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (45, "45 s"),
        (59.6, "1 min"),
        (240, "4 min"),
        (3599, "1 h"),
        (3600 * 2 + 300, "2 h 5 min"),
        (86_400 * 3 + 3600 * 4, "3 d 4 h"),
        (86_399, "1 d"),
        (-90, "2 min"),
    ],
)
def test_durations(seconds: float, said: str) -> None:
    assert formats.duration(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0"), (0.034, "0.034"), (0.4, "0.4"), (3.0, "3"), (3.26, "3.3"), (84.4, "84"), (12345.6, "12,346")],
)
def test_numbers(value: float, said: str) -> None:
    assert formats.number(value) == said


@pytest.mark.parametrize(
    ("share", "said"), [(0.92, "92 %"), (1, "100 %"), (0.999, "99 %"), (0.001, "below 1 %"), (0, "0 %")]
)
def test_shares(share: float, said: str) -> None:
    assert formats.percent(share) == said


def test_plurals_and_rates() -> None:
    assert formats.plural(1, "line", "lines") == "1 line"
    assert formats.plural(12_000, "line", "lines") == "12,000 lines"
    assert formats.rate(84.2) == "84 a minute"
    assert formats.times(41, 2) == "20 ×"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("T1/UANA", "<@UANA>"),
        ("T024BE7LD/U012AB3CD", "<@U012AB3CD>"),
        ("/U1", "<@U1>"),
        ("ana", "ana"),
        ("/tocsin", "Tocsin"),
        ("tocsin", "Tocsin"),
        ("<!channel>", "&lt;!channel&gt;"),
        ("T1/U1>x", "T1/U1&gt;x"),
    ],
)
def test_people_are_mentioned_by_id_and_others_named(key: str, said: str) -> None:
    assert formats.person(key) == said


def test_times_are_in_the_readers_own_zone_with_utc_to_fall_back_on() -> None:
    at = datetime(2026, 11, 20, 2, 58, tzinfo=UTC)
    assert formats.when(at, at + timedelta(hours=1)) == "<!date^1795143480^{time}|02:58 UTC>"
    assert formats.when(at, at + timedelta(days=1)) == (
        "<!date^1795143480^{date_short_pretty} at {time}|2026-11-20 02:58 UTC>"
    )
    assert formats.FOR_TERMINAL["when"](at, at) == "2026-11-20 02:58:00 UTC"
