"""Does every exchange with GitHub, as the connectors have it with the fakes, fit GitHub's published OpenAPI
description? It comes from npm (@octokit/openapi) and is the whole of api.github.com."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bot.actions.model import ActionKind, Started
from bot.connectors import git, github_actions, github_deployments
from bot.connectors._web import Problem
from bot.connectors.git.proposing import ProposingExecutor
from bot.errors import ConnectorError
from tests.connectors import (
    fake_deployments,
    fake_github,
    fake_pulls,
    test_github_actions,
    test_github_deployments,
)
from tests.connectors.bench import Fake
from tests.connectors.conftest import Deployments, action
from tests.connectors.faulty import Answer, Asked, served
from tests.connectors.openapi import OpenApi
from tests.connectors.runs import KEY, begun, connected, followed
from tests.packages import file_of

DESCRIPTION = "@octokit/openapi@23.0.2", "generated/api.github.com.json"


@dataclass
class Held:
    """A fake whose every exchange is held against the description."""

    github: OpenApi
    fake: Fake
    effects: list[str] = field(default_factory=list)

    def answer(self, asked: Asked) -> Answer:
        return self.github.between(self.fake.answer)(asked)


_PULLS = "/repos/{owner}/{repo}/pulls"


@pytest.fixture(scope="session")
def described() -> Callable[[], OpenApi]:
    path = file_of(*DESCRIPTION)
    return lambda: OpenApi(path)


def test_pull_requests_fit(described: Callable[[], OpenApi], shop: Deployments) -> None:
    github, rollback = described(), action()
    fake = fake_pulls.FakePulls(shop.path)
    options = {"repository": str(shop.path), "through": "pull_request", "project": fake.project, "token": fake.token}
    with served(github.between(fake.answer)) as faulty:
        executor = git.executor("shop", {**options, "api": faulty.url})
        assert isinstance(executor, ProposingExecutor)
        plan = executor.plan(rollback, {})
        first, second = (executor.execute(f"tocsin-run-{one}", rollback, {}, plan) for one in (1, 2))
        assert isinstance(first, Started)
        assert isinstance(second, Started)
        fake.check(1, "ci/test", "success")
        fake.check(1, "ci/lint", None)
        fake.status(1, "jenkins", "success")
        fake.review(1, "APPROVED", "ana")
        executor.follow(first, rollback)
        executor.cancel(second, rollback)
        with pytest.raises(Problem, match="does not accept it"):
            executor._forge.open("tocsin/run-1", "main", "again", "")
        fake.merge(1)
        executor.follow(first, rollback)
        executor.find("tocsin-run-1", rollback)
        with pytest.raises(ConnectorError, match="does not know it"):
            executor._forge.look("77")
    assert github.problems == []
    assert github.seen == {
        f"GET {_PULLS} 200",
        f"POST {_PULLS} 201",
        f"POST {_PULLS} 422",
        f"GET {_PULLS}/{{pull_number}} 200",
        f"GET {_PULLS}/{{pull_number}} 404",
        f"PATCH {_PULLS}/{{pull_number}} 200",
        f"GET {_PULLS}/{{pull_number}}/reviews 200",
        "GET /repos/{owner}/{repo}/commits/{ref}/check-runs 200",
        "GET /repos/{owner}/{repo}/commits/{ref}/status 200",
    }


def test_dispatching_a_workflow_fits(described: Callable[[], OpenApi]) -> None:
    github, deploy = described(), test_github_actions.DEPLOY
    wanted = test_github_actions.WANTED
    for conclusion in ("success", "failure"):
        fake = fake_github.FakeGithub()
        fake.conclusion = conclusion
        with (
            connected(github_actions, Held(github, fake), token=fake_github.TOKEN) as executor,
            suppress(ConnectorError),
        ):
            followed(executor, deploy, wanted)
    fake = fake_github.FakeGithub()
    fake.is_old = True
    with connected(github_actions, Held(github, fake), token=fake_github.TOKEN) as executor:
        started = begun(executor, deploy, wanted)
        assert isinstance(started, Started)
        executor.cancel(started, deploy)
        executor.cancel(started, deploy)
        fake.failed_run()
        again = replace(deploy, kind=ActionKind.RERUN, parameters=())
        plan = executor.plan(again, {})
        assert isinstance(executor.execute("tocsin-run-8", again, {}, plan), Started)
        headers = {"Authorization": f"Bearer {fake_github.TOKEN}"}
        too_soon = Asked("POST", "/repos/shop/web/actions/runs/9001/rerun-failed-jobs", {}, headers, b"{}")
        assert Held(github, fake).answer(too_soon).status == 403
        away = replace(deploy, target={**deploy.target, "ref": "gone"})
        with pytest.raises(ConnectorError, match="No ref found for: gone"):
            executor.execute("tocsin-run-9", away, wanted, executor.plan(deploy, wanted))
        with pytest.raises(ConnectorError, match="Not Found"):
            executor.plan(replace(deploy, target={**deploy.target, "workflow": "gone.yml"}), wanted)
    assert github.problems == []
    repository, workflow = "/repos/{owner}/{repo}", "/repos/{owner}/{repo}/actions/workflows/{workflow_id}"
    assert github.seen == {
        f"GET {workflow} 200",
        f"GET {workflow} 404",
        f"GET {repository}/contents/{{path}} 200",
        f"GET {workflow}/runs 200",
        f"POST {workflow}/dispatches 200",
        f"POST {workflow}/dispatches 204",
        f"POST {workflow}/dispatches 422",
        f"GET {repository}/actions/runs/{{run_id}} 200",
        f"GET {repository}/actions/runs/{{run_id}}/jobs 200",
        f"POST {repository}/actions/runs/{{run_id}}/rerun-failed-jobs 201",
        f"POST {repository}/actions/runs/{{run_id}}/rerun-failed-jobs 403",
        f"POST {repository}/actions/runs/{{run_id}}/cancel 202",
        f"POST {repository}/actions/runs/{{run_id}}/cancel 409",
    }


def test_deployments_fit(described: Callable[[], OpenApi]) -> None:
    github = described()
    deploy, rollback = (test_github_deployments.action(kind) for kind in (ActionKind.DEPLOY, ActionKind.ROLLBACK))
    for kind, end in ((deploy, "success"), (rollback, "failure")):
        fake = fake_deployments.FakeDeployments()
        fake.ends = end
        with (
            connected(github_deployments, Held(github, fake), token=fake_deployments.TOKEN) as executor,
            suppress(ConnectorError),
        ):
            followed(executor, kind)
    fake = fake_deployments.FakeDeployments()
    with connected(github_deployments, Held(github, fake), token=fake_deployments.TOKEN) as executor:
        started = begun(executor, deploy)
        assert isinstance(started, Started)
        executor.cancel(started, deploy)
        with pytest.raises(ConnectorError, match="No commit found"):
            executor.plan(deploy, {"version": "gone"})
        fake.is_green = False
        with pytest.raises(ConnectorError, match="Commit status checks failed"):
            executor.execute("tocsin-run-9", deploy, {}, executor.plan(deploy, {"version": "main"}))
    assert github.problems == []
    repository, deployments = "/repos/{owner}/{repo}", "/repos/{owner}/{repo}/deployments"
    assert github.seen == {
        f"GET {deployments} 200",
        f"POST {deployments} 201",
        f"POST {deployments} 409",
        f"GET {deployments}/{{deployment_id}} 200",
        f"GET {deployments}/{{deployment_id}}/statuses 200",
        f"POST {deployments}/{{deployment_id}}/statuses 201",
        f"GET {repository}/environments/{{environment_name}} 200",
        f"GET {repository}/commits/{{ref}} 200",
        f"GET {repository}/commits/{{ref}} 422",
        f"GET {repository}/commits/{{ref}}/status 200",
        f"POST {repository}/statuses/{{sha}} 201",
    }


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda body: {**body, "number": "1"}, "number: '1' is not of type 'integer'"),
        (lambda body: {name: body[name] for name in body if name != "head"}, "'head' is a required property"),
        (lambda body: {**body, "mergeability": True}, "'mergeability' was unexpected"),
        (lambda body: {**body, "state": "half open"}, "state: 'half open' is not one of ['open', 'closed']"),
    ],
)
def test_an_answer_that_does_not_fit_is_noticed(
    described: Callable[[], OpenApi], shop: Deployments, spoil: Callable[[Any], Any], words: str
) -> None:
    github, fake = described(), fake_pulls.FakePulls(shop.path)
    headers = {"Authorization": f"Bearer {fake.token}"}
    body = b'{"title": "t", "head": "main", "base": "main", "body": ""}'
    made = fake.answer(Asked("POST", f"/repos/{fake.project}/pulls", {}, headers, body))
    asked = Asked("GET", f"/repos/{fake.project}/pulls/1", {}, headers, b"")
    github.between(lambda _: Answer(200, spoil(made.body)))(asked)
    assert any(words in problem for problem in github.problems), github.problems


def test_a_request_that_does_not_fit_is_noticed(described: Callable[[], OpenApi]) -> None:
    github = described()
    backend = github.between(lambda asked: Answer(404, {"message": "Not Found"}))
    backend(Asked("POST", "/repos/shop/web/pulls", {"dry": "1"}, {}, b'{"head": "x"}'))
    backend(Asked("GET", "/repos/shop/web/pull/1", {}, {}, b""))
    backend(Asked("GET", "/repos/shop/web/pulls", {"per_page": "many"}, {}, b""))
    told = "\n".join(github.problems)
    for words in ("no parameter dry", "'base' is a required property", "GET /repos/shop/web/pull/1 is not described"):
        assert words in told
    assert "?per_page" in told
    assert KEY not in told
