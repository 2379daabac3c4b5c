"""Is the shop's desired state a real repository that Tocsin's own git connector can work with?"""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.actions.model import Action, ActionKind
from bot.connectors.git import executor
from bot.demo.deployments import Deployments
from bot.demo.shop import KEY, SERVICES, next_version

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CHECKOUT = SERVICES["checkout"]
ROLLBACK = Action("rollback", ActionKind.ROLLBACK, "checkout", "shop", {"file": CHECKOUT.file, "key": KEY})


@pytest.fixture
def deployments(tmp_path: Path) -> Deployments:
    made = Deployments(tmp_path / "shop.git")
    made.ensure(NOON, 60)
    return made


def _git(deployments: Deployments, *arguments: str) -> str:
    command = ["git", "-C", str(deployments.path), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_the_repository_has_the_shops_past_in_it(deployments: Deployments) -> None:
    head = deployments.head()
    assert deployments.versions(head) == {"web": "5.1.3", "checkout": "1.4.1", "payments": "2.7.3"}
    assert _git(deployments, "log", "--format=%aI %an %s", "-1", "main", "--", CHECKOUT.file) == (
        "2026-11-21T10:13:00+00:00 Release Job Release checkout 1.4.1"
    )
    assert "# bumped by the release job" in _git(deployments, "show", f"main:{CHECKOUT.file}")
    assert _git(deployments, "fsck", "--strict") == ""
    deployments.ensure(NOON, 60)
    assert deployments.head() == head


def test_a_release_is_one_line_by_its_author_and_happens_once(deployments: Deployments) -> None:
    first = deployments.release(CHECKOUT, "1.4.2", "Ana", "Release checkout 1.4.2: rates", "I1", NOON)
    assert deployments.release(CHECKOUT, "1.4.2", "Ana", "Release checkout 1.4.2: rates", "I1", NOON) == first
    assert _git(deployments, "diff", "--numstat", f"{first}~", "main") == f"1\t1\t{CHECKOUT.file}"
    release = deployments.latest(CHECKOUT, deployments.head())
    assert release is not None
    assert (release.version, release.by, release.revision) == ("1.4.2", "Ana", first)


def test_tocsin_rolls_the_release_back(deployments: Deployments) -> None:
    before = _git(deployments, "show", f"main:{CHECKOUT.file}")
    deployments.release(CHECKOUT, "1.4.2", "Ana", "Release checkout 1.4.2", "I1", NOON)
    git = executor("shop", {"repository": str(deployments.path)})
    plan = git.plan(ROLLBACK, {})
    assert (plan.before, plan.after) == ("1.4.2", "1.4.1")
    git.execute("k1", ROLLBACK, {}, plan)
    assert deployments.versions(deployments.head())["checkout"] == "1.4.1"
    assert _git(deployments, "show", f"main:{CHECKOUT.file}") == before


def test_people_and_tocsin_commit_at_the_same_time(deployments: Deployments) -> None:
    deployments.release(CHECKOUT, "1.4.2", "Ana", "Release checkout 1.4.2", "I1", NOON)
    git = executor("shop", {"repository": str(deployments.path)})
    plan = git.plan(ROLLBACK, {})
    with ThreadPoolExecutor(4) as pool:
        others = [
            pool.submit(
                deployments.release, SERVICES[name], f"9.0.{number}", "Ben", f"{name} {number}", f"J{number}", NOON
            )
            for number, name in enumerate(["web", "payments", "web"])
        ]
        done = pool.submit(git.execute, "k1", ROLLBACK, {}, plan).result()
        commits = {future.result() for future in others} | {done.reference}
    assert len(commits) == 4
    assert set(_git(deployments, "log", "--format=%H", "main").split()) >= commits
    assert deployments.versions(deployments.head())["checkout"] == "1.4.1"


def test_a_file_that_somebody_broke_is_left_out(deployments: Deployments) -> None:
    blob = (
        subprocess.run(
            ["git", "-C", str(deployments.path), "hash-object", "-w", "--stdin"],
            input=b"a: [",
            capture_output=True,
            check=True,
        )
        .stdout.decode()
        .strip()
    )
    tree = _git(deployments, "ls-tree", "main:services").replace(
        _git(deployments, "rev-parse", f"main:{CHECKOUT.file}"), blob
    )
    made = (
        subprocess.run(
            ["git", "-C", str(deployments.path), "mktree"], input=tree.encode(), capture_output=True, check=True
        )
        .stdout.decode()
        .strip()
    )
    root = (
        subprocess.run(
            ["git", "-C", str(deployments.path), "mktree"],
            input=f"040000 tree {made}\tservices\n".encode(),
            capture_output=True,
            check=True,
        )
        .stdout.decode()
        .strip()
    )
    assert deployments.versions(root) == {"web": "5.1.3", "payments": "2.7.3"}


@pytest.mark.parametrize(("version", "following"), [("1.4.1", "1.4.2"), ("2.9", "2.10"), ("1.0.0-rc", "1.0.0-rc.1")])
def test_versions_go_up(version: str, following: str) -> None:
    assert next_version(version) == following
