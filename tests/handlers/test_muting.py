"""Can people mute, ask why, grade, merge and split in Slack? Pressed and typed for real, in the local workspace."""

from datetime import timedelta

from bot.signals.fingerprint import fingerprint
from bot.signals.model import Signal, SignalKind
from bot.signals.severity import Severity
from tests.slack.stage import Stage


def alert(stage: Stage, service: str, name: str = "p99", severity: Severity = Severity.MAJOR) -> Signal:
    now = stage.clock.now()
    title = f"{name} of {service} is too high"
    return Signal(fingerprint("alert", service, name), SignalKind.ALERT, service, severity, now, now, title, source="t")


async def test_an_incident_is_silenced_from_its_menu_and_stays_silent(stage: Stage) -> None:
    ana = stage.people.as_("ana")
    stage.engine.signals.report([alert(stage, "web")])
    await ana.in_("#incidents").message("p99 of web").press("Silence …")
    await ana.form().fill(reason="the load test makes noise").submit()
    await ana.in_("#incidents").expects_ephemeral("this problem is quiet until")
    [view] = stage.engine.silences.page().silences
    assert view.silence.until - view.silence.since == timedelta(hours=2)
    await ana.in_("#incidents").message("p99 of web").expects_thread_reply("silenced it: the load test makes noise")
    stage.engine.incidents.resolve(1, stage.person("ana"))
    stage.engine.signals.report([alert(stage, "web")] * 3)
    assert stage.engine.reading.incidents().active == ()
    await ana.in_("#incidents").types("/tocsin silences")
    await ana.in_("#incidents").expects_ephemeral("It hid 3 × major")
    digest = stage.engine.digests.compose_now()
    assert [v.silence.id for v in digest.silences] == [view.silence.id]
    assert digest.muted_signals == 3


async def test_a_typed_silence_is_ended_by_its_button_or_by_typing(stage: Stage) -> None:
    ana, ben = stage.people.as_("ana").in_("#incidents"), stage.people.as_("ben").in_("#incidents")
    await ana.types("/tocsin silence service=web kind=alert 2h moving house")
    await ana.expects_ephemeral("Silence 1:")
    stage.engine.signals.report([alert(stage, "web"), alert(stage, "checkout")])
    assert [i.service for i in stage.engine.reading.incidents().active] == ["checkout"]
    await ben.types("/tocsin unsilence 1")
    await ben.expects_ephemeral("is told again")
    stage.engine.signals.report([alert(stage, "web")])
    assert {i.service for i in stage.engine.reading.incidents().active} == {"checkout", "web"}
    await ben.types("/tocsin unsilence 1")
    await ben.expects_ephemeral("That silence is over already")
    await ana.types("/tocsin silence web soon because")
    await ana.expects_ephemeral("/tocsin silence checkout 2h")


async def test_planned_work_mutes_what_begins_in_it(stage: Stage) -> None:
    ana = stage.people.as_("ana").in_("#incidents")
    await ana.types("/tocsin maintenance web 1h moving the database")
    await ana.expects_ephemeral("moving the database")
    stage.engine.signals.report([alert(stage, "web")])
    assert stage.engine.reading.incidents().active == ()
    await ana.types("/tocsin why not web")
    await ana.expects_ephemeral("planned maintenance")


async def test_why_was_i_not_told_is_answered_from_what_was_decided(stage: Stage) -> None:
    ana = stage.people.as_("ana").in_("#incidents")
    stage.take("web", "GET /cart 200")
    stage.engine.signals.report([alert(stage, "web", severity=Severity.MINOR)])
    await ana.types("/tocsin why was I not told about web?")
    await ana.expects_ephemeral("Something was seen, and was too little to tell")
    await ana.expects_ephemeral("small, and nothing else showed trouble with it")
    await ana.types("/tocsin why not nowhere 14:05")
    await ana.expects_ephemeral("Nothing is known of")
    stage.engine.signals.report([alert(stage, "web")])
    await ana.types("/tocsin why not web")
    await ana.expects_ephemeral("You were told: INC-1")


async def test_why_of_a_run_and_of_a_message(stage: Stage) -> None:
    ana = stage.people.as_("ana")
    await ana.in_("#incidents").types("/rollback checkout")
    await ana.in_("#incidents").expects_ephemeral("The plan is ready")
    await ana.in_("#incidents").types("/tocsin why run 1")
    await ana.in_("#incidents").expects_ephemeral("asked for by")
    stage.declare()
    await ana.in_("#incidents").message("Checkout refuses").uses_shortcut("why_message")
    await ana.in_("#incidents").expects_ephemeral("Why INC-1")


async def test_people_say_how_bad_it_is_and_it_does_not_rise_by_itself(stage: Stage) -> None:
    ana = stage.people.as_("ana")
    stage.engine.signals.report([alert(stage, "web")])
    await ana.in_("#incidents").message("p99 of web").press("How bad is it? …")
    await ana.form().fill(severity="Minor", reason="nobody uses it at night").submit()
    await ana.in_("#incidents").message("Minor · web").expects_thread_reply("nobody uses it at night")
    stage.engine.signals.report([alert(stage, "web", severity=Severity.CRITICAL)])
    assert stage.engine.reading.incident(1).incident.severity is Severity.MINOR
    await ana.in_("#incidents").types("/incident INC-1 severity critical it is day now")
    await ana.in_("#incidents").message("Critical · web").expects_thread_reply("it is day now")
    await ana.in_("#incidents").types("/incident INC-1 severity huge")
    await ana.in_("#incidents").expects_ephemeral("is not a severity")


async def test_two_incidents_are_merged_and_that_is_learnt(stage: Stage) -> None:
    ana = stage.people.as_("ana")
    stage.engine.signals.report([alert(stage, "web"), alert(stage, "checkout")])
    await ana.in_("#incidents").message("p99 of checkout").press("Merge or split …")
    await ana.form().fill(merge="INC-1 web").submit()
    await ana.in_("#incidents").message("checkout is part of INC-1").expects("goes on there")
    await ana.in_("#incidents").message("p99 of web").expects_thread_reply("is the same; it goes on here")
    assert stage.engine.reading.incident(1).signal_count == 2
    stage.engine.incidents.resolve(1, stage.person("ana"))
    stage.engine.signals.report([alert(stage, "checkout")])
    stage.engine.signals.report([alert(stage, "web")])
    assert len(stage.engine.reading.incidents().active) <= 1


async def test_a_part_is_split_off_by_a_command(stage: Stage) -> None:
    ana = stage.people.as_("ana")
    stage.engine.signals.report([alert(stage, "web"), alert(stage, "checkout")])
    await ana.in_("#incidents").types("/incident INC-2 merge INC-1")
    await ana.in_("#incidents").expects_ephemeral("INC-1 (web)")
    await ana.in_("#incidents").types("/incident INC-1 split checkout")
    await ana.in_("#incidents").expects_ephemeral("INC-3 (checkout)")
    await ana.in_("#incidents").message("p99 of web").expects_thread_reply("is another problem: INC-3")
    await ana.in_("#incidents").types("/incident INC-1 split web")
    await ana.in_("#incidents").expects_ephemeral("name some of its services, not all")
