"""Is a change proposed as a merge request of GitLab followed to its end?"""

from collections.abc import Iterator

import pytest

from bot.actions.model import Done, Progress, Started
from bot.connectors.git import executor
from bot.connectors.git.proposing import ProposingExecutor
from bot.errors import ConnectorError
from tests.connectors.conftest import CHECKOUT, Deployments, action
from tests.connectors.fake_merges import PROJECT, TOKEN, FakeMerges
from tests.connectors.faulty import served

ROLLBACK = action()
KEY = "tocsin-run-7-0badcafe-1"


@pytest.fixture
def fake(shop: Deployments) -> FakeMerges:
    return FakeMerges(shop.path)


@pytest.fixture
def proposing(shop: Deployments, fake: FakeMerges) -> Iterator[ProposingExecutor]:
    with served(fake.answer) as faulty:
        options = {"repository": str(shop.path), "through": "merge_request", "project": PROJECT}
        made = executor("shop", {**options, "api": faulty.url, "token": TOKEN})
        assert isinstance(made, ProposingExecutor)
        yield made


def begun(proposing: ProposingExecutor) -> Started:
    started = proposing.execute(KEY, ROLLBACK, {}, proposing.plan(ROLLBACK, {}))
    assert isinstance(started, Started)
    return started


def test_it_is_followed_through_its_pipeline_and_approvals(
    proposing: ProposingExecutor, fake: FakeMerges, shop: Deployments
) -> None:
    started = begun(proposing)
    assert started.link == "https://gitlab.example.com/shop/deployments/-/merge_requests/1"
    fake.pipeline(1, "running")
    seen = proposing.follow(started, ROLLBACK)
    assert seen == Progress(0, 1, "merge request 1: 0 of 1 checks are over; waits for a review")
    fake.pipeline(1, "success")
    fake.approve(1, "ana")
    seen = proposing.follow(started, ROLLBACK)
    assert seen == Progress(1, 1, "merge request 1: 1 of 1 checks are over; approved by ana")
    commit = fake.merge(1)
    done = proposing.follow(started, ROLLBACK)
    assert isinstance(done, Done)
    assert (done.version, done.reference) == ("1.4.1", commit)
    assert shop.file() == CHECKOUT.format("1.4.1")


def test_a_pipeline_that_fails_and_a_conflict_are_said(proposing: ProposingExecutor, fake: FakeMerges) -> None:
    started = begun(proposing)
    fake.merges[0]["has_conflicts"] = True
    with pytest.raises(ConnectorError, match="merge request 1 conflicts with main now"):
        proposing.follow(started, ROLLBACK)
    fake.pipeline(1, "failed")
    with pytest.raises(ConnectorError, match="merge request 1: pipeline 91 failed; it is still open"):
        proposing.follow(started, ROLLBACK)


def test_one_that_somebody_closed_is_a_failure(proposing: ProposingExecutor, fake: FakeMerges) -> None:
    started = begun(proposing)
    fake.close(1)
    with pytest.raises(ConnectorError, match="merge request 1 was closed without being merged"):
        proposing.follow(started, ROLLBACK)
    assert begun(proposing) == started
