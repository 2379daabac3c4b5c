"""Does every digest come once, at its hour, to whom it is for, whatever happens to the clock and the process?"""

import json
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from bot.clock import HeldClock
from bot.digests.rhythm import Every, Rhythm
from bot.engine.subscriptions import SUBSCRIPTIONS_MAX, Subscriptions
from bot.errors import InputError, NotFound, Refused
from bot.main import build_engine
from bot.people import Person
from bot.signals.severity import Severity
from bot.slack.blocks import TOTAL_MAX
from tests.digests.days import ANA, BEN, RENDERER, Days
from tests.scenarios.world import BOT, STRANGER

DAILY = Rhythm(time(8, 30), "")


def test_days_of_downtime_are_told_once_and_not_made_up_for() -> None:
    days = Days()
    days.to(16)
    days.down_until(26, 12)
    days.to(27)
    assert days.told_keys() == [f"digest:#incidents:2026-11-{day}" for day in (16, 26, 27)]
    after, usual = (json.loads(json.dumps(n.facts)) for n in days.notices()[1:])
    assert after["missed"] == [f"2026-11-{day}" for day in range(17, 26)]
    assert after["since"] == "2026-11-19T09:00:00+00:00"  # a week back, not ten days
    assert usual["missed"] == []
    assert usual["since"] == "2026-11-26T09:00:00+00:00"


def test_a_digest_that_was_only_late_misses_no_day() -> None:
    days = Days()
    days.to(16)
    days.down_until(17, 19)
    assert days.told_keys() == ["digest:#incidents:2026-11-16", "digest:#incidents:2026-11-17"]
    assert days.notices()[1].facts["missed"] == []


def test_two_replicas_and_restarts_send_everything_once(tmp_path: Path) -> None:
    clock = HeldClock(datetime(2026, 11, 16, 7, 0, tzinfo=UTC))
    days = Days()
    url = f"sqlite:///{tmp_path}/tocsin.db"
    one, two = (build_engine(days.settings, clock=clock, database_url=url, executors={}, team="T1") for _ in range(2))
    one.subscriptions.subscribe(ANA, ANA.user, Rhythm(time(9), "UTC"))
    one.subscriptions.subscribe(ANA, "C1", Rhythm(time(9), "UTC", Every.WEEK, weekday=1))
    for _ in range(60):
        clock.advance(timedelta(hours=1))
        sent_of_both = one.digests.send_due() + two.digests.send_due()
        assert sent_of_both <= 3
        two = build_engine(days.settings, clock=clock, database_url=url, executors={}, team="T1")
    with one.store.read() as tx:
        keys = [due.notice.key.split(":")[1].partition("-")[0] for due in tx.outbox.due(clock.now(), 100)]
    assert sorted(keys) == ["#incidents"] * 3 + ["s1"] * 3 + ["s2"]


@pytest.mark.parametrize(
    ("zone", "utc"), [("America/New_York", "13:30"), ("Asia/Kolkata", "03:00"), ("Nowhere/At_All", "08:30")]
)
def test_a_personal_digest_comes_at_the_persons_own_hour(zone: str, utc: str) -> None:
    days = Days(digest={"enabled": False})
    days.knows(BEN, "Ben", zone)
    page = days.engine.subscriptions.subscribe(BEN, BEN.user, DAILY)
    assert page.next_at is not None
    assert page.next_at.strftime("%H:%M") == utc
    days.to(19, 8)
    sent = [datetime.fromisoformat(notice.facts["until"]).strftime("%H:%M") for notice in days.notices()]
    assert sent
    assert set(sent) == {utc}
    assert {notice.channel for notice in days.notices()} == {BEN.user}


def test_who_moves_gets_it_at_the_hour_of_the_new_place() -> None:
    days = Days(digest={"enabled": False})
    days.engine.subscriptions.subscribe(BEN, BEN.user, DAILY)
    days.to(17, 9)
    days.knows(BEN, "Ben", "Asia/Tokyo")
    days.to(18, 9)
    untils = [datetime.fromisoformat(notice.facts["until"]).strftime("%d %H:%M") for notice in days.notices()]
    assert untils == ["16 08:30", "17 08:30", "17 23:30"]


def test_a_weekly_digest_comes_on_its_day() -> None:
    days = Days("2026-11-02T08:00:00+00:00", digest={"enabled": False})
    days.engine.subscriptions.subscribe(ANA, "C1", Rhythm(time(9), "UTC", Every.WEEK, weekday=4))
    days.to(30)
    assert [key[-10:] for key in days.told_keys()] == ["2026-11-06", "2026-11-13", "2026-11-20", "2026-11-27"]


def test_the_settings_can_ask_for_a_week_beside_the_days() -> None:
    days = Days(digest={"weekly": "tuesday"})
    days.to(17)
    assert "digest:weekly:#incidents:2026-11-17" in days.told_keys()
    assert "digest:#incidents:2026-11-17" in days.told_keys()


def test_subscribing_again_changes_the_hour_and_stopping_ends_it() -> None:
    days = Days(digest={"enabled": False})
    subscriptions = days.engine.subscriptions
    subscriptions.subscribe(BEN, BEN.user, Rhythm(time(9), "UTC"))
    days.to(16, 9)
    page = subscriptions.subscribe(BEN, BEN.user, Rhythm(time(15), "UTC"), ("web",))
    assert len(page.mine) == 1
    days.to(17, 16)
    untils = [datetime.fromisoformat(notice.facts["until"]).hour for notice in days.notices()]
    assert untils == [9, 15, 15]
    subscriptions.stop(BEN, page.mine[0].id)
    days.to(19)
    assert len(days.notices()) == 3
    with pytest.raises(NotFound):
        subscriptions.stop(BEN, page.mine[0].id)


def test_everybody_orders_for_themselves_and_only_those_who_may_act_for_a_channel() -> None:
    subscriptions = Days().engine.subscriptions
    assert subscriptions.subscribe(STRANGER, STRANGER.user, DAILY).mine
    with pytest.raises(Refused):
        subscriptions.subscribe(STRANGER, "C1", DAILY)
    with pytest.raises(Refused):
        subscriptions.subscribe(STRANGER, ANA.user, DAILY)
    with pytest.raises(Refused):
        subscriptions.subscribe(BOT, BOT.user, DAILY)
    own = subscriptions.subscribe(ANA, "C1", DAILY).here[0]
    with pytest.raises(Refused):
        subscriptions.stop(STRANGER, own.id)


def test_there_is_a_limit_to_subscriptions() -> None:
    subscriptions: Subscriptions = Days().engine.subscriptions
    for number in range(SUBSCRIPTIONS_MAX):
        person = Person("T1", f"U{number}")
        subscriptions.subscribe(person, person.user, DAILY)
    with pytest.raises(InputError):
        subscriptions.subscribe(BEN, BEN.user, DAILY)


def test_a_channel_that_is_gone_ends_its_digest_and_who_ordered_it_is_told() -> None:
    days = Days(digest={"enabled": False})
    subscriptions = days.engine.subscriptions
    subscriptions.subscribe(ANA, "C1", DAILY)
    subscriptions.subscribe(BEN, BEN.user, DAILY)
    subscriptions.undeliverable("C1", "internal_error")
    assert subscriptions.page(ANA, "C1").here
    subscriptions.undeliverable("C1", "is_archived")
    subscriptions.undeliverable(BEN.user, "user_disabled")
    assert subscriptions.page(ANA, "C1").here == ()
    assert subscriptions.page(BEN).mine == ()
    (told,) = days.notices("line")
    assert told.channel == ANA.user
    said = RENDERER.render("line", days.engine.reading.page(told)).text
    assert "the channel is archived" in said


def test_five_hundred_incidents_fit_and_the_first_line_still_says_what_to_do() -> None:
    days = Days()
    for number in range(500):
        long = f"service-{number % 40}-with-a-rather-long-name-that-goes-on"
        lasted = None if number % 3 else 5.0
        days.incident(long, f"failed to do <*> {number} " + "x" * 300, lasted=lasted, times=number, ago=number / 10)
    worst = days.incident("checkout", "the whole shop is down", Severity.CRITICAL)
    days.to(16)
    messages = days.told(days.notices()[0])
    assert len(messages) == 4
    for message in messages:
        texts = [holder["text"] for block in message.blocks for holder in [block.get("text") or block["elements"][0]]]
        assert sum(len(text) for text in texts) < TOTAL_MAX
        assert len(message.blocks) <= 50
        assert not any(text.endswith("…") for text in texts)  # left out by us, not cut off by the limit
    assert messages[0].text.startswith(f"Do now: take {worst.key} checkout, the whole shop is down: open for ")
    assert "more things wait" in messages[0].text
