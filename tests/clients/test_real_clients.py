"""Does every line of the real clients arrive once: plainly, through refusals, and over a restart?"""

import os
import subprocess
import threading
import time
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest

from tests.clients.conftest import HERE, Tocsin, example, until

LINES = 50
BATCH = 10


def speak(command: list[str], folder: Path | None = None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=folder)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("client", ["otlp", "loki", "elasticsearch"])
def test_every_line_of_a_python_client_arrives_once(tocsin: Tocsin, python_clients: Path, client: str) -> None:
    with tocsin.running():
        speak([str(python_clients), str(HERE / "speak.py"), client, tocsin.url, str(LINES)])
        assert tocsin.lines() == LINES
        (sender,) = tocsin.engine.ledger.senders()
    assert (sender.use.sender, sender.use.lines, sender.use.rejected) == ("shipper", LINES, 0)


@pytest.mark.parametrize(
    "client", ["otlp-http", "otlp-proto", "elasticsearch", "pino-loki", "winston-loki", "winston-loki-proto"]
)
def test_every_line_of_a_javascript_client_arrives_once(tocsin: Tocsin, node_clients: Path, client: str) -> None:
    with tocsin.running():
        speak(["node", str(node_clients / "speak.mjs"), client, tocsin.url, str(LINES)])
        assert tocsin.lines() == LINES


TRY_AGAIN = {
    "python otlp": 2,
    "python elasticsearch": 2,
    "node otlp-http": 2,
    "node otlp-proto": 2,
    "node elasticsearch": 2,
    "node winston-loki": 1,
    "node winston-loki-proto": 1,
}
"""Clients that send again what was refused so often. python-logging-loki and pino-loki do not: what they send while
Tocsin is away is lost by their own nature."""


def command_of(request: pytest.FixtureRequest, client: str, url: str) -> list[str]:
    language, name = client.split()
    if language == "python":
        return [str(request.getfixturevalue("python_clients")), str(HERE / "speak.py"), name, url, str(LINES)]
    return ["node", str(request.getfixturevalue("node_clients") / "speak.mjs"), name, url, str(LINES)]


@pytest.mark.parametrize("client", TRY_AGAIN)
def test_clients_that_try_again_lose_nothing_and_double_nothing(
    tocsin: Tocsin, request: pytest.FixtureRequest, client: str
) -> None:
    tocsin.storms = TRY_AGAIN[client]
    with tocsin.running():
        speak(command_of(request, client, tocsin.url))
        assert tocsin.weather.refused == tocsin.storms
        assert tocsin.lines() == LINES


@pytest.mark.parametrize("client", ["python loki", "node pino-loki"])
def test_clients_that_do_not_try_again_lose_what_was_refused_and_only_that(
    tocsin: Tocsin, request: pytest.FixtureRequest, client: str
) -> None:
    """docs/sources.md says so of both. When this fails, they have learnt it."""
    tocsin.storms = 1
    with tocsin.running():
        speak(command_of(request, client, tocsin.url))
        assert tocsin.weather.refused == 1
        time.sleep(1)
        assert tocsin.lines() == (LINES - 1 if client == "python loki" else 0)


@pytest.mark.parametrize("client", ["python otlp", "node otlp-http", "node otlp-proto"])
def test_opentelemetry_lasts_through_many_seconds_of_503(
    tocsin: Tocsin, request: pytest.FixtureRequest, client: str
) -> None:
    tocsin.storm_s = 6
    with tocsin.running():
        speak(command_of(request, client, tocsin.url))
        assert tocsin.lines() == LINES


@pytest.mark.parametrize("client", ["python otlp", "python elasticsearch", "node otlp-http", "node otlp-proto"])
def test_a_batch_whose_answer_was_lost_counts_once(tocsin: Tocsin, request: pytest.FixtureRequest, client: str) -> None:
    tocsin.lost_answers = 2
    with tocsin.running():
        speak(command_of(request, client, tocsin.url))
        assert tocsin.weather.lost == 2
        assert tocsin.lines() == LINES


@pytest.mark.parametrize("client", ["python otlp", "node otlp-http", "node otlp-proto"])
def test_opentelemetry_waits_as_long_as_a_full_queue_says(
    tocsin: Tocsin, request: pytest.FixtureRequest, client: str
) -> None:
    tocsin.is_full = True
    with tocsin.running():
        speaking = threading.Thread(target=speak, args=(command_of(request, client, tocsin.url),))
        speaking.start()
        until(lambda: 429 in tocsin.weather.told)
        tocsin.make_room()
        speaking.join(120)
        until(lambda: tocsin.lines() >= LINES)
        answers = tocsin.weather.answers
    for (at, status, wait), (next_at, _, _) in pairwise(answers):
        if status == 429:
            assert next_at - at > float(wait) * 0.95
    assert tocsin.weather.told.count(429) == 1
    assert tocsin.weather.told.count(200) == LINES / BATCH


def test_a_restart_in_between_loses_nothing(tocsin: Tocsin, python_clients: Path) -> None:
    with tocsin.running():
        speak([str(python_clients), str(HERE / "speak.py"), "otlp", tocsin.url, str(LINES)])
    command = [str(python_clients), str(HERE / "speak.py"), "otlp", tocsin.url, str(LINES)]
    meanwhile = threading.Thread(target=speak, args=(command,))
    meanwhile.start()  # nobody listens yet: it tries again
    time.sleep(1)
    with tocsin.running():
        meanwhile.join(30)
        assert tocsin.lines() == 2 * LINES


@pytest.mark.parametrize("trouble", ["none", "refused", "a lost answer", "a restart"])
def test_each_run_that_the_openlineage_client_tells_of_is_heard_once(
    tocsin: Tocsin, python_clients: Path, tmp_path: Path, trouble: str
) -> None:
    tocsin.storms = 3 if trouble == "refused" else 0
    tocsin.lost_answers = 1 if trouble == "a lost answer" else 0
    with tocsin.running():
        pass
    (tmp_path / "openlineage.yml").write_text(tocsin.filled(example("openlineage", "openlineage-python")))
    command = [str(python_clients), str(HERE / "speak.py"), "openlineage", tocsin.url, "2"]
    settings = {**os.environ, "OPENLINEAGE_CONFIG": str(tmp_path / "openlineage.yml")}
    with ExitStack() as stack:
        if trouble != "a restart":
            stack.enter_context(tocsin.running())
        with subprocess.Popen(command, env=settings, stderr=subprocess.PIPE) as speaking:
            if trouble == "a restart":
                time.sleep(3)  # nobody listens
                stack.enter_context(tocsin.running())
            _, words = speaking.communicate(timeout=120)
        assert speaking.returncode == 0, words.decode()[-2000:]
        assert tocsin.weather.refused + tocsin.weather.lost == tocsin.storms + tocsin.lost_answers
        now = tocsin.engine.clock.now()
        with tocsin.engine.store.read() as tx:
            runs = tx.sources.pipeline_runs(now.replace(year=now.year - 1))
            incidents = tx.incidents.recent(now.replace(year=now.year - 1))
    assert [(run.state, run.error) for run in runs] == [("failed", "warehouse is locked")] * 2
    assert sorted(incident.title for incident in incidents) == sorted(run.pipeline for run in runs)
