"""Is a workflow's run found again, and is it said why one failed?"""

from collections.abc import Iterator

import pytest

from bot.actions.model import Action, ActionKind, Done, Progress, Started
from bot.actions.parameters import Parameter
from bot.connectors import github_actions
from bot.connectors.github_actions import GithubActionsExecutor
from bot.errors import ConnectorError
from tests.connectors.fake_github import TOKEN, FakeGithub
from tests.connectors.faulty import served

KEY = "tocsin-run-7-0badcafe-1"
TARGET = {"repository": "shop/web", "workflow": "deploy.yml"}
DEPLOY = Action("deploy-web", ActionKind.DEPLOY, "web", "github", TARGET, parameters=(Parameter("version"),))
WANTED = {"version": "1.4.2"}


@pytest.fixture
def fake() -> FakeGithub:
    return FakeGithub()


@pytest.fixture
def executor(fake: FakeGithub) -> Iterator[GithubActionsExecutor]:
    with served(fake.answer) as faulty:
        yield github_actions.executor("github", {"url": faulty.url, "token": TOKEN})


def started(executor: GithubActionsExecutor) -> Started:
    return executor.execute(KEY, DEPLOY, WANTED, executor.plan(DEPLOY, WANTED))


@pytest.mark.parametrize(
    "file", ["on: workflow_dispatch\n", "run-name: Deploy ${{ inputs.version }}\n", "", "# run-name"]
)
def test_a_workflow_whose_runs_could_not_be_found_again_is_refused(
    executor: GithubActionsExecutor, fake: FakeGithub, file: str
) -> None:
    fake.file = file
    with pytest.raises(ConnectorError, match="needs an input tocsin_key that its run-name shows"):
        executor.plan(DEPLOY, WANTED)


def test_a_server_that_does_not_say_which_run_it_made_is_asked(
    executor: GithubActionsExecutor, fake: FakeGithub
) -> None:
    fake.is_old = True
    going = started(executor)
    assert '"run": ""' in going.reference
    assert isinstance(executor.follow(going, DEPLOY), Progress)
    executor.cancel(going, DEPLOY)
    assert fake.runs[0]["conclusion"] == "cancelled"


def test_where_a_run_failed_is_said(executor: GithubActionsExecutor, fake: FakeGithub) -> None:
    fake.conclusion = "failure"
    going = started(executor)
    seen = [executor.follow(going, DEPLOY) for _ in range(2)]
    assert [one.state for one in seen if isinstance(one, Progress)] == ["queued", "in progress"]
    with pytest.raises(ConnectorError, match="failure in deploy, step rollout"):
        executor.follow(going, DEPLOY)


def test_a_run_that_ends_well_is_linked(executor: GithubActionsExecutor) -> None:
    going = started(executor)
    seen = [executor.follow(going, DEPLOY) for _ in range(3)]
    assert isinstance(seen[-1], Done)
    assert seen[-1].link == going.link == "https://github.com/shop/web/actions/runs/9000"


@pytest.mark.parametrize("target", [{}, {**TARGET, "repository": "../../x"}, {**TARGET, "workflow": "a/b.yml"}])
def test_a_target_that_is_none_is_named(target: dict[str, str]) -> None:
    assert github_actions.target_problems(ActionKind.DEPLOY, target)
