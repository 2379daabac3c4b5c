"""Is the draft of a review there for people and programs, complete, with names, and harmless?"""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import jsonschema
import pytest
from typer.testing import CliRunner

from bot.cli import app as cli
from bot.people import Known
from bot.slack.render import Renderer
from handlers.http import application
from handlers.http.incidents import IncidentRoutes
from tests.scenarios.traffic import Line
from tests.scenarios.world import ANA, BEN, World

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "review.schema.json").read_text(encoding="utf-8"))
HOSTILE = 'boom {n} <script>alert(1)</script> "><img src=x onerror=alert(1)> {{7*7}}'


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(database_url=f"sqlite:///{tmp_path}/tocsin.db")
    made.run(minutes=60)
    made.deploy("checkout", "1.4.2", previous="1.4.1")
    made.service("checkout").faults.append(Line(HOSTILE, 80, "error"))
    made.run(minutes=3)
    made.engine.people.note(Known(ANA.key, "Ana <b>López</b>"))
    made.engine.incidents.acknowledge(1, ANA)
    made.engine.incidents.judge(1, "1", "confirmed", BEN)
    made.clock.advance(timedelta(minutes=7))
    made.engine.incidents.resolve(1, ANA, "flag off")
    return made


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    routes = IncidentRoutes(world.engine, world.settings, Renderer()).routes()
    transport = httpx.ASGITransport(application(world.engine, world.settings, more=routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as made:
        yield made


async def test_a_review_as_json_follows_its_documented_schema(client: httpx.AsyncClient) -> None:
    found = (await client.get("/v1/incidents/INC-1/review.json")).json()
    checker = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
    assert [error.message for error in checker.iter_errors(found)] == []
    assert found["people"] == {ANA.key: "Ana <b>López</b>"}
    assert found["measures"]["resolved_after_s"] >= 7 * 60
    assert found["suspects"][0]["verdict"] == "confirmed"
    assert [change["version"] for change in found["changes"]] == ["1.4.2"]
    assert found["timeline"][-1]["said"].endswith("resolved it: flag off")
    broken = {**found, "version": 2, "more": 1}
    assert len(list(checker.iter_errors(broken))) == 2


@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [
        ("/review", "", "text/markdown"),
        ("/review", "*/*", "text/markdown"),
        ("/review", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("/review", "application/json", "application/json"),
        ("/review.md", "text/html", "text/markdown"),
        ("/review.html", "", "text/html"),
        ("/review.json", "text/html", "application/json"),
    ],
)
async def test_the_format_is_what_the_address_or_the_reader_says(
    client: httpx.AsyncClient, path: str, accept: str, kind: str
) -> None:
    found = await client.get(f"/v1/incidents/INC-1{path}", headers={"Accept": accept})
    assert found.status_code == 200
    assert found.headers["content-type"].startswith(kind)
    assert "default-src 'none'" in found.headers["content-security-policy"]


async def test_the_page_is_whole_in_itself_names_people_and_lets_no_log_line_in(client: httpx.AsyncClient) -> None:
    page = (await client.get("/v1/incidents/1/review.html")).text
    for harmful in ("<script", "<img", "<b>", "http://", "https://", "<link", "@import"):
        assert harmful not in page
    assert "&lt;script&gt;" in page
    assert "Ana &lt;b&gt;López&lt;/b&gt;" in page
    assert "UBEN" in page  # nobody asked Slack about him yet
    for part in ("In short", "Impact", "What was seen", "Likely causes", "What was done", "Timeline", "What we learn"):
        assert f">{part}<" in page
    draft = (await client.get("/v1/incidents/1/review.md")).text
    assert "- Impact: 1 service" in draft
    assert "López" in draft
    assert "<b>" not in draft


async def test_a_review_of_nothing_and_in_no_known_format_is_not_found(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/incidents/77/review.json")).status_code == 404
    assert (await client.get("/v1/incidents/1/review.pdf")).status_code in (404, 405)


def test_the_command_line_drafts_the_same(world: World, tmp_path: Path) -> None:
    config = tmp_path / "tocsin.toml"
    config.write_text(f'data_dir = "{tmp_path}"\ndatabase = "sqlite:///{tmp_path}/tocsin.db"\n')
    as_json = CliRunner().invoke(cli, ["review", "INC-1", "--format", "json", "-c", str(config)])
    assert as_json.exit_code == 0, as_json.output
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(as_json.output))
    page = tmp_path / "review.html"
    assert CliRunner().invoke(cli, ["review", "1", "-f", "html", "-o", str(page), "-c", str(config)]).exit_code == 0
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    draft = CliRunner().invoke(cli, ["review", "1", "-c", str(config)])
    assert draft.output.startswith("# INC-1: checkout")
    measured = CliRunner().invoke(cli, ["stats", "checkout", "--json", "-c", str(config)])
    found = json.loads(measured.output)
    assert found["about"] == ["checkout"]
    assert found["now"]["incidents"] == 1
    said = CliRunner().invoke(cli, ["stats", "-c", str(config)])
    assert "Acknowledged after (MTTA)" in said.output
    assert "`" not in said.output
