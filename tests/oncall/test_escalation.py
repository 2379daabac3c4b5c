"""Is everybody asked who has to be, in time, and nobody twice?"""

from datetime import timedelta

import pytest

from bot.engine.pages import CallPage
from bot.oncall.escalation import PageState
from bot.signals.severity import Severity
from bot.silences.model import Matcher
from tests.oncall.calendars import calendar
from tests.oncall.duty import ANA, BEN, CAT, LEAD, SHOP, Duty

WITH_PAGER = [{"schedule": "shop"}, {"pager": "main"}, {"channel": "#incidents"}]


def test_who_is_on_call_is_asked_at_once_and_the_next_one_when_nobody_answers() -> None:
    duty = Duty()
    incident = duty.declare()
    duty.run(minutes=30)
    assert duty.asked() == ["10:00 UANA", "10:05 UCAT"]
    assert duty.timeline(incident) == ["declared", "paged", "paged", "nobody_answers"]
    assert len([n for n in duty.notices("line") if n.facts["kind"] == "nobody_answers"]) == 1


def test_an_acknowledgement_ends_it_and_those_who_were_asked_see_that() -> None:
    duty = Duty()
    incident = duty.declare()
    duty.run(minutes=1)
    duty.deliver()
    duty.engine.incidents.acknowledge(incident.id, BEN)
    duty.run(minutes=60)
    assert duty.asked() == ["10:00 UANA"]
    assert [n.key for n in duty.notices("page")] == ["page:1"]


def test_who_was_not_told_yet_when_it_was_over_never_is() -> None:
    duty = Duty()
    incident = duty.declare()
    duty.tick()
    duty.engine.incidents.resolve(incident.id, BEN)
    duty.run(minutes=10)
    assert duty.states() == [PageState.WITHDRAWN]
    assert duty.notices("page") == []


@pytest.mark.parametrize("ending", ["resolve", "not_a_problem", "merge"])
def test_every_end_stops_it(ending: str) -> None:
    duty = Duty()
    incident, other = duty.declare(), duty.declare("web", Severity.MINOR)
    duty.run(minutes=2)
    if ending == "merge":
        duty.engine.incidents.merge(incident.id, other.id, ANA)
    else:
        getattr(duty.engine.incidents, ending)(incident.id, ANA)
    duty.run(minutes=30)
    assert duty.asked(incident) == ["10:00 UANA"]


def test_opened_again_it_begins_anew() -> None:
    duty = Duty()
    incident = duty.declare()
    duty.run(minutes=1)
    duty.engine.incidents.resolve(incident.id, BEN)
    duty.run(minutes=9)
    duty.engine.incidents.reopen(incident.id, BEN)
    duty.run(minutes=1)
    assert duty.asked() == ["10:00 UANA", "10:10 UANA"]


def test_a_policy_repeats_as_often_as_it_says() -> None:
    duty = Duty(escalation={"all": {"repeat": 2, "steps": [{"schedule": "shop", "wait_minutes": 10}]}})
    duty.declare()
    duty.run(minutes=120)
    assert duty.asked() == ["10:00 UANA", "10:10 UANA", "10:20 UANA"]


def test_the_channel_may_have_some_time_first() -> None:
    duty = Duty(escalation={"all": {"delay_minutes": 3, "steps": [{"schedule": "shop"}]}})
    duty.declare()
    duty.run(minutes=10)
    assert duty.asked() == ["10:03 UANA"]


def test_when_nobody_is_on_call_the_channel_hears_it_and_the_next_step_comes_at_once() -> None:
    hours = {**SHOP["rotations"][0], "days": ["sat"]}  # type: ignore[dict-item]
    duty = Duty(oncall={"shop": {"rotations": [hours]}, "lead": LEAD})
    incident = duty.declare()
    duty.run(minutes=20)
    assert duty.asked() == ["10:00 UCAT"]
    assert duty.timeline(incident)[1:3] == ["nobody_on_call", "paged"]
    (said,) = [n for n in duty.notices("line") if n.facts["kind"] == "nobody_on_call"]
    assert (said.thread_of, said.channel) == ("", "#incidents")


def test_who_cannot_be_reached_is_told_and_the_next_one_is_asked_at_once() -> None:
    duty = Duty()
    incident = duty.declare()
    duty.tick()
    duty.deliver(refused=("UANA",))
    duty.run(minutes=1)
    assert duty.asked() == ["10:00 UANA", "10:00 UCAT"]
    assert duty.states() == [PageState.UNREACHABLE, PageState.TOLD]
    assert "unreachable" in duty.timeline(incident)


def test_one_of_two_who_can_be_reached_has_the_time_to_answer() -> None:
    duty = Duty(escalation={"all": {"steps": [{"group": "S0TEAM"}, {"schedule": "lead"}]}})
    duty.engine.usergroups.learn("S0TEAM", ["UANA", "UBEN"])
    duty.declare()
    duty.tick()
    duty.deliver(refused=("UANA",))
    duty.run(minutes=5)
    assert duty.asked() == ["10:00 UANA", "10:00 UBEN", "10:05 UCAT"]


def test_a_group_that_nobody_is_known_to_be_in_is_said() -> None:
    duty = Duty(escalation={"all": {"steps": [{"group": "S0TEAM"}, {"person": "UBEN"}]}})
    incident = duty.declare()
    duty.tick()
    assert duty.asked() == ["10:00 UBEN"]
    assert "nobody_in_group" in duty.timeline(incident)


def test_small_things_wake_nobody_until_they_become_worse() -> None:
    duty = Duty()
    incident = duty.declare(severity=Severity.MINOR)
    duty.run(minutes=20)
    assert duty.asked() == []
    duty.engine.incidents.grade(incident.id, Severity.MAJOR, "it spreads", ANA)
    duty.run(minutes=1)
    assert duty.asked() == ["10:20 UANA"]


def test_what_becomes_worse_goes_on_at_the_step_that_was_left_out_and_asks_nobody_again() -> None:
    steps = [{"schedule": "shop"}, {"person": "UBEN", "severities": ["critical"]}, {"schedule": "lead"}]
    duty = Duty(escalation={"all": {"steps": steps}})
    incident = duty.declare(severity=Severity.MAJOR)
    duty.run(minutes=7)
    assert duty.asked() == ["10:00 UANA", "10:05 UCAT"]
    duty.engine.incidents.grade(incident.id, Severity.CRITICAL, "", ANA)
    duty.run(minutes=30)
    assert duty.asked() == ["10:00 UANA", "10:05 UCAT", "10:07 UBEN"]


def test_what_becomes_worse_when_somebody_is_on_it_asks_who_is_on_call_once_and_says_why() -> None:
    duty = Duty()
    incident = duty.declare(severity=Severity.MAJOR)
    duty.run(minutes=1)
    duty.engine.incidents.acknowledge(incident.id, BEN)
    duty.run(minutes=10)
    duty.engine.incidents.grade(incident.id, Severity.CRITICAL, "all cards", BEN)
    duty.run(minutes=60)
    assert duty.asked() == ["10:00 UANA", "10:11 UANA"]
    with duty.engine.store.read() as tx:
        (line,) = [dict(e.facts) for e in tx.incidents.timeline(incident.id) if e.kind == "paged_again"]
    assert (line["old"], line["new"], line["targets"]) == ("major", "critical", "T1/UANA")
    page = duty.engine.reading.page(duty.notices("page")[-1])
    assert isinstance(page, CallPage)
    assert page.is_worse
    duty.engine.incidents.grade(incident.id, Severity.MAJOR, "", BEN)
    duty.run(minutes=1)
    duty.engine.incidents.grade(incident.id, Severity.CRITICAL, "", BEN)
    duty.run(minutes=30)
    assert duty.asked() == ["10:00 UANA", "10:11 UANA"]


def test_what_becomes_worse_by_itself_asks_also_when_it_was_acknowledged_before_anybody_was() -> None:
    duty = Duty()
    incident = duty.declare(severity=Severity.MINOR)
    duty.engine.incidents.acknowledge(incident.id, BEN)
    duty.run(minutes=1)
    with duty.engine.store.write() as tx:
        tx.incidents.save(tx.incidents.lock(incident.id).joined_by(duty.clock.now(), Severity.CRITICAL, "signal"))
    duty.run(minutes=10)
    assert duty.asked() == ["10:01 UANA"]


def test_who_says_that_it_is_worse_is_not_asked_and_nobody_is_where_the_policy_leaves_it_out() -> None:
    for who, settings in ((ANA, {}), (BEN, {"ask_again_when_worse": False})):
        duty = Duty(escalation={"all": {"steps": [{"schedule": "shop"}], **settings}})
        incident = duty.declare(severity=Severity.MAJOR)
        duty.run(minutes=1)
        duty.engine.incidents.acknowledge(incident.id, BEN)
        duty.run(minutes=1)
        duty.engine.incidents.grade(incident.id, Severity.CRITICAL, "", who)
        duty.run(minutes=10)
        assert duty.asked() == ["10:00 UANA"]


def test_worse_means_another_policy_where_there_is_one() -> None:
    policies = {
        "usual": {"severities": ["major"], "steps": [{"schedule": "shop"}]},
        "grave": {"severities": ["critical"], "steps": [{"schedule": "lead"}]},
    }
    duty = Duty(escalation=policies)
    incident = duty.declare(severity=Severity.MAJOR)
    duty.run(minutes=1)
    duty.engine.incidents.grade(incident.id, Severity.CRITICAL, "", ANA)
    duty.run(minutes=1)
    assert duty.asked() == ["10:00 UANA", "10:01 UCAT"]


def test_a_silence_holds_it_and_when_that_ends_it_goes_on() -> None:
    duty = Duty()
    incident = duty.declare()
    duty.run(minutes=2)
    duty.engine.silences.silence(ANA, [Matcher("service", "checkout")], timedelta(minutes=30), "known", incident.id)
    duty.run(minutes=20)
    assert duty.asked() == ["10:00 UANA"]
    assert duty.timeline(incident).count("paging_held") == 1
    duty.run(minutes=11)
    assert duty.asked() == ["10:00 UANA", "10:32 UCAT"]


def test_planned_work_holds_it() -> None:
    duty = Duty()
    duty.engine.silences.maintain(CAT, ["checkout"], timedelta(hours=1), "moving")
    incident = duty.declare()
    duty.run(minutes=30)
    assert duty.asked() == []
    assert "paging_held" in duty.timeline(incident)


def test_after_a_downtime_it_goes_on_with_one_step_and_not_with_all_that_were_due() -> None:
    duty = Duty(escalation={"all": {"repeat": 3, "steps": [{"schedule": "shop"}]}})
    duty.declare()
    duty.run(minutes=1)
    duty.clock.advance(timedelta(hours=3))
    duty.tick()
    duty.tick()
    assert duty.asked() == ["10:00 UANA", "13:01 UANA"]


def test_the_pager_is_told_when_nobody_answers_and_hears_the_rest() -> None:
    duty = Duty(escalation={"all": {"steps": WITH_PAGER}})
    incident = duty.declare()
    duty.run(minutes=4)
    assert duty.bell.told == []
    duty.run(minutes=2)
    duty.engine.incidents.acknowledge(incident.id, ANA)
    duty.run(minutes=1)
    duty.engine.incidents.resolve(incident.id, ANA)
    duty.run(minutes=20)
    assert duty.bell.told == [("trigger", "INC-1"), ("acknowledge", "INC-1"), ("resolve", "INC-1")]


def test_names_that_nobody_is_known_by_are_said_and_passed_over() -> None:
    url = "https://calendar.example.org/x.ics"
    month = calendar("UID:1\nSUMMARY:Banana\nDTSTART:20260301T000000Z\nDURATION:P30D")
    duty = Duty(oncall={"shop": {"calendar": url}, "lead": LEAD}, calendars={url: month})
    assert duty.engine.oncall.refresh() == 1
    incident = duty.declare()
    duty.tick()
    assert duty.asked() == ["10:00 Banana", "10:00 UCAT"]
    assert "unknown_person" in duty.timeline(incident)
