"""What brings an incident back, and what keeps it open? Its own trouble, not noise that looks like a little of it."""

from dataclasses import replace

from bot.incidents.model import Incident, IncidentState, Resolution
from bot.signals.fingerprint import fingerprint
from bot.signals.model import Signal, SignalKind
from bot.signals.severity import Severity
from bot.sources.model import Ended, Heard
from tests.scenarios.traffic import Line
from tests.scenarios.world import World

DISK_FULL = Line("write of block {n} failed: No space left on device", 40, "error")
NO_COLUMN = Line("ERROR: column created_at does not exist at character {n}", 40, "error")
RETRYING = "retrying charge {n}: temporary error"


def alert(world: World, service: str, name: str, severity: Severity) -> Signal:
    now = world.clock.now()
    return Signal(
        fingerprint=fingerprint(SignalKind.ALERT, service, name),
        kind=SignalKind.ALERT,
        service=service,
        severity=severity,
        began_at=now,
        at=now,
        title=f"{name} of {service}",
        source="alertmanager",
    )


def test_another_problem_behind_the_same_alert_is_a_message_of_its_own() -> None:
    world = World()
    world.run(minutes=60)
    break_payments(world, DISK_FULL)
    [before] = world.incidents()
    assert before.resolution is Resolution.QUIET
    break_payments(world, NO_COLUMN, quiet=0)
    before, now = world.incidents()
    assert (before.state, now.state) == (IncidentState.RESOLVED, IncidentState.OPEN)
    assert "another" in world.timeline(before)
    assert "another_from" in world.timeline(now)
    assert lines_of(world, now) == {"ERROR: column created_at does not exist at character <NUM>"}


def test_the_same_lines_behind_the_same_alert_are_the_same_problem() -> None:
    world = World()
    world.run(minutes=60)
    break_payments(world, DISK_FULL)
    break_payments(world, DISK_FULL, quiet=0)
    [incident] = world.incidents()
    assert incident.state is IncidentState.REOPENED


def test_the_thread_says_what_brought_it_back() -> None:
    world = World()
    world.run(minutes=60)
    break_payments(world, DISK_FULL)
    world.engine.signals.report([alert(world, "payments", "errors", Severity.MAJOR)])
    [incident] = world.incidents()
    with world.engine.store.read() as tx:
        [facts] = [dict(entry.facts) for entry in tx.incidents.timeline(incident.id) if entry.kind == "reopened"]
    assert (facts["signal"], facts["service"], facts["title"]) == ("alert", "payments", "errors of payments")


def test_a_small_alert_alone_opens_nothing_again() -> None:
    world = World()
    world.run(minutes=60)
    world.engine.signals.report([alert(world, "payments", "latency", Severity.MINOR)])
    break_payments(world, DISK_FULL)
    world.engine.signals.report([alert(world, "payments", "latency", Severity.MINOR)])
    world.run(minutes=2)
    [incident] = world.incidents()
    assert incident.state is IncidentState.RESOLVED


def test_a_usual_line_now_and_then_keeps_nothing_open_and_brings_nothing_back() -> None:
    world = World()
    world.service("payments").lines.append(Line(RETRYING, 0.12, "warning"))
    world.run(minutes=60)
    world.service("payments").faults.append(Line(RETRYING, 4, "warning"))
    break_payments(world, DISK_FULL, quiet=60)
    [incident] = world.incidents()
    assert "retrying charge <NUM>: temporary error" in lines_of(world, incident)
    assert incident.state is IncidentState.RESOLVED
    assert not {"again", "reopened", "flapping"} & set(world.timeline(incident))


def test_more_of_what_is_only_information_keeps_nothing_open() -> None:
    world = World()
    world.run(minutes=60)
    break_payments(world, DISK_FULL, quiet=0)
    little = alert(world, "payments", "requests", Severity.INFO)
    for _ in range(14):
        world.engine.signals.report([replace(little, at=world.clock.now())])
        world.run(minutes=1)
    [incident] = world.incidents()
    assert incident.resolution is Resolution.QUIET
    assert "again" not in world.timeline(incident)


def test_an_alert_that_is_only_information_and_stands_holds_nothing_open() -> None:
    world = World()
    major, little = alert(world, "payments", "errors", Severity.MAJOR), alert(world, "payments", "up", Severity.INFO)
    world.engine.events.hear("alertmanager", Heard(signals=[major, little]))
    [incident] = world.incidents()
    world.run(minutes=20)
    assert world.incidents()[0].state.is_active
    world.engine.events.hear("alertmanager", Heard(ended=[Ended(major.fingerprint, "payments", world.clock.now())]))
    [incident] = world.incidents()
    assert incident.resolution is Resolution.RECOVERED


def break_payments(world: World, line: Line, quiet: int = 13) -> None:
    """For four minutes, with an alert that comes with the lines, and then `quiet` minutes without both."""
    world.service("payments").faults.append(line)
    for _ in range(4):
        world.engine.signals.report([alert(world, "payments", "errors", Severity.MAJOR)])
        world.run(minutes=1)
    world.service("payments").faults.clear()
    world.run(minutes=quiet)


def lines_of(world: World, incident: Incident) -> set[str]:
    with world.engine.store.read() as tx:
        return {s.evidence.template for s in tx.signals.of(incident.id) if s.evidence.template}
