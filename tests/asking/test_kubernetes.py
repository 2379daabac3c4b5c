"""Does each line of the pods count once: overlaps, restarts of Tocsin and of containers, rotation, pods that go?"""

from collections import Counter as Counted
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.asking import kubernetes
from bot.asking.follow import Follow
from bot.asking.kubernetes import KubernetesPuller
from bot.asking.rounds import client_of
from bot.clock import HeldClock
from bot.errors import ConnectorError, SettingsError
from bot.settings import PullSettings
from bot.store.database import Database
from tests.asking.fake_pods import TOKEN, Container, FakePods
from tests.asking.test_follow import Counter
from tests.connectors.faulty import Faulty, served

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@dataclass
class Cluster:
    """Pods, and a Tocsin that asks for their lines every ten seconds."""

    pods: FakePods
    faulty: Faulty
    database: Database
    clock: HeldClock
    counter: Counter
    token: str = TOKEN

    def ask(self, seconds: float = 10, **more: str) -> None:
        """As a process that has just started: what it knows is in the database."""
        self.clock.advance(timedelta(seconds=seconds))
        told = {"type": "kubernetes", "url": self.faulty.url, "namespace": "shop", "token": self.token, **more}
        settings = PullSettings.model_validate(told)
        with client_of(settings.url, settings.token, {}) as client:
            puller = KubernetesPuller("shop", settings, client)
            follow = Follow("shop", puller, self.counter, self.database, self.clock)
            for _ in range(100):
                if not follow.once()[1]:
                    return
        raise AssertionError("it never comes to an end")

    @property
    def now(self) -> datetime:
        return self.clock.now()


@pytest.fixture
def cluster(database: Database) -> Iterator[Cluster]:
    pods = FakePods()
    with served(pods.answer) as faulty:
        yield Cluster(pods, faulty, database, HeldClock(NOW), Counter())


def test_every_line_counts_once_with_its_pod_and_its_service(cluster: Cluster) -> None:
    one, other = Container(), Container()
    cluster.pods.pods = {"checkout-a": [one], "checkout-b": [other, Container("proxy")]}
    for round_ in range(12):
        one.says(cluster.now + SECOND, f"order {round_} failed", f"order {round_} failed")
        other.says(cluster.now + SECOND, f"order {round_} paid")
        cluster.ask()
    wanted = Counted({f"order {n} failed": 2 for n in range(12)} | {f"order {n} paid": 1 for n in range(12)})
    assert Counted(cluster.counter.texts) == wanted
    assert {(r.service, r.attributes["pod"]) for r in cluster.counter.records} == {
        ("checkout", "checkout-a"),
        ("checkout", "checkout-b"),
    }
    assert cluster.counter.records[0].at == NOW + SECOND


def test_what_a_container_said_before_it_was_restarted_counts(cluster: Cluster) -> None:
    app = Container()
    cluster.pods.pods = {"checkout-a": [app]}
    app.says(cluster.now + SECOND, "one")
    cluster.ask()
    app.says(cluster.now + SECOND, "two", "out of memory")
    app.restart(cluster.now + 2 * SECOND)
    app.says(cluster.now + 3 * SECOND, "three")
    cluster.ask()
    cluster.ask()
    assert sorted(cluster.counter.texts) == ["one", "out of memory", "three", "two"]


def test_rotation_pods_that_come_wait_and_go_are_no_trouble(cluster: Cluster) -> None:
    app, new = Container(), Container(is_waiting=True)
    cluster.pods.pods = {"checkout-a": [app]}
    app.says(cluster.now + SECOND, "one")
    cluster.ask()
    app.log.clear()
    app.says(cluster.now + SECOND, "two")
    cluster.pods.pods["checkout-b"] = [new]
    cluster.ask()
    new.is_waiting = False
    new.says(cluster.now + SECOND, "three")
    del cluster.pods.pods["checkout-a"]
    cluster.ask()
    assert cluster.counter.texts == ["one", "two", "three"]


def test_a_pod_that_goes_between_the_list_and_its_log_is_left_out(cluster: Cluster) -> None:
    gone, app = Container(), Container()
    app.says(NOW + SECOND, "one")
    cluster.pods.pods = {"checkout-a": [gone], "checkout-b": [app]}
    listed = cluster.pods.answer

    def goes(asked):  # type: ignore[no-untyped-def]
        answer = listed(asked)
        cluster.pods.pods.pop("checkout-a", None)
        return answer

    cluster.faulty.backend = goes
    cluster.ask()
    assert cluster.counter.texts == ["one"]


def test_after_hours_away_it_goes_on_where_it_was(cluster: Cluster) -> None:
    app = Container()
    cluster.pods.pods = {"checkout-a": [app]}
    cluster.ask()
    for minute in range(120):
        app.says(cluster.now + timedelta(minutes=minute), f"line {minute}")
    cluster.ask(2 * 3600)
    assert cluster.counter.texts == [f"line {minute}" for minute in range(120)]


def test_a_long_log_is_read_page_by_page(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes, "PULL_BYTES", 2_000)
    monkeypatch.setattr(kubernetes, "LOG_BYTES_MIN", 1_000)
    app, other = Container(), Container()
    cluster.pods.pods = {"checkout-a": [app], "checkout-b": [other]}
    for second in range(100):
        app.says(cluster.now + second * SECOND, f"line {second}", f"line {second} again")
    other.says(cluster.now + 99 * SECOND, "seldom")
    cluster.ask(101)
    assert Counted(cluster.counter.texts) == Counted(
        ["seldom", *(f"line {second}{more}" for second in range(100) for more in ("", " again"))]
    )


def test_a_second_with_more_than_a_page_is_left_behind_and_said(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(kubernetes, "LOG_BYTES_MIN", 1_000)
    monkeypatch.setattr(kubernetes, "LOG_BYTES_MAX", 1_000)
    app = Container()
    cluster.pods.pods = {"checkout-a": [app]}
    app.says(NOW + SECOND, *(f"line {number}" for number in range(100)))
    app.says(NOW + 3 * SECOND, "after it")
    cluster.ask()
    assert cluster.counter.texts[-1] == "after it"
    assert 10 < len(cluster.counter.texts) < 100
    assert "more in one second" in caplog.text


def test_the_list_of_pods_is_read_page_by_page_and_again_when_it_grew_too_old(cluster: Cluster) -> None:
    cluster.pods.page, cluster.pods.stale = 2, 1
    for name in "abcde":
        app = Container()
        app.says(NOW + SECOND, name)
        cluster.pods.pods[f"checkout-{name}"] = [app]
    cluster.ask()
    assert cluster.counter.texts == [*"abcde"]


def test_only_pods_with_the_labels_are_read(cluster: Cluster) -> None:
    app = Container()
    app.says(NOW + SECOND, "one")
    cluster.pods.pods = {"checkout-a": [app]}
    cluster.ask(selector="app=cart")
    assert cluster.counter.texts == []
    cluster.ask(selector="app=checkout", service="shop")
    assert [record.service for record in cluster.counter.records] == ["shop"]


def test_what_is_not_allowed_is_told_with_what_to_do(cluster: Cluster) -> None:
    cluster.pods.pods = {"checkout-a": [Container()]}
    cluster.pods.may_read_logs = False
    with pytest.raises(ConnectorError, match=r"403: .*cannot get resource \"pods/log\"; its token needs to list pods"):
        cluster.ask()
    cluster.token = "old"
    with pytest.raises(ConnectorError, match="401: Unauthorized; its token is not known there, or has run out"):
        cluster.ask()


def test_a_server_that_is_away_is_asked_again_later(cluster: Cluster) -> None:
    app = Container()
    app.says(NOW + SECOND, "one")
    cluster.pods.pods = {"checkout-a": [app]}
    for fault in (503, "cut", "garbage"):
        cluster.faulty.faults = [fault]
        with pytest.raises(ConnectorError, match=r"pull\.shop: "):
            cluster.ask()
    cluster.ask()
    assert cluster.counter.texts == ["one"]


def test_a_list_that_always_is_too_old_is_told(cluster: Cluster) -> None:
    cluster.pods.page, cluster.pods.stale = 1, 100
    cluster.pods.pods = {"checkout-a": [Container()], "checkout-b": [Container()]}
    with pytest.raises(ConnectorError, match="410: The provided continue parameter is too old"):
        cluster.ask()


def test_an_authority_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"ca_file: .*none\.pem cannot be read"):
        client_of("https://10.0.0.1:6443", None, {}, str(tmp_path / "none.pem"))
    (tmp_path / "odd.pem").write_text("x")
    with pytest.raises(SettingsError, match=r"odd\.pem cannot be read"):
        client_of("https://10.0.0.1:6443", None, {}, str(tmp_path / "odd.pem"))
