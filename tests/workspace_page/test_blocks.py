"""Are all blocks drawn, with all their words, and is what the page does not know shown as such?"""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.workspace_page.conftest import Opener
from tests.workspace_page.messages import actions, button, from_app, message, mrkdwn, option, plain
from tests.workspace_page.stage import ANA, BEN, BOT, INCIDENTS, Stage

Json = dict[str, Any]


def shown(stage: Stage, open_page: Opener, *messages: Json) -> Page:
    stage.messages[INCIDENTS] = list(messages)
    return open_page(f"{stage.address}/?user={ANA}&channel={INCIDENTS}")


def test_every_published_example_of_a_block_is_drawn(stage: Stage, open_page: Opener, shared: Path) -> None:
    paths = sorted((shared / "slack/slackblocks-spec/spec/fixtures/valid/blocks").glob("*.json"))
    assert len(paths) > 30
    blocks = [json.loads(path.read_text()) for path in paths]
    page = shown(stage, open_page, *(from_app(BOT, block) for block in blocks))
    assert page.locator(".unknown").count() == 0
    drawn = page.locator(".message .block").evaluate_all("nodes => nodes.map(n => n.className.split('block-')[1])")
    assert [name for name in drawn if name != "section"][:1] == [blocks[0]["type"]]
    for index, block in enumerate(blocks):
        words = page.locator(".message").nth(index).locator(".content").inner_text()
        for expected in texts_of(block):
            assert " ".join(expected.split()) in " ".join(words.split()), (paths[index].name, expected)


def texts_of(part: Any) -> list[str]:
    """Every text that a reader must be able to see in a block."""
    if isinstance(part, list):
        return [text for each in part for text in texts_of(each)]
    if not isinstance(part, dict):
        return []
    here = [part["text"]] if isinstance(part.get("text"), str) and ":" not in part["text"] else []
    if part.get("type") in ("mrkdwn", "markdown"):
        here = [text.replace("*", "").replace("_", "") for text in here]
    hidden = {"icon_button", "feedback_buttons", "option"}
    if part.get("type") in hidden:
        return []
    return here + [text for value in part.values() for text in texts_of(value)]


def test_every_published_example_of_an_element_is_drawn(
    stage: Stage, open_page: Opener, shared: Path, complaints: list[str]
) -> None:
    paths = sorted((shared / "slack/slackblocks-spec/spec/fixtures/valid/elements").glob("*.json"))
    elements = [json.loads(path.read_text()) for path in paths]
    assert len(elements) > 25
    page = shown(stage, open_page, *(from_app(BOT, actions(element)) for element in elements))
    expect(page.locator(".thumb.absent")).to_have_count(3)  # also the example's Slack file, which does not exist here
    complaints.clear()
    assert page.locator(".unknown").all_inner_texts() == []
    assert page.locator(".actions:empty").count() == 0


def test_a_block_nobody_has_heard_of_is_named_and_its_content_can_be_read(stage: Stage, open_page: Opener) -> None:
    page = shown(stage, open_page, from_app(BOT, {"type": "hologram", "depth": 3}, {"type": "constructor"}))
    unknown = page.locator(".unknown")
    expect(unknown).to_have_count(2)
    expect(unknown.first).to_contain_text("“hologram” is not known to this page")
    unknown.first.locator("summary").click()
    expect(unknown.first.locator("pre")).to_have_text(json.dumps({"type": "hologram", "depth": 3}, indent=2))


def test_a_broken_block_does_not_take_its_neighbours_along(stage: Stage, open_page: Opener) -> None:
    broken = {"type": "rich_text", "elements": 7}
    page = shown(stage, open_page, from_app(BOT, broken, {"type": "section", "text": mrkdwn("still here")}))
    expect(page.locator(".unknown")).to_contain_text("could not be shown")
    expect(page.locator(".block-section")).to_have_text("still here")


def test_pictures_from_elsewhere_are_named_and_not_fetched(stage: Stage, open_page: Opener) -> None:
    asked: list[str] = []
    image = {"type": "image", "image_url": "https://elsewhere.example/p.png", "alt_text": "latency of checkout"}
    stage.messages[INCIDENTS] = [from_app(BOT, image), from_app(BOT, {"type": "context", "elements": [image]})]
    page = open_page(f"{stage.address}/?user={ANA}&channel={INCIDENTS}")
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.wait_for_selector("[data-ready]")
    expect(page.locator(".picture.absent")).to_contain_text("latency of checkout")
    expect(page.locator(".picture.absent a")).to_have_attribute("href", "https://elsewhere.example/p.png")
    assert {url.split("/")[2] for url in asked} == {stage.address.split("/")[2]}


@pytest.mark.parametrize("kind", ["bar", "line", "area"])
def test_a_chart_draws_one_shape_a_figure_and_says_its_figures(stage: Stage, open_page: Opener, kind: str) -> None:
    labels = ["Mon", "Tue", "Wed"]
    points = [dict(zip(("label", "value"), pair, strict=True)) for pair in zip(labels, (4, 12, 8), strict=True)]
    series = [{"name": name, "data": points} for name in ("checkout", "cart")]
    block = {
        "type": "data_visualization",
        "title": "Errors",
        "chart": {"type": kind, "series": series, "axis_config": {"categories": labels, "y_label": "a minute"}},
    }
    page = shown(stage, open_page, from_app(BOT, block))
    drawing = page.get_by_role("img", name=f"{kind} chart: Errors. Mon 4 4, Tue 12 12, Wed 8 8")
    expect(drawing).to_be_visible()
    assert drawing.locator("rect" if kind == "bar" else "circle").count() == 6
    heights = drawing.locator("rect").evaluate_all("nodes => nodes.slice(0, 3).map(n => +n.getAttribute('height'))")
    if kind == "bar":
        assert heights[1] == pytest.approx(3 * heights[0], rel=0.01)
    page.get_by_text("Figures").click()
    expect(page.locator(".figures tr")).to_have_text(["checkoutcart", "Mon44", "Tue1212", "Wed88"])


def test_a_pie_gives_each_segment_its_share_of_the_circle(stage: Stage, open_page: Opener) -> None:
    segments = [{"label": "checkout", "value": 75}, {"label": "cart", "value": 25}]
    block = {"type": "data_visualization", "title": "Share", "chart": {"type": "pie", "segments": segments}}
    page = shown(stage, open_page, from_app(BOT, block))
    assert page.locator(".drawing path").count() == 2
    expect(page.locator(".legend li")).to_have_text(["checkout 75 %", "cart 25 %"])


def cell(value: str | int) -> Json:
    if isinstance(value, str):
        return {"type": "raw_text", "text": value}
    return {"type": "raw_number", "value": value, "text": str(value)}


def test_a_data_table_turns_its_pages_and_sorts_numbers_as_numbers(stage: Stage, open_page: Opener) -> None:
    rows = [[cell("Service"), cell("Errors")], *([cell(f"s{n}"), cell(n)] for n in (9, 100, 20))]
    page = shown(
        stage, open_page, from_app(BOT, {"type": "data_table", "caption": "Worst", "page_size": 2, "rows": rows})
    )
    body = page.locator(".data-table tbody tr")
    expect(body).to_have_text(["s99", "s100100"])
    page.get_by_role("button", name="Next page").click()
    expect(body).to_have_text(["s2020"])
    expect(page.locator(".pages")).to_have_text("3–3 of 3")
    page.get_by_role("button", name="Errors").click()
    expect(body).to_have_text(["s99", "s2020"])
    page.get_by_role("button", name="Errors").click()
    expect(body).to_have_text(["s100100", "s2020"])


def test_who_wrote_it_is_said_once_within_five_minutes_and_again_on_another_day(
    stage: Stage, open_page: Opener
) -> None:
    page = shown(
        stage,
        open_page,
        message(BEN, "one", 0),
        message(BEN, "two", 10),
        message(BEN, "three", 400),
        message(ANA, "four", 410),
        message(ANA, "five", 90000),
    )
    grouped = page.locator(".message").evaluate_all("nodes => nodes.map(n => n.classList.contains('grouped'))")
    assert grouped == [False, True, False, False, False]
    expect(page.locator(".day")).to_have_text(["Monday, June 15th", "Tuesday, June 16th"])


def test_marks_on_a_message_are_shown(stage: Stage, open_page: Opener) -> None:
    page = shown(
        stage,
        open_page,
        message(BEN, "changed", edited={"user": BEN, "ts": "1781500000.0"}),
        message(BEN, "kept", pinned_to=[INCIDENTS], pinned_info={"pinned_by": ANA}),
        message(BOT, "quiet", bot_id="B0TOC", ephemeral=True),
        message(BEN, "liked", reactions=[{"name": "eyes", "users": [ANA, BEN], "count": 2}]),
        message(BEN, "has replies", reply_count=3, reply_users=[ANA, BOT], latest_reply="1781500300.0"),
        from_app(BOT, {"type": "divider"}, edited={"user": BOT, "ts": "1781500000.0"}),
        message(BOT, "said otherwise", bot_id="B0TOC", edited={"user": BOT, "ts": "1781500000.0"}),
    )
    rows = page.locator(".message")
    expect(rows.nth(0)).to_contain_text("(edited)")
    expect(rows.nth(1)).to_contain_text("Pinned by Ana García")
    expect(rows.nth(2)).to_contain_text("Only visible to you")
    expect(rows.nth(2).locator(".badge")).to_have_text("APP")
    liked = rows.nth(3).get_by_role("button", name="eyes, 2: Ana García, Ben Okafor")
    expect(liked).to_have_attribute("aria-pressed", "true")
    expect(rows.nth(4).get_by_role("button", name="3 replies")).to_contain_text("Last reply")
    expect(rows.nth(5)).not_to_contain_text("(edited)")
    expect(rows.nth(6)).to_contain_text("(edited)")


def test_an_overflow_offers_its_options_and_an_option_with_an_address_is_a_link(
    stage: Stage, open_page: Opener
) -> None:
    options = [option("Silence"), {**option("Runbook"), "url": "https://runbooks.example/checkout"}]
    overflow = {"type": "overflow", "action_id": "more", "options": options}
    section = {"type": "section", "text": plain("x"), "accessory": overflow}
    page = shown(stage, open_page, from_app(BOT, section, actions(button("Go", "go"))))
    page.locator(".overflow").click()
    expect(page.get_by_role("menuitem")).to_have_text(["Silence", "Runbook"])
    expect(page.get_by_role("menuitem", name="Runbook")).to_have_attribute("href", "https://runbooks.example/checkout")
