"""Does an incident's thread show what its figures did, as a picture with the same said in words?"""

import base64
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest_asyncio

from bot.engine.pages import PlotPage
from bot.slack.plain import plain_words
from bot.slack.plots import plot_of
from bot.slack.render import Renderer
from tests.slack.stage import Stage
from tests.slack.test_courier import settled
from tests.templates import pages

PNG = b"\x89PNG"


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    async with Stage(held=True, listening=False) as made:
        yield made


async def test_the_plot_is_shared_once_in_the_thread_with_an_alternative_text_that_says_the_same(stage: Stage) -> None:
    series = tuple([3] * 40 + [90, 120])
    seen = pages.signal()
    now = stage.engine.clock.now()
    signal = replace(seen, at=now, began_at=now, evidence=replace(seen.evidence, series=series))
    with stage.engine.store.write() as tx:
        stage.engine.checks._placing._correlator.place(tx, signal, now)
    await settled(stage)
    (root,) = await stage.channel()
    pictures = [message for message in await stage.thread(root["ts"]) if message.get("files")]
    (file,) = pictures[0]["files"]
    kept = stage.workspace.core.team.files.get(file["id"])
    assert len(pictures) == 1
    assert kept is not None
    assert base64.b64decode(kept["data"]).startswith(PNG)
    assert kept["alt_txt"] == plain_words(pictures[0]["text"])
    assert "currency <*> is not supported; since 12:00 UTC" in kept["alt_txt"]
    assert "84 a minute, never seen in 41 days, the first since 1.4.2, usually 0 to 0.2" in kept["alt_txt"]
    await settled(stage)
    assert len([m for m in await stage.thread(root["ts"]) if m.get("files")]) == 1


def test_every_measure_is_drawn_or_has_too_few_figures() -> None:
    for signal in pages.measured():
        drawn = plot_of(signal, 60, Renderer().plot_words())
        has_figures = signal.evidence.measure is not None and len(signal.evidence.measure.values) > 5
        assert drawn.startswith(PNG) == has_figures


def test_a_forecast_says_when_and_how_sure_and_a_figure_says_what_is_usual() -> None:
    told: dict[str, str] = {}
    for signal in pages.measured():
        assert signal.evidence.measure is not None
        page = PlotPage(replace(signal, at=pages.NOW), pages.NOW, 60)
        told.setdefault(signal.evidence.measure.what, Renderer().render("plot", page).text)
    assert "disk (device=sda) reaches 95 % in 9 h" in told["reaches_limit"]
    assert "between 6 h and 14 h from now" in told["reaches_limit"]
    assert "now 412 ms, usual is 180 ms to 240 ms, by 4.6 days of it" in told["spike"]
    assert "its newest row is 130 min old, 60 min are allowed" in told["stale"]
