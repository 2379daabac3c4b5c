"""Is a calendar read as the people who keep it mean it?"""

from datetime import datetime

import pytest

from bot.errors import InputError
from bot.oncall.calendar import CalendarLayer, check
from bot.oncall.schedule import shifts
from tests.oncall.calendars import calendar
from tests.oncall.rotations import BERLIN, lines, rotation, schedule, utc

PEOPLE = {"Ana": "UANA", "ben@example.org": "UBEN", "Cat Miller": "UCAT"}


def read(*events: str, since: str = "2026-03-16T00:00", until: str = "2026-04-13T00:00") -> list[str]:
    layer = CalendarLayer(calendar(*events), BERLIN, PEOPLE)
    return lines(layer.shifts(utc(since), utc(until)))


WEEKS = (
    "UID:1\nSUMMARY:On call: Ana\nDTSTART;TZID=Europe/Berlin:20260316T090000\n"
    "DTEND;TZID=Europe/Berlin:20260323T090000\nRRULE:FREQ=WEEKLY;INTERVAL=2"
)


def test_a_week_from_nine_to_nine_is_so_also_when_the_clocks_change() -> None:
    assert read(WEEKS.replace("0316", "0323").replace("20260323T090000\nRRULE", "20260330T090000\nRRULE")) == [
        "UANA 03-23 09:00 to 03-30 09:00",
        "UANA 04-06 09:00 to 04-13 02:00",
    ]


def test_a_day_is_a_day_of_the_schedule() -> None:
    assert read("UID:1\nSUMMARY:ana\nDTSTART;VALUE=DATE:20260328\nDTEND;VALUE=DATE:20260330") == [
        "UANA 03-28 00:00 to 03-30 00:00"
    ]


def test_an_exception_is_left_out_and_a_moved_one_stands_where_it_was_moved_to() -> None:
    daily = (
        "UID:1\nSUMMARY:Ana\nDTSTART;TZID=Europe/Berlin:20260316T090000\nDTEND;TZID=Europe/Berlin:20260316T170000\n"
        "RRULE:FREQ=DAILY;COUNT=4\nEXDATE;TZID=Europe/Berlin:20260317T090000"
    )
    moved = (
        "UID:1\nSUMMARY:Ana for Ben\nRECURRENCE-ID;TZID=Europe/Berlin:20260318T090000\n"
        "ATTENDEE:mailto:Ben@example.org\nDTSTART;TZID=Europe/Berlin:20260318T120000\n"
        "DTEND;TZID=Europe/Berlin:20260318T200000"
    )
    cancelled = daily.replace("UID:1", "UID:2").replace("RRULE", "STATUS:CANCELLED\nRRULE")
    assert read(daily, moved, cancelled) == [
        "UANA 03-16 09:00 to 03-16 17:00",
        "UBEN 03-18 12:00 to 03-18 20:00",
        "UANA 03-19 09:00 to 03-19 17:00",
    ]


def test_events_that_overlap_have_all_their_people_on_call() -> None:
    ana = "UID:1\nSUMMARY:Ana\nDTSTART:20260316T080000Z\nDTEND:20260316T160000Z"
    cat = 'UID:2\nSUMMARY:x\nATTENDEE;CN="Cat Miller":mailto:c@x.org\nDTSTART:20260316T120000Z\nDTEND:20260316T200000Z'
    found = shifts(
        schedule(rotation("UBEN"), CalendarLayer(calendar(ana, cat), BERLIN, PEOPLE)),
        utc("2026-03-16T08:00"),
        utc("2026-03-16T22:00"),
    )
    assert lines(found) == [
        "UANA 03-16 09:00 to 03-16 17:00",
        "UCAT 03-16 13:00 to 03-16 21:00",
        "UBEN 03-16 21:00 to 03-16 23:00",
    ]


def test_who_declined_is_not_on_call_and_a_name_that_nobody_has_stays() -> None:
    event = (
        "UID:1\nSUMMARY:somebody else\nATTENDEE;PARTSTAT=DECLINED:mailto:ben@example.org\n"
        "DTSTART:20260316T080000Z\nDTEND:20260316T160000Z"
    )
    assert read(event) == ["somebody else 03-16 09:00 to 03-16 17:00"]
    assert read(event.replace("somebody else", "U0ABCDEF1 helps")) == ["U0ABCDEF1 03-16 09:00 to 03-16 17:00"]
    assert read(event.replace("somebody else", "Banana")) == ["Banana 03-16 09:00 to 03-16 17:00"]


def test_an_empty_calendar_is_one_and_nonsense_is_none() -> None:
    assert read() == []
    check(calendar())
    with pytest.raises(InputError, match="no iCalendar"):
        check("<html>")
    layer = CalendarLayer(calendar("UID:1\nDTSTART:20260316T080000Z\nDTEND:20260316T070000Z"), BERLIN)
    with pytest.raises(InputError, match="more than nothing"):
        layer.shifts(utc("2026-03-16T08:00"), utc(datetime(2026, 3, 17).isoformat()))
