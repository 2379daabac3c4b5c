"""Does the TestGen connector keep its contract on a real TestGen, and does the fake answer as that one does?"""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bot.actions.model import Action, ActionKind
from bot.connectors import testgen as connector
from tests.connectors import test_contract as contract
from tests.connectors.bench import Bench, Opened
from tests.connectors.bench_data import BENCHES
from tests.connectors.faulty import Answer, Asked, Backend, forwarded, served
from tests.heavy.shapes import Shapes, differences, recorded
from tests.heavy.testgen_server import SUITE, Server, running_testgen

pytestmark = pytest.mark.timeout(1800)
REAL: Shapes = {}
RUN = Action("tests", ActionKind.TRIGGER, "orders", "testgen", {"suite": SUITE})


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_testgen(tmp_path_factory.mktemp("testgen")) as made:
        yield made


def begun(backend: Backend, counted: list[str]) -> Backend:
    def answer(asked: Asked) -> Answer:
        given = backend(asked)
        if asked.method == "POST" and asked.path.endswith("/test-runs") and given.status == 202:
            counted.append(asked.body["metadata"][connector.KEY])
        return given

    return answer


@pytest.fixture
def opened(server: Server, monkeypatch: pytest.MonkeyPatch) -> Opened:
    @contextmanager
    def opened() -> Iterator[Bench]:
        counted = list[str]()
        real = forwarded(server.url)
        headers = {"authorization": f"Bearer {server.token}"}
        jobs = Asked("GET", "/api/v1/projects/DEFAULT/jobs", {"limit": "100"}, headers, b"")
        monkeypatch.setattr(contract, "KEY", f"tocsin-run-{len(REAL_RUNS)}-real-1")
        REAL_RUNS.append(contract.KEY)
        with served(begun(recorded(real, REAL), counted)) as faulty:
            yield Bench(
                faulty,
                lambda: connector.executor("testgen", {"url": faulty.url, "token": server.token, "timeout_s": 20}),
                RUN,
                {},
                state=lambda: json.dumps([job["id"] for job in real(jobs).body["items"]]),
                effects=lambda: len(counted),
                secrets=(server.token,),
                pause_s=2,
                goes_on=True,
            )

    return opened


REAL_RUNS: list[str] = []
"""The keys so far: each bench has one of its own, because TestGen keeps what others did."""


@pytest.fixture
def bench(opened: Opened) -> Iterator[Bench]:
    with opened() as made:
        yield made


test_a_plan_changes_nothing = contract.test_a_plan_changes_nothing_and_says_the_same_twice
test_the_same_key_twice_has_one_effect = contract.test_the_same_key_twice_has_one_effect
test_what_was_done_is_found = contract.test_what_was_not_done_is_not_found_and_what_was_is
test_it_can_be_stopped = contract.test_what_goes_on_can_be_stopped_and_stopping_twice_does_no_harm


@pytest.mark.parametrize("fault", ["cut", "refused"])
def test_killed_between_any_two_requests_it_has_one_effect(opened: Opened, fault: str) -> None:
    contract.test_killed_between_any_two_requests_it_has_one_effect(opened, fault)


def test_what_the_tests_found_is_said(bench: Bench) -> None:
    done = contract.finished(bench, contract.executed(bench, bench.make(), contract.planned(bench)))
    assert done.summary.startswith(f"the tests of {SUITE} ran: ")
    assert " passed" in done.summary


def test_the_fake_answers_as_the_real_one(bench: Bench) -> None:
    fake: Shapes = {}
    with BENCHES["testgen-trigger"]() as other:
        other.faulty.backend = recorded(other.faulty.backend, fake)
        contract.taken_over(other, contract.planned(other))
    assert len(set(fake) & set(REAL)) >= 5
    assert differences(fake, REAL) == []
