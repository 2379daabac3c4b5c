"""Does the story of the design hold, from the log line to the verified rollback?"""

from datetime import timedelta

import pytest

from bot.actions.model import ActionKind, RunState, Verdict
from bot.errors import Refused, Stale
from bot.incidents.model import IncidentState, Resolution
from bot.signals.model import SignalKind
from bot.signals.severity import Severity
from tests.scenarios.deployments import Deployments
from tests.scenarios.traffic import Line
from tests.scenarios.world import ANA, BEN, BOT, STRANGER, World

BROKEN = Line("payment {n} failed: cannot convert total to currency={c}", 80, "error", choices=("JPY",) * 11 + ("EUR",))


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Two hours of a healthy shop, then a deploy of checkout that breaks it."""
    deployments = Deployments(tmp_path_factory.mktemp("deployments"), {"checkout": "1.4.1"})
    world = World(executors={"shop": deployments.executor}, **deployments.settings())
    world.deployments = deployments  # type: ignore[attr-defined]
    world.run(minutes=120)
    assert world.incidents() == []
    deployments.commit("checkout", "1.4.2")
    world.deploy("checkout", "1.4.2", previous="1.4.1")
    world.service("checkout").faults.append(BROKEN)
    return world


def test_a_bad_deploy_becomes_one_incident_with_the_deploy_as_first_suspect(world: World) -> None:
    world.run(minutes=2)
    [incident] = world.incidents()
    page = world.engine.reading.incident(incident.id)
    assert incident.service == "checkout"
    assert incident.severity.at_least(Severity.MAJOR)
    [signal] = [s for s in page.signals if s.kind is SignalKind.NEW_TEMPLATE]
    assert "cannot convert total" in signal.evidence.template
    assert signal.evidence.rate_before == 0
    assert signal.evidence.rate_now == pytest.approx(80, rel=0.4)
    assert signal.evidence.dominant is not None
    assert signal.evidence.dominant.value == "JPY"
    assert signal.evidence.dominant.share > 0.8
    assert page.suspects[0].change is not None
    assert page.suspects[0].change.version == "1.4.2"
    assert page.suspects[0].word == "likely"
    assert page.offer is not None
    assert page.offer.name == "rollback-checkout"


def test_the_rollback_counts_as_a_failed_deploy_in_the_figures(world: World) -> None:
    world.run(minutes=2)
    [incident] = world.incidents()
    run = world.engine.runs.ask(ActionKind.ROLLBACK, "checkout", {}, ANA, incident=incident.id)
    world.engine.runs.approve(run.id, BEN)
    world.run(minutes=1)
    page = world.engine.stats.page(7)
    assert (page.measures.count, page.delivery.deploys, page.delivery.failed) == (1, 1, 1)


def test_the_rollback_runs_once_after_another_says_yes_and_is_verified(world: World) -> None:
    deployments: Deployments = world.deployments  # type: ignore[attr-defined]
    world.run(minutes=2)
    [incident] = world.incidents()
    world.engine.incidents.acknowledge(incident.id, ANA)
    run = world.engine.runs.ask(ActionKind.ROLLBACK, "checkout", {}, ANA, incident=incident.id)
    assert (run.plan.before, run.plan.after) == ("1.4.2", "1.4.1")
    for person, reason in ((ANA, "own_request"), (STRANGER, "not_an_operator"), (BOT, "bots_may_not_act")):
        with pytest.raises(Refused) as refused:
            world.engine.runs.approve(run.id, person)
        assert refused.value.reason == reason
    world.engine.runs.approve(run.id, BEN)
    with pytest.raises((Stale, Refused)):
        world.engine.runs.approve(run.id, BEN)
    world.tick()
    assert deployments.version("checkout") == "1.4.1"
    assert deployments.commits_by("Tocsin-Action") == 1
    world.service("checkout").faults.clear()
    world.run(minutes=4)
    [incident] = world.incidents()
    [run] = world.engine.reading.incident(incident.id).runs
    assert (run.state, run.verdict) == (RunState.SUCCEEDED, Verdict.RECOVERED)
    assert (incident.state, incident.resolution) == (IncidentState.RESOLVED, Resolution.RECOVERED)
    assert incident.acknowledged_by == ANA.key


def test_a_rollback_that_does_not_help_says_so(world: World) -> None:
    world.run(minutes=2)
    [incident] = world.incidents()
    run = world.engine.runs.ask(ActionKind.ROLLBACK, "checkout", {}, ANA, incident=incident.id)
    world.engine.runs.approve(run.id, BEN)
    world.run(minutes=8)
    assert world.engine.reading.run(run.id).run.verdict is Verdict.NO_EFFECT
    assert world.incidents()[0].state.is_active


def test_a_problem_that_ends_by_itself_resolves_after_ten_quiet_minutes_and_reopens_when_it_is_back(
    world: World,
) -> None:
    world.run(minutes=3)
    world.service("checkout").faults.clear()
    world.run(minutes=12)
    [incident] = world.incidents()
    assert (incident.state, incident.resolution) == (IncidentState.RESOLVED, Resolution.QUIET)
    world.service("checkout").faults.append(BROKEN)
    world.run(minutes=2)
    [incident] = world.incidents()
    assert incident.state is IncidentState.REOPENED


def test_an_approval_does_not_outlive_a_world_that_moved(world: World) -> None:
    deployments: Deployments = world.deployments  # type: ignore[attr-defined]
    world.run(minutes=2)
    [incident] = world.incidents()
    run = world.engine.runs.ask(ActionKind.ROLLBACK, "checkout", {}, ANA, incident=incident.id)
    deployments.commit("checkout", "1.4.3")
    world.engine.runs.approve(run.id, BEN)
    world.tick()
    assert world.engine.reading.run(run.id).run.state is RunState.FAILED
    assert deployments.version("checkout") == "1.4.3"


def test_a_request_nobody_answers_expires(world: World) -> None:
    world.run(minutes=2)
    [incident] = world.incidents()
    run = world.engine.runs.ask(ActionKind.ROLLBACK, "checkout", {}, ANA, incident=incident.id)
    world.clock.advance(timedelta(minutes=31))
    world.tick()
    assert world.engine.reading.run(run.id).run.state is RunState.EXPIRED
    with pytest.raises(Stale):
        world.engine.runs.approve(run.id, BEN)


def test_what_people_call_no_problem_is_not_told_again(world: World) -> None:
    world.run(minutes=2)
    [incident] = world.incidents()
    world.engine.incidents.not_a_problem(incident.id, ANA)
    world.run(minutes=30)
    assert len(world.incidents()) == 1
    assert not world.incidents()[0].state.is_active
