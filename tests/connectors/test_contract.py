"""Does every connector that speaks HTTP keep the executor's contract, whatever its backend does?"""

import re
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from bot.actions.model import Done, Plan, Progress, Started
from bot.engine.action_ports import Executor
from bot.errors import ConnectorError, TocsinError, WorldChanged
from tests.connectors.benches import BENCHES, Bench, Opened

KEY = "tocsin-run-7-0badcafe-1"
PEOPLE = {"requested_by": "T1/UANA", "approved_by": "T1/UBEN"}
FOLLOWED_MAX = 30
REQUESTS_MAX = 40
LASTING = (400, 401, 403, 404, 409, 422)
PASSING = (429, 500, 502, 503)
BROKEN = ("garbage", "half", "hang", "refused", "cut")


@pytest.fixture(params=BENCHES)
def opened(request: pytest.FixtureRequest) -> Opened:
    return BENCHES[request.param]


@pytest.fixture
def bench(opened: Opened) -> Iterator[Bench]:
    with opened() as made:
        yield made


def planned(bench: Bench) -> Plan:
    return bench.make().plan(bench.action, bench.parameters)


def executed(bench: Bench, executor: Executor, plan: Plan, key: str = "") -> Done | Started:
    return executor.execute(key or KEY, bench.action, {**bench.parameters, **PEOPLE}, plan)


def finished(bench: Bench, outcome: Done | Started) -> Done:
    """Follows what goes on to its end, as workers do."""
    for _ in range(FOLLOWED_MAX):
        if isinstance(outcome, Done):
            return outcome
        seen = bench.make().follow(outcome, bench.action)
        if isinstance(seen, Done):
            return seen
        time.sleep(bench.pause_s)
        assert isinstance(seen, Progress)
    raise AssertionError("it never ends")


def taken_over(bench: Bench, plan: Plan) -> Done:
    """What the next worker does after a crash: it asks first."""
    executor = bench.make()
    found = executor.find(KEY, bench.action, plan)
    return finished(bench, found or executed(bench, executor, plan))


def test_a_plan_changes_nothing_and_says_the_same_twice(bench: Bench) -> None:
    before = bench.state()
    plan = planned(bench)
    assert planned(bench) == plan
    assert bench.state() == before
    assert plan.summary
    assert plan.commands


def test_a_run_has_its_effect(bench: Bench) -> None:
    plan = planned(bench)
    outcome = executed(bench, bench.make(), plan)
    assert isinstance(outcome, Started) is bench.goes_on
    done = finished(bench, outcome)
    assert done.reference
    assert done.summary
    assert bench.effects() == 1


def test_the_same_key_twice_has_one_effect(bench: Bench) -> None:
    plan = planned(bench)
    first = finished(bench, executed(bench, bench.make(), plan))
    assert finished(bench, taken_over(bench, plan)) == first
    assert bench.effects() == 1


def test_what_was_not_done_is_not_found_and_what_was_is(bench: Bench) -> None:
    plan = planned(bench)
    assert bench.make().find(KEY, bench.action, plan) is None
    finished(bench, executed(bench, bench.make(), plan))
    found = bench.make().find(KEY, bench.action, plan)
    assert found is not None
    if not bench.knows_by_world:
        assert bench.make().find(KEY + "0", bench.action, plan) is None


@pytest.mark.parametrize("fault", ["cut", "refused"])
def test_killed_between_any_two_requests_it_has_one_effect(opened: Opened, fault: str) -> None:
    for broken in range(REQUESTS_MAX):
        with opened() as bench:
            plan = planned(bench)
            bench.faulty.faults = [*[""] * broken, fault]
            with suppress(ConnectorError):
                executed(bench, bench.make(), plan)
            was_killed = not bench.faulty.faults
            bench.faulty.faults = []
            taken_over(bench, plan)
            assert bench.effects() == 1, f"killed at request {broken}"
        if not was_killed:
            assert broken > 0
            return
    raise AssertionError("it asks for ever")


@pytest.mark.parametrize("fault", [*LASTING, *PASSING, *BROKEN])
def test_a_fault_is_worded_and_only_what_may_pass_is_tried_again(bench: Bench, fault: str | int) -> None:
    plan = planned(bench)
    bench.faulty.always, bench.faulty.echo = fault, True
    if bench.asks_to_plan:
        with pytest.raises(TocsinError) as caught:
            planned(bench)
        _is_sound(bench, caught.value, fault)
    with pytest.raises(TocsinError) as caught:
        executed(bench, bench.make(), plan)
    _is_sound(bench, caught.value, fault)


def _is_sound(bench: Bench, error: TocsinError, fault: str | int) -> None:
    assert isinstance(error, ConnectorError)
    assert error.permanent is (fault in LASTING)
    assert 10 < len(str(error)) < 700
    assert not any(secret in str(error) or secret in repr(error) for secret in bench.secrets)
    assert not re.search(r"Traceback|httpx|<html", str(error))


@pytest.mark.parametrize("fault", [*PASSING, *BROKEN])
def test_after_a_fault_that_passed_the_next_try_does_it_once(bench: Bench, fault: str | int) -> None:
    plan = planned(bench)
    bench.faulty.faults = ["", fault]
    with suppress(ConnectorError):
        executed(bench, bench.make(), plan)
    bench.faulty.faults = []
    taken_over(bench, plan)
    assert bench.effects() == 1


def test_an_unreachable_backend_is_a_fault_that_may_pass(bench: Bench) -> None:
    executor, plan = bench.make(), planned(bench)
    web = getattr(executor, "_web", None) or executor._api.web  # type: ignore[attr-defined]
    object.__setattr__(web, "_options", web._options.model_copy(update={"url": "http://127.0.0.1:9"}))
    with pytest.raises(ConnectorError, match="cannot be reached") as caught:
        executed(bench, executor, plan)
    assert not caught.value.permanent
    assert bench.effects() == 0


def test_a_world_that_moved_since_the_plan_is_left_alone(bench: Bench) -> None:
    if bench.disturb is None:
        return
    plan = planned(bench)
    bench.disturb()
    before = bench.state()
    with pytest.raises(WorldChanged):
        executed(bench, bench.make(), plan)
    assert bench.state() == before


def test_what_goes_on_can_be_stopped_and_stopping_twice_does_no_harm(bench: Bench) -> None:
    outcome = executed(bench, bench.make(), planned(bench))
    if isinstance(outcome, Started) and not bench.can_be_stopped:
        with pytest.raises(ConnectorError, match="cannot") as caught:
            bench.make().cancel(outcome, bench.action)
        assert caught.value.permanent
        finished(bench, outcome)
        bench.make().cancel(outcome, bench.action)
    elif isinstance(outcome, Started):
        bench.make().cancel(outcome, bench.action)
        bench.make().cancel(outcome, bench.action)
        if "backfill" not in bench.action.kind:
            with pytest.raises(ConnectorError) as caught:
                finished(bench, outcome)
            assert caught.value.permanent
    assert bench.effects() == 1


def test_nothing_that_is_stored_or_shown_has_a_secret(bench: Bench) -> None:
    plan = planned(bench)
    outcome = executed(bench, bench.make(), plan)
    told = repr((plan, outcome, finished(bench, outcome)))
    assert not any(secret in told for secret in bench.secrets)
