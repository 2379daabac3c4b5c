"""Is a pipeline of GitLab run or retried once, and is it said why one failed?"""

import pytest

from bot.actions.model import Action, ActionKind
from bot.actions.parameters import Parameter
from bot.connectors import gitlab
from bot.errors import ConnectorError, InputError
from tests.connectors.fake_gitlab import TOKEN, FakeGitlab
from tests.connectors.faulty import Answer, Asked
from tests.connectors.runs import KEY, connected, followed


def action(kind: ActionKind = ActionKind.DEPLOY) -> Action:
    parameters = (Parameter("version"),) if kind is ActionKind.DEPLOY else ()
    return Action("x", kind, "web", "there", {"project": "shop/web"}, parameters=parameters)


def test_a_pipeline_gets_the_parameters_and_the_key_as_variables() -> None:
    fake = FakeGitlab()
    with connected(gitlab, fake, token=TOKEN) as executor:
        states, done = followed(executor, action(), {"version": "1.4.2; rm -rf /"})
    assert states == ["created", "running"]
    assert done.link == "https://gitlab.example.com/shop/web/-/pipelines/401"
    sent = {one["key"]: one["value"] for one in fake.variables[401]}
    assert sent == {"VERSION": "1.4.2; rm -rf /", "TOCSIN_KEY": KEY}


def test_a_rerun_plans_the_jobs_that_failed_and_retries_them() -> None:
    fake = FakeGitlab()
    with connected(gitlab, fake, token=TOKEN) as executor:
        plan = executor.plan(action(ActionKind.RERUN), {})
        assert (plan.summary, plan.diff) == ("pipeline 400 on main: 1 jobs again", "deploy: rollout (failed)")
        followed(executor, action(ActionKind.RERUN))
    assert [job["name"] for job in fake.jobs[400]] == ["image", "rollout", "rollout"]


def test_why_it_failed_is_said_with_the_last_line_of_the_log() -> None:
    fake = FakeGitlab()
    fake.ends = "failed"
    words = r"the pipeline of shop/web 401: failed: rollout: script_failure. ERROR: quota exceeded in eu-west"
    with connected(gitlab, fake, token=TOKEN) as executor, pytest.raises(ConnectorError, match=words):
        followed(executor, action(), {"version": "1"})


def test_a_pipeline_that_waits_for_a_manual_job_is_done_and_says_so() -> None:
    fake = FakeGitlab()
    fake.ends = "manual"
    with connected(gitlab, fake, token=TOKEN) as executor:
        assert followed(executor, action(), {"version": "1"})[0] == ["created", "running"]


def test_what_has_not_failed_is_not_run_again() -> None:
    fake = FakeGitlab()
    fake.pipelines[400]["status"] = "success"
    with connected(gitlab, fake, token=TOKEN) as executor:
        with pytest.raises(InputError, match="no pipeline has failed"):
            executor.plan(action(ActionKind.RERUN), {})
        with pytest.raises(InputError, match="it has not failed"):
            executor.plan(action(ActionKind.RERUN), {"pipeline": "400"})
        assert executor.choices(action(ActionKind.RERUN), "pipeline") == []


def test_a_target_that_is_none_is_named() -> None:
    assert gitlab.target_problems(ActionKind.DEPLOY, {"project": "../x y"})
    assert gitlab.target_problems(ActionKind.DEPLOY, {"ref": "main"}) == ["target.project: say which"]


def test_a_secret_that_gitlab_says_back_is_not_told() -> None:
    class Repeating(FakeGitlab):
        def _create(self, asked: Asked) -> Answer:
            return Answer(400, {"message": f"bad variables: {asked.body}"})

    secret = Parameter("password", fixed="hunter2hunter2", secret=True)
    trigger = Action("x", ActionKind.TRIGGER, "web", "there", {"project": "shop/web"}, parameters=(secret,))
    with connected(gitlab, Repeating(), token=TOKEN) as executor:
        plan = executor.plan(trigger, {})
        with pytest.raises(ConnectorError, match="bad variables") as caught:
            executor.execute(KEY, trigger, {"password": "hunter2hunter2"}, plan)
    assert "hunter2hunter2" not in str(caught.value)
