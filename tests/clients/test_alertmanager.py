"""Does a real Prometheus Alertmanager open an incident when it fires, and end it when it is resolved?"""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from bot.incidents.model import Incident, Resolution
from bot.sources.registry import BY_NAME
from tests.clients.conftest import Tocsin, until
from tests.conftest import missing

NAMES = ("prometheus-alertmanager", "alertmanager")
PROGRAM = os.environ.get("TOCSIN_ALERTMANAGER") or next(filter(None, map(shutil.which, NAMES)), "")
FAST = "route:\n  group_wait: 0s\n  group_interval: 1s\n"


@contextmanager
def alertmanager(folder: Path, tocsin: Tocsin) -> Iterator[str]:
    """With the very configuration of docs/sources.md, only faster."""
    if not PROGRAM:
        missing("prometheus-alertmanager is not installed (TOCSIN_ALERTMANAGER names the program)")
    (example,) = BY_NAME["alertmanager"].examples
    text = example.text.replace("{url}", tocsin.url).replace("{token}", "t0ken").replace("route:\n", FAST)
    (folder / "alertmanager.yml").write_text(text)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [PROGRAM, f"--config.file={folder / 'alertmanager.yml'}", f"--storage.path={folder / 'data'}"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        until(lambda: _answers(f"{url}/-/ready"))
        yield url
    finally:
        process.terminate()
        process.kill()
        process.wait(10)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1).is_success
    except httpx.TransportError:
        return False


def incidents(tocsin: Tocsin) -> list[Incident]:
    with tocsin.engine.store.read() as tx:
        return tx.incidents.recent(datetime.now(UTC) - timedelta(days=1))


def test_a_firing_alert_opens_an_incident_and_its_end_ends_it(tocsin: Tocsin, tmp_path: Path) -> None:
    with tocsin.running(), alertmanager(tmp_path, tocsin) as url:
        labels = {"alertname": "Errors", "service": "checkout", "severity": "critical"}
        alert = {"labels": labels, "annotations": {"summary": "checkout answers with errors"}}
        httpx.post(f"{url}/api/v2/alerts", json=[alert]).raise_for_status()
        until(lambda: bool(incidents(tocsin)))
        (incident,) = incidents(tocsin)
        assert (incident.service, incident.title) == ("checkout", "checkout answers with errors")
        ends = {"endsAt": datetime.now(UTC).isoformat()}
        httpx.post(f"{url}/api/v2/alerts", json=[alert | ends]).raise_for_status()
        until(lambda: not incidents(tocsin)[0].state.is_active)
        assert incidents(tocsin)[0].resolution is Resolution.RECOVERED
