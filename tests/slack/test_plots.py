"""Does an incident's thread show what its figures did, as a picture with the same said in words?"""

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
import pytest_asyncio

from bot.engine.pages import PlotPage
from bot.signals.model import Measure, Measured
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
    assert "now 412 ms, usual is 180 to 240 ms, known for 4.6 days" in told["spike"]
    assert "its newest row is 130 min old, 60 min are allowed" in told["stale"]


SAID: dict[str, tuple[Measure, str]] = {
    "column of nothing": (
        Measure(Measured.NULLS, "orders", "share", 0.4, 0.0, 0.05, parts=(("column", "customer"), ("rows", "2000"))),
        "orders has too many empty values; 40 % of its 2,000 rows, in `customer`; at most 5 % may be",
    ),
    "twice": (
        Measure(Measured.DUPLICATES, "orders", "share", 0.4, 0.0, 0.0, parts=(("column", "id"), ("rows", "2000"))),
        "orders has too many duplicates; 40 % of its 2,000 rows, by `id`; none may be",
    ),
    "no value": (
        Measure(Measured.NO_VALUE, "orders", low=1.0),
        "orders gives no value; at least 1 is right; since",
    ),
    "accuracy": (
        Measure(Measured.PERFORMANCE, "fraud", "accuracy", 0.71, 0.83, 1.0, parts=(("labels", "700"),)),
        "right in 71 % of 700 predictions whose outcome is known; from 83 % on is as good as before",
    ),
    "error": (
        Measure(Measured.PERFORMANCE, "fraud", "mae", 12.1, 0.0, 8.3, parts=(("labels", "700"),)),
        "off by 12 on average of 700 predictions whose outcome is known; up to 8.3 is as good as before",
    ),
    "perhaps never": (
        Measure(
            Measured.REACHES_LIMIT, "free", "GB", 80.0, limit=5.0, per_day=-40.0,
            at=pages.NOW + timedelta(hours=9), earliest=pages.NOW + timedelta(hours=6),
        ),
        "now 80 GB, falling by 40 GB a day; in 6 h at the earliest, perhaps never",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SAID)
def test_what_a_measure_says_reads_as_a_sentence(name: str) -> None:
    measure, said = SAID[name]
    seen = pages.measured()[0]
    signal = replace(seen, at=pages.NOW, evidence=replace(seen.evidence, measure=measure))
    assert said in Renderer().render("plot", PlotPage(signal, pages.NOW, 60)).text
