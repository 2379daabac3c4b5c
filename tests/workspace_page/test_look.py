"""Can everybody use the page: with a screen reader, at a phone's width, in the dark, with the keyboard alone?"""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from tests.workspace_page.conftest import Opener
from tests.workspace_page.messages import actions, button, field, form, from_app, message, mrkdwn, option, plain
from tests.workspace_page.stage import ANA, BEN, BOT, INCIDENTS, Stage

Json = dict[str, Any]
PHONE = {"viewport": {"width": 360, "height": 740}}
FORM = form(
    "V1",
    "Declare incident",
    [
        field("what", "What happens?", {"type": "plain_text_input", "action_id": "what"}),
        field("how", "Severity", {"type": "static_select", "action_id": "how", "options": [option("Major")]}),
        field("kind", "Kind", {"type": "radio_buttons", "action_id": "kind", "options": [option("Outage")]}),
        field("who", "Who?", {"type": "multi_users_select", "action_id": "who"}, optional=True),
    ],
)


@pytest.fixture
def story(stage: Stage) -> Stage:
    """A channel with some of everything."""
    root = from_app(
        BOT,
        {"type": "header", "text": plain("checkout: a new error, 80 times a minute")},
        {"type": "section", "text": mrkdwn(f"<@{ANA}> `Payment declined` <https://a.example|board> <#{INCIDENTS}>")},
        {"type": "section", "fields": [mrkdwn("*Severity*\ncritical"), mrkdwn("*Status*\nopen")]},
        actions(button("Roll back", "rb", style="danger"), button("Acknowledge", "ack", style="primary")),
        {"type": "context", "elements": [mrkdwn("3 signals")]},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "x" * 60}, {"type": "raw_text", "text": "y" * 60}]]},
        reply_count=1,
        reply_users=[ANA],
        latest_reply="1781500300.0",
        reactions=[{"name": "eyes", "users": [ANA], "count": 1}],
        pinned_to=[INCIDENTS],
    )
    long_word = message(BEN, "averylongwordwithoutanybreak" * 12)
    stage.messages[INCIDENTS] = [message(BEN, "has joined", subtype="channel_join"), root, long_word]
    return stage


def violations(page: Page) -> list[str]:
    # Menus hang on the body, above everything: that they lie in no landmark is meant.
    found = Axe().run(page, options={"rules": {"region": {"enabled": False}}})
    return [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found.response["violations"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_complain_about(story: Stage, open_page: Opener, scheme: str) -> None:
    page = open_page(f"{story.address}/?user={ANA}&channel={INCIDENTS}", color_scheme=scheme, bypass_csp=True)
    page.get_by_role("button", name="1 reply").click()
    expect(page.locator(".thread-pane .message").first).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="You are Ana").click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Faults").click()
    assert violations(page) == []
    story.tell({"type": "view", "action": "opened", "view": FORM, "views": [FORM]})
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(".input-error:visible")).to_have_count(3)
    assert violations(page) == []


def test_nothing_sticks_out_at_a_phones_width(story: Stage, open_page: Opener) -> None:
    page = open_page(f"{story.address}/?user={ANA}&channel={INCIDENTS}", **PHONE)
    width = "() => [document.documentElement.scrollWidth, document.querySelector('.scroller').scrollWidth]"
    assert page.evaluate(width) == [360, 360]
    sticking = """() => [...document.querySelectorAll('.conversation *')]
        .filter(n => n.getBoundingClientRect().right > 361 && !n.closest('.table-frame, .topic'))
        .map(n => n.outerHTML.slice(0, 100))"""
    assert page.evaluate(sticking) == []
    story.tell({"type": "view", "action": "opened", "view": FORM, "views": [FORM]})
    box = page.get_by_role("dialog").bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, 360)


def test_one_writes_at_the_bottom_of_the_screen_also_in_an_empty_channel(stage: Stage, open_page: Opener) -> None:
    for options in ({}, PHONE):
        page = open_page(f"{stage.address}/?user={ANA}&channel={INCIDENTS}", **options)
        box, height = page.locator(".composer").bounding_box(), page.evaluate("innerHeight")
        assert box is not None
        assert height - 40 < box["y"] + box["height"] <= height


def test_on_a_phone_the_list_of_channels_comes_when_asked_and_goes_after_a_choice(
    story: Stage, open_page: Opener
) -> None:
    page = open_page(f"{story.address}/?user={ANA}&channel={INCIDENTS}", **PHONE)
    random = page.locator("[data-go=C0RND]")
    expect(random).to_be_hidden()
    page.get_by_role("button", name="Channels", exact=True).click()
    random.click()
    expect(page.get_by_role("heading", name="random").first).to_be_visible()
    expect(random).to_be_hidden()
    page.get_by_role("button", name="Channels", exact=True).click()
    expect(random).to_have_text("random")  # and no badge any more


def test_the_dark_scheme_is_dark(story: Stage, open_page: Opener) -> None:
    page = open_page(f"{story.address}/?user={ANA}", color_scheme="dark")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(int(part) for part in ground[4:-1].split(",")) < 60


def test_it_says_at_all_times_that_it_is_a_simulation(story: Stage, open_page: Opener) -> None:
    for options in ({}, PHONE):
        page = open_page(f"{story.address}/?user={ANA}", **options)
        notice = page.get_by_text("Local workspace – a simulation of Slack, nothing leaves this machine")
        expect(notice).to_be_in_viewport(ratio=1)


def test_another_person_is_two_clicks_away_and_stays_in_the_channel(story: Stage, open_page: Opener) -> None:
    page = open_page(f"{story.address}/?user={ANA}&channel={INCIDENTS}")
    page.get_by_role("button", name="You are Ana García").click()
    page.get_by_role("menuitemradio", name="Ben Okafor").click()
    expect(page.get_by_role("button", name="You are Ben Okafor")).to_be_visible()
    assert f"user={BEN}" in page.url
    assert f"channel={INCIDENTS}" in page.url


def test_another_person_sees_the_thread_that_is_open(story: Stage, open_page: Opener) -> None:
    page = open_page(f"{story.address}/?user={ANA}&channel={INCIDENTS}")
    page.get_by_role("button", name="1 reply").click()
    page.get_by_role("button", name="You are Ana García").click()
    page.get_by_role("menuitemradio", name="Ben Okafor").click()
    expect(page.get_by_role("button", name="You are Ben Okafor")).to_be_visible()
    expect(page.locator(".thread-pane .message").first).to_contain_text("checkout: a new error")


def test_back_goes_to_the_channel_before(story: Stage, page: Page) -> None:
    page.get_by_role("button", name="random").click()
    expect(page.get_by_role("heading", name="random").first).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="incidents").first).to_be_visible()


def test_the_keyboard_alone_reads_presses_and_answers(story: Stage, page: Page) -> None:
    press = page.keyboard.press
    expect(page.get_by_role("textbox", name="Message #incidents")).to_be_focused()
    press("Shift+Tab")  # the message one is at: the last one
    expect(page.locator(".message").last).to_be_focused()
    press("ArrowUp")
    expect(page.locator(".message").nth(1)).to_be_focused()
    tab_until(page, "Acknowledge")
    press("Enter")
    assert [act["action_id"] for act in story.did("press", 1)] == ["ack"]
    expect(page.get_by_role("button", name="Acknowledge")).to_be_focused()
    tab_until(page, "1 reply")
    press("Enter")
    expect(page.get_by_role("textbox", name="Reply…")).to_be_focused()
    page.keyboard.type("on it")
    press("Enter")
    assert [act["text"] for act in story.did("post", 1)] == ["on it"]
    press("Escape")
    expect(page.get_by_role("complementary", name="Thread")).to_have_count(0)
    expect(page.locator(".message").nth(1)).to_be_focused()
    press("m")
    expect(page.get_by_role("menuitem").first).to_be_focused()
    press("ArrowDown")
    press("Home")
    press("Enter")
    assert [act["callback_id"] for act in story.did("shortcut", 1)] == ["add"]


def tab_until(page: Page, words: str, most: int = 30) -> None:
    """Tabs to the element that says `words`; what has the focus must be seen to have it."""
    for _ in range(most):
        page.keyboard.press("Tab")
        style = page.evaluate("() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle }")
        assert style != "none", page.evaluate("document.activeElement.outerHTML.slice(0, 120)")
        if words in page.evaluate("document.activeElement.textContent"):
            return
    raise AssertionError(f"no way to {words!r} with Tab")


def test_a_form_is_filled_and_sent_with_the_keyboard(story: Stage, page: Page) -> None:
    story.tell({"type": "view", "action": "opened", "view": FORM, "views": [FORM]})
    expect(page.get_by_label("What happens?")).to_be_focused()
    page.keyboard.type("it burns")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option", name="Major")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Severity")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.type("ben")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_visible()
    tab_until(page, "Send")
    page.keyboard.press("Enter")
    values = story.did("submit_view", 1)[0]["state_values"]
    assert values["what"]["what"]["value"] == "it burns"
    assert values["how"]["how"]["selected_option"]["value"] == "major"
    assert values["kind"]["kind"]["selected_option"]["value"] == "outage"
    assert values["who"]["who"]["selected_users"] == [BEN]


def test_the_focus_cannot_leave_a_form(story: Stage, page: Page) -> None:
    story.tell({"type": "view", "action": "opened", "view": FORM, "views": [FORM]})
    expect(page.get_by_role("dialog")).to_be_visible()
    for _ in range(25):
        page.keyboard.press("Tab")
        where = page.evaluate(
            "() => [document.body, null].includes(document.activeElement) || !!document.activeElement.closest('dialog')"
        )
        assert where


def test_the_faults_drawer_asks_the_server_for_what_it_says(story: Stage, page: Page) -> None:
    page.get_by_role("button", name="Faults").click()
    drawer = page.get_by_role("complementary", name="Faults")
    drawer.get_by_role("button", name="Rate limited").click()
    expect(page.locator(".toast")).to_contain_text("Rate limited: on")
    asked = story.did("faults")[-1]
    assert asked["kind"] == "ratelimited"
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(page.get_by_role("button", name="Faults")).to_be_focused()


def test_an_apps_home_is_drawn_pressed_and_updated(story: Stage, page: Page) -> None:
    open_button = {"type": "section", "text": mrkdwn("*checkout*"), "accessory": button("Open", "open")}
    story.home = {"id": "VH", "type": "home", "app_id": "A0TOC", "blocks": [open_button]}
    page.get_by_role("button", name="Tocsin connected").click()
    expect(page.get_by_role("tab", name="Home")).to_have_attribute("aria-selected", "true")
    page.get_by_role("button", name="Open", exact=True).click()
    press = story.did("press", 1)[-1]
    assert (press["container"], press["view_id"], press["action_id"]) == ("home", "VH", "open")
    quiet = {**story.home, "blocks": [{"type": "section", "text": mrkdwn("All quiet")}]}
    story.tell({"type": "home", "view": quiet})
    expect(page.get_by_role("tabpanel")).to_have_text("All quiet")
    page.get_by_role("tab", name="Messages").click()
    expect(page.get_by_role("textbox", name="Message Tocsin")).to_be_visible()
