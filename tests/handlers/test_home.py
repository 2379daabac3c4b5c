"""Does the App Home show each person what waits for them, and do its buttons work?"""

from datetime import timedelta

from bot.clock import HeldClock
from bot.logs.record import LogRecord
from tests.scenarios.deployments import Deployments
from tests.slack.stage import Stage


async def test_the_home_shows_what_is_open_and_acknowledging_moves_it_to_mine(stage: Stage) -> None:
    stage.declare()
    home = stage.people.as_("ben").home()
    await home.expects("Checkout refuses every card")
    await home.press("Acknowledge")
    await home.expects("Your incidents")
    assert stage.engine.reading.incident(1).incident.acknowledged_by == stage.person("ben").key


async def test_what_waits_for_my_yes_stands_first_and_can_be_approved_there(
    stage: Stage, deployments: Deployments
) -> None:
    ana, ben = stage.people.as_("ana"), stage.people.as_("ben")
    await ana.in_("#incidents").types("/rollback checkout")
    await ana.in_("#incidents").expects_ephemeral("waits for another person")
    await ana.home().expects("Under way")
    home = ben.home()
    await home.expects("Waits for your yes")
    await home.press("Approve")
    await home.expects("approved, starts now")
    assert stage.engine.runs.work("test")
    assert deployments.version("checkout") == "1.4.1"


async def test_a_quiet_home_says_how_to_begin(stage: Stage) -> None:
    home = stage.people.as_("ana").home()
    await home.expects("Nothing is open")
    await home.expects("No log line has come in yet")


async def test_the_home_says_who_sends_and_first_who_went_silent() -> None:
    async with Stage(held=True) as stage:
        ledger, clock = stage.engine.ledger, stage.clock
        assert isinstance(clock, HeldClock)
        for _ in range(3):
            ledger.note("syslog", "10.0.0.7", [LogRecord(clock.now(), "payments", "paid")], 40, 0, duplicate=False)
            clock.advance(timedelta(minutes=1))
        clock.advance(timedelta(minutes=44))
        late = [LogRecord(clock.now() - timedelta(seconds=42), "checkout", "order failed")] * 1500
        ledger.note("otlp", "shipper", late, 3 << 20, 2, duplicate=False)
        ledger.flush()
        home = stage.people.as_("ana").home()
        await home.expects("payments` *silent for 45 min*, 3 lines, 120 B by `syslog` from `10.0.0.7`")
        await home.expects("checkout` 1,500 lines, 3 MB by `otlp` from `shipper`")
        await home.expects("42 s late, 2 rejected")
