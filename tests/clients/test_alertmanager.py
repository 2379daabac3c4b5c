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

from bot.asking.alertmanager import AlertmanagerSilences
from bot.asking.rounds import client_of
from bot.clock import HeldClock, SystemClock
from bot.incidents.model import Incident, Resolution
from bot.main import build_engine
from bot.people import Person
from bot.settings import Settings
from bot.silences.model import Matcher
from bot.sources.registry import BY_NAME
from tests.clients.conftest import Tocsin, until
from tests.conftest import missing

NAMES = ("prometheus-alertmanager", "alertmanager")
PROGRAM = os.environ.get("TOCSIN_ALERTMANAGER") or next(filter(None, map(shutil.which, NAMES)), "")
IN_STEP = Settings.model_validate(
    {"slack": {"operators": ["T1/U1"]}, "sources": {"alertmanager": {"silences_url": "http://here"}}}
)
FAST = "route:\n  group_wait: 0s\n  group_interval: 1s\n"


@contextmanager
def alertmanager(folder: Path, tocsin: Tocsin) -> Iterator[str]:
    """With the very configuration of docs/sources.md, only faster."""
    if not PROGRAM:
        missing("prometheus-alertmanager is not installed (TOCSIN_ALERTMANAGER names the program)")
    example = BY_NAME["alertmanager"].examples[0]
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


def test_silences_are_in_step_both_ways(tocsin: Tocsin, tmp_path: Path) -> None:
    ana, now = Person("T1", "U1"), datetime.now(UTC)
    with tocsin.running(), alertmanager(tmp_path, tocsin) as url:
        engine = build_engine(IN_STEP, clock=SystemClock(), store=tocsin.store, executors={})
        with client_of(url, None, {}) as client:
            there = AlertmanagerSilences("alertmanager", IN_STEP.sources["alertmanager"], client)
            _fire(url, "checkout")
            until(lambda: bool(incidents(tocsin)))
            view = engine.silences.silence(
                ana, [Matcher("service", "checkout")], timedelta(hours=1), "load test (a+b) “ü”"
            )
            engine.in_step.look("alertmanager", there)
            assert _alert_states(url) == {"checkout": "suppressed"}
            [made] = [one for one in there.silences() if not one.is_over]
            engine.in_step.look("alertmanager", there)
            assert len(there.silences()) == 1
            engine.silences.end(view.silence.id, ana)
            engine.in_step.look("alertmanager", there)
            assert [(one.id, one.is_over) for one in there.silences()] == [(made.id, True)]

            of_jo: dict[str, object] = {
                "matchers": [{"name": "service", "value": "ca.*", "isRegex": True, "isEqual": True}]
            }
            of_jo |= {"startsAt": now.isoformat(), "endsAt": (now + timedelta(hours=1)).isoformat()}
            of_jo |= {"createdBy": "jo", "comment": "moving house"}
            httpx.post(f"{url}/api/v2/silences", json=of_jo).raise_for_status()
            _fire(url, "cart")
            until(lambda: _alert_states(url).get("cart") == "suppressed")
            engine.in_step.look("alertmanager", there)
            engine.in_step.look("alertmanager", there)
            [known] = [v for v in engine.silences.page().silences if v.silence.origin]
            assert (known.silence.by, known.silence.reason) == ("jo", "moving house")
            assert [(one.service, one.count) for one in known.hidden] == [("cart", 1)]
            assert [(d.reason, d.facts["by"]) for d in engine.whys.service("cart").decisions] == [("silence", "jo")]
            engine.silences.end(known.silence.id, ana)
            engine.in_step.look("alertmanager", there)
            assert all(one.is_over for one in there.silences())
            assert len(there.silences()) == 2
            until(lambda: any(i.service == "cart" for i in incidents(tocsin)))


def test_an_end_during_a_silence_is_found(tocsin: Tocsin, tmp_path: Path) -> None:
    """Alertmanager sends no end of what it silences; it is looked for, and found after five minutes of its absence."""
    with tocsin.running(), alertmanager(tmp_path, tocsin) as url:
        clock = HeldClock(datetime.now(UTC))
        engine = build_engine(IN_STEP, clock=clock, store=tocsin.store, executors={})
        with client_of(url, None, {}) as client:
            there = AlertmanagerSilences("alertmanager", IN_STEP.sources["alertmanager"], client)
            _fire(url, "checkout")
            until(lambda: bool(incidents(tocsin)))
            engine.silences.silence(
                Person("T1", "U1"), [Matcher("service", "checkout")], timedelta(hours=1), "load test"
            )
            engine.in_step.look("alertmanager", there)
            _fire(url, "checkout", ends_at=datetime.now(UTC))
            until(lambda: not _alert_states(url))
            for _ in range(3):
                assert incidents(tocsin)[0].state.is_active
                engine.in_step.look("alertmanager", there)
                clock.advance(timedelta(minutes=3))
            assert not incidents(tocsin)[0].state.is_active


def _fire(url: str, service: str, ends_at: datetime | None = None) -> None:
    alert = {"labels": {"alertname": "Errors", "service": service, "severity": "critical"}}
    ends = {"endsAt": ends_at.isoformat()} if ends_at else {}
    httpx.post(f"{url}/api/v2/alerts", json=[alert | ends]).raise_for_status()


def _alert_states(url: str) -> dict[str, str]:
    alerts = httpx.get(f"{url}/api/v2/alerts").json()
    return {alert["labels"]["service"]: alert["status"]["state"] for alert in alerts}
