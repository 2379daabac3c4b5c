"""Can everybody read the web page of an incident and a review: with a screen reader, on a phone, in the dark?"""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser

from bot.actions.model import RunState
from bot.engine.browsing import ShownIncident
from bot.engine.pages import IncidentsPage, ReviewPage
from bot.slack.render import Renderer
from tests.templates import pages

NAMES = {pages.ANA: "Ana García", pages.BEN: "Ben Okafor with a name that is rather long for a phone"}
LONG = pages.incident_page(
    incident=pages.recovered(), runs=(pages.run(RunState.SUCCEEDED),), signals=(pages.signal(), pages.knock_on())
)
DRAWN = {
    "incident": ("incident", ShownIncident(LONG, (), (pages.change(by="x" * 80),), names=NAMES)),
    "review": ("review", ReviewPage(LONG, (pages.change(),), pages.ANA, NAMES)),
    "incidents": ("incidents", IncidentsPage(pages.NOW, (pages.incident(),), (pages.recovered(),))),
}


@pytest.mark.parametrize("width", [360, 1180])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", DRAWN)
def test_a_page_has_no_barrier_and_fits_its_width(browser: Browser, name: str, scheme: Any, width: int) -> None:
    template, page = DRAWN[name]
    context = browser.new_context(viewport={"width": width, "height": 740}, color_scheme=scheme)
    shown = context.new_page()
    shown.set_content(Renderer().render_page(template, page, NAMES))
    found = Axe().run(shown).response["violations"]
    assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found] == []
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_people_are_shown_by_name_and_by_id_when_nobody_knows_it() -> None:
    named = Renderer().render_page("incident", DRAWN["incident"][1], {pages.ANA: "Ana García"})
    assert "Ana García" in named
    assert "UANA" not in named
    assert "UBEN" in named
    assert "Ana García" not in Renderer().render_page("incident", DRAWN["incident"][1])
