"""Does Tocsin learn what belongs together, from what it sees and what people say? Is one problem one message?"""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bot.changes.model import Change, ChangeKind
from bot.incidents.model import Resolution
from bot.signals.fingerprint import fingerprint
from bot.signals.model import Signal, SignalKind
from bot.signals.severity import Severity
from tests.scenarios.world import ANA, World


def alert(world: World, service: str, title: str, severity: Severity = Severity.MAJOR) -> Signal:
    now = world.clock.now()
    return Signal(fingerprint("alert", service, title), SignalKind.ALERT, service, severity, now, now, title)


def report(world: World, *signals: Signal) -> None:
    world.engine.signals.report(signals)


def resolve_all(world: World) -> None:
    for incident in world.incidents():
        if incident.state.is_active:
            world.engine.incidents.resolve(incident.id, ANA)
    world.clock.advance(timedelta(hours=2))


def test_who_names_whom_is_learnt_where_nothing_is_declared_and_survives_a_restart(tmp_path: Path) -> None:
    world = World(services={}, database_url=f"sqlite:///{tmp_path}/tocsin.db")
    report(world, alert(world, "checkout", "p99 high"), alert(world, "web", "checkout did not answer in 5 s"))
    [incident] = world.incidents()
    assert "names" in str(world.engine.whys.incident(incident.id).decisions)
    resolve_all(world)
    world.restart()
    report(world, alert(world, "checkout", "disk slow"), alert(world, "web", "errors"))
    assert len([i for i in world.incidents() if i.state.is_active]) == 1


def test_what_people_merged_comes_together_by_itself_and_what_they_split_does_not() -> None:
    world = World(services={})
    for _ in range(2):
        report(world, alert(world, "mail", "queue long"))
        world.clock.advance(timedelta(minutes=4))
        report(world, alert(world, "search", "index old"))
        active = [i for i in world.incidents() if i.state.is_active]
        if len(active) == 2:
            world.engine.incidents.merge(active[1].id, active[0].id, ANA)
            resolve_all(world)
    [together] = [i for i in world.incidents() if i.state.is_active]
    world.engine.incidents.split(together.id, ["search"], ANA)
    resolve_all(world)
    for _ in range(2):
        report(world, alert(world, "mail", "queue long"), alert(world, "search", "index old"))
        active = [i for i in world.incidents() if i.state.is_active]
        if len(active) == 1:
            world.engine.incidents.split(active[0].id, ["search"], ANA)
        resolve_all(world)
    report(world, alert(world, "mail", "queue long"), alert(world, "search", "index old"))
    assert len([i for i in world.incidents() if i.state.is_active]) == 2


def test_confirmed_kinds_of_change_are_suspected_more_the_next_time() -> None:
    world = World()
    for number in range(6):
        now = world.clock.now()
        world.engine.changes.report(Change(f"d{number}", ChangeKind.DEPLOY, "web", now - timedelta(minutes=3), "2"))
        world.engine.changes.report(Change(f"f{number}", ChangeKind.FLAG, "web", now - timedelta(minutes=3.2), "new"))
        report(world, alert(world, "web", f"errors {number}"))
        incident = world.incidents()[-1]
        suspects = world.engine.reading.incident(incident.id).suspects
        kinds = [line.change.kind for line in suspects if line.change][:2]
        if number == 0:
            assert kinds[0] is ChangeKind.DEPLOY
        flag = next(line for line in suspects if line.change and line.change.kind is ChangeKind.FLAG)
        deploy = next(line for line in suspects if line.change and line.change.kind is ChangeKind.DEPLOY)
        world.engine.incidents.judge(incident.id, flag.suspect.subject, "confirmed", ANA)
        world.engine.incidents.judge(incident.id, deploy.suspect.subject, "rejected", ANA)
        resolve_all(world)
        world.clock.advance(timedelta(hours=6))
    assert kinds[0] is ChangeKind.FLAG


def test_two_that_turn_out_to_be_one_before_anybody_is_told_are_one_message() -> None:
    world = World(services={})
    report(world, alert(world, "database", "slow"))
    world.clock.advance(timedelta(seconds=100))
    report(world, alert(world, "web", "errors"))
    assert len(world.incidents()) == 2
    linking = replace(alert(world, "web", "database did not answer"), began_at=world.clock.now())
    report(world, linking)
    gone = [i for i in world.incidents() if i.resolution is Resolution.MERGED]
    assert [i.merged_into for i in gone] == [1]
    assert world.notices("incident") == ["incident:1"]


def test_what_comes_and_goes_stays_in_one_thread_and_is_held_open() -> None:
    world = World()
    endings = []
    for _ in range(5):
        report(world, alert(world, "web", "flaps"))
        seen = world.clock.now()
        while world.incidents()[0].state.is_active:
            world.run(minutes=1)
        endings.append((world.clock.now() - seen) // timedelta(minutes=1))
        world.run(minutes=3)
    [incident] = world.incidents()
    assert endings[0] < endings[1] < endings[2]
    assert max(endings) <= 70
    assert world.timeline(incident).count("flapping") == 1
    told = [n for n in world.notices("line") if n.startswith(f"incident:{incident.id}:")]
    assert len(told) <= 5 + 2, "five endings, and that it came back is said twice"
