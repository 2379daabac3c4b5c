"""What is said of an incident, and is somebody reminded of what was promised? In Slack, and in simulated time."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import InputError, Stale
from bot.incidents.life import REMINDERS_MAX
from bot.incidents.model import IncidentState, Resolution
from bot.signals.severity import Severity
from tests.scenarios.world import ANA, BEN, World
from tests.slack.stage import Stage


async def test_an_update_is_posted_by_its_form_and_stands_on_the_card(stage: Stage) -> None:
    ana = stage.people.as_("ana")
    stage.declare()
    card = ana.in_("#incidents").message("Checkout refuses")
    await card.press("Acknowledge")
    await card.press("Update …")
    await ana.form().fill(text="Rolled back to <1.4.1>, watching", next="Within 15 minutes", severity="Major").submit()
    await card.expects("Rolled back to &lt;1.4.1&gt;, watching")
    await card.expects("next by")
    await card.expects("Major · checkout")
    await card.expects_thread_reply("It is major now. The next update comes within 15 min.")
    (update,) = stage.engine.reading.incident(1).life.updates
    assert (update.text, update.severity) == ("Rolled back to <1.4.1>, watching", "major")
    assert update.interval == timedelta(minutes=15)


async def test_an_update_is_typed_with_its_promise_in_the_words(stage: Stage) -> None:
    ana = stage.people.as_("ana").in_("#incidents")
    stage.declare()
    await ana.types("/incident update Half of the cards work again, next in 20 min")
    await ana.expects_ephemeral("The next one is promised by")
    await ana.message("Checkout refuses").expects_thread_reply("Half of the cards work again. The next update comes")
    await ana.types("/incident INC-1 update All good")
    await ana.expects_ephemeral("No next one is promised")
    assert [u.remind_at for u in stage.engine.reading.incident(1).life.updates] == [None, None]


async def test_the_last_word_ends_it(stage: Stage) -> None:
    ana = stage.people.as_("ana")
    stage.declare()
    await ana.in_("#incidents").types("/incident update")
    await ana.form().fill(text="The card network is back", state="It is resolved").submit()
    card = ana.in_("#incidents").message("checkout is resolved")
    await card.expects_thread_reply("The card network is back. It is over.")
    incident = stage.engine.reading.incident(1).incident
    assert (incident.state, incident.resolution) == (IncidentState.RESOLVED, Resolution.BY_PERSON)
    await ana.in_("#incidents").types("/incident INC-1 update and again")
    await ana.in_("#incidents").expects_ephemeral("resolved it already")


async def test_a_reminder_that_comes_too_late_is_not_told(stage: Stage) -> None:
    ana = stage.people.as_("ana").in_("#incidents")
    incident = stage.declare()
    await ana.message("Checkout refuses").found()
    engine, by = stage.engine, stage.person("ana")
    engine.updates.post(incident.id, "Looking", by, next_in=timedelta(minutes=1))
    update = engine.reading.incident(1).life.updates[-1]
    with engine.store.write() as tx:  # the minute is over, and it ends in the moment it is told
        from_now = stage.clock.now() - timedelta(minutes=1)
        tx.updates.add(type(update)(1, from_now, by.key, "Looking again", "critical", from_now, from_now))
    await stage.people.fault("outage", method="chat.*")
    assert engine.updates.remind() == 1
    engine.incidents.resolve(incident.id, by)
    await stage.people.post("faults", {"clear": True})
    await ana.message("checkout is resolved").expects_thread_reply("resolved it")
    thread = await stage.thread((await stage.channel())[0]["ts"])
    assert not [message for message in thread if "⏰" in message["text"]]


# -- in simulated time


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    is_postgres = request.param == "postgresql"
    return str(request.getfixturevalue("empty_postgres_url")) if is_postgres else f"sqlite:///{tmp_path}/t.db"


def reminders(world: World, number: int) -> list[tuple[float, str]]:
    """(minutes after the incident opened, who was reminded)."""
    page = world.engine.reading.incident(number)
    opened = page.incident.opened_at
    return [
        (round((e.at - opened) / timedelta(minutes=1)), dict(e.facts)["to"])
        for e in page.timeline
        if e.kind == "reminded"
    ]


def test_the_lead_is_reminded_once_an_interval_and_not_for_ever(url: str) -> None:
    world = World(services={}, database_url=url)
    incident = world.engine.incidents.declare(ANA, "checkout", "cards are refused", Severity.CRITICAL)
    world.engine.roles.take(incident.id, BEN)
    world.engine.updates.post(incident.id, "Looking", ANA, next_in=timedelta(minutes=20))
    world.run(minutes=19)
    assert reminders(world, incident.id) == []
    world.run(minutes=30)
    world.restart()  # in between
    world.run(minutes=600)
    told = reminders(world, incident.id)
    assert len(told) == REMINDERS_MAX
    assert {who for _, who in told} == {BEN.key}
    assert [minute for minute, _ in told] == pytest.approx([20, 40, 60], abs=2)


def test_two_replicas_remind_once(url: str) -> None:
    world = World(services={}, database_url=url)
    other = World(services={}, database_url=url)
    incident = world.engine.incidents.declare(ANA, "checkout", "cards are refused", Severity.CRITICAL)
    world.engine.updates.post(incident.id, "Looking", ANA, next_in=timedelta(minutes=20))
    for one in (world, other):
        one.clock.advance(timedelta(minutes=21))
    assert [world.engine.updates.remind(), other.engine.updates.remind()] == [1, 0]
    assert reminders(world, incident.id) == [(21, ANA.key)]  # nobody leads: whoever promised it


def test_nobody_is_reminded_when_the_word_came_or_the_incident_ended() -> None:
    world = World(services={})
    kept = world.engine.incidents.declare(ANA, "checkout", "cards are refused", Severity.CRITICAL)
    world.engine.updates.post(kept.id, "Looking", ANA, next_in=timedelta(minutes=20))
    world.run(minutes=10)
    world.engine.updates.post(kept.id, "Found it", ANA)
    ended = world.engine.incidents.declare(ANA, "search", "empty", Severity.MAJOR)
    world.engine.updates.post(ended.id, "Looking", ANA, next_in=timedelta(minutes=20))
    world.engine.incidents.resolve(ended.id, ANA)
    world.run(minutes=30)
    world.engine.incidents.reopen(ended.id, ANA)
    world.run(minutes=60)
    assert (reminders(world, kept.id), reminders(world, ended.id)) == ([], [])


def test_after_a_long_downtime_one_reminder_comes_not_all_that_were_missed() -> None:
    world = World(services={})
    incident = world.engine.incidents.declare(ANA, "checkout", "cards are refused", Severity.CRITICAL)
    world.engine.updates.post(incident.id, "Looking", ANA, next_in=timedelta(minutes=5))
    world.clock.advance(timedelta(hours=3))
    assert [world.engine.updates.remind() for _ in range(3)] == [1, 0, 0]


def test_what_cannot_be_an_update_is_refused() -> None:
    world = World(services={})
    incident = world.engine.incidents.declare(ANA, "checkout", "cards are refused", Severity.CRITICAL)
    with pytest.raises(InputError, match="a few words"):
        world.engine.updates.post(incident.id, " \0 ", ANA)
    with pytest.raises(InputError, match="in a day at the latest"):
        world.engine.updates.post(incident.id, "x", ANA, next_in=timedelta(days=2))
    world.engine.updates.post(incident.id, "x", ANA, ends="not_a_problem")
    with pytest.raises(Stale):
        world.engine.updates.post(incident.id, "y", ANA)
