"""Does a calendar at an address count while it cannot be read, and is a change of shift told as it should be?"""

from datetime import timedelta

import pytest

from bot.asking.calendars import fetch
from bot.errors import ConnectorError
from bot.oncall.calendar import TEXT_MAX
from tests.connectors.faulty import Answer, served
from tests.oncall.calendars import calendar
from tests.oncall.duty import ANA, LEAD, SHOP, Duty

URL = "https://calendar.example.org/private-7f3a/basic.ics"
MONTH = calendar("UID:1\nSUMMARY:Ana\nDTSTART:20260301T000000Z\nDURATION:P30D")
SECTION = {"calendar": URL, "people": {"ana": "UANA"}}


def test_the_last_good_copy_counts_and_its_age_is_told_without_the_address() -> None:
    duty = Duty(oncall={"shop": SECTION, "lead": LEAD}, calendars={URL: MONTH})
    assert duty.engine.oncall.page("shop").schedules[0].calendar_problem == "not_read_yet"
    assert duty.engine.oncall.refresh() == 1
    assert duty.engine.oncall.refresh() == 0  # not due
    duty.calendars.clear()
    duty.clock.advance(timedelta(minutes=20))
    assert duty.engine.oncall.refresh() == 0
    line = duty.engine.oncall.page("shop").schedules[0]
    assert [shift.person for shift in line.now] == [ANA.key]
    assert line.calendar_at == duty.clock.now() - timedelta(minutes=20)
    assert "answers 500" in line.calendar_problem
    assert "private-7f3a" not in line.calendar_problem


@pytest.mark.parametrize("nonsense", ["<html>sign in</html>", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR", ""])
def test_what_is_no_calendar_does_not_take_the_place_of_one(nonsense: str) -> None:
    duty = Duty(oncall={"shop": SECTION, "lead": LEAD}, calendars={URL: MONTH})
    duty.engine.oncall.refresh()
    duty.calendars[URL] = nonsense
    duty.clock.advance(timedelta(minutes=20))
    assert duty.engine.oncall.refresh() == 0
    assert [shift.person for shift in duty.engine.oncall.page("shop").schedules[0].now] == [ANA.key]


def test_an_address_is_read_within_bounds() -> None:
    answers = [Answer(200, MONTH), Answer(200, "x" * (TEXT_MAX + 1)), Answer(404, "gone")]
    with served(lambda asked: answers.pop(0)) as server:
        assert fetch(f"{server.url}/a.ics") == MONTH
        for said in ("larger than 2 MB", "it answers 404"):
            with pytest.raises(ConnectorError, match=said):
                fetch(f"{server.url}/a.ics")
    with pytest.raises(ConnectorError, match="cannot be read") as raised:
        fetch(f"{server.url}/secret.ics")
    assert "secret" not in str(raised.value)


def test_who_comes_on_is_told_and_the_channel_but_not_what_changed_while_it_was_down() -> None:
    shop = {**SHOP, "channel": "#oncall", "tell_people": True}
    duty = Duty(start="2026-03-20T12:00", oncall={"shop": shop, "lead": LEAD})
    duty.run(minutes=1)
    assert duty.notices("handover") == []  # what was so before is no change
    duty.clock.move_to(duty.clock.now() + timedelta(days=3))
    duty.run(minutes=2)
    assert [notice.channel for notice in duty.notices("handover")] == ["#oncall", "UBEN"]
    duty.clock.advance(timedelta(days=14))
    duty.run(minutes=2)
    assert len(duty.notices("handover")) == 2  # twice changed, and it is Ben again
