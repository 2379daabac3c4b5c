"""Does every line of the real clients arrive once: plainly, through refusals, and over a restart?"""

import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.clients.conftest import HERE, Tocsin

LINES = 50


def speak(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("client", ["otlp", "loki", "elasticsearch"])
def test_every_line_of_a_python_client_arrives_once(tocsin: Tocsin, python_clients: Path, client: str) -> None:
    with tocsin.running():
        speak([str(python_clients), str(HERE / "speak.py"), client, tocsin.url, str(LINES)])
        assert tocsin.lines() == LINES
        (sender,) = tocsin.engine.ledger.senders()
    assert (sender.use.sender, sender.use.lines, sender.use.rejected) == ("shipper", LINES, 0)


@pytest.mark.parametrize("client", ["otlp-http", "otlp-proto", "elasticsearch", "pino-loki"])
def test_every_line_of_a_javascript_client_arrives_once(tocsin: Tocsin, node_clients: Path, client: str) -> None:
    with tocsin.running():
        speak(["node", str(node_clients / "speak.mjs"), client, tocsin.url, str(LINES)])
        assert tocsin.lines() == LINES


@pytest.mark.parametrize("client", ["otlp", "elasticsearch"])
def test_clients_that_try_again_lose_nothing_and_double_nothing(
    tocsin: Tocsin, python_clients: Path, client: str
) -> None:
    tocsin.storms = 2
    with tocsin.running():
        speak([str(python_clients), str(HERE / "speak.py"), client, tocsin.url, str(LINES)])
        assert tocsin.weather.refused == 2
        assert tocsin.lines() == LINES


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


def test_the_openlineage_client_is_heard(tocsin: Tocsin, python_clients: Path) -> None:
    with tocsin.running():
        speak([str(python_clients), str(HERE / "speak.py"), "openlineage", tocsin.url, "2"])
        now = tocsin.engine.clock.now()
        with tocsin.engine.store.read() as tx:
            runs = tx.sources.pipeline_runs(now.replace(year=now.year - 1))
            incidents = tx.incidents.recent(now.replace(year=now.year - 1))
    assert [(run.state, run.error) for run in runs] == [("failed", "warehouse is locked")] * 2
    assert {incident.title for incident in incidents} == {run.pipeline for run in runs}
