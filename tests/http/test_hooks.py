"""Do webhooks reach the incidents: opened by an alert, joined by logs, over when the alert ends?"""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from bot.clock import HeldClock
from bot.engine.admitting import OTHERS
from bot.engine.source_ports import Standing
from bot.engine.whole import Engine
from bot.incidents.model import Incident, IncidentState, Resolution
from bot.main import build_engine
from bot.settings import Settings
from bot.store.database import Database
from handlers.http import application
from tests.http.conftest import NOW
from tests.sources.posting import FIXTURES

MAP = {"items": "problems", "key": "id", "title": "name", "status": "state", "ended": ["OK"], "service": "tags.app"}
SETTINGS = {
    "services": {"checkout": {"depends_on": ["payments"]}, "payments": {}},
    "sources": {
        "github": {"secret": "s3cret"},
        "zabbix": {"type": "mapping", "map": MAP},
        "slow": {"type": "alertmanager", "per_minute_max": 2},
    },
}


def engine_on(database: Database, **settings: Any) -> Engine:
    return build_engine(
        Settings.model_validate(SETTINGS | settings), clock=HeldClock(NOW), store=database, executors={}
    )


@pytest.fixture
def engine(database: Database) -> Engine:
    return engine_on(database)


def client_on(engine: Engine, peer: str = "127.0.0.1") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(
        application(engine, engine.settings), raise_app_exceptions=False, client=(peer, 50123)
    )
    return httpx.AsyncClient(transport=transport, base_url="http://tocsin")


@pytest.fixture
async def client(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    async with client_on(engine) as made:
        yield made


def alerts(status: str, service: str = "checkout", severity: str = "critical", now: datetime = NOW) -> dict[str, Any]:
    labels = {"alertname": "Errors", "service": service, "severity": severity}
    at = {"startsAt": (now - timedelta(minutes=1)).isoformat(), "endsAt": now.isoformat()}
    one = {"status": status, "labels": labels, "annotations": {"summary": f"{service} fails"}, "fingerprint": service}
    return {"version": "4", "status": status, "alerts": [one | at]}


def incidents(engine: Engine) -> list[Incident]:
    with engine.store.read() as tx:
        return tx.incidents.recent(NOW - timedelta(days=1))


def advance(engine: Engine, minutes: float) -> None:
    assert isinstance(engine.clock, HeldClock)
    engine.clock.advance(timedelta(minutes=minutes))


async def test_an_alert_opens_an_incident_stands_while_it_fires_and_ends_it(
    client: httpx.AsyncClient, engine: Engine
) -> None:
    first = (await client.post("/v1/hooks/alertmanager", json=alerts("firing"))).json()
    again = (await client.post("/v1/hooks/alertmanager", json=alerts("firing"))).json()
    assert (first["signals"], again["signals"]) == (1, 1)
    (incident,) = incidents(engine)
    assert (incident.service, incident.title, incident.severity) == ("checkout", "checkout fails", "critical")
    for _ in range(6):  # an hour, and nothing more is said of it: it still fires
        advance(engine, 10)
        engine.events.keep()
        engine.checks.run()
    assert incidents(engine)[0].state is IncidentState.OPEN
    ended = (await client.post("/v1/hooks/alertmanager", json=alerts("resolved"))).json()
    assert ended["ended"] == 1
    assert (incidents(engine)[0].state, incidents(engine)[0].resolution) == (
        IncidentState.RESOLVED,
        Resolution.RECOVERED,
    )
    await client.post("/v1/hooks/alertmanager", json=alerts("firing"))
    assert [incident.state for incident in incidents(engine)] == [IncidentState.REOPENED]


async def test_alerts_of_neighbours_are_one_incident_that_ends_with_the_last(
    client: httpx.AsyncClient, engine: Engine
) -> None:
    await client.post("/v1/hooks/alertmanager", json=alerts("firing"))
    await client.post("/v1/hooks/alertmanager", json=alerts("firing", "payments"))
    assert len(incidents(engine)) == 1
    await client.post("/v1/hooks/alertmanager", json=alerts("resolved"))
    assert incidents(engine)[0].state is IncidentState.OPEN
    await client.post("/v1/hooks/alertmanager", json=alerts("resolved", "payments"))
    assert incidents(engine)[0].state is IncidentState.RESOLVED


async def test_what_others_watch_and_what_logs_show_are_one_incident(client: httpx.AsyncClient, engine: Engine) -> None:
    assert isinstance(engine.clock, HeldClock)
    for minute in range(60):
        at = engine.clock.now()
        lines = "".join(f"{at.isoformat()} INFO order {n} placed\n" for n in range(30))
        if minute == 59:
            lines += "".join(f"{at.isoformat()} ERROR pool exhausted for db-{n}\n" for n in range(80))
        await client.post("/v1/ingest/checkout", content=lines)
        advance(engine, 1)
        engine.checks.run()
    advance(engine, 0.1)  # the grace for late lines
    engine.checks.run()
    assert [incident.service for incident in incidents(engine)] == ["checkout"]
    await client.post("/v1/hooks/alertmanager", json=alerts("firing"))
    (incident,) = incidents(engine)
    with engine.store.read() as tx:
        assert {signal.source for signal in tx.signals.of(incident.id)} == {"logs", "alertmanager"}
    await client.post("/v1/hooks/alertmanager", json=alerts("resolved"))
    assert incidents(engine)[0].state is IncidentState.OPEN  # the logs have not been quiet yet


async def test_a_change_is_signed_counts_once_and_is_suspected(client: httpx.AsyncClient, engine: Engine) -> None:
    body = (FIXTURES / "github.json").read_bytes()
    signature = "sha256=" + hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    headers = {"x-github-event": "deployment_status", "x-github-delivery": "d-1", "content-type": "application/json"}
    refused = await client.post("/v1/hooks/github", content=body, headers=headers)
    assert (refused.status_code, "missing" in refused.json()["error"]) == (401, True)
    forged = await client.post("/v1/hooks/github", content=body, headers=headers | {"x-hub-signature-256": "sha256=00"})
    assert forged.status_code == 401
    signed = headers | {"x-hub-signature-256": signature}
    answers = [(await client.post("/v1/hooks/github", content=body, headers=signed)).json() for _ in range(2)]
    assert [(answer["changes"], answer["duplicate"]) for answer in answers] == [(1, False), (0, True)]
    advance(engine, 4)
    await client.post("/v1/hooks/alertmanager", json=alerts("firing", now=engine.clock.now()))
    (incident,) = incidents(engine)
    with engine.store.read() as tx:
        suspects = tx.incidents.suspects(incident.id)
    assert "v1.4.2" in suspects[0].label


async def test_a_signed_source_needs_no_token_and_an_unsigned_one_does(database: Database) -> None:
    engine = engine_on(database, http={"tokens": {"prometheus": "t0ken"}})
    async with client_on(engine, "10.1.1.1") as client:
        body = b'{"zen": "x"}'
        signature = "sha256=" + hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
        headers = {"x-github-event": "ping", "x-hub-signature-256": signature}
        assert (await client.post("/v1/hooks/github", content=body, headers=headers)).status_code == 200
        without = await client.post("/v1/hooks/alertmanager", json=alerts("firing"))
        in_path = await client.post("/v1/hooks/alertmanager/t0ken", json=alerts("firing"))
        wrong = await client.post("/v1/hooks/alertmanager/other", json=alerts("firing"))
        assert [without.status_code, in_path.status_code, wrong.status_code] == [401, 200, 401]
    assert [sender.use.sender for sender in engine.ledger.senders()] == ["prometheus", "github"]


async def test_a_failed_run_opens_and_the_next_success_ends(client: httpx.AsyncClient, engine: Engine) -> None:
    run = {"dag_id": "orders_hourly", "run_id": "r1", "task_id": "load", "exception": "locked; password=hunter22"}
    told = (await client.post("/v1/hooks/airflow", json=run)).json()
    assert (told["runs"], told["signals"]) == (1, 1)
    (incident,) = incidents(engine)
    assert (incident.service, incident.title) == ("orders_hourly", "orders_hourly/load")
    with engine.store.read() as tx:
        (signal,) = tx.signals.of(incident.id)
        (kept,) = tx.sources.pipeline_runs(NOW - timedelta(hours=1))
    assert "hunter22" not in repr(signal) + repr(kept)
    repeated = (await client.post("/v1/hooks/airflow", json=run)).json()
    assert (repeated["runs"], repeated["signals"]) == (0, 0)
    advance(engine, 1)
    await client.post("/v1/hooks/airflow", json=run | {"state": "success", "try_number": 2, "exception": ""})
    assert incidents(engine)[0].resolution is Resolution.RECOVERED


async def test_lineage_comes_where_its_clients_send_it(client: httpx.AsyncClient, engine: Engine) -> None:
    body = json.loads((FIXTURES / "openlineage.json").read_text())
    for kind in ("START", "FAIL"):
        answer = await client.post("/api/v1/lineage", json=body | {"eventType": kind})
        assert answer.status_code == 200
    with engine.store.read() as tx:
        (run,) = tx.sources.pipeline_runs(NOW - timedelta(hours=1))
    assert (run.state, run.rows, run.pipeline) == ("failed", 123, "orders_hourly")
    assert run.started_at is not None


async def test_what_cannot_be_read_is_kept_and_counts_once_when_it_can(client: httpx.AsyncClient) -> None:
    body = {
        "problems": [{"name": "disk", "state": "PROBLEM", "tags": {"app": "checkout"}, "secret": "password=abc12345"}]
    }
    refused = await client.post("/v1/hooks/zabbix", json=body)
    assert refused.status_code == 400
    (letter,) = (await client.get("/v1/sources/rejected")).json()["rejected"]
    assert "expression for key" in letter["problem"]
    assert "abc12345" not in letter["data"]
    again = await client.post(f"/v1/sources/rejected/{letter['id']}/replay")
    assert again.status_code == 400  # the mapping is as it was
    assert len((await client.get("/v1/sources/rejected")).json()["rejected"]) == 1
    assert (await client.post("/v1/sources/rejected/9999/replay")).status_code == 404


async def test_a_mended_mapping_hears_what_was_rejected(database: Database) -> None:
    body = {"problems": [{"nr": "z-1", "name": "disk", "state": "PROBLEM", "tags": {"app": "checkout"}}]}
    first = engine_on(database)
    async with client_on(first) as client:
        assert (await client.post("/v1/hooks/zabbix", json=body)).status_code == 400
    first.ledger.flush()  # as it does every few seconds, and when the process ends
    mended = engine_on(database, sources={"zabbix": {"type": "mapping", "map": MAP | {"key": "nr"}}})
    async with client_on(mended) as client:
        (letter, *_) = (await client.get("/v1/sources/rejected")).json()["rejected"]
        taken = await client.post(f"/v1/sources/rejected/{letter['id']}/replay")
        assert (taken.status_code, taken.json()["signals"]) == (200, 1)
        assert (await client.post(f"/v1/sources/rejected/{letter['id']}/replay")).status_code == 409
    assert [incident.service for incident in incidents(mended)] == ["checkout"]


async def test_a_source_that_sends_too_often_is_told_to_wait(client: httpx.AsyncClient, engine: Engine) -> None:
    codes = [(await client.post("/v1/hooks/slow", json=alerts("firing"))).status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    advance(engine, 1)
    assert (await client.post("/v1/hooks/slow", json=alerts("firing"))).status_code == 200


async def test_a_source_that_is_none_is_named(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/hooks/nagios", json={})
    assert answer.status_code == 404
    assert "alertmanager" in answer.json()["error"]
    large = await client.post("/v1/hooks/alertmanager", content=b"x" * (17 << 20))
    assert large.status_code == 413


async def test_a_storm_of_alerts_in_one_delivery_is_one_incident(client: httpx.AsyncClient, engine: Engine) -> None:
    one = alerts("firing")["alerts"][0]
    body = {"alerts": [one | {"fingerprint": str(number)} for number in range(200)]}
    assert (await client.post("/v1/hooks/alertmanager", json=body)).json()["signals"] == 200
    assert len(incidents(engine)) == 1


async def test_the_document_of_all_of_it_names_every_path(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    for path in ("/v1/logs", "/loki/api/v1/push", "/_bulk", "/v1/hooks/github", "/v1/hooks/zabbix", "/api/v1/lineage"):
        assert "post" in paths[path]


async def test_services_beyond_so_many_count_together_also_from_hooks(database: Database) -> None:
    engine = engine_on(database, logs={"services_max": 4})
    async with client_on(engine) as client:
        for number in range(6):
            await client.post("/v1/hooks/alertmanager", json=alerts("firing", f"pod-{number}", "warning"))
        await client.post("/v1/hooks/alertmanager", json=alerts("firing", "payments", "warning"))
        run = {"dag_id": "orders", "run_id": "r", "state": "failed", "service": "pod-9"}
        assert (await client.post("/v1/hooks/airflow", json=run)).status_code == 200
    expected = {"pod-0", "pod-1", "pod-2", "pod-3", OTHERS, "payments"}
    assert {standing.service for standing in standing_of(engine)} == expected
    uses = {(sender.use.source, sender.use.service): sender.use.lines for sender in engine.ledger.senders()}
    assert uses["alertmanager", OTHERS] == 2
    assert uses["alertmanager", "payments"] == 1, "a service of the settings is always one of its own"
    assert uses["airflow", OTHERS] == 1
    again = engine_on(database, logs={"services_max": 4})
    async with client_on(again) as client:  # after a restart the same are known
        await client.post("/v1/hooks/alertmanager", json=alerts("firing", "pod-7", "warning"))
        await client.post("/v1/hooks/alertmanager", json=alerts("resolved", "pod-5", "warning"))
        await client.post("/v1/hooks/alertmanager", json=alerts("firing", "pod-1", "warning"))
    assert {standing.service for standing in standing_of(again)} == expected
    assert len(standing_of(again)) == 8, "what one of them ended is over"


def standing_of(engine: Engine) -> list[Standing]:
    with engine.store.read() as tx:
        return tx.sources.standing()
