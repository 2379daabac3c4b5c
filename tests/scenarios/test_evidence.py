"""Does the message show what is known now, not only what the first half of a window showed?"""

from datetime import timedelta
from pathlib import Path

from tests.scenarios.traffic import Line
from tests.scenarios.world import World


def test_evidence_grows_with_the_first_windows_of_a_problem() -> None:
    world = World()
    world.run(minutes=60)
    text = "rate lookup failed for currency={c} request={n}"
    late = Line(text, 15, "error", choices=("JPY",) * 9 + ("EUR",), steady=True)
    world.service("checkout").faults.append(late)
    world.run(minutes=1)
    [incident] = world.incidents()
    [first] = world.engine.reading.incident(incident.id).signals
    late.per_minute = 80
    world.run(minutes=1)
    [signal] = world.engine.reading.incident(incident.id).signals
    assert signal.evidence.rate_now is not None
    assert first.evidence.rate_now is not None
    assert signal.evidence.rate_now > 3 * first.evidence.rate_now
    assert signal.evidence.rate_before == 0
    assert signal.evidence.dominant is not None
    assert (signal.evidence.dominant.name, signal.evidence.dominant.value) == ("currency", "JPY")
    assert incident.began_at - signal.began_at <= timedelta(0)


def test_trouble_in_a_neighbour_joins_and_is_said_once() -> None:
    world = World()
    world.run(minutes=60)
    world.service("payments").faults.append(Line("gateway refused charge {n}: timeout", 60, "error"))
    world.run(minutes=2)
    world.service("checkout").faults.append(Line("payment {n} failed: no answer from payments", 60, "error"))
    world.run(minutes=5)
    [incident] = world.incidents()
    assert incident.service == "payments"
    assert world.timeline(incident).count("joined") >= 1
    joined = [key for key in world.notices("line") if key.startswith(f"incident:{incident.id}:line:")]
    assert 1 <= len(joined) <= 4


def test_a_restart_does_not_make_silence_of_lines_that_are_still_under_way(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/tocsin.db"
    world = World(database_url=url)
    world.run(minutes=90)
    for away in (timedelta(seconds=70), timedelta(minutes=3), timedelta(minutes=40)):
        world.clock.advance(away)
        world.restart()
        world.tick()  # nothing has come in yet
        assert world.incidents() == []
        world.run(minutes=30)
    assert world.incidents() == []


def test_a_service_that_falls_silent_is_told() -> None:
    world = World()
    world.run(minutes=90)
    world.service("web").lines.clear()
    world.run(minutes=4)
    assert [incident.service for incident in world.incidents()] == ["web"]


def test_what_the_lines_share_is_told_once_there_are_some_though_they_come_no_faster() -> None:
    ten_seconds = timedelta(seconds=10)
    world = World(window=ten_seconds)
    world.run(minutes=60)
    values = ("JPY",) * 9 + ("EUR",)
    fault = Line("pricing failed for order {n} currency={c}", 48, "error", choices=values, steady=True)
    world.service("checkout").faults.append(fault)
    seen = []
    for _ in range(12):
        world.run(minutes=ten_seconds / timedelta(minutes=1))
        for incident in world.incidents():
            [signal] = world.engine.reading.incident(incident.id).signals
            seen.append(signal.evidence.dominant)
    assert seen[0] is None  # too few lines to say
    assert seen[-1] is not None
    assert (seen[-1].name, seen[-1].value) == ("currency", "JPY")
