"""Do roles, updates and tasks go the same way over HTTP as in Slack?"""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bot.incidents.model import Incident
from bot.signals.severity import Severity
from bot.slack.render import Renderer
from handlers.http import application
from handlers.http.incidents import IncidentRoutes
from tests.scenarios.world import ANA, World

MAY_ACT = {"Authorization": "Bearer st4tus-t0ken"}
MAY_READ = {"Authorization": "Bearer r3ader-t0ken"}


@pytest.fixture
def world() -> World:
    tokens = {"status-page": "st4tus-t0ken", "reader": "r3ader-t0ken"}
    return World(http={"tokens": tokens}, slack={"operators": ["UANA", "UBEN", "api/status-page"]}, services={})


@pytest.fixture
def incident(world: World) -> Incident:
    return world.engine.incidents.declare(ANA, "checkout", "cards are refused", Severity.CRITICAL)


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    routes = IncidentRoutes(world.engine, world.settings, Renderer()).routes()
    app = application(world.engine, world.settings, more=routes)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://tocsin", headers=MAY_ACT) as made:
        yield made


async def test_roles_are_taken_given_handed_over_and_freed(client: httpx.AsyncClient, incident: Incident) -> None:
    taken = (await client.post("/v1/incidents/INC-1/roles")).json()
    assert [(r["role"], r["person"]) for r in taken["roles"]] == [("commander", "api/status-page")]
    assert taken["state"] == "acknowledged"
    body = {"person": "T1/UBEN", "words": "Rolled back, watching"}
    given = (await client.post("/v1/incidents/INC-1/roles", json=body)).json()
    assert [r["person"] for r in given["roles"]] == ["T1/UBEN"]
    freed = (await client.post("/v1/incidents/INC-1/roles", json={"role": "comm", "person": ""})).status_code
    assert freed == 404  # commander or communications?
    assert (await client.post("/v1/incidents/INC-1/roles", json={"person": ""})).json()["roles"] == []
    said = [entry["said"] for entry in (await client.get("/v1/incidents/INC-1")).json()["timeline"]]
    assert "hands over to UBEN, who is commander now: Rolled back, watching" in said[2]


async def test_updates_and_tasks(client: httpx.AsyncClient, incident: Incident) -> None:
    body: dict[str, Any] = {"text": "Half of it works", "next_minutes": 20, "severity": "major"}
    posted = await client.post("/v1/incidents/1/updates", json=body)
    assert posted.status_code == 201
    assert posted.json()["updates"][0]["text"] == "Half of it works"
    assert posted.json()["updates"][0]["next_by"]
    task = (await client.post("/v1/incidents/1/tasks", json={"text": "Call them", "owner": "T1/UBEN"})).json()
    assert (task["incident"], task["owner"], task["done_at"]) == ("INC-1", "T1/UBEN", None)
    done = (await client.post(f"/v1/tasks/{task['id']}", json={"done": True})).json()
    assert done["done_by"] == "api/status-page"
    assert (await client.post(f"/v1/tasks/{task['id']}", json={"done": True})).status_code == 409
    assert (await client.post(f"/v1/tasks/{task['id']}", json={"owner": ""})).json()["owner"] == ""
    over = await client.post("/v1/incidents/1/updates", json={"text": "All good", "state": "resolved"})
    assert over.json()["state"] == "resolved"
    whole = (await client.get("/v1/incidents/1")).json()
    assert (len(whole["updates"]), len(whole["tasks"]), whole["channel"]) == (2, 1, "")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/incidents/1/updates", {}, 400),
        ("/v1/incidents/1/updates", {"text": "x", "next_minutes": 0}, 400),
        ("/v1/incidents/1/updates", {"text": "x", "severity": "awful"}, 400),
        ("/v1/incidents/1/updates", {"text": "x", "stat": "resolved"}, 400),
        ("/v1/incidents/9/updates", {"text": "x"}, 404),
        ("/v1/incidents/1/roles", {"person": "<!channel>"}, 400),
        ("/v1/incidents/1/roles", {"person": "T1/UEVE"}, 403),
        ("/v1/incidents/1/roles", {"role": "nobody"}, 404),
        ("/v1/incidents/1/tasks", {"text": ""}, 400),
        ("/v1/tasks/1", {"done": True}, 404),
        ("/v1/tasks/1", {}, 400),
        ("/v1/tasks/99999999999", {"done": True}, 400),
    ],
)
async def test_what_does_not_fit_is_refused(
    client: httpx.AsyncClient, incident: Incident, path: str, body: dict[str, Any], status: int
) -> None:
    answered = await client.post(path, json=body)
    assert answered.status_code == status, answered.text
    assert answered.json()["error"]


async def test_a_token_that_may_only_read_changes_nothing(client: httpx.AsyncClient, incident: Incident) -> None:
    for path, body in (("roles", {}), ("updates", {"text": "x"}), ("tasks", {"text": "x"})):
        assert (await client.post(f"/v1/incidents/1/{path}", json=body, headers=MAY_READ)).status_code == 403
    whole = (await client.get("/v1/incidents/1", headers=MAY_READ)).json()
    assert (whole["roles"], whole["updates"], whole["tasks"]) == ([], [], [])


async def test_the_page_and_the_review_show_them(client: httpx.AsyncClient, world: World, incident: Incident) -> None:
    world.engine.roles.take(incident.id, ANA)
    world.engine.updates.post(incident.id, "Half <b>of</b> it works", ANA)
    world.engine.tasks.add(incident.id, "Write the test", ANA, owner=ANA, is_follow_up=True)
    page = (await client.get("/incidents/1")).text
    for words in ("Commander:", "Half &lt;b&gt;of&lt;/b&gt; it works", "Write the test", "for afterwards"):
        assert words in page
    review = (await client.get("/v1/incidents/1/review")).text
    assert "- Commander: UANA" in review
    assert "Half &lt;b&gt;of&lt;/b&gt; it works" in review
    assert "- [ ] Write the test (UANA)" in review


async def test_the_document_names_every_route_of_incidents(client: httpx.AsyncClient, world: World) -> None:
    document = json.loads((await client.get("/openapi.json")).text)
    routes = IncidentRoutes(world.engine, world.settings, Renderer()).routes()
    served = {route.path.replace(":int", "") for route in routes if route.path.startswith("/v1/")}
    pages = {path for path in served if path.rpartition("/")[2].startswith("review")} | {"/v1/incidents/{key}/{step}"}
    assert served - pages <= set(document["paths"])
