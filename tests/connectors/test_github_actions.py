"""Is a workflow's run found again, and is it said why one failed?"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.actions.model import Action, ActionKind, Done, Progress, Started
from bot.actions.parameters import Parameter
from bot.connectors import github_actions
from bot.connectors.github_actions import GithubActionsExecutor
from bot.errors import ConnectorError, InputError
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


RERUN = replace(DEPLOY, kind=ActionKind.RERUN, parameters=())


def test_what_failed_is_run_again_and_followed_in_its_new_attempt(
    executor: GithubActionsExecutor, fake: FakeGithub
) -> None:
    number = fake.failed_run()
    plan = executor.plan(RERUN, {})
    assert plan.summary == "deploy.yml run 9000 (Update README.md): 1 failed jobs again"
    assert plan.diff == "deploy"
    assert executor.choices(RERUN, "run") == [str(number)]
    going = executor.execute(KEY, RERUN, {}, plan)
    fake.runs[0].update(run_attempt=1, status="completed", conclusion="failure")  # GitHub is a moment behind
    assert executor.follow(going, RERUN) == Progress(0, 0, "begins")
    fake.runs[0].update(run_attempt=2, status="in_progress", conclusion=None)
    seen = [executor.follow(going, RERUN) for _ in range(2)]
    assert isinstance(seen[-1], Done)
    assert seen[-1].summary == "deploy.yml run 9000 succeeded"


@pytest.mark.parametrize("run", ["", "9000", "9001"])
def test_only_a_failed_run_of_this_workflow_is_run_again(
    executor: GithubActionsExecutor, fake: FakeGithub, run: str
) -> None:
    started(executor)
    fake.runs.append({**fake.runs[0], "id": 9001, "path": ".github/workflows/other.yml", "conclusion": "failure"})
    if not run:
        fake.runs.pop()
    with pytest.raises(InputError, match=r"deploy\.yml (that failed|has failed)"):
        executor.plan(RERUN, {"run": run})


@pytest.mark.parametrize("target", [{}, {**TARGET, "repository": "../../x"}, {**TARGET, "workflow": "a/b.yml"}])
def test_a_target_that_is_none_is_named(target: dict[str, str]) -> None:
    assert github_actions.target_problems(ActionKind.DEPLOY, target)
