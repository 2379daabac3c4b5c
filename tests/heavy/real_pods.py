"""Are the logs of pods read through a real API server as from the fake? The lines are a stand-in's for the kubelet."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.asking import kubernetes
from bot.asking.follow import Follow
from bot.asking.kubernetes import KubernetesPuller
from bot.asking.rounds import client_of
from bot.clock import HeldClock
from bot.errors import ConnectorError
from bot.settings import PullSettings
from bot.store.database import Database
from tests.asking import fake_pods
from tests.asking.test_follow import Counter
from tests.connectors.faulty import Asked, Backend, served
from tests.heavy.kubelet import NODE
from tests.heavy.kubernetes_server import READER, TOCSIN, Cluster, running_cluster, until
from tests.heavy.shapes import Shapes, differences, recorded

pytestmark = pytest.mark.timeout(600)
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("kubernetes")) as made:
        yield made


@dataclass
class Reading:
    """Pods in a namespace of their own, and a Tocsin that asks for their lines every ten seconds, over TLS."""

    cluster: Cluster
    namespace: str
    database: Database
    clock: HeldClock = field(default_factory=lambda: HeldClock(NOW))
    counter: Counter = field(default_factory=Counter)
    url: str = ""

    def ask(self, token: str = TOCSIN, **more: str) -> None:
        """As a process that has just started: what it knows is in the database."""
        self.clock.advance(10 * SECOND)
        url, authority = self.url or self.cluster.url, "" if self.url else self.cluster.authority
        told = {"type": "kubernetes", "url": url, "namespace": self.namespace, "token": token, **more}
        settings = PullSettings.model_validate(told)
        with client_of(settings.url, settings.token, {}, authority) as client:
            follow = Follow("shop", KubernetesPuller("shop", settings, client), self.counter, self.database, self.clock)
            for _ in range(100):
                if not follow.once()[1]:
                    return
        raise AssertionError("it never comes to an end")

    def pod(self, name: str, *lines: str, app: str = "checkout", waits: bool = False) -> str:
        """A pod that said this just now."""
        if waits:
            self.cluster.kubelet.waiting.add(f"{self.namespace}/{name}")
        self.says(name, *lines)
        spec = {"containers": [{"name": "app", "image": "shop/checkout:1.4.1"}]}
        folder = f"/api/v1/namespaces/{self.namespace}/pods"
        self.cluster.made(folder, {"metadata": {"name": name, "labels": {"app": app}}, "spec": spec})
        wanted = "waiting" if waits else "running"
        until(self.cluster.api, f"{folder}/{name}", lambda got: wanted in _state(got.json()))
        return name

    def says(self, pod: str, *lines: str, previous: bool = False) -> None:
        log = self.cluster.kubelet.logs.setdefault((f"{self.namespace}/{pod}", "previous" if previous else ""), [])
        at = self.clock.now() + SECOND
        log += [(at + timedelta(microseconds=number), line) for number, line in enumerate(lines)]


def _state(pod: dict[str, Any]) -> dict[str, Any]:
    told = (pod.get("status") or {}).get("containerStatuses") or [{}]
    state: dict[str, Any] = told[0].get("state") or {}
    return state if pod["spec"].get("nodeName") == NODE else {}


@pytest.fixture
def reading(cluster: Cluster, database: Database) -> Reading:
    return Reading(cluster, cluster.namespace(), database)


def test_every_line_counts_once_with_its_pod_and_its_service(reading: Reading) -> None:
    one, other = reading.pod("a", "order 1 failed", "order 1 failed"), reading.pod("b", "order 1 paid", app="cart")
    for _ in range(3):
        reading.ask()
    reading.says(one, "order 2 failed")
    reading.says(other, "order 2 paid")
    for _ in range(3):
        reading.ask()
    told = sorted((record.service, record.attributes["pod"], record.text) for record in reading.counter.records)
    assert told == [
        ("cart", "b", "order 1 paid"),
        ("cart", "b", "order 2 paid"),
        ("checkout", "a", "order 1 failed"),
        ("checkout", "a", "order 1 failed"),
        ("checkout", "a", "order 2 failed"),
    ]
    assert min(record.at for record in reading.counter.records) == NOW + SECOND


def test_what_a_container_said_before_it_was_restarted_counts(reading: Reading) -> None:
    pod = reading.pod("c", "three")
    reading.says(pod, "two", "out of memory", previous=True)
    reading.cluster.kubelet.restarted[f"{reading.namespace}/{pod}"] = reading.clock.now() + SECOND
    path = f"/api/v1/namespaces/{reading.namespace}/pods/{pod}"
    until(reading.cluster.api, path, lambda got: got.json()["status"]["containerStatuses"][0]["restartCount"] == 1)
    reading.ask()
    assert sorted(reading.counter.texts) == ["out of memory", "three", "two"]


def test_pods_that_wait_and_go_are_no_trouble(reading: Reading) -> None:
    reading.pod("d", "one")
    reading.pod("e", "two", waits=True)
    reading.ask()
    reading.cluster.kubelet.waiting.discard(f"{reading.namespace}/e")
    folder = f"/api/v1/namespaces/{reading.namespace}/pods"
    until(reading.cluster.api, f"{folder}/e", lambda got: "running" in _state(got.json()))
    reading.cluster.api.delete(f"{folder}/d").raise_for_status()
    until(reading.cluster.api, f"{folder}/d", lambda got: got.status_code == 404)
    reading.says("e", "three")
    reading.ask()
    assert sorted(reading.counter.texts) == ["one", "three", "two"]


def test_the_list_of_pods_is_read_page_by_page(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes, "PAGE_PODS", 2)
    for name in "fghij":
        reading.pod(name, name)
    reading.ask()
    assert reading.counter.texts == [*"fghij"]


def test_only_pods_with_the_labels_are_read(reading: Reading) -> None:
    reading.pod("k", "one")
    reading.pod("l", "two", app="cart")
    reading.ask(selector="app in (cart, web)")
    assert reading.counter.texts == ["two"]


def test_what_is_not_allowed_is_told_with_what_to_do(reading: Reading) -> None:
    with pytest.raises(ConnectorError, match=r'403: .*"reader" cannot list resource "pods".*; its token needs to list'):
        reading.ask(READER)
    with pytest.raises(ConnectorError, match="401: Unauthorized; its token is not known there, or has run out"):
        reading.ask("old-token")


def test_the_fake_answers_as_the_real_one(cluster: Cluster, database: Database) -> None:
    fake, real = Shapes(), Shapes()
    shown = fake_pods.FakePods({name: [fake_pods.Container()] for name in ("m", "n")})
    shown.pods["n"][0].is_waiting = True
    shown.pods["m"][0].restarts, shown.pods["m"][0].ended_at = 1, NOW
    with served(recorded(shown.answer, fake)) as faulty:
        Reading(cluster, "shop", database, url=faulty.url).ask()
        _not_known(recorded(shown.answer, fake), "shop")
    with served(recorded(cluster.forwarded(), real)) as faulty:
        reading = Reading(cluster, cluster.namespace(), database, url=faulty.url)
        cluster.kubelet.restarted[f"{reading.namespace}/m"] = NOW
        reading.pod("m", "one")
        reading.pod("n", waits=True)
        reading.ask()
        _not_known(recorded(cluster.forwarded(), real), reading.namespace)
    assert {status for _, status in fake} == {200, 400, 401, 404}
    assert set(fake) <= set(real)
    assert differences(fake, real) == []


def _not_known(backend: Backend, namespace: str) -> None:
    folder = f"/api/v1/namespaces/{namespace}/pods"
    query = {"container": "app", "timestamps": "true", "sinceTime": "2026-03-01T12:00:00Z", "limitBytes": "1000"}
    for path, token, status in ((f"{folder}/m/log", "old", 401), (f"{folder}/none/log", TOCSIN, 404)):
        assert backend(Asked("GET", path, query, {"Authorization": f"Bearer {token}"}, b"")).status == status
