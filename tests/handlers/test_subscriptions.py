"""Do people get the digest they ask for, where they ask for it, and does it have its buttons?"""

import base64
from datetime import datetime, timedelta

import pytest

from bot.engine.ports import Notice
from bot.signals.model import Signal, SignalKind
from bot.signals.severity import Severity
from tests.slack.stage import Stage


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("/tocsin subscribe", "You get no digest of your own"),
        ("/tocsin subscribe daily 8:30", "You get a digest: Every day at 08:30, your own time"),
        ("/tocsin subscribe weekly friday 7am", "Every Friday at 07:00, your own time"),
        ("/tocsin subscribe friday at 16:05 about checkout", "Every Friday at 16:05, your own time, about `checkout`"),
        ("/tocsin subscribe here at 7", "This channel gets a digest: Every day at 07:00, UTC"),
        ("/tocsin subscribe chekout", "There is no service called `chekout`"),
        ("/tocsin subscribe 25:00", "no time of day"),
        ("/tocsin subscribe stop", "You get no digest of your own"),
        ("/tocsin subscribe stop 12", "There is no subscription called"),
    ],
)  # fmt: skip
async def test_what_is_typed_is_understood_or_said_to_be_not(stage: Stage, typed: str, answer: str) -> None:
    stage.take("checkout", "paid order 12")
    ana = stage.people.as_("ana").in_("#incidents")
    await ana.types(typed)
    await ana.expects_ephemeral(answer)


async def test_a_subscription_is_listed_and_stopped(stage: Stage) -> None:
    ana = stage.people.as_("ana").in_("#incidents")
    await ana.types("/tocsin subscribe daily")
    await ana.expects_ephemeral("You get a digest")
    await ana.types("/tocsin subscribe here weekly")
    await ana.expects_ephemeral("This channel gets a digest")
    await ana.types("/tocsin subscriptions")
    await ana.expects_ephemeral("You have 1 digest, this channel 1")
    await ana.types("/tocsin unsubscribe")
    await ana.expects_ephemeral("Your digest has ended")
    await ana.types("/tocsin subscribe stop here")
    await ana.expects_ephemeral("The channel’s digest has ended")
    page = stage.engine.subscriptions.page(stage.person("ana"), stage.workspace.channels["incidents"])
    assert (page.mine, page.here) == ((), ())


async def test_the_home_begins_and_stops_a_digest(stage: Stage) -> None:
    home = stage.people.as_("ben").home()
    await home.expects("None yet")
    await home.press("Send me one every day")
    await home.expects("Every day at 09:00, your own time")
    await home.press("Stop")
    await home.expects("None yet")


async def test_a_personal_digest_arrives_as_a_direct_message_with_its_plot(stage: Stage) -> None:
    ben = stage.person("ben")
    stage.declare()
    await stage.people.as_("ben").in_("#incidents").types("/tocsin subscribe daily 0:00")
    await stage.people.as_("ben").in_("#incidents").expects_ephemeral("You get a digest")
    now = stage.engine.clock.now()
    facts = _facts(now, now, ben.key)
    stage.put(Notice("digest:now", "digest", ben.user, facts))
    stage.put(Notice("digest:now:health", "digest_health", ben.user, facts, thread_of="digest:now"))
    direct = stage.people.as_("ben").in_("@tocsin")
    root = await direct.expects_message("*Do now:* take INC-1 checkout, Checkout refuses every card")
    thread = stage.people.as_("ben").in_("@tocsin", root["ts"])
    shared = await thread.expects_message("Health of the last 7 days")
    (file,) = shared["files"]
    kept = stage.workspace.core.team.files.get(file["id"])
    assert kept is not None
    assert kept["alt_txt"].startswith("Health of the last 7 days, to ")
    assert base64.b64decode(kept["data"]).startswith(b"\x89PNG")


def _facts(until: datetime, day: datetime, person: str = "") -> dict[str, str]:
    since = (until - timedelta(days=1)).isoformat()
    return {"date": day.date().isoformat(), "since": since, "until": until.isoformat(), "person": person}


async def test_what_is_noisy_is_silenced_for_a_week_once(stage: Stage) -> None:
    incident = stage.declare()
    now = stage.engine.clock.now()
    noisy = Signal("f" * 32, SignalKind.RATE_UP, "web", Severity.MAJOR, now, now, "GET <*> 500", count=40)
    with stage.engine.store.write() as tx:
        tx.signals.add(noisy, incident.id)
    assert stage.engine.digests.compose_now().noisy[0].times == 40
    facts = _facts(now + timedelta(minutes=1), now)
    stage.put(Notice("digest:now", "digest_noise", "#incidents", facts))
    ana = stage.people.as_("ana").in_("#incidents")
    await ana.expects_message("Raised most often")
    await ana.message("Raised most often").press("Silence for 7 days")
    await ana.expects_ephemeral("this problem is quiet until")
    await ana.note()
    await ana.message("Raised most often").press("Silence for 7 days")
    await ana.expects_ephemeral("this problem is quiet until")
    (view,) = stage.engine.silences.page().silences
    assert view.silence.until - view.silence.since == timedelta(days=7)
    assert view.silence.reason == "noisy, silenced for a week from the digest"
