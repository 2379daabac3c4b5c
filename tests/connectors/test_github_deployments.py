"""Is a deployment of GitHub asked for once, and told at the commit?"""

import pytest

from bot.actions.model import Action, ActionKind, Started
from bot.connectors import github_deployments
from bot.errors import ConnectorError, InputError, Refused
from tests.connectors.fake_deployments import HEAD, NOW, OLD, TOKEN, FakeDeployments
from tests.connectors.runs import begun, connected, followed

TARGET = {"repository": "shop/web", "environment": "production", "status": "tocsin/production"}


def action(kind: ActionKind = ActionKind.DEPLOY) -> Action:
    return Action("deploy-web", kind, "web", "there", TARGET)


def test_a_deployment_is_followed_by_its_statuses_and_told_at_the_commit() -> None:
    fake = FakeDeployments()
    with connected(github_deployments, fake, token=TOKEN) as executor:
        plan = executor.plan(action(), {})
        assert "# production has the rule required reviewers" in plan.diff
        states, done = followed(executor, action())
    assert (states, done.version) == (["waits to be picked up", "in progress"], HEAD[:7])
    assert fake.commit_states == {HEAD: ["pending", "success"]}


def test_a_rollback_goes_to_the_commit_that_was_deployed_well_before() -> None:
    fake = FakeDeployments()
    fake.states[fake._add("d" * 40, {})] = ["failure"]
    with connected(github_deployments, fake, token=TOKEN) as executor:
        plan = executor.plan(action(ActionKind.ROLLBACK), {})
        assert (plan.before, plan.after) == (NOW[:7], OLD[:7])
        assert followed(executor, action(ActionKind.ROLLBACK))[1].version == OLD[:7]


def test_a_failure_is_told_at_the_commit_too() -> None:
    fake = FakeDeployments()
    fake.ends = "failure"
    words = "the deployment to production 52: failure: it is failure"
    with connected(github_deployments, fake, token=TOKEN) as executor, pytest.raises(ConnectorError, match=words):
        followed(executor, action())
    assert fake.commit_states == {HEAD: ["pending", "failure"]}


def test_a_deployment_that_is_stopped_is_inactive() -> None:
    fake = FakeDeployments()
    with connected(github_deployments, fake, token=TOKEN) as executor:
        started = begun(executor, action())
        assert isinstance(started, Started)
        executor.cancel(started, action())
    assert fake.states[52][-1] == "inactive"
    assert fake.commit_states == {HEAD: ["pending", "error"]}


def test_a_commit_whose_checks_are_not_green_is_refused_with_githubs_words() -> None:
    fake = FakeDeployments()
    fake.is_green = False
    words = "Commit status checks failed"
    with connected(github_deployments, fake, token=TOKEN) as executor, pytest.raises(ConnectorError, match=words):
        begun(executor, action())


def test_what_makes_no_sense_is_refused() -> None:
    fake = FakeDeployments()
    with connected(github_deployments, fake, token=TOKEN) as executor:
        with pytest.raises(InputError, match="production has bbbbbbb already"):
            executor.plan(action(), {"version": NOW})
        fake.deployments.pop(0)
        with pytest.raises(Refused):
            executor.plan(action(ActionKind.ROLLBACK), {})
