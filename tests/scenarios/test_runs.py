"""What becomes of a run of several steps: done in order, stopped, too late, failed on the way, shut out?"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from bot.actions.model import Action, ActionKind, Done, Plan, Progress, Run, RunState, Started
from bot.actions.parameters import Parameter
from bot.engine.runs import Wish
from bot.engine.working import FOLLOW_EVERY, FOLLOW_SELDOM, LEASE, RETRY_AFTER, TRIES_MAX, follow_in
from bot.errors import ConnectorError, InputError, NotFound, Refused, Stale
from bot.people import Person
from tests.scenarios.world import ANA, BEN, World

CHLOE = Person("T1", "UCHLOE")
AUTUMN = {"freezes": {"autumn": {"starts": "2026-11-16T00:00:00Z", "ends": "2026-11-17T00:00:00Z", "reason": "audit"}}}


class Scripted:
    """An executor that does as told. `going`: steps that take their time; `broken`: what is raised next."""

    def __init__(self) -> None:
        self.effects: list[str] = []
        self.told: list[Mapping[str, str]] = []
        self.going: set[str] = set()
        self.broken: list[ConnectorError] = []
        self.stopped: list[str] = []
        self.seen = Progress(1, 3, "running", "loading with password=hunter2hunter2\nrow 7")
        self.world = "as it was"

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        return (Parameter("size", required=kind is ActionKind.SCALE),)

    def choices(self, action: Action, parameter: str) -> list[str]:
        return []

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        return Plan(f"{action.target.get('step', 'it')}", "", "", "", self.world)

    def execute(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Done | Started:
        if self.broken:
            raise self.broken.pop(0)
        self.effects.append(key)
        self.told.append(dict(parameters))
        step = action.target.get("step", "")
        return Started(key, "going on") if step in self.going else self._done(key, step)

    def find(self, key: str, action: Action, plan: Plan | None = None) -> Done | Started | None:
        step = action.target.get("step", "")
        if key not in self.effects:
            return None
        return Started(key, "going on") if step in self.going else self._done(key, step)

    def follow(self, started: Started, action: Action) -> Progress | Done:
        if self.broken:
            raise self.broken.pop(0)
        return self.seen if action.target["step"] in self.going else self._done(started.reference, "x")

    def cancel(self, started: Started, action: Action) -> None:
        self.stopped.append(started.reference)

    def _done(self, key: str, step: str) -> Done:
        return Done("2", "1", key, f"{step} done")


STEPS = [{"kind": "deploy", "connector": "c", "target": {"step": name}} for name in ("one", "two", "three")]
RELEASE: dict[str, Any] = {"kind": "deploy", "service": "shop", "steps": STEPS, "timeout_minutes": 30}
SCALE: dict[str, Any] = {"kind": "scale", "service": "web", "connector": "c"}


@pytest.fixture
def backend() -> Scripted:
    return Scripted()


@pytest.fixture
def world(backend: Scripted) -> World:
    return made(backend)


def made(backend: Scripted, **settings: Any) -> World:
    values = {
        "connectors": {"c": {"type": "scripted"}},
        "actions": {"release": RELEASE, "scale-web": SCALE},
        "roles": {"release": {"people": ["UCHLOE"]}, "owners": {"groups": ["SOWNERS"]}},
        "policy": {"break_glass": ["release"]},
    }
    return World(executors={"c": backend}, services={}, **{**values, **settings})


def asked(world: World, kind: ActionKind = ActionKind.DEPLOY, service: str = "shop", **more: Any) -> Run:
    by = more.pop("by", ANA)
    return world.engine.runs.request(Wish(kind, service, more.pop("parameters", {}), **more), by)


def approved(world: World) -> int:
    run = asked(world)
    world.engine.runs.approve(run.id, BEN)
    return run.id


def works(world: World, times: int = 1) -> None:
    for _ in range(times):
        world.engine.runs.work("w")


def run_of(world: World, number: int) -> Run:
    return world.engine.reading.run(number).run


def audited(world: World, number: int) -> list[str]:
    with world.engine.store.read() as tx:
        return [entry.what for entry in tx.records.audit_of(f"run:{number}")]


# -- steps


def test_steps_are_done_in_order_each_under_its_own_key(world: World, backend: Scripted) -> None:
    number = approved(world)
    works(world, 3)
    run = run_of(world, number)
    assert run.state is RunState.VERIFYING
    assert backend.effects == [run.key_of(0), run.key_of(1), run.key_of(2)]
    assert run.result == "one done; two done; three done"
    assert audited(world, number) == ["run.asked", "run.approved", "run.started", "run.done"]
    assert run.plan.summary == "1. one; 2. two; 3. three"


def test_every_finished_step_is_a_change(world: World) -> None:
    approved(world)
    works(world, 3)
    with world.engine.store.read() as tx:
        changes = tx.changes.between(world.clock.now() - timedelta(hours=1), world.clock.now() + timedelta(hours=1))
    assert [change.environment for change in changes] == ["production"] * 3


def test_a_step_that_goes_on_is_followed_and_shown_without_its_secrets(world: World, backend: Scripted) -> None:
    backend.going = {"two"}
    number = approved(world)
    works(world, 3)
    assert len(backend.effects) == 2
    assert run_of(world, number).steps[1].started is not None
    world.clock.advance(FOLLOW_EVERY)
    works(world)
    progress = run_of(world, number).progress
    assert (progress.done, progress.total, progress.state) == (1, 3, "running")
    assert "hunter2" not in progress.tail
    assert "row 7" in progress.tail
    backend.going = set()
    world.clock.advance(FOLLOW_EVERY)
    works(world, 3)
    assert run_of(world, number).state is RunState.VERIFYING
    assert len(backend.effects) == 3


def test_after_a_crash_the_executor_is_asked_before_anything_is_done_again(world: World, backend: Scripted) -> None:
    number = approved(world)
    crashed = backend._done

    def crash(key: str, step: str) -> Done:
        raise SystemExit

    backend._done = crash  # type: ignore[method-assign]
    with pytest.raises(SystemExit):
        works(world)
    backend._done = crashed  # type: ignore[method-assign]
    works(world)
    assert len(backend.effects) == 1  # its lease still holds
    world.clock.advance(LEASE)
    works(world, 3)
    assert run_of(world, number).state is RunState.VERIFYING
    assert len(backend.effects) == 3


def test_a_passing_fault_is_tried_again_and_a_lasting_one_ends_the_run(world: World, backend: Scripted) -> None:
    backend.broken = [ConnectorError("busy", permanent=False), ConnectorError("no such thing", permanent=True)]
    number = approved(world)
    works(world, 2)
    assert run_of(world, number).state is RunState.RUNNING
    world.clock.advance(RETRY_AFTER)
    works(world)
    run = run_of(world, number)
    assert (run.state, run.error) == (RunState.FAILED, "no such thing")


def test_a_fault_that_never_passes_ends_the_run(world: World, backend: Scripted) -> None:
    backend.broken = [ConnectorError("busy", permanent=False)] * TRIES_MAX
    number = approved(world)
    for _ in range(TRIES_MAX):
        works(world)
        world.clock.advance(RETRY_AFTER)
    assert run_of(world, number).state is RunState.FAILED


def test_a_connectors_mistake_ends_its_run_and_not_the_work_on_others(world: World, backend: Scripted) -> None:
    backend.broken = [KeyError("version")] * TRIES_MAX  # type: ignore[list-item]
    number = approved(world)
    for _ in range(TRIES_MAX):
        works(world)
        world.clock.advance(RETRY_AFTER)
    assert run_of(world, number).state is RunState.FAILED
    works(world, 2)
    assert run_of(world, approved(world)).state is RunState.APPROVED
    assert "in a way it should not (KeyError)" in run_of(world, number).error


def test_a_run_that_takes_too_long_is_stopped_in_the_backend(world: World, backend: Scripted) -> None:
    backend.going = {"one"}
    number = approved(world)
    works(world)
    world.clock.advance(timedelta(minutes=30))
    works(world)
    run = run_of(world, number)
    assert (run.state, run.error) == (RunState.FAILED, "timed_out")
    assert backend.stopped == [run.key_of(0)]


# -- stopping


def test_a_running_run_is_stopped_and_what_was_done_is_said(world: World, backend: Scripted) -> None:
    backend.going = {"two"}
    number = approved(world)
    works(world, 2)
    assert world.engine.runs.cancel(number, BEN).is_stopping
    with pytest.raises(Stale):
        world.engine.runs.cancel(number, BEN)
    world.clock.advance(FOLLOW_EVERY)
    works(world)
    run = run_of(world, number)
    assert (run.state, run.step) == (RunState.CANCELLED, 1)
    assert backend.stopped == [run.key_of(1)]
    assert audited(world, number)[-2:] == ["run.stopping", "run.stopped"]


def test_stopping_a_run_whose_last_step_is_done_records_it_as_done(world: World, backend: Scripted) -> None:
    number = approved(world)
    works(world, 2)
    with world.engine.store.write() as tx:  # the worker was killed after the effect and before it was recorded
        run = tx.runs.claim("dead", world.clock.now(), world.clock.now())
        assert run is not None
        attempted = run.with_step(2, type(run.steps[2])(run.kind, "c", run.steps[2].plan, attempted=True))
        tx.runs.save(attempted, expected_state=RunState.RUNNING)
    backend.effects.append(run.key_of(2))
    world.engine.runs.cancel(number, BEN)
    works(world)
    assert run_of(world, number).state is RunState.VERIFYING
    assert backend.stopped == []


def test_a_worker_does_not_overwrite_the_wish_to_stop(world: World) -> None:
    number = approved(world)
    now = world.clock.now()
    with world.engine.store.write() as tx:
        claimed = tx.runs.claim("slow", now, now + LEASE)
        assert claimed is not None
        started = tx.runs.save(claimed.start(now), expected_state=RunState.APPROVED, fence=claimed.fence)
    world.engine.runs.cancel(number, BEN)
    with world.engine.store.write() as tx:
        tx.runs.save(started, expected_state=RunState.RUNNING, fence=claimed.fence)
    assert run_of(world, number).is_stopping


# -- who may, and when


def test_a_freeze_refuses_and_names_itself(backend: Scripted) -> None:
    world = made(backend, **AUTUMN)
    with pytest.raises(Refused, match="frozen") as caught:
        asked(world)
    assert caught.value.details["why"] == "audit"


def test_a_lock_of_another_refuses_and_ones_own_does_not(world: World) -> None:
    world.engine.locks.lock("production/shop", BEN, "migration", "2h")
    with pytest.raises(Refused, match="locked") as caught:
        asked(world)
    assert caught.value.details["by"] == BEN.key
    asked(world, by=BEN)
    world.clock.advance(timedelta(hours=2))
    assert world.engine.locks.held() == []


def test_a_lock_is_taken_once_and_an_old_button_opens_no_newer_one(world: World) -> None:
    first = world.engine.locks.lock("production", ANA)
    with pytest.raises(Refused, match="locked"):
        world.engine.locks.lock("production", BEN)
    world.engine.locks.unlock(BEN, "production")
    second = world.engine.locks.lock("production", ANA)
    with pytest.raises(Stale):
        world.engine.locks.unlock(BEN, serial=first.serial)
    assert [lock.serial for lock in world.engine.locks.held()] == [second.serial]
    with pytest.raises(NotFound):
        world.engine.locks.unlock(BEN, "staging")
    with pytest.raises(NotFound, match="environment"):
        world.engine.locks.lock("prodcution", ANA)
    with pytest.raises(InputError, match="no time to come"):
        world.engine.locks.lock("production/shop", ANA, until="yesterday")


def test_what_is_locked_after_the_approval_is_not_done(world: World, backend: Scripted) -> None:
    number = approved(world)
    world.engine.locks.lock("production", BEN)
    works(world)
    assert (run_of(world, number).state, run_of(world, number).error) == (RunState.FAILED, "locked")
    assert backend.effects == []


def test_breaking_the_glass_needs_the_role_and_a_reason_and_is_told_loudly(backend: Scripted) -> None:
    world = made(backend, **AUTUMN, slack={"operators": ["UANA", "UBEN", "UCHLOE"]})
    with pytest.raises(Refused, match="may_not_break_glass"):
        asked(world, break_glass=True, reason="checkout is down")
    with pytest.raises(InputError, match="needs a reason"):
        asked(world, by=CHLOE, break_glass=True)
    run = asked(world, by=CHLOE, break_glass=True, reason="checkout is down")
    assert run.state is RunState.APPROVED
    assert f"run:{run.id}:glass" in world.notices("line")
    works(world, 3)
    assert run_of(world, run.id).state is RunState.VERIFYING
    assert len(backend.effects) == 3


def test_an_action_is_for_its_roles(backend: Scripted) -> None:
    action = {**RELEASE, "may_ask": ["release"], "may_approve": ["owners"]}
    world = made(backend, actions={"release": action}, slack={"operators": ["UANA", "UBEN"]})
    with pytest.raises(Refused, match="not_in_role"):
        asked(world)
    run = asked(world, by=CHLOE)
    with pytest.raises(Refused, match="not_in_role"):
        world.engine.runs.approve(run.id, BEN)
    owner = Person("T1", "UOWNER", groups=("SOWNERS",))
    assert world.engine.runs.approve(run.id, owner).state is RunState.APPROVED


def test_one_run_at_a_time_for_what_it_acts_on(world: World) -> None:
    asked(world)
    with pytest.raises(Refused, match="run_in_progress"):
        asked(world, by=BEN)
    asked(world, ActionKind.SCALE, "web", parameters={"size": "3"})


def test_an_action_that_the_settings_changed_since_the_approval_is_not_done(world: World, backend: Scripted) -> None:
    number = approved(world)
    changed = {**RELEASE, "steps": [STEPS[0], {**STEPS[1], "target": {"step": "another"}}, STEPS[2]]}
    other = made(backend, actions={"release": changed})
    with world.engine.store.read() as tx:
        run = tx.runs.get(number)
    with other.engine.store.write() as tx:
        tx.runs.add(run)
    works(other)
    assert run_of(other, 1).error == "changed_since_approval"
    assert backend.effects == []


def test_a_secret_reaches_the_executor_and_nothing_else(backend: Scripted) -> None:
    action = {**SCALE, "parameters": {"token": {"secret": True, "value": "t0p-s3cr3t"}}}
    world = made(backend, actions={"scale-web": action})
    run = asked(world, ActionKind.SCALE, "web", parameters={"size": "3"})
    world.engine.runs.approve(run.id, BEN)
    works(world)
    assert backend.told[0]["token"] == "t0p-s3cr3t"
    assert backend.told[0]["requested_by"] == ANA.key
    assert "t0p-s3cr3t" not in repr(run_of(world, run.id))


def test_what_failed_can_be_asked_for_again(world: World, backend: Scripted) -> None:
    backend.broken = [ConnectorError("no", permanent=True)]
    number = approved(world)
    with pytest.raises(Stale, match="run_not_over"):
        world.engine.runs.again(number, BEN)
    works(world)
    again = world.engine.runs.again(number, BEN)
    assert (again.asked_by, again.state, again.action) == (BEN.key, RunState.ASKED, "release")


# -- the audit


def test_the_audit_is_a_chain_that_shows_what_was_taken_out(world: World) -> None:
    approved(world)
    works(world, 3)
    audit = world.engine.audit
    assert len(list(audit.export())) == 4
    assert audit.verify() is None
    world.engine.locks.lock("production", ANA)
    assert [sealed.entry.what for sealed in audit.export()][-2:] == ["run.done", "lock.taken"]
    with world.engine.store.write() as tx:
        tx.connection.exec_driver_sql("DROP TRIGGER audit_no_update")  # type: ignore[attr-defined]
        tx.connection.exec_driver_sql("UPDATE audit SET by = 'T1/UEVE' WHERE id = 2")  # type: ignore[attr-defined]
    broken = audit.verify()
    assert broken is not None
    assert (broken.no, broken.entry.by) == (2, "T1/UEVE")


def test_a_run_that_goes_on_for_long_is_looked_at_less_often() -> None:
    looks = [follow_in(timedelta(minutes=minutes)) for minutes in (0, 1, 10, 20, 600)]
    assert looks == [FOLLOW_EVERY, FOLLOW_EVERY, timedelta(seconds=15), FOLLOW_SELDOM, FOLLOW_SELDOM]
