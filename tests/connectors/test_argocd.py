"""Is an application of Argo CD moved only where it lets itself be moved, and is it said how it ended?"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.actions.model import Action, ActionKind, Progress, Started
from bot.connectors import argocd
from bot.connectors.argocd import ArgocdExecutor
from bot.errors import ConnectorError, InputError, Refused, WorldChanged
from tests.connectors.described import Described
from tests.connectors.fake_argocd import GOOD, HEAD, TOKEN, FakeArgocd
from tests.connectors.faulty import served
from tests.connectors.runs import KEY, followed

Make = Callable[[FakeArgocd], ArgocdExecutor]


@pytest.fixture
def make() -> Iterator[Make]:
    with served(lambda asked: fakes[0].answer(asked)) as faulty:
        fakes: list[FakeArgocd] = []

        def make(fake: FakeArgocd) -> ArgocdExecutor:
            fakes[:] = [fake]
            return argocd.executor("argocd", {"url": faulty.url, "token": TOKEN})

        yield make


def action(kind: ActionKind = ActionKind.ROLLBACK) -> Action:
    return Action(f"{kind}-checkout", kind, "checkout", "argocd", {"application": "checkout"})


def to_the_end(executor: ArgocdExecutor, kind: ActionKind) -> list[str]:
    """Its states, one after the other, and the version at the end."""
    states, done = followed(executor, action(kind))
    return [*states, done.version]


def test_a_rollback_goes_to_the_revision_before_and_waits_for_the_pods(make: Make) -> None:
    states = to_the_end(make(FakeArgocd()), ActionKind.ROLLBACK)
    assert states == ["waits for Argo CD", "Running", "the pods are not ready yet", GOOD[:7]]


def test_where_auto_sync_is_on_the_plan_says_that_git_has_to_be_reverted(make: Make) -> None:
    with pytest.raises(ConnectorError, match=r"auto-sync is on for checkout.*revert the commit in git") as caught:
        make(FakeArgocd(automatic=True)).plan(action(), {})
    assert caught.value.permanent


def test_where_auto_sync_is_on_a_sync_follows_git(make: Make) -> None:
    assert to_the_end(make(FakeArgocd(automatic=True)), ActionKind.DEPLOY)[-1] == HEAD[:7]


def test_auto_sync_that_is_set_but_not_enabled_is_off(make: Make) -> None:
    fake = FakeArgocd(automatic=True)
    fake.application["spec"]["syncPolicy"]["automated"]["enabled"] = False
    assert make(fake).plan(action(), {"version": "aaaa"}).after == GOOD[:7]


def test_git_that_moved_on_since_the_plan_is_not_synced(make: Make) -> None:
    fake = FakeArgocd()
    executor = make(fake)
    plan = executor.plan(action(ActionKind.DEPLOY), {})
    fake.application["status"]["sync"]["revision"] = "d" * 40
    with pytest.raises(WorldChanged, match="git moved on"):
        executor.execute(KEY, action(ActionKind.DEPLOY), {}, plan)
    assert fake.effects == []


def test_pods_that_do_not_get_well_are_a_failure(make: Make) -> None:
    fake = FakeArgocd()
    fake.health = "Degraded"
    with pytest.raises(ConnectorError, match=r"its health is Degraded: 2 of 2 pods crash"):
        to_the_end(make(fake), ActionKind.ROLLBACK)


def test_a_sync_that_fails_says_why(make: Make) -> None:
    fake = FakeArgocd()
    fake.phase = "Failed"
    with pytest.raises(ConnectorError, match=r"the sync of checkout: Failed: successfully synced"):
        to_the_end(make(fake), ActionKind.ROLLBACK)


def test_another_sync_in_between_is_said(make: Make) -> None:
    fake = FakeArgocd()
    executor = make(fake)
    started = executor.execute(KEY, action(), {}, executor.plan(action(), {}))
    assert isinstance(started, Started)
    assert isinstance(executor.follow(started, action()), Progress)
    fake.application["status"]["operationState"]["operation"]["info"] = []
    with pytest.raises(ConnectorError, match="another sync of checkout came in between"):
        executor.follow(started, action())


def test_a_revision_with_other_settings_belongs_to_git(make: Make) -> None:
    fake = FakeArgocd()
    fake.application["status"]["history"][0]["source"]["path"] = "elsewhere"
    with pytest.raises(ConnectorError, match="other settings with aaaaaaa; revert them in git"):
        make(fake).plan(action(), {})


def test_what_makes_no_sense_is_refused(make: Make) -> None:
    fake = FakeArgocd()
    fake.application["status"]["history"].pop(0)
    with pytest.raises(Refused):
        make(fake).plan(action(), {})
    fake.application["status"] |= {"sync": {"status": "Synced", "revision": "b" * 40}}
    with pytest.raises(InputError, match="already"):
        make(fake).plan(action(ActionKind.DEPLOY), {})
    fake.application["spec"].pop("source")
    with pytest.raises(ConnectorError, match="several sources"):
        make(fake).plan(action(ActionKind.DEPLOY), {})


def test_the_revisions_of_its_history_are_offered(make: Make) -> None:
    assert make(FakeArgocd()).choices(action(), "version") == ["b" * 40, GOOD]


def test_every_exchange_fits_the_published_swagger(shared: Path) -> None:
    described = Described(shared / "specs" / "argocd-swagger.json")
    for kind in (ActionKind.DEPLOY, ActionKind.ROLLBACK):
        with served(described.between(FakeArgocd().answer)) as faulty:
            executor = argocd.executor("argocd", {"url": faulty.url, "token": TOKEN})
            to_the_end(executor, kind)
        with served(described.between(FakeArgocd().answer)) as faulty:
            executor = argocd.executor("argocd", {"url": faulty.url, "token": TOKEN})
            started = executor.execute(KEY, action(kind), {}, executor.plan(action(kind), {}))
            assert isinstance(started, Started)
            executor.cancel(started, action(kind))
    assert described.problems == []
    assert len(described.seen) == 3
