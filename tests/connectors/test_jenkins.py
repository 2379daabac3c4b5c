"""Is our fake of Jenkins one for clients that others wrote for the real one? And is a job stopped even when it becomes
a build at that very moment?"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.actions.model import Action, ActionKind, Started
from bot.actions.parameters import Parameter
from bot.connectors import jenkins
from bot.connectors.jenkins import JenkinsExecutor
from bot.errors import ConnectorError
from tests.connectors.fake_jenkins import API_TOKEN, PARAMETERS, USER, FakeJenkins, chosen
from tests.connectors.faulty import Answer, Asked, served
from tests.packages import python_with

HERE = Path(__file__).parent
KEY = "tocsin-run-7-0badcafe-1"
DEPLOY = Action(
    "deploy-web", ActionKind.DEPLOY, "web", "jenkins", {"job": "shop/deploy-web"}, parameters=(Parameter("version"),)
)


@pytest.fixture(scope="session")
def python() -> Path:
    return python_with(HERE / "requirements.txt")


@pytest.mark.parametrize("client", ["python-jenkins", "api4jenkins"])
def test_a_client_that_others_wrote_takes_the_fake_for_a_jenkins(python: Path, client: str) -> None:
    fake = FakeJenkins()
    with served(fake.answer) as faulty:
        command = [str(python), str(HERE / "jenkins_clients.py"), client, faulty.url, USER, API_TOKEN, KEY]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    seen = json.loads(done.stdout)
    assert {one["name"]: one["value"] for one in seen.pop("given")} == {"VERSION": "1.4.2", "TOCSIN_ACTION_ID": KEY}
    if client == "api4jenkins":  # python-jenkins follows the 303 of an equal build to a page for people
        assert seen.pop("folded")
    assert seen == {
        "parameters": list(PARAMETERS),
        "waited": True,
        "result": "SUCCESS",
        "log": ["Started by user tocsin", "+ deploy", "Finished: SUCCESS"],
        "taken_out": True,
        "stopped": "ABORTED",
    }
    assert fake.effects == [KEY, "", ""]


@pytest.fixture
def fake() -> FakeJenkins:
    return FakeJenkins()


@pytest.fixture
def executor(fake: FakeJenkins) -> Iterator[JenkinsExecutor]:
    def answer(asked: Asked) -> Answer:
        if asked.path.endswith("/cancelItem"):
            fake._leave()  # the item becomes a build just before
        return fake.answer(asked)

    with served(answer) as faulty:
        yield jenkins.executor("jenkins", {"url": faulty.url, "username": USER, "password": API_TOKEN})


def test_a_job_that_begins_while_it_is_taken_out_of_the_queue_is_stopped(
    executor: JenkinsExecutor, fake: FakeJenkins
) -> None:
    plan = executor.plan(DEPLOY, {"version": "1.4.2"})
    started = executor.execute(KEY, DEPLOY, {"version": "1.4.2"}, plan)
    assert isinstance(started, Started)
    executor.cancel(started, DEPLOY)
    assert [build["result"] for build in fake.builds] == ["ABORTED"]
    with pytest.raises(ConnectorError, match=r"build 1 of shop/deploy-web: ABORTED"):
        executor.follow(started, DEPLOY)
    executor.cancel(started, DEPLOY)


@pytest.mark.parametrize(
    ("tree", "kept"),
    [
        ("", {"a": 1, "b": [{"c": 2, "d": {"e": 3, "f": 4}}]}),
        ("a", {"a": 1}),
        ("b[c]", {"b": [{"c": 2}]}),
        ("b[d[e],c]{0,5},a", {"a": 1, "b": [{"c": 2, "d": {"e": 3}}]}),
    ],
)
def test_the_fake_tells_what_tree_asks_for(tree: str, kept: object) -> None:
    assert chosen({"a": 1, "b": [{"c": 2, "d": {"e": 3, "f": 4}}]}, tree) == kept
