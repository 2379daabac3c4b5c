"""Does the Kubernetes connector keep its contract on a real control plane, and does the fake answer as that one?"""

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import pytest

from bot.actions.model import Action, ActionKind, Done, Plan, Started
from bot.connectors import executors, kubernetes
from bot.connectors._objects import KEY
from bot.engine.action_ports import Executor
from bot.errors import ConnectorError, Refused, WorldChanged
from bot.settings import Settings
from tests.connectors import test_contract as contract
from tests.connectors.bench import Bench, Opened
from tests.connectors.benches import BENCHES
from tests.connectors.faulty import Answer, Asked, Backend, Faulty, served
from tests.handlers.stories import worked
from tests.heavy.kubelet import BAD
from tests.heavy.kubernetes_server import (
    IMAGE,
    READER,
    TOCSIN,
    Cluster,
    client_of,
    running_cluster,
)
from tests.heavy.servers import START_MAX_S
from tests.heavy.shapes import Shapes, differences, recorded
from tests.slack.stage import Stage

pytestmark = pytest.mark.timeout(600)
ACTIONS: Mapping[ActionKind, Mapping[str, str]] = {
    ActionKind.RESTART: {},
    ActionKind.SCALE: {"replicas": "4"},
    ActionKind.DEPLOY: {"version": "1.4.3"},
    ActionKind.ROLLBACK: {},
}


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("kubernetes")) as made:
        yield made


def _action(kind: ActionKind, namespace: str, deployment: str = "checkout") -> Action:
    return Action(f"{kind}-checkout", kind, "checkout", "cluster", {"namespace": namespace, "deployment": deployment})


def _opened(cluster: Cluster, kind: ActionKind, shapes: Shapes) -> Opened:
    @contextmanager
    def opened() -> Iterator[Bench]:
        namespace, counted = cluster.checkout("1.4.1", "1.4.2"), list[str]()
        with served(_counting(recorded(cluster.forwarded(), shapes), counted)) as faulty:
            yield Bench(
                faulty,
                lambda: kubernetes.executor("cluster", {"url": faulty.url, "timeout_s": 20, "token": TOCSIN}),
                _action(kind, namespace),
                ACTIONS[kind],
                state=lambda: _without_status(cluster.deployment(namespace)),
                effects=lambda: len(counted),
                secrets=(TOCSIN,),
                disturb=lambda: cluster.change(namespace, _DISTURBANCE),
                pause_s=1,
                goes_on=True,
            )

    return opened


_DISTURBANCE = {"spec": {"replicas": 3, "template": {"metadata": {"labels": {"by": "somebody"}}}}}


def _without_status(found: Mapping[str, Any]) -> object:
    """Controllers change the status, and the annotation with the revision."""
    ours = {name: value for name, value in found["metadata"]["annotations"].items() if name == KEY}
    return [found["spec"], found["metadata"]["generation"], ours]


def _counting(backend: Backend, counted: list[str]) -> Backend:
    """Counts what the server took for a new specification, but for a pause."""

    def answer(asked: Asked) -> Answer:
        given = backend(asked)
        if asked.method == "PUT" and given.status == 200 and "dryRun" not in asked.query:
            before, after = asked.body["metadata"]["generation"], given.body["metadata"]["generation"]
            if before != after and not given.body["spec"].get("paused"):
                counted.append(asked.path)
        return given

    return answer


@pytest.fixture(params=ACTIONS)
def opened(request: pytest.FixtureRequest, cluster: Cluster) -> Opened:
    return _opened(cluster, request.param, {})


@pytest.fixture
def bench(opened: Opened) -> Iterator[Bench]:
    with opened() as made:
        yield made


test_a_plan_changes_nothing = contract.test_a_plan_changes_nothing_and_says_the_same_twice
test_a_run_has_its_effect = contract.test_a_run_has_its_effect
test_the_same_key_twice_has_one_effect = contract.test_the_same_key_twice_has_one_effect
test_what_was_done_is_found = contract.test_what_was_not_done_is_not_found_and_what_was_is
test_a_world_that_moved = contract.test_a_world_that_moved_since_the_plan_is_left_alone
test_it_can_be_stopped = contract.test_what_goes_on_can_be_stopped_and_stopping_twice_does_no_harm
test_no_secret_is_told = contract.test_nothing_that_is_stored_or_shown_has_a_secret


@pytest.mark.parametrize("fault", ["cut", "refused"])
def test_killed_between_any_two_requests_it_has_one_effect(opened: Opened, fault: str) -> None:
    contract.test_killed_between_any_two_requests_it_has_one_effect(opened, fault)


@dataclass
class Shop:
    """checkout in a namespace of its own, and Tocsin beside it, over TLS."""

    cluster: Cluster
    namespace: str

    def executor(self, token: str = TOCSIN) -> Executor:
        told = {"url": self.cluster.url, "ca_file": self.cluster.authority, "token": token, "timeout_s": 20}
        return kubernetes.executor("cluster", told)

    def plan(self, kind: ActionKind, **parameters: str) -> Plan:
        return self.executor().plan(_action(kind, self.namespace), parameters)

    def begin(self, kind: ActionKind, key: str, **parameters: str) -> Started:
        begun = self.executor().execute(key, _action(kind, self.namespace), parameters, self.plan(kind, **parameters))
        assert isinstance(begun, Started)
        return begun

    def follow(self, kind: ActionKind, begun: Started) -> Done:
        give_up = time.monotonic() + START_MAX_S
        while time.monotonic() < give_up:
            seen = self.executor().follow(begun, _action(kind, self.namespace))
            if isinstance(seen, Done):
                return seen
            time.sleep(0.2)
        raise AssertionError("it never ends")

    def run(self, kind: ActionKind, key: str, **parameters: str) -> str:
        return self.follow(kind, self.begin(kind, key, **parameters)).summary

    def stuck(self) -> ConnectorError:
        """How it is told that a version cannot start."""
        self.cluster.change(self.namespace, {"spec": {"progressDeadlineSeconds": 3}})
        begun = self.begin(ActionKind.DEPLOY, "run-stuck", version=f"{BAD}-1.4.3")
        with pytest.raises(ConnectorError) as told:
            self.follow(ActionKind.DEPLOY, begun)
        self.cluster.change(self.namespace, {"spec": {"progressDeadlineSeconds": 600}})
        return told.value

    @property
    def pods(self) -> dict[str, str]:
        """Name → version, of those that are to stay."""
        found = self.cluster.api.get(f"/api/v1/namespaces/{self.namespace}/pods").raise_for_status().json()["items"]
        stay = [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]
        return {pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"].rpartition(":")[2] for pod in stay}

    @property
    def versions(self) -> list[str]:
        return sorted(self.pods.values())

    @property
    def revision(self) -> int:
        return int(self.object["metadata"]["annotations"][kubernetes.KubernetesExecutor.REVISION])

    @property
    def object(self) -> dict[str, Any]:
        return self.cluster.deployment(self.namespace)


@pytest.fixture
def shop(cluster: Cluster) -> Shop:
    return Shop(cluster, cluster.checkout("1.4.1", "1.4.2"))


def test_a_restart_brings_new_pods_of_the_same_version(shop: Shop) -> None:
    before = shop.pods
    assert shop.run(ActionKind.RESTART, "run-1") == f"checkout has 2 pods of {IMAGE}:1.4.2"
    assert not set(before) & set(shop.pods)
    assert shop.versions == ["1.4.2", "1.4.2"]


def test_it_is_scaled_up_and_down_to_nothing(shop: Shop) -> None:
    for many in (4, 0, 1):
        assert shop.run(ActionKind.SCALE, f"run-{many}", replicas=str(many)).startswith(f"checkout has {many} pods")
        assert len(shop.pods) == many
    assert shop.revision == 2


def test_a_deploy_that_cannot_start_is_told_to_be_stuck_and_a_rollback_mends_it(shop: Shop) -> None:
    told = shop.stuck()
    assert told.permanent
    assert re.search(r'the rollout is stuck: ReplicaSet "checkout-\w+" has timed out progressing', str(told))
    assert shop.versions.count("1.4.2") == 2
    assert shop.plan(ActionKind.ROLLBACK).summary == f"checkout {BAD}-1.4.3 → 1.4.2"
    assert shop.run(ActionKind.ROLLBACK, "run-2") == f"checkout has 2 pods of {IMAGE}:1.4.2"
    assert shop.versions == ["1.4.2", "1.4.2"]


async def test_a_deploy_that_is_stuck_is_rolled_back_from_slack(shop: Shop) -> None:
    shop.stuck()
    cluster = {"type": "kubernetes", "url": shop.cluster.url, "ca_file": shop.cluster.authority, "token": TOCSIN}
    target = {"namespace": shop.namespace, "deployment": "checkout"}
    rollback = {"kind": "rollback", "service": "checkout", "connector": "cluster", "target": target}
    settings: dict[str, Any] = {"connectors": {"cluster": cluster}, "actions": {"rollback-checkout": rollback}}
    async with Stage(held=True, executors=executors(Settings.model_validate(settings)), **settings) as stage:
        stage.deliver()
        ana, ben = stage.people.as_("ana").in_("#incidents"), stage.people.as_("ben").in_("#incidents")
        await ana.types("/rollback checkout")
        await ana.expects_ephemeral(f"The plan is ready: Roll back checkout {BAD}-1.4.3 → 1.4.2")
        await ben.message("*Roll back checkout*").press("Approve")
        await worked(stage, "succeeded", pause_s=0.3)
        await ana.message("*Roll back checkout*").expects(f"checkout has 2 pods of {IMAGE}:1.4.2")
    assert shop.versions == ["1.4.2", "1.4.2"]


def test_one_that_is_stuck_goes_on_with_a_good_version(shop: Shop) -> None:
    shop.stuck()
    assert shop.run(ActionKind.DEPLOY, "run-2", version="1.4.4") == f"checkout has 2 pods of {IMAGE}:1.4.4"


def test_a_rollback_of_a_rollback_is_where_it_was(shop: Shop) -> None:
    for key, expected in (("run-1", "1.4.1"), ("run-2", "1.4.2")):
        assert shop.run(ActionKind.ROLLBACK, key) == f"checkout has 2 pods of {IMAGE}:{expected}"
        assert shop.versions == [expected] * 2
    assert shop.revision == 4


def test_what_was_just_deployed_is_rolled_back_by_one_version(cluster: Cluster) -> None:
    shop = Shop(cluster, cluster.checkout("1.4.0", "1.4.1"))
    for version, before in (("1.4.2", "1.4.1"), ("1.4.3", "1.4.2"), ("1.4.4", "1.4.3"), ("1.4.5", "1.4.4")):
        begun = shop.begin(ActionKind.DEPLOY, f"run-{version}", version=version)
        assert shop.plan(ActionKind.ROLLBACK).summary == f"checkout {version} → {before}"
        shop.follow(ActionKind.DEPLOY, begun)


def test_what_was_stopped_before_it_began_is_rolled_back_to_what_runs(shop: Shop) -> None:
    shop.cluster.change(shop.namespace, {"spec": {"paused": True}})
    containers = [{"name": "app", "image": f"{IMAGE}:1.4.3"}]
    shop.cluster.change(shop.namespace, {"spec": {"template": {"spec": {"containers": containers}}}})
    time.sleep(1)
    assert shop.run(ActionKind.ROLLBACK, "run-1") == f"checkout has 2 pods of {IMAGE}:1.4.2"
    assert shop.revision == 2


def test_what_has_one_version_cannot_be_rolled_back(cluster: Cluster) -> None:
    shop = Shop(cluster, cluster.checkout("1.4.1"))
    with pytest.raises(Refused, match="nothing_to_roll_back"):
        shop.plan(ActionKind.ROLLBACK)


def test_a_plan_writes_nothing_at_all(shop: Shop) -> None:
    before = shop.object
    for kind, parameters in ACTIONS.items():
        shop.plan(kind, **parameters)
    assert shop.object == before


def test_workers_at_once_do_it_once(shop: Shop) -> None:
    action, parameters = _action(ActionKind.DEPLOY, shop.namespace), {"version": "1.4.3"}
    plan, begun = shop.plan(ActionKind.DEPLOY, **parameters), list[object]()

    def work() -> None:
        begun.append(shop.executor().execute("run-1", action, parameters, plan))

    _at_once(*[work] * 4)
    assert len(begun) == 4
    assert len({str(one) for one in begun}) == 1
    assert isinstance(begun[0], Started)
    shop.follow(ActionKind.DEPLOY, begun[0])
    assert shop.revision == 3


def test_of_two_runs_of_the_same_plan_one_is_done(shop: Shop) -> None:
    action, parameters = _action(ActionKind.DEPLOY, shop.namespace), {"version": "1.4.3"}
    plan, begun, refused = shop.plan(ActionKind.DEPLOY, **parameters), list[object](), list[str]()

    def work(key: str) -> None:
        try:
            begun.append(shop.executor().execute(key, action, parameters, plan))
        except WorldChanged as changed:
            refused.append(str(changed))

    _at_once(*(partial(work, f"run-{number}") for number in range(3)))
    assert (len(begun), len(refused)) == (1, 2)
    assert isinstance(begun[0], Started)
    shop.follow(ActionKind.DEPLOY, begun[0])
    assert shop.revision == 3


def _at_once(*works: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _meanwhile(faulty: Faulty, change: Callable[[], None]) -> None:
    """Somebody else writes just before the connector's first write."""
    backend, is_first = faulty.backend, [True]

    def answer(asked: Asked) -> Answer:
        if asked.method == "PUT" and "dryRun" not in asked.query and is_first:
            is_first.clear()
            change()
        return backend(asked)

    faulty.backend = answer


def test_what_somebody_else_writes_meanwhile_is_kept(cluster: Cluster) -> None:
    shapes: Shapes = {}
    with _opened(cluster, ActionKind.DEPLOY, shapes)() as bench:
        plan, namespace = contract.planned(bench), bench.action.target["namespace"]
        theirs = {"metadata": {"annotations": {"team": "shop"}}, "spec": {"minReadySeconds": 1}}
        _meanwhile(bench.faulty, lambda: cluster.change(namespace, theirs))
        contract.finished(bench, contract.executed(bench, bench.make(), plan))
        found = cluster.deployment(namespace)
        assert found["metadata"]["annotations"]["team"] == "shop"
        assert found["spec"]["minReadySeconds"] == 1
        assert found["spec"]["template"]["spec"]["containers"][0]["image"] == f"{IMAGE}:1.4.3"
        assert bench.effects() == 1
    assert any(route.startswith("PUT ") and status == 409 for route, status in shapes)


def test_another_deploy_that_comes_in_between_is_left_alone(cluster: Cluster) -> None:
    with _opened(cluster, ActionKind.DEPLOY, {})() as bench:
        plan, namespace = contract.planned(bench), bench.action.target["namespace"]
        _meanwhile(bench.faulty, lambda: cluster.change(namespace, _DISTURBANCE))
        with pytest.raises(WorldChanged, match="checkout was changed since the plan was made"):
            contract.executed(bench, bench.make(), plan)
        assert bench.effects() == 0


def test_who_follows_what_another_run_took_over_is_told(shop: Shop) -> None:
    begun = shop.begin(ActionKind.DEPLOY, "run-1", version="1.4.3")
    shop.run(ActionKind.RESTART, "run-2")
    with pytest.raises(ConnectorError, match="another change came in between"):
        shop.follow(ActionKind.DEPLOY, begun)


def test_what_was_stopped_goes_on_with_the_next_deploy(shop: Shop) -> None:
    begun = shop.begin(ActionKind.DEPLOY, "run-1", version=f"{BAD}-1.4.3")
    shop.executor().cancel(begun, _action(ActionKind.DEPLOY, shop.namespace))
    with pytest.raises(ConnectorError, match="the rollout is paused"):
        shop.follow(ActionKind.DEPLOY, begun)
    assert shop.run(ActionKind.DEPLOY, "run-2", version="1.4.4") == f"checkout has 2 pods of {IMAGE}:1.4.4"


@pytest.mark.parametrize("kind", ACTIONS)
def test_who_may_only_read_is_refused_in_the_words_of_the_server(shop: Shop, kind: ActionKind) -> None:
    before = shop.object
    may_not = "list" if kind is ActionKind.ROLLBACK else "update"
    with pytest.raises(ConnectorError, match=rf'does not allow this \(403: .*User "reader" cannot {may_not} ') as told:
        shop.executor(READER).plan(_action(kind, shop.namespace), ACTIONS[kind])
    assert told.value.permanent
    with pytest.raises(ConnectorError, match="403"):
        shop.executor(READER).execute(
            "run-1", _action(kind, shop.namespace), ACTIONS[kind], shop.plan(kind, **ACTIONS[kind])
        )
    assert shop.object == before


def test_what_is_wrong_is_said(shop: Shop) -> None:
    restart = _action(ActionKind.RESTART, shop.namespace)
    with pytest.raises(ConnectorError, match=r"refuses these credentials \(401: Unauthorized\)"):
        shop.executor("old-token").plan(restart, {})
    with pytest.raises(ConnectorError, match=r'does not know it \(404: deployments.apps "cart" not found\)'):
        shop.executor().plan(_action(ActionKind.RESTART, shop.namespace, "cart"), {})
    with pytest.raises(ConnectorError, match=r'403: .*cannot get resource "deployments".* in the namespace "default"'):
        shop.executor().plan(_action(ActionKind.RESTART, "default"), {})
    stranger = kubernetes.executor("cluster", {"url": shop.cluster.url, "token": TOCSIN})
    with pytest.raises(ConnectorError, match="certificate verify failed"):
        stranger.plan(restart, {})


def test_nothing_but_deployments_and_replica_sets_is_asked_for(cluster: Cluster) -> None:
    asked = set[str]()
    for kind in ACTIONS:
        with _opened(cluster, kind, {})() as bench:
            contract.taken_over(bench, contract.planned(bench))
            asked |= {one.path.split("/")[6] for one in bench.faulty.asked}
            namespace = bench.action.target["namespace"]
    assert asked == {"deployments", "replicasets"}
    with client_of(cluster.url, cluster.authority, TOCSIN) as client:
        assert client.get(f"/api/v1/namespaces/{namespace}/secrets").status_code == 403
        assert client.delete(f"/apis/apps/v1/namespaces/{namespace}/deployments/checkout").status_code == 403


def test_the_fake_answers_as_the_real_one(cluster: Cluster) -> None:
    fake, real = Shapes(), Shapes()
    for kind in ACTIONS:
        with BENCHES[f"kubernetes-{kind}"]() as bench:
            bench.faulty.backend = recorded(bench.faulty.backend, fake)
            _all_exchanges(bench)
        with _opened(cluster, kind, real)() as bench:
            _all_exchanges(bench)
    assert set(fake) <= set(real)
    assert {status for _, status in fake} == {200, 401, 404, 409}
    assert differences(fake, real) == []


def _all_exchanges(bench: Bench) -> None:
    contract.taken_over(bench, contract.planned(bench))
    path = next(one.path for one in bench.faulty.asked if one.path.endswith("/deployments/checkout"))
    headers = {"Authorization": f"Bearer {bench.secrets[0]}"}
    with httpx.Client(base_url=bench.faulty.url, timeout=30, trust_env=False, headers=headers) as client:
        found = client.get(path).json()
        found["metadata"]["resourceVersion"] = "1"
        said = client.put(path, json=found).json()
        assert "please apply your changes to the latest version" in said["message"]
        assert client.get(path.replace("checkout", "cart")).json()["code"] == 404
        assert client.get(path, headers={"Authorization": "Bearer old"}).json()["message"] == "Unauthorized"
