"""Does the real Prometheus server answer as `bot.watch.prometheus` expects, and are its errors said in words?"""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from bot.checks.declared import PrometheusSettings
from bot.engine.watch_ports import ReadSeries
from bot.errors import ConnectorError
from bot.watch.prometheus import Prometheus
from tests.conftest import missing

BEGAN = datetime.fromtimestamp(datetime.now(UTC).timestamp() // 60 * 60 - 6 * 3600, UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Debian's `prometheus` with six hours of two series, the last hour of one missing."""
    lines = ["# HELP latency of checkout", "# TYPE latency gauge"]
    for pod, minutes in (("a", 300), ("b", 240)):
        for i in range(minutes):
            at = (BEGAN + i * MINUTE).timestamp()
            lines.append(f'latency{{service="checkout",pod="{pod}"}} {100 + i} {at:.0f}')
    with serving(tmp_path_factory.mktemp("prometheus"), lines) as url:
        yield url


@contextmanager
def serving(folder: Path, lines: Sequence[str]) -> Iterator[str]:
    """A Prometheus that holds what the OpenMetrics lines say."""
    if not shutil.which("prometheus") or not shutil.which("promtool"):
        missing("Debian's prometheus is not installed (apt-get install prometheus)")
    (folder / "data.om").write_text("\n".join([*lines, "# EOF", ""]))
    made = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(folder / "data.om"), str(folder / "tsdb")]
    subprocess.run(made, check=True, capture_output=True, timeout=60)
    (folder / "prometheus.yml").write_text("global: {}\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb"]
    with subprocess.Popen(
        [*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url)
        yield url
        process.terminate()
        process.wait(20)


def _wait_for(url: str) -> None:
    for _ in range(100):
        try:
            if httpx.get(f"{url}/-/ready", timeout=1).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    pytest.fail("prometheus did not start")


@contextmanager
def source(url: str) -> Iterator[Prometheus]:
    with closing(Prometheus("main", PrometheusSettings(url=url))) as made:
        yield made


def read(url: str, query: str, since: datetime, until: datetime) -> list[ReadSeries]:
    with source(url) as made:
        return made.read(query, since, until, MINUTE)


def test_a_range_gives_each_label_set_with_its_points_after_since_and_up_to_until(server: str) -> None:
    until = BEGAN + timedelta(minutes=230)
    found = read(server, "latency", until - timedelta(minutes=10), until)
    assert sorted(one.labels["pod"] for one in found) == ["a", "b"]
    (one,) = [one for one in found if one.labels["pod"] == "a"]
    assert [value for _, value in one.points] == [321.0 + i for i in range(10)]
    assert one.points[-1][0] == until


def test_a_series_that_ended_has_no_points_and_nothing_is_made_up(server: str) -> None:
    until = BEGAN + timedelta(minutes=290)
    found = read(server, "latency", until - timedelta(minutes=10), until)
    assert [one.labels["pod"] for one in found] == ["a"]
    assert read(server, "nothing_like_it", until - MINUTE, until) == []
    assert read(server, "latency", until, until) == []


def test_a_wrong_query_and_a_server_that_is_away_are_said_in_words(server: str) -> None:
    now = BEGAN + timedelta(hours=1)
    with pytest.raises(ConnectorError, match="parse error") as wrong:
        read(server, "rate(", now - MINUTE, now)
    assert wrong.value.permanent
    with pytest.raises(ConnectorError, match="main: it cannot be reached") as away:
        read("http://127.0.0.1:1", "up", now - MINUTE, now)
    assert not away.value.permanent
