"""Do the Prefect and Dagster connectors keep their contract on real servers, and do the fakes answer as those do?"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from secrets import token_hex
from types import ModuleType
from typing import Any

import pytest

from bot.actions.model import Action, ActionKind, Started
from bot.connectors import dagster, prefect
from bot.errors import ConnectorError
from tests.connectors import bench_data
from tests.connectors import test_contract as contract
from tests.connectors.bench import Bench, Opened
from tests.connectors.faulty import Answer, Asked, Backend, forwarded, served
from tests.heavy import data_servers
from tests.heavy.shapes import Shapes, differences, recorded

pytestmark = pytest.mark.timeout(900)
contract.FOLLOWED_MAX = 240
_BEGINNINGS = ("/create_flow_run", "/set_state", "launchRun")


@dataclass
class Place:
    """A real server: its connector, how an action of its is aimed, and what it was seen to answer."""

    name: str
    module: Any
    target: dict[str, str]
    base: str
    warehouse: data_servers.Warehouse
    seen: Shapes

    def action(self, kind: ActionKind) -> Action:
        return Action("orders", kind, "orders", self.name, self.target)


@pytest.fixture(scope="module", params=["prefect", "dagster"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    name, folder = str(request.param), tmp_path_factory.mktemp("real")
    modules: dict[str, ModuleType] = {"prefect": prefect, "dagster": dagster}
    targets = {
        "prefect": {"deployment": data_servers.DEPLOYMENT},
        "dagster": {"job": "orders_hourly", "location": "shop.py"},
    }
    with getattr(data_servers, name)(folder) as warehouse:
        base = warehouse.url.removesuffix("/api")
        made = Place(name, modules[name], targets[name], base, warehouse, {})
        _fail_one(made)
        yield made


def _fail_one(place: Place) -> None:
    """A run that failed, and a warehouse that is well again."""
    place.warehouse.lock(True)
    with _bench(place, ActionKind.TRIGGER) as bench, pytest.raises(ConnectorError, match="sales_fact is locked"):
        contract.finished(bench, contract.executed(bench, bench.make(), contract.planned(bench), "tocsin-failing-1"))
    place.warehouse.lock(False)


@contextmanager
def _bench(place: Place, kind: ActionKind) -> Iterator[Bench]:
    begun = list[str]()
    backend = _counted(recorded(forwarded(place.base), place.seen), begun)
    with served(backend) as faulty:
        path = place.warehouse.url.removeprefix(place.base)
        yield Bench(
            faulty,
            lambda: place.module.executor(place.name, {"url": faulty.url + path, "timeout_s": 30}),
            place.action(kind),
            {},
            state=lambda: place.warehouse.extracted(),
            effects=lambda: len(begun),
            secrets=("no-secret-is-needed",),
            pause_s=0.5,
            goes_on=True,
        )


def _counted(backend: Backend, begun: list[str]) -> Backend:
    """What really began: a repeated key is answered 200 by Prefect, and begins nothing."""

    def answer(asked: Asked) -> Answer:
        given = backend(asked)
        is_beginning = any(part in asked.path or part in str(asked.content) for part in _BEGINNINGS)
        if (
            is_beginning
            and b"CANCELLING" not in asked.content
            and given.status == (200 if "graphql" in asked.path else 201)
        ):
            begun.append(asked.path)
        return given

    return answer


@pytest.fixture
def opened(place: Place) -> Opened:
    """Each time it is opened: a run that is started anew under a key of its own."""
    return lambda: _bench(place, ActionKind.TRIGGER)


@pytest.fixture(autouse=True)
def _own_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "KEY", f"tocsin-run-7-{token_hex(4)}-1")


@pytest.fixture
def bench(opened: Opened) -> Iterator[Bench]:
    with opened() as made:
        yield made


test_a_plan_changes_nothing = contract.test_a_plan_changes_nothing_and_says_the_same_twice
test_a_run_has_its_effect = contract.test_a_run_has_its_effect
test_the_same_key_twice_has_one_effect = contract.test_the_same_key_twice_has_one_effect
test_what_was_done_is_found = contract.test_what_was_not_done_is_not_found_and_what_was_is


def test_a_failed_run_is_run_again_from_where_it_failed_and_only_once(place: Place) -> None:
    before = place.warehouse.extracted()
    with _bench(place, ActionKind.RERUN) as bench:
        plan = contract.planned(bench)
        assert "sales_fact is locked" in plan.diff
        first = contract.finished(bench, contract.executed(bench, bench.make(), plan))
        assert contract.finished(bench, contract.taken_over(bench, plan)) == first
        assert bench.effects() == 1
        assert place.warehouse.extracted() == before
        with pytest.raises(ConnectorError, match="since the plan"):
            contract.executed(bench, bench.make(), plan, "tocsin-another-1")


def test_what_goes_on_can_be_stopped(bench: Bench) -> None:
    outcome = contract.executed(bench, bench.make(), contract.planned(bench))
    assert isinstance(outcome, Started)
    bench.make().cancel(outcome, bench.action)
    with pytest.raises(ConnectorError, match="cancel"):
        contract.finished(bench, outcome)
    bench.make().cancel(outcome, bench.action)


def test_the_fake_answers_as_the_real_one(place: Place) -> None:
    """Last: by now the tests above have asked the real one everything."""
    fake: Shapes = {}
    for name, open_fake in bench_data.BENCHES.items():
        if name.startswith(place.name):
            with open_fake() as other:
                other.faulty.backend = recorded(other.faulty.backend, fake)
                contract.taken_over(other, contract.planned(other))
    real = {(route.replace(" /api", " "), status): body for (route, status), body in place.seen.items()}
    assert len(set(fake) & set(real)) >= 4
    assert differences(fake, real) == []
