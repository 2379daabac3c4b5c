"""Does Prism, too, find that the connectors and their fakes speak as GitHub's published OpenAPI description says? It is
what others use to hold a server against its description, and knows nothing of ours (`openapi.py`)."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.actions.model import ActionKind, Started
from bot.connectors import git, github_actions, github_deployments
from tests.connectors import (
    fake_deployments,
    fake_github,
    fake_pulls,
    prism,
    test_github_actions,
    test_github_deployments,
)
from tests.connectors.bench import Fake
from tests.connectors.conftest import Deployments, action
from tests.connectors.faulty import Answer, Asked, served
from tests.connectors.runs import KEY, followed
from tests.connectors.test_github_api import DESCRIPTION
from tests.packages import file_of, node_with

USED = ("actions/workflows/", "actions/runs/", "deployments", "commits/", "statuses/", "environments/", "pulls")
ROUTELESS = "/contents/.github/workflows/"
"""Prism has no route for a path that goes on after `{path}`; `test_github_api.py` holds it."""


class Wrong:
    def __init__(self) -> None:
        self.effects: list[str] = []

    def answer(self, asked: Asked) -> Answer:
        return Answer(200, [{"number": "one"}])


class Behind:
    """What Prism passes on to: one fake after the other."""

    def __init__(self) -> None:
        self.fake: Fake = fake_github.FakeGithub()

    def answer(self, asked: Asked) -> Answer:
        headers = {name.title(): value for name, value in asked.headers.items()}  # Prism writes them small
        return self.fake.answer(replace(asked, headers=headers))


@pytest.fixture(scope="module")
def behind() -> Behind:
    return Behind()


@pytest.fixture(scope="module")
def proxy(behind: Behind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[prism.Prism]:
    folder = tmp_path_factory.mktemp("prism")
    packages = node_with(Path(__file__).with_name("prism.json"))
    part = prism.part_of(file_of(*DESCRIPTION), folder, *(f"/repos/{{owner}}/{{repo}}/{used}" for used in USED))
    with served(behind.answer) as backend, prism.between(packages, part, backend.url, folder) as made:
        yield made


@pytest.fixture
def through(proxy: prism.Prism) -> Iterator[str]:
    """The address to speak to; at the end nothing may have been found."""
    proxy.violations, before = [], proxy.asked
    with served(proxy.answer) as front:
        yield front.url
    assert [one for one in proxy.violations if ROUTELESS not in one] == []
    assert proxy.asked > before + 5


def test_dispatching_a_workflow_and_running_it_again(behind: Behind, through: str) -> None:
    fake = behind.fake = fake_github.FakeGithub()
    executor = github_actions.executor("there", {"url": through, "token": fake_github.TOKEN, "timeout_s": 60})
    followed(executor, test_github_actions.DEPLOY, test_github_actions.WANTED)
    fake.failed_run()
    started = executor.execute(KEY, test_github_actions.RERUN, {}, executor.plan(test_github_actions.RERUN, {}))
    executor.cancel(started, test_github_actions.RERUN)


def test_deployments(behind: Behind, through: str) -> None:
    behind.fake = fake_deployments.FakeDeployments()
    executor = github_deployments.executor("there", {"url": through, "token": fake_deployments.TOKEN, "timeout_s": 60})
    followed(executor, test_github_deployments.action(ActionKind.ROLLBACK))


def test_pull_requests(behind: Behind, through: str, shop: Deployments) -> None:
    fake = behind.fake = fake_pulls.FakePulls(shop.path)
    options: dict[str, Any] = {"repository": str(shop.path), "through": "pull_request", "project": fake.project}
    executor = git.executor("there", {**options, "api": through, "token": fake.token, "timeout_s": 60})
    started = executor.execute(KEY, action(), {}, executor.plan(action(), {}))
    assert isinstance(started, Started)
    fake.review(1, "APPROVED", "ana")
    fake.check(1, "ci/test", "success")
    executor.follow(started, action())
    executor.cancel(started, action())


def test_prism_notices_what_does_not_fit(behind: Behind, proxy: prism.Prism) -> None:
    behind.fake, proxy.violations = Wrong(), []
    proxy.answer(Asked("GET", "/repos/shop/web/pulls", {"state": "ajar"}, {}, b""))
    told = "\n".join(proxy.violations)
    assert "state" in told
    assert "number" in told
