"""Does the MLflow connector keep its contract on a real MLflow, and does the fake answer as that one does?"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from bot.actions.model import Action, ActionKind
from bot.connectors import executors
from bot.connectors import mlflow as connector
from bot.settings import Settings
from tests.connectors import test_contract as contract
from tests.connectors.benches import Bench, Opened, mlflow_promote, mlflow_rollback
from tests.connectors.faulty import Answer, Asked, Backend, forwarded, served
from tests.handlers.stories import (
    a_bad_model_is_rolled_back,
    a_bad_model_is_rolled_back_from_its_incident,
    mlflow_settings,
)
from tests.heavy import servers
from tests.heavy.shapes import Shapes, differences, recorded
from tests.slack.stage import Stage

pytestmark = pytest.mark.timeout(600)
NUMBERS = itertools.count(1)
REAL: Shapes = {}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with servers.mlflow(tmp_path_factory.mktemp("real")) as url:
        yield url


def moves(backend: Backend, counted: list[str]) -> Backend:
    def answer(asked: Asked) -> Answer:
        given = backend(asked)
        if asked.path.endswith("registered-models/alias") and asked.method == "POST" and given.status == 200:
            counted.append(str(asked.body["version"]))
        return given

    return answer


@pytest.fixture
def opened(server: str) -> Opened:
    @contextmanager
    def opened() -> Iterator[Bench]:
        model, counted = f"churn-{next(NUMBERS)}", list[str]()
        servers.seeded_model(server, model)
        action = Action("rollback", ActionKind.MODEL_ROLLBACK, "churn", "mlflow", {"model": model})
        real = forwarded(server)
        with served(moves(recorded(real, REAL), counted)) as faulty:
            yield Bench(
                faulty,
                lambda: connector.executor("mlflow", {"url": faulty.url, "timeout_s": 20}),
                action,
                {},
                state=lambda: (
                    real(Asked("GET", f"{connector._API}/registered-models/get", {"name": model}, {}, b"")).body
                ),
                effects=lambda: len(counted),
                secrets=("no-secret-is-needed",),
            )

    return opened


@pytest.fixture
def bench(opened: Opened) -> Iterator[Bench]:
    with opened() as made:
        yield made


test_a_plan_changes_nothing = contract.test_a_plan_changes_nothing_and_says_the_same_twice
test_a_run_has_its_effect = contract.test_a_run_has_its_effect
test_the_same_key_twice_has_one_effect = contract.test_the_same_key_twice_has_one_effect
test_what_was_done_is_found = contract.test_what_was_not_done_is_not_found_and_what_was_is


@pytest.mark.parametrize("fault", ["cut", "refused"])
def test_killed_between_any_two_requests_it_has_one_effect(opened: Opened, fault: str) -> None:
    contract.test_killed_between_any_two_requests_it_has_one_effect(opened, fault)


def test_going_back_twice_goes_back_two_versions(bench: Bench) -> None:
    for expected in ("2", "1"):
        plan = contract.planned(bench)
        assert plan.after == expected
        contract.executed(bench, bench.make(), plan, key=f"{contract.KEY}-{expected}")
    assert bench.effects() == 2


async def test_the_story_on_slack(server: str) -> None:
    servers.seeded_model(server, "story")
    champion = f"{server}{connector._API}/registered-models/alias?name=story&alias=champion"
    settings = mlflow_settings(server, "story", check=champion)
    made = executors(Settings.model_validate(settings))
    async with Stage(held=True, executors=made, **settings) as stage:
        stage.deliver()
        await a_bad_model_is_rolled_back(stage, checked=True)


async def test_the_story_on_slack_from_the_button_of_the_incident(server: str) -> None:
    servers.seeded_model(server, "button")
    champion = f"{server}{connector._API}/registered-models/alias?name=button&alias=champion"
    settings = mlflow_settings(server, "button", check=champion)
    async with Stage(held=True, executors=executors(Settings.model_validate(settings)), **settings) as stage:
        stage.deliver()
        await a_bad_model_is_rolled_back_from_its_incident(stage)
    assert '"version": "2"' in httpx.get(champion, trust_env=False).text


def test_the_fake_answers_as_the_real_one(bench: Bench) -> None:
    fake: Shapes = {}
    for open_fake in (mlflow_rollback, mlflow_promote):
        with open_fake() as other:
            other.faulty.backend = recorded(other.faulty.backend, fake)
            contract.taken_over(other, contract.planned(other))
    assert len(set(fake) & set(REAL)) >= 6
    assert differences(fake, REAL) == []
