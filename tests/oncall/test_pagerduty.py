"""Do PagerDuty and Tocsin stay in step both ways, and never in a circle?"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from bot.incidents.model import Incident, IncidentState
from bot.main import build_engine
from handlers.http import application
from tests.connectors.faulty import Faulty, served
from tests.oncall.duty import ANA, BEN, Duty
from tests.oncall.fake_pagerduty import ROUTING_KEY, FakePagerDuty, signed

STEPS = [{"pager": "main", "wait_minutes": 5}, {"channel": "#incidents"}]


@dataclass
class Both:
    """Tocsin and PagerDuty, and the post between them."""

    duty: Duty
    fake: FakePagerDuty
    faulty: Faulty
    http: httpx.AsyncClient
    delivered: int = 0

    async def settle(self, minutes: float = 1) -> None:
        """Until neither has anything to tell the other."""
        for _ in range(10):
            self.duty.run(minutes=minutes)
            if self.delivered == len(self.fake.webhooks):
                return
            while self.delivered < len(self.fake.webhooks):
                assert (await self.post(self.delivered)).status_code == 200
                self.delivered += 1
        raise AssertionError("they do not come to rest")

    async def post(self, number: int, **headers: str) -> httpx.Response:
        body, sent = self.fake.webhooks[number]
        return await self.http.post("/v1/hooks/pagerduty", content=body, headers={**sent, **headers})

    def incident(self) -> Incident:
        return self.duty.engine.reading.incident(1).incident

    def incidents(self) -> int:
        page = self.duty.engine.reading.incidents()
        return len(page.active) + len(page.recent)


@pytest_asyncio.fixture
async def both(shared: Path) -> AsyncIterator[Both]:
    made: dict[str, FakePagerDuty] = {}
    with served(lambda asked: made["fake"].answer(asked)) as faulty:
        main = {
            "type": "pagerduty",
            "routing_key": ROUTING_KEY,
            "url": f"{faulty.url}/v2/enqueue",
            "people": {"PBEN": "UBEN", "PEVE": "UEVE"},
        }
        duty = Duty(
            escalation={"all": {"steps": STEPS}},
            pagers={"main": main},
            sources={"pagerduty": {"secret": "whsec_1f6b08"}},
        )
        duty.engine = build_engine(duty.settings, clock=duty.clock, database_url="sqlite://", executors={}, team="T1")
        made["fake"] = FakePagerDuty(shared, duty.clock.now)
        app = application(duty.engine, duty.settings)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://tocsin") as client:
            yield Both(duty, made["fake"], faulty, client)


async def test_what_people_do_in_slack_is_told_once_and_its_echo_changes_nothing(both: Both) -> None:
    incident = both.duty.declare()
    await both.settle()
    assert both.fake.taken == ["trigger"]
    (alert,) = both.fake.incidents.values()
    assert alert["title"] == "INC-1 checkout: checkout is down"
    both.duty.engine.incidents.acknowledge(incident.id, ANA)
    await both.settle()
    both.duty.engine.incidents.resolve(incident.id, ANA)
    await both.settle()
    await both.settle(minutes=60)
    assert both.fake.taken == ["trigger", "acknowledge", "resolve"]
    assert both.incidents() == 1
    assert both.incident().resolved_by == ANA.key
    assert both.duty.timeline(incident).count("acknowledged") == 1


async def test_what_people_do_there_is_done_here_and_not_said_back(both: Both) -> None:
    incident = both.duty.declare()
    await both.settle()
    both.fake.does("acknowledged")
    await both.settle()
    assert both.incident().acknowledged_by == BEN.key
    both.fake.does("resolved", "PNOBODY")
    await both.settle(minutes=30)
    assert both.incident().resolved_by == "pager/main"
    assert both.fake.taken == ["trigger"]
    assert both.duty.asked(incident) == ["10:00 main"]


async def test_who_may_not_act_here_is_not_named_but_the_two_stay_in_step(both: Both) -> None:
    both.duty.declare()
    await both.settle()
    both.fake.does("acknowledged", "PEVE")
    await both.settle()
    assert both.incident().acknowledged_by == "pager/main"


async def test_opened_again_there_it_is_open_here_and_wakes_nobody_a_second_time(both: Both) -> None:
    incident = both.duty.declare()
    await both.settle()
    both.fake.does("resolved")
    await both.settle()
    both.fake.does("reopened")
    await both.settle()
    assert both.incident().state is IncidentState.REOPENED
    await both.settle(minutes=30)
    assert len(both.fake.wakes) == 1
    assert both.fake.taken == ["trigger"]
    both.duty.engine.incidents.resolve(incident.id, ANA)
    await both.settle()
    assert both.fake.taken == ["trigger", "resolve"]


async def test_opened_again_here_it_wakes_people_there_anew(both: Both) -> None:
    incident = both.duty.declare()
    await both.settle()
    both.duty.engine.incidents.resolve(incident.id, ANA)
    await both.settle()
    both.duty.engine.incidents.reopen(incident.id, ANA)
    await both.settle()
    assert both.fake.taken == ["trigger", "resolve", "trigger"]
    assert len(set(both.fake.wakes)) == 2


async def test_old_news_and_news_that_come_twice_change_nothing(both: Both) -> None:
    incident = both.duty.declare()
    await both.settle()
    both.fake.does("acknowledged")
    both.fake.does("resolved")
    both.fake.does("reopened")
    for number in (2, 1, 2, 3, 3):  # the end came before the acknowledgement
        await both.post(number)
    assert both.incident().state is IncidentState.REOPENED
    assert both.duty.timeline(incident)[-2:] == ["resolved", "reopened"]
    both.duty.engine.incidents.resolve(incident.id, ANA)
    await both.post(3)
    await both.post(2)
    assert both.incident().state is IncidentState.RESOLVED


async def test_escalations_there_are_told_in_the_thread(both: Both) -> None:
    incident = both.duty.declare()
    await both.settle()
    both.fake.does("escalated", assignees=("Cat Miller",))
    both.fake.does("acknowledged")
    both.fake.does("unacknowledged")
    await both.settle()
    assert both.duty.timeline(incident)[-3:] == ["pager_escalated", "acknowledged", "pager_unacknowledged"]
    assert both.incident().state is IncidentState.ACKNOWLEDGED
    assert both.fake.taken == ["trigger"]


async def test_only_who_signs_is_believed(both: Both) -> None:
    both.duty.declare()
    await both.settle()
    both.fake.does("resolved")
    body, _ = both.fake.webhooks[-1]
    forged = await both.http.post("/v1/hooks/pagerduty", content=body, headers=signed(body, "guessed"))
    assert forged.status_code == 401
    assert both.incident().state is IncidentState.OPEN


async def test_a_hook_without_a_secret_takes_no_steps(both: Both) -> None:
    both.duty.declare()
    await both.settle()
    unsigned = both.duty.settings.model_copy(update={"sources": {}})
    transport = httpx.ASGITransport(application(both.duty.engine, unsigned))
    both.fake.does("resolved")
    async with httpx.AsyncClient(transport=transport, base_url="http://tocsin") as client:
        answer = await client.post("/v1/hooks/pagerduty", content=both.fake.webhooks[-1][0])
    assert (answer.status_code, answer.json()["steps"]) == (200, 0)
    assert both.incident().state is IncidentState.OPEN
    assert both.incidents() == 1


async def test_another_team_s_incident_there_is_an_alert_here(both: Both) -> None:
    both.fake.incidents["somebody/elses"] = {"id": "PX", "status": "triggered", "title": "disk is full"}
    both.fake.does("triggered", key="somebody/elses")
    assert (await both.post(0)).json()["signals"] == 1
    assert both.incidents() == 1


# -- when it does not work


@pytest.mark.parametrize("fault", [429, 500, 503, "hang", "refused", "cut", "garbage"])
async def test_what_may_pass_is_tried_again_and_wakes_people_once(both: Both, fault: str | int) -> None:
    both.faulty.faults = [fault, fault]
    both.duty.engine.pagers._pagers["main"]._web._options.__dict__["timeout_s"] = 0.5  # type: ignore[attr-defined]
    both.duty.declare()
    both.duty.run(minutes=2)
    assert len(both.faulty.asked) >= 3
    assert len(both.fake.wakes) == 1


async def test_the_waits_grow(both: Both) -> None:
    both.faulty.always = 503
    both.duty.declare()
    for _ in range(60):
        both.duty.run(minutes=1)
    assert 12 <= len(both.faulty.asked) <= 20
    both.faulty.always = ""
    both.duty.run(minutes=6)
    assert both.fake.taken == ["trigger"]


async def test_what_is_refused_is_told_once_without_the_key_and_the_next_step_comes_at_once(both: Both) -> None:
    both.faulty.always, both.faulty.echo = 400, True
    incident = both.duty.declare()
    both.duty.run(minutes=3)
    assert len(both.faulty.asked) == 1
    assert both.duty.asked() == ["10:00 main", "10:00 #incidents"]
    assert both.duty.timeline(incident).count("pager_failed") == 1
    assert ROUTING_KEY not in str([n.facts for n in both.duty.notices("line")])


async def test_what_was_over_before_it_was_told_is_never_told(both: Both) -> None:
    incident = both.duty.declare()
    both.duty.engine.escalations.run()
    both.duty.engine.incidents.resolve(incident.id, ANA)
    both.duty.engine.pagers.run()
    both.duty.run(minutes=5)
    assert both.faulty.asked == []


async def test_what_may_have_been_told_before_the_end_is_ended_there(both: Both) -> None:
    incident = both.duty.declare()
    both.faulty.faults = ["cut"]
    both.duty.tick()
    both.duty.engine.incidents.resolve(incident.id, ANA)
    both.duty.run(minutes=5)
    assert both.fake.taken == ["trigger", "resolve"]
    assert [i["status"] for i in both.fake.incidents.values()] == ["resolved"]


async def test_after_a_day_it_is_given_up_and_told(both: Both) -> None:
    both.faulty.always = 503
    incident = both.duty.declare()
    both.duty.tick()
    both.duty.clock.advance(timedelta(hours=25))
    both.duty.tick()
    both.duty.tick()
    assert both.duty.timeline(incident).count("pager_failed") == 1
