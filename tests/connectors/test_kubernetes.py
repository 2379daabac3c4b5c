"""Does the Kubernetes connector bear a controller that is at work meanwhile, or not there yet? A real one is in
tests/heavy/real_kubernetes.py."""

import pytest

from bot.actions.model import Action, ActionKind, Progress, Started
from bot.connectors import kubernetes
from bot.errors import ConnectorError
from tests.connectors.fake_kubernetes import IMAGE, FakeKubernetes
from tests.connectors.fake_objects import TOKEN
from tests.connectors.faulty import served

TARGET = {"namespace": "shop", "deployment": "checkout"}
SCALE = Action("scale", ActionKind.SCALE, "checkout", "cluster", TARGET)
ROLLBACK = Action("rollback", ActionKind.ROLLBACK, "checkout", "cluster", TARGET)

TIMED_OUT = 'ReplicaSet "checkout-75c7d6bd68" has timed out progressing'


class Restless(FakeKubernetes):
    """Its status is written after each of the first `writes` times that somebody reads it."""

    writes = 0

    def _move(self) -> None:
        if self.writes:
            self.writes -= 1
            self._touch()


def _planned(writes: int) -> tuple[str, list[str]]:
    fake = Restless()
    fake.writes = writes
    with served(fake.answer) as faulty:
        executor = kubernetes.executor("cluster", {"url": faulty.url, "token": TOKEN})
        return executor.plan(SCALE, {"replicas": "4"}).summary, fake.effects


def test_a_plan_is_made_while_a_rollout_is_under_way() -> None:
    assert _planned(writes=3) == ("checkout 2 replicas → 4 replicas", [])


def test_what_changes_all_the_time_may_be_planned_later() -> None:
    with pytest.raises(ConnectorError, match="it changes too often to be written") as told:
        _planned(writes=100)
    assert not told.value.permanent


@pytest.mark.parametrize("paused", [False, True])
def test_a_version_that_has_no_pods_yet_is_rolled_back_to_the_one_that_has(paused: bool) -> None:
    fake = Restless()
    fake.object["spec"]["template"]["spec"]["containers"][0]["image"] = f"{IMAGE}:1.4.3"
    fake.object["spec"] |= {"paused": True} if paused else {}
    fake.object["metadata"]["generation"] += not paused
    with served(fake.answer) as faulty:
        executor = kubernetes.executor("cluster", {"url": faulty.url, "token": TOKEN})
        assert executor.plan(ROLLBACK, {}).summary == "checkout 1.4.3 → 1.4.2"


def test_a_rollout_that_is_stuck_is_told_in_the_words_of_the_server() -> None:
    fake = Restless()
    told = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": TIMED_OUT}
    with served(fake.answer) as faulty:
        executor = kubernetes.executor("cluster", {"url": faulty.url, "token": TOKEN})
        begun = executor.execute("run-1", SCALE, {"replicas": "4"}, executor.plan(SCALE, {"replicas": "4"}))
        assert isinstance(begun, Started)
        fake.object["status"] |= {"conditions": [told]}
        assert isinstance(executor.follow(begun, SCALE), Progress)
        fake.object["status"]["observedGeneration"] = fake.object["metadata"]["generation"]
        with pytest.raises(ConnectorError, match=f"the rollout is stuck: {TIMED_OUT}"):
            executor.follow(begun, SCALE)
