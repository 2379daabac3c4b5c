"""Is a deploy or rollback proposed as one pull request, and followed to its end? Over real repositories, against our
fake and, where npm is, against the GitHub emulator that others wrote."""

import itertools
import pickle
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pytest

from bot.actions.model import Action, ActionKind, Done, Progress, Started
from bot.connectors.git import executor
from bot.connectors.git.proposing import ProposingExecutor, branch_of
from bot.errors import ConnectorError, WorldChanged
from bot.sources.github import SOURCE
from bot.sources.model import Posted
from tests.connectors import emulator, fake_pulls
from tests.connectors.conftest import CHECKOUT, Deployments, action, git, wrapped_git
from tests.connectors.faulty import Answer, Asked, Faulty, served
from tests.packages import node_with

ROLLBACK = action()
KEY = "tocsin-run-7-0badcafe-1"
NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
PEOPLE = {"requested_by": "T1/UANA", "approved_by": "T1/UBEN"}
ONLY_FAKE = pytest.mark.parametrize("github", ["fake"], indirect=True)


class Github(Protocol):
    """`opened`: the branches that pull requests were opened from."""

    @property
    def project(self) -> str: ...
    @property
    def token(self) -> str: ...

    def answer(self, asked: Asked) -> Answer: ...
    def opened(self) -> list[str]: ...
    def review(self, number: int, state: str, by: str) -> None: ...
    def check(self, number: int, name: str, conclusion: str | None) -> None: ...
    def merge(self, number: int) -> str: ...
    def close(self, number: int) -> None: ...


@pytest.fixture(scope="session")
def emulated() -> Iterator[Callable[[Path], emulator.Emulated]]:
    packages = node_with(Path(__file__).with_name("package.json"))
    numbers = itertools.count()
    with tempfile.TemporaryDirectory() as folder, emulator.running(packages, Path(folder)) as url:
        yield lambda repository: emulator.Emulated(url, f"shop-{next(numbers)}", repository)


@pytest.fixture(params=["fake", "emulator"])
def github(request: pytest.FixtureRequest, shop: Deployments) -> Any:
    if request.param == "fake":
        return fake_pulls.FakePulls(shop.path)
    return request.getfixturevalue("emulated")(shop.path)


@pytest.fixture
def web(github: Github) -> Iterator[Faulty]:
    with served(github.answer) as faulty:
        yield faulty


Make = Callable[[], ProposingExecutor]


def until(reached: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if reached():
            return
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")


@pytest.fixture
def make(shop: Deployments, github: Github, web: Faulty) -> Make:
    def made() -> ProposingExecutor:
        options = {"repository": str(shop.path), "through": "pull_request", "project": github.project}
        found = executor("shop", {**options, "api": web.url, "token": github.token})
        assert isinstance(found, ProposingExecutor)
        return found

    return made


def begun(make: Make, key: str = KEY, of: Action = ROLLBACK) -> Started:
    plan = make().plan(of, {})
    started = make().execute(key, of, PEOPLE, plan)
    assert isinstance(started, Started)
    return started


def said(make: Make, started: Started) -> str:
    seen = make().follow(started, ROLLBACK)
    assert isinstance(seen, Progress)
    return seen.state


def test_the_plan_says_that_a_pull_request_will_be_opened(make: Make, github: Github) -> None:
    plan = make().plan(ROLLBACK, {})
    assert (plan.before, plan.after) == ("1.4.2", "1.4.1")
    assert plan.commands[1] == f"open a pull request to main of {github.project}"
    assert github.opened() == []


def test_the_commit_goes_to_a_branch_of_its_own_and_main_stays(make: Make, github: Github, shop: Deployments) -> None:
    head = shop.head()
    begun(make)
    branch = "tocsin/run-7-0badcafe-1"
    assert github.opened() == [branch_of(KEY)] == [branch]
    assert shop.head() == head
    assert git(shop.path, "diff", "--numstat", "main", branch) == "1\t1\tservices/checkout.yaml"
    assert shop.body(branch).splitlines() == [
        "Requested-by: T1/UANA",
        "Approved-by: T1/UBEN",
        "Tocsin-Kind: rollback",
        "Tocsin-Action: tocsin-run-7-0badcafe-1",
        "Tocsin-Version: 1.4.1",
        "Tocsin-Previous: 1.4.2",
    ]


def test_it_is_followed_through_checks_and_reviews_until_it_is_merged(make: Make, github: Github) -> None:
    started = begun(make)
    assert said(make, started) == "pull request 1: waits for a review"
    github.check(1, "ci/test", None)
    assert said(make, started) == "pull request 1: 0 of 1 checks are over; waits for a review"
    github.check(1, "ci/lint", "success")
    github.review(1, "CHANGES_REQUESTED", "ana")
    assert said(make, started) == "pull request 1: 1 of 2 checks are over; ana asked for changes"
    github.review(1, "APPROVED", "ana")
    github.review(1, "APPROVED", "ben")
    assert said(make, started) == "pull request 1: 1 of 2 checks are over; approved by ana, ben"
    commit = github.merge(1)
    done = make().follow(started, ROLLBACK)
    assert isinstance(done, Done)
    assert (done.version, done.previous, done.reference) == ("1.4.1", "1.4.2", commit)
    assert done.summary == "Roll back checkout from 1.4.2 to 1.4.1 (pull request 1)"


@pytest.mark.parametrize("github", ["emulator"], indirect=True)
def test_the_emulators_webhook_tells_of_the_merge_and_is_signed(make: Make, github: emulator.Emulated) -> None:
    """An independent opinion on what GitHub sends: both doors tell of the same commit."""
    told: list[Asked] = []

    def hear(asked: Asked) -> Answer:
        told.append(asked)
        return Answer(202)

    with served(hear) as hook:
        config = {"url": f"{hook.url}/v1/hooks/github", "content_type": "json", "secret": "hook-secret"}
        github.ask("POST", "/hooks", {"config": config, "events": ["pull_request"], "active": True})
        begun(make)
        commit = github.merge(1)
        until(lambda: len(told) == 2)
    bodies = [Posted(asked.content, {k.lower(): v for k, v in asked.headers.items()}, NOW) for asked in told]
    assert [SOURCE.verify(one, "hook-secret") for one in bodies if SOURCE.verify] == ["", ""]
    assert [bool(SOURCE.verify(one, "wrong")) for one in bodies if SOURCE.verify] == [True, True]
    changes = [change for one in bodies for change in SOURCE.decode(one).changes]
    assert [(change.version, change.summary) for change in changes] == [
        (commit[:12], "#1 Roll back checkout from 1.4.2 to 1.4.1")
    ]


def test_what_was_merged_is_found_by_its_key_and_not_opened_again(make: Make, github: Github) -> None:
    plan = make().plan(ROLLBACK, {})
    started = make().execute(KEY, ROLLBACK, PEOPLE, plan)
    github.merge(1)
    assert make().find(KEY, ROLLBACK, plan) == started
    assert make().execute(KEY, ROLLBACK, PEOPLE, plan) == started
    assert make().find(f"{KEY}0", ROLLBACK, plan) is None
    assert len(github.opened()) == 1


def test_one_that_was_closed_is_a_failure_and_not_opened_again(make: Make, github: Github) -> None:
    started = begun(make)
    github.close(1)
    with pytest.raises(ConnectorError, match="pull request 1 was closed without being merged") as caught:
        make().follow(begun(make), ROLLBACK)
    assert caught.value.permanent
    assert make().find(KEY, ROLLBACK, make().plan(ROLLBACK, {})) == started
    assert len(github.opened()) == 1


def test_a_check_that_fails_is_named(make: Make, github: Github) -> None:
    started = begun(make)
    github.check(1, "ci/test", "failure")
    with pytest.raises(ConnectorError, match="pull request 1: ci/test failed; it is still open") as caught:
        make().follow(started, ROLLBACK)
    assert caught.value.permanent


def test_stopping_the_run_closes_it_and_does_no_harm_when_it_is_merged(make: Make, github: Github) -> None:
    first, second = begun(make), begun(make, "tocsin-run-8-5eed-1")
    make().cancel(first, ROLLBACK)
    make().cancel(first, ROLLBACK)
    with pytest.raises(ConnectorError, match="closed without being merged"):
        make().follow(first, ROLLBACK)
    github.merge(2)
    make().cancel(second, ROLLBACK)
    assert isinstance(make().follow(second, ROLLBACK), Done)


@pytest.mark.parametrize("fault", ["cut", "refused", "half", 502])
def test_whatever_is_lost_between_two_requests_there_is_one(
    make: Make, github: Github, web: Faulty, fault: str | int
) -> None:
    plan = make().plan(ROLLBACK, {})
    for at, key in enumerate(("tocsin-run-1", "tocsin-run-2", "tocsin-run-3")):
        web.faults = [*[""] * at, fault]
        with suppress(ConnectorError):
            make().execute(key, ROLLBACK, PEOPLE, plan)
        web.faults = []
        found = make().find(key, ROLLBACK, plan) or make().execute(key, ROLLBACK, PEOPLE, plan)
        assert isinstance(found, Started)
        assert github.opened().count(branch_of(key)) == 1


_KILLED = """
import sys, pickle
from bot.connectors.git import executor
dump, options = sys.argv[1:]
action, plan = pickle.load(open(dump, "rb"))
executor("shop", pickle.loads(bytes.fromhex(options))).execute("k1", action, {}, plan)
"""


@ONLY_FAKE
def test_a_kill_after_any_git_command_leaves_one_branch_and_one_pull_request(
    make: Make, github: Github, shop: Deployments, web: Faulty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = make().plan(ROLLBACK, {})
    folder = wrapped_git(
        tmp_path / "bin",
        'echo x >> $here/count\n"$real" "$@"; code=$?\n'
        'if [ "$(wc -l < $here/count)" -eq "$(cat $here/kill_at)" ]; then kill -9 $PPID; fi\nexit $code',
    )
    (tmp_path / "dump").write_bytes(pickle.dumps((ROLLBACK, plan)))
    options = {"repository": str(shop.path), "through": "pull_request", "project": github.project}
    given = pickle.dumps({**options, "api": web.url, "token": github.token}).hex()
    killed, code = 0, -9
    for kill_at in range(1, 40, 3):
        (folder / "count").write_text("")
        (folder / "kill_at").write_text(str(kill_at))
        with monkeypatch.context() as patched:
            patched.setenv("PATH", f"{folder}:/usr/bin:/bin")
            patched.setenv("TMPDIR", str(tmp_path))  # what a kill leaves
            command = [sys.executable, "-c", _KILLED, str(tmp_path / "dump"), given]
            code = subprocess.run(command, capture_output=True).returncode
        if code == 0:
            break
        assert code == -9
        killed += 1
    assert killed > 3
    assert code == 0
    assert github.opened() == ["tocsin/k1"]
    assert git(shop.path, "rev-list", "--count", "main..tocsin/k1") == "1"


@ONLY_FAKE
def test_two_that_race_open_one_as_github_refuses_the_second(make: Make, github: Github) -> None:
    """The emulator opens a second one from the same branch, GitHub does not (422)."""
    plan = make().plan(ROLLBACK, {})
    with ThreadPoolExecutor(4) as pool:
        racing = [pool.submit(make().execute, KEY, ROLLBACK, PEOPLE, plan) for _ in range(4)]
        assert len({future.result() for future in racing}) == 1
    assert len(github.opened()) == 1


@ONLY_FAKE
def test_one_that_github_does_not_list_yet_is_looked_for_again(make: Make, github: fake_pulls.FakePulls) -> None:
    """Its lists can be a moment behind."""
    plan = make().plan(ROLLBACK, {})
    first = make().execute(KEY, ROLLBACK, PEOPLE, plan)
    github.hidden = True
    with pytest.raises(ConnectorError, match="is there and not listed yet") as caught:
        make().execute(KEY, ROLLBACK, PEOPLE, plan)
    assert not caught.value.permanent
    github.hidden = False
    assert make().execute(KEY, ROLLBACK, PEOPLE, plan) == first
    assert len(github.opened()) == 1


@ONLY_FAKE
def test_what_github_finds_wrong_is_said_in_its_words(make: Make, github: fake_pulls.FakePulls) -> None:
    plan = make().plan(ROLLBACK, {})
    github.refuses = "No commits between main and tocsin/run-7-0badcafe-1"
    with pytest.raises(ConnectorError, match=r"Validation Failed: No commits between main and tocsin") as caught:
        make().execute(KEY, ROLLBACK, PEOPLE, plan)
    assert caught.value.permanent


@ONLY_FAKE
@pytest.mark.parametrize("headers", [{"X-RateLimit-Remaining": "0"}, {"Retry-After": "60"}, {}])
def test_asking_too_often_is_no_refusal(
    make: Make, github: fake_pulls.FakePulls, web: Faulty, headers: dict[str, str]
) -> None:
    started = begun(make)
    body = {"message": "no" if headers else "You have exceeded a secondary rate limit."}
    web.backend = lambda asked: Answer(403, body, headers)
    with pytest.raises(ConnectorError, match=r"is asked too often \(403") as caught:
        make().follow(started, ROLLBACK)
    assert not caught.value.permanent
    web.backend = lambda asked: Answer(403, {"message": "Resource not accessible by personal access token"})
    with pytest.raises(ConnectorError, match=r"does not allow this \(403: Resource not accessible") as caught:
        make().follow(started, ROLLBACK)
    assert caught.value.permanent


@ONLY_FAKE
def test_a_commit_status_that_failed_counts_as_a_check(make: Make, github: fake_pulls.FakePulls) -> None:
    started = begun(make)
    github.status(1, "jenkins", "pending")
    assert "0 of 1 checks are over" in said(make, started)
    github.status(1, "jenkins", "error")
    with pytest.raises(ConnectorError, match="jenkins failed"):
        make().follow(started, ROLLBACK)


@ONLY_FAKE
def test_one_that_cannot_be_merged_any_more_is_said(make: Make, shop: Deployments) -> None:
    started = begun(make)
    shop.release("1.4.3")
    with pytest.raises(ConnectorError, match="pull request 1 conflicts with main now; it is still open"):
        make().follow(started, ROLLBACK)


def test_a_branch_that_holds_something_else_is_left_alone(make: Make, github: Github, shop: Deployments) -> None:
    git(shop.path, "update-ref", f"refs/heads/{branch_of(KEY)}", shop.head())
    with pytest.raises(ConnectorError, match=r"the branch tocsin/run-7-0badcafe-1 is there and holds something else"):
        begun(make)
    assert github.opened() == []


def test_a_value_that_moved_since_the_plan_is_not_proposed(make: Make, github: Github, shop: Deployments) -> None:
    plan = make().plan(ROLLBACK, {})
    shop.release("1.4.3")
    with pytest.raises(WorldChanged):
        make().execute(KEY, ROLLBACK, PEOPLE, plan)
    assert github.opened() == []
    assert shop.file() == CHECKOUT.format("1.4.3")


@pytest.mark.parametrize(
    ("options", "api", "project"),
    [
        ({"repository": "https://github.com/shop/web.git"}, "https://api.github.com", "shop/web"),
        ({"repository": "git@github.com:shop/web.git", "project": "shop/web"}, "https://api.github.com", "shop/web"),
        (
            {"repository": "https://git.example.com/team/shop/web.git", "through": "merge_request"},
            "https://git.example.com",
            "team/shop/web",
        ),
    ],
)
def test_where_it_is_opened_follows_from_the_repository(options: dict[str, str], api: str, project: str) -> None:
    made = executor("shop", {"through": "pull_request", **options})
    assert isinstance(made, ProposingExecutor)
    assert (made._options.api_url, made._options.project_path) == (api, project)


def test_without_a_project_the_settings_say_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=re.escape("through = 'merge_request' needs `api` and `project`")):
        executor("shop", {"repository": str(tmp_path), "through": "merge_request"})


def test_a_deploy_is_proposed_as_well(make: Make, github: Github) -> None:
    deploy = action(ActionKind.DEPLOY)
    plan = make().plan(deploy, {"version": "1.5.0"})
    started = make().execute(KEY, deploy, PEOPLE, plan)
    github.merge(1)
    assert isinstance(started, Started)
    done = make().follow(started, deploy)
    assert isinstance(done, Done)
    assert done.version == "1.5.0"
