"""Does each server of models, and what else connectors run, go from a slash command to a plan that people can read?"""

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.connectors import fake_highbyte, fake_testgen, fake_torchserve
from tests.connectors.conftest import Deployments, git
from tests.connectors.faulty import Backend, served
from tests.connectors.on_slack import a_setting, a_story
from tests.connectors.test_git import LABEL, MODELS


@pytest.fixture
def at() -> Iterator[Any]:
    """The URL of a backend, as long as the test runs."""
    opened = []

    def open_(backend: Backend) -> str:
        opened.append(served(backend))
        return str(opened[-1].__enter__().url)

    yield open_
    for one in opened:
        one.__exit__(None, None, None)


async def test_the_default_version_of_torchserve_goes_back(at: Any) -> None:
    url = at(fake_torchserve.FakeTorchserve().answer)
    settings = a_setting(
        "torchserve", "back", "model_rollback", {"model": "churn"}, url=url, token=fake_torchserve.TOKEN
    )
    planned = ("`1.10` → `1.9`", "version 1.9 (churn-1.9.mar, 2 workers ready)", "TorchServe keeps no history")
    await a_story(
        settings, "/model rollback churn", "*Roll back the model of churn*", planned, "answers with version 1.9"
    )


async def test_a_version_of_torchserve_is_promoted_by_its_name(at: Any) -> None:
    url = at(fake_torchserve.FakeTorchserve().answer)
    settings = a_setting("torchserve", "on", "model_promote", {"model": "churn"}, url=url, token=fake_torchserve.TOKEN)
    await a_story(
        settings,
        "/model promote churn 2.0",
        "*Promote the model churn*",
        ("`1.10` → `2.0`",),
        "answers with version 2.0",
    )


async def test_a_label_of_tensorflow_serving_goes_back_by_a_commit(shop: Deployments) -> None:
    for version in ("41", "42"):
        shop.commit(f"churn {version} is stable", **{"serving__models.config": MODELS % version})
    target = {"file": "serving/models.config", "format": "textproto", "key": LABEL}
    settings = a_setting("git", "back", "model_rollback", target, repository=str(shop.path))
    planned = ("42 → 41", "+    version_labels { key: 'stable' value: 41 }")
    await a_story(settings, "/model rollback churn", "*Roll back the model of churn*", planned, "from 42 to 41")
    assert git(shop.path, "log", "-1", "--format=%s", "main") == "Roll back churn from 42 to 41"


async def test_the_tests_of_a_suite_are_run(at: Any) -> None:
    url = at(fake_testgen.FakeTestgen().answer)
    target = {"suite": "default-suite-1"}
    settings = a_setting("testgen", "test-churn", "trigger", target, url=url, token=fake_testgen.TOKEN)
    planned = ("212 tests of default-suite-1", "run the tests of the suite default-suite-1 of the project DEFAULT")
    await a_story(settings, "/run test-churn", "churn*", planned, "179 passed, 12 failed, 15 warning")


async def test_a_pipeline_of_highbyte_is_run_with_what_it_asks_for(at: Any) -> None:
    url = at(fake_highbyte.FakeHighbyte().answer)
    parameters = {"hours": {"type": "number", "required": True}, "line": {"live": True}}
    target = {"pipeline": "RefillLine7"}
    more = {"url": url, "token": fake_highbyte.TOKEN, "parameters": parameters}
    settings = a_setting("highbyte", "refill", "trigger", target, **more)
    planned = ("the pipeline RefillLine7", "hours = 12", "line = 8")
    await a_story(settings, "/run refill 12 8", "churn*", planned, "RefillLine7 ran")


@pytest.fixture
def chef_backend(extras: Path) -> ModuleType:
    return importlib.import_module("tests.connectors.fake_chef")


async def test_nodes_of_chef_converge(at: Any, chef_backend: ModuleType) -> None:
    url = at(chef_backend.FakeChef().answer)
    given = {"organization": chef_backend.ORGANIZATION, "user": chef_backend.USER, "key": chef_backend.PEM}
    settings = a_setting("chef", "converge", "command", {"nodes": "cache-1,cache-2"}, url=url, **given)
    planned = ("chef-client on cache-1, cache-2", "knife job start 'chef-client' cache-1 cache-2")
    await a_story(settings, "/run converge", "churn*", planned, "4/23 resources updated")
