"""Do programs and browsers see incidents as Slack does, and act on them by the same rules?"""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from bot.slack.render import Renderer
from handlers.http import application
from handlers.http.incidents import IncidentRoutes
from tests.scenarios.traffic import Line
from tests.scenarios.world import ANA, World

TOKENS = {"status-page": "st4tus-t0ken", "reader": "r3ader-t0ken"}
MAY_ACT = {"Authorization": "Bearer st4tus-t0ken"}
MAY_READ = {"Authorization": "Bearer r3ader-t0ken"}


@pytest.fixture
def world() -> World:
    return World(http={"tokens": TOKENS}, slack={"operators": ["UANA", "api/status-page"]})


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    routes = IncidentRoutes(world.engine, world.settings, Renderer()).routes()
    app = application(world.engine, world.settings, more=routes)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://tocsin") as made:
        yield made


def broken(world: World, text: str) -> None:
    """An hour of quiet, a deploy, and two minutes of `text`."""
    world.run(minutes=60)
    world.deploy("checkout", "1.4.2", previous="1.4.1")
    world.service("checkout").faults.append(Line(text, 80, "error"))
    world.run(minutes=2)


async def test_an_incident_is_read_with_its_evidence_and_story(world: World, client: httpx.AsyncClient) -> None:
    broken(world, "payment {n} failed: cannot convert total")
    listed = (await client.get("/v1/incidents", params={"state": "active"}, headers=MAY_READ)).json()["incidents"]
    assert [incident["key"] for incident in listed] == ["INC-1"]
    found = (await client.get("/v1/incidents/INC-1", headers=MAY_READ)).json()
    assert found["service"] == "checkout"
    assert "cannot convert total" in found["signals"][0]["template"]
    assert found["suspects"][0]["word"] == "likely"
    assert found["timeline"][0]["said"].startswith("Opened:")


async def test_a_program_declares_acknowledges_and_resolves_by_its_name(
    world: World, client: httpx.AsyncClient
) -> None:
    wanted = {"service": "web", "title": "the front page is blank", "severity": "critical"}
    declared = await client.post("/v1/incidents", json=wanted, headers=MAY_ACT)
    assert declared.status_code == 201
    assert declared.json()["declared_by"] == "api/status-page"
    acknowledged = await client.post("/v1/incidents/INC-1/acknowledge", headers=MAY_ACT)
    assert acknowledged.json()["acknowledged_by"] == "api/status-page"
    resolved = await client.post("/v1/incidents/INC-1/resolve", json={"note": "cache cleared"}, headers=MAY_ACT)
    assert resolved.json()["state"] == "resolved"
    [incident] = world.incidents()
    assert world.timeline(incident) == ["declared", "acknowledged", "resolved"]


async def test_a_second_click_from_elsewhere_is_told_who_was_faster(world: World, client: httpx.AsyncClient) -> None:
    await client.post("/v1/incidents", json={"service": "web", "title": "blank"}, headers=MAY_ACT)
    world.engine.incidents.acknowledge(1, ANA)
    late = await client.post("/v1/incidents/INC-1/acknowledge", headers=MAY_ACT)
    assert late.status_code == 409
    assert late.json()["reason"] == "already_acknowledged"
    assert "is on it already" in late.json()["error"]


async def test_a_token_that_is_no_operator_reads_and_changes_nothing(world: World, client: httpx.AsyncClient) -> None:
    await client.post("/v1/incidents", json={"service": "web", "title": "blank"}, headers=MAY_ACT)
    refused = await client.post("/v1/incidents/INC-1/resolve", headers=MAY_READ)
    assert (refused.status_code, refused.json()["reason"]) == (403, "not_an_operator")
    assert world.incidents()[0].state.is_active


@pytest.mark.parametrize("path", ["/v1/incidents", "/v1/incidents/INC-1", "/incidents", "/incidents/1"])
async def test_without_a_token_nothing_is_shown(client: httpx.AsyncClient, path: str) -> None:
    found = await client.get(path)
    assert found.status_code == 401
    assert "Basic" in found.headers["www-authenticate"] or path.startswith("/v1")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("POST", "/v1/incidents", {"title": "blank"}, 400, "service"),
        ("POST", "/v1/incidents", {"service": "web", "title": ""}, 400, "what is wrong"),
        ("POST", "/v1/incidents", {"service": "web", "title": "x", "severity": "huge"}, 400, "critical, major"),
        ("POST", "/v1/incidents", {"service": 3, "title": "x"}, 400, "text"),
        ("POST", "/v1/incidents/INC-9/resolve", {}, 404, "no incident"),
        ("POST", "/v1/incidents/INC-1/explode", {}, 404, "acknowledge, resolve"),
        ("GET", "/v1/incidents/nonsense", None, 404, "no incident"),
        ("GET", "/v1/incidents?state=open", None, 400, "active"),
        ("GET", "/v1/incidents?limit=0", None, 400, "1 to 500"),
        ("GET", "/incidents/77", None, 404, "no incident"),
    ],
)
async def test_what_is_wrong_with_a_request_is_said(
    client: httpx.AsyncClient, method: str, path: str, body: dict[str, object] | None, status: int, said: str
) -> None:
    found = await client.request(method, path, json=body, headers=MAY_ACT)
    assert found.status_code == status
    assert said in found.json()["error"]


async def test_a_body_that_is_no_object_or_too_long_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/incidents", content=b"[1]", headers=MAY_ACT)).status_code == 400
    assert (await client.post("/v1/incidents", content=b"{nope", headers=MAY_ACT)).status_code == 400
    assert (await client.post("/v1/incidents", content=b"{" + b" " * 70_000, headers=MAY_ACT)).status_code == 413


async def test_the_page_shows_lines_suspects_changes_and_what_happened(world: World, client: httpx.AsyncClient) -> None:
    broken(world, "payment {n} failed: cannot convert total")
    world.engine.incidents.acknowledge(1, ANA)
    page = (await client.get("/incidents/1", auth=("ana", "r3ader-t0ken"))).text
    for said in ("INC-1", "cannot convert total", "1.4.2", "likely", "because:", "is on it", "<svg", "<rect"):
        assert said in page
    listed = (await client.get("/incidents", auth=("ana", "r3ader-t0ken"))).text
    assert 'href="/incidents/1"' in listed


async def test_log_text_cannot_become_part_of_the_page(world: World, client: httpx.AsyncClient) -> None:
    broken(world, 'boom {n} <script>alert(1)</script> "><img src=x onerror=alert(1)> {{7*7}} &amp; \x1b[31m')
    found = await client.get("/incidents/1", headers=MAY_READ)
    assert "<script" not in found.text
    assert "<img" not in found.text
    assert "&lt;script&gt;" in found.text
    assert "{7*7}" in found.text
    assert "script-src" not in found.headers["content-security-policy"]
    assert found.headers["content-security-policy"].startswith("default-src 'none'")


async def test_a_long_incident_keeps_its_plot_short(world: World, client: httpx.AsyncClient) -> None:
    broken(world, "payment {n} failed: cannot convert total")
    world.clock.advance(timedelta(days=2))
    shown = world.engine.browsing.incident(1)
    assert 0 < len(shown.series[0].counts) <= 91
    assert sum(shown.series[0].counts) > 100


async def test_the_review_is_a_document_that_hostile_lines_cannot_shape(
    world: World, client: httpx.AsyncClient
) -> None:
    broken(world, "boom {n} <script>x</script> `code` | # head [link](http://evil)")
    found = await client.get("/v1/incidents/INC-1/review", headers=MAY_READ)
    assert found.headers["content-type"].startswith("text/markdown")
    assert found.text.startswith("# INC-1: checkout, a new log line")
    assert "TODO" in found.text
    for line in found.text.splitlines():
        assert "<script" not in line or line.startswith(("boom", "- checkout: "))  # only inside code
    assert (await client.get("/v1/incidents/INC-7/review", headers=MAY_READ)).status_code == 404
