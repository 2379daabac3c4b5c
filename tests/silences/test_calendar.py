"""Are calendars read as their owners mean them, also when the clocks change?"""

from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import InputError
from bot.silences.calendar import check, windows_of

NIGHTLY = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//EN
BEGIN:VEVENT
UID:1
DTSTAMP:20260301T000000Z
SUMMARY:nightly vacuum
DTSTART;TZID=Europe/Berlin:20260301T020000
DURATION:PT1H
RRULE:FREQ=DAILY;UNTIL=20260420T000000Z
EXDATE;TZID=Europe/Berlin:20260328T020000
END:VEVENT
END:VCALENDAR
"""


def starts(text: str, since: str, days: float) -> list[str]:
    begin = datetime.fromisoformat(since).replace(tzinfo=UTC)
    found = windows_of(text, frozenset({"db"}), "", begin, begin + timedelta(days=days))
    return [window.since.strftime("%m-%dT%H:%M") for window in found]


def test_two_in_the_night_stays_two_in_the_night_when_the_clocks_change() -> None:
    assert starts(NIGHTLY, "2026-03-25T12:00", 6) == [
        "03-26T01:00",
        "03-27T01:00",
        "03-29T01:00",
        "03-30T00:00",
        "03-31T00:00",
    ]


def test_a_rule_ends_and_an_occurrence_under_way_counts() -> None:
    assert starts(NIGHTLY, "2026-04-18T12:00", 10) == ["04-19T00:00", "04-20T00:00"]
    assert starts(NIGHTLY, "2026-03-10T01:30", 0.001) == ["03-10T01:00"]
    assert starts(NIGHTLY, "2026-03-10T02:30", 0.001) == []


def test_what_the_event_says_is_the_reason_unless_another_is_given() -> None:
    begin = datetime(2026, 3, 2, tzinfo=UTC)
    [window] = windows_of(NIGHTLY, frozenset({"db"}), "", begin, begin + timedelta(days=1))
    assert (window.reason, window.until - window.since) == ("nightly vacuum", timedelta(hours=1))
    [window] = windows_of(NIGHTLY, frozenset({"db"}), "ours", begin, begin + timedelta(days=1))
    assert window.reason == "ours"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no calendar",
        "BEGIN:VCALENDAR\nEND:VCALENDAR\n",
        NIGHTLY.replace("DURATION:PT1H", "DURATION:PT0S"),
        NIGHTLY.replace("DURATION:PT1H", "DURATION:P90D"),
        NIGHTLY.replace("DTSTART;TZID=Europe/Berlin:20260301T020000\n", ""),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(InputError, match="calendar"):
        check(text)
