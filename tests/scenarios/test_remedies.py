"""Does Tocsin do by itself what the rules say, within limits and policy, once, and with the yes it needs?"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.actions.fitting import Fitting
from bot.actions.model import Action, ActionKind, Plan, RunState, Verdict
from bot.actions.remedies import Doing, Mode, Remedy, Standing, held_back
from bot.clock import SystemClock
from bot.errors import ConnectorError, NotFound, Refused
from bot.main import build_engine, open_store
from bot.settings import Settings
from bot.signals.fingerprint import fingerprint
from bot.signals.model import Signal, SignalKind
from bot.signals.severity import Severity
from bot.slack.render import Renderer
from tests.scenarios.test_runs import Scripted
from tests.scenarios.test_two_people import _at_once
from tests.scenarios.world import ANA, BEN, STRANGER, World
from tests.slack.stage import NOON
from tests.templates import pages

RULE = {"services": ["orders"], "kinds": ["run_failed"], "action": "rerun-orders", "mode": "on", "per_hour": 5,
        "per_day": 9, "cool_down_minutes": 0}  # fmt: skip


class Backend(Scripted):
    def __init__(self) -> None:
        super().__init__()
        self.cannot_plan: ConnectorError | None = None
        self.planned = 0

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        self.planned += 1
        if self.cannot_plan is not None:
            raise self.cannot_plan
        return super().plan(action, parameters)


@pytest.fixture
def backend() -> Backend:
    return Backend()


def settings_of(rule: Mapping[str, Any], approvals: int = 0, **more: Any) -> dict[str, Any]:
    action = {"kind": "rerun", "service": "orders", "connector": "c", "approvals": approvals}
    return {
        "connectors": {"c": {"type": "scripted"}},
        "actions": {"rerun-orders": action},
        "remedies": {"rerun": {**RULE, **rule}},
        **more,
    }


def world_with(backend: Backend, approvals: int = 0, more: Mapping[str, Any] | None = None, **rule: Any) -> World:
    return World(executors={"c": backend}, services={}, **settings_of(rule, approvals, **(more or {})))


def failed_run(world: World, name: str = "orders") -> None:
    now = world.clock.now()
    found = fingerprint("run_failed", "orders", name)
    signal = Signal(found, SignalKind.RUN_FAILED, "orders", Severity.CRITICAL, now, now, f"{name} failed")
    world.engine.signals.report([signal])


def said(world: World) -> list[str]:
    return [kind for incident in world.incidents() for kind in world.timeline(incident)]


def audited(world: World) -> list[tuple[str, str]]:
    with world.engine.store.read() as tx:
        return [(sealed.entry.by, sealed.entry.what) for sealed in tx.audit.sealed(0, 500)]


# -- what it does


def test_it_acts_by_itself_once_when_the_incident_is_old_enough(backend: Backend) -> None:
    world = world_with(backend)
    failed_run(world)
    world.run(minutes=1)
    assert backend.effects == []
    world.run(minutes=20)
    assert len(backend.effects) == 1
    assert "remedy_acts" in said(world)
    assert ("remedy/rerun", "run.asked") in audited(world)
    with world.engine.store.read() as tx:
        run = tx.runs.get(1)
    assert (run.asked_by, run.approved_by, run.incident) == ("remedy/rerun", (), 1)


def test_what_needs_a_yes_waits_for_a_persons(backend: Backend) -> None:
    world = world_with(backend, approvals=1)
    failed_run(world)
    world.run(minutes=5)
    assert backend.effects == []
    card = Renderer().render("run", world.engine.reading.run(1)).text
    assert "The remedy rerun asks. A person has to say yes" in card
    world.engine.runs.approve(1, ANA)
    world.run(minutes=1)
    assert len(backend.effects) == 1


def test_off_is_the_default_and_dry_only_says_what_it_would_do(backend: Backend) -> None:
    off = Settings.model_validate(settings_of({})).remedies["rerun"].model_dump(exclude={"mode"})
    world = World(executors={"c": backend}, services={}, **{**settings_of({}), "remedies": {"rerun": off}})
    failed_run(world)
    world.run(minutes=10)
    assert said(world) == ["opened"]
    dry = world_with(backend, mode="dry")
    failed_run(dry)
    dry.run(minutes=10)
    assert said(dry).count("remedy_dry") == 1
    assert (backend.effects, audited(dry)[-1]) == ([], ("remedy/rerun", "remedy.dry"))
    with dry.engine.store.read() as tx:
        assert tx.runs.in_state(*RunState) == []


def test_an_incident_that_is_over_or_of_another_kind_gets_nothing(backend: Backend) -> None:
    world = world_with(backend)
    failed_run(world)
    world.engine.incidents.resolve(1, ANA)
    now = world.clock.now()
    alert = Signal("f", SignalKind.ALERT, "orders", Severity.CRITICAL, now, now, "late")
    world.engine.signals.report([alert])
    world.run(minutes=10)
    assert backend.planned == 0


def test_values_come_from_the_incident(backend: Backend) -> None:
    world = world_with(backend, parameters={"size": "{incident}"})
    failed_run(world)
    world.run(minutes=3)
    assert backend.told[0]["size"] == "INC-1"


# -- what holds it back


def test_freezes_and_locks_hold_and_are_said_once(backend: Backend) -> None:
    frozen = {
        "freezes": {"audit": {"starts": "2026-11-16T00:00:00Z", "ends": "2026-11-16T06:30:00Z"}},
        "incidents": {"quiet_minutes": 600},
    }
    world = world_with(backend, more=frozen)
    failed_run(world)
    world.run(minutes=20)
    assert said(world).count("remedy_held") == 1
    assert backend.effects == []
    world.engine.locks.lock("production", ANA)
    world.run(minutes=20)
    assert said(world).count("remedy_held") == 2
    world.engine.locks.unlock(ANA, "production")
    world.run(minutes=5)
    assert len(backend.effects) == 1


def test_after_a_failure_it_stands_still_until_a_person_lets_it_go_on(backend: Backend) -> None:
    world = world_with(backend)
    backend.broken = [ConnectorError("no", permanent=True)]
    failed_run(world)
    world.run(minutes=5)
    assert said(world).count("remedy_stopped") == 1
    world.engine.incidents.resolve(1, ANA)
    failed_run(world, "another")
    world.run(minutes=5)
    assert backend.effects == []
    assert world.engine.remedies.all()[0].held == "failed"
    with pytest.raises(Refused):
        world.engine.remedies.resume("rerun", STRANGER)
    with pytest.raises(NotFound):
        world.engine.remedies.resume("other", BEN)
    world.engine.remedies.resume("rerun", BEN)
    world.run(minutes=5)
    assert len(backend.effects) == 1


def test_a_person_can_stop_it(backend: Backend) -> None:
    world = world_with(backend)
    world.engine.remedies.stop("rerun", ANA)
    failed_run(world)
    world.run(minutes=5)
    assert (backend.effects, backend.planned) == ([], 0)


def test_a_backend_that_cannot_plan_for_now_is_asked_again_and_one_that_never_can_is_told(backend: Backend) -> None:
    world = world_with(backend)
    backend.cannot_plan = ConnectorError("busy", permanent=False)
    failed_run(world)
    world.run(minutes=4)
    assert 1 <= backend.planned <= 4
    backend.cannot_plan = ConnectorError("no such DAG", permanent=True)
    world.run(minutes=4)
    assert said(world).count("remedy_failed") == 1
    assert world.engine.remedies.all()[0].held == "failed"


REMEDY = Remedy("r", Mode.ON, Fitting(), "a", {}, timedelta(), 2, 3, timedelta(minutes=10))
OVER = pages.run(RunState.SUCCEEDED, verdict=Verdict.RECOVERED)


def doing(minutes_ago: float, **changes: Any) -> Doing:
    return replace(Doing(1, NOON - timedelta(minutes=minutes_ago), Mode.ON, OVER), **changes)


@pytest.mark.parametrize(
    ("past", "standing", "held"),
    [
        ([], Standing(), ""),
        ([doing(11)], Standing(), ""),
        ([doing(9)], Standing(), "cool_down"),
        ([doing(50), doing(20)], Standing(), "per_hour"),
        ([doing(700), doing(600), doing(100)], Standing(), "per_day"),
        ([doing(1500), doing(600), doing(100)], Standing(), ""),
        ([doing(30, run=pages.run(RunState.ASKED))], Standing(), "under_way"),
        ([doing(30, run=pages.run(RunState.EXPIRED))], Standing(), ""),
        ([doing(30, run=pages.run(RunState.FAILED))], Standing(), "failed"),
        ([doing(900, run=replace(OVER, verdict=Verdict.WORSE)), doing(800)], Standing(), "failed"),
        ([doing(30, run=pages.run(RunState.FAILED))], Standing(resumed_at=NOON - timedelta(minutes=5)), ""),
        ([], Standing(stopped_at=NOON), "stopped"),
        ([], Standing(stopped_at=NOON, resumed_at=NOON + timedelta(minutes=1)), ""),
    ],
)
def test_limits(past: list[Doing], standing: Standing, held: str) -> None:
    assert held_back(REMEDY, past, standing, NOON) == held


# -- several processes


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_three_replicas_ask_once(kind: str, tmp_path: Path, request: pytest.FixtureRequest, backend: Backend) -> None:
    url = f"sqlite:///{tmp_path}/tocsin.db"
    if kind == "postgresql":
        url = str(request.getfixturevalue("empty_postgres_url"))
    actions = {f"again-{n}": {"kind": "rerun", "service": f"o{n}", "connector": "c", "approvals": 0} for n in range(4)}
    rules = {f"r{n}": {**RULE, "action": f"again-{n}", "min_age_minutes": 0} for n in range(4)}
    values = {"connectors": {"c": {"type": "scripted"}}, "actions": actions, "remedies": rules}
    settings = Settings.model_validate({**values, "slack": {"operators": ["*"]}})
    stores = [open_store(settings, database_url=url) for _ in range(3)]
    replicas = [
        build_engine(settings, clock=SystemClock(), store=db, executors={"c": backend}, team="T1") for db in stores
    ]
    now = SystemClock().now()
    signal = Signal("f", SignalKind.RUN_FAILED, "orders", Severity.CRITICAL, now, now, "orders failed")
    replicas[0].signals.report([signal])
    assert _at_once([replica.remedies.run for replica in replicas]) == []
    with stores[0].read() as tx:
        runs = tx.runs.in_state(*RunState)
        kinds = [entry.kind for entry in tx.incidents.timeline(1)]
    for db in stores:
        db.close()
    assert sorted(run.service for run in runs) == ["o0", "o1", "o2", "o3"]
    assert kinds.count("remedy_acts") == 4
    assert "remedy_held" not in kinds
    assert all(run.kind is ActionKind.RERUN for run in runs)
