"""Does what a person types arrive as Slack would send it, and does the page help while typing?"""

import pytest
from playwright.sync_api import Page, expect

from tests.workspace_page.stage import ANA, BEN, INCIDENTS, RANDOM, Stage


def field(page: Page) -> None:
    page.get_by_role("textbox", name="Message #incidents").click()


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("hello", "hello"),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("@ben and @ana, @nobody", f"<@{BEN}> and <@{ANA}>, @nobody"),
        ("mail me@ben.example", "mail me@ben.example"),
        ("@here see #random, not #nowhere", f"<!here> see <#{RANDOM}>, not #nowhere"),
        ("`@ben <x>` @ben", f"`@ben &lt;x&gt;` <@{BEN}>"),
        ("see https://a.example/?a=1&b=2.", "see <https://a.example/?a=1&amp;b=2>."),
        ("<!channel> <@U0BEN>", "&lt;!channel&gt; &lt;@U0BEN&gt;"),
    ],
)
def test_typed_text_is_escaped_and_names_become_mentions(stage: Stage, page: Page, typed: str, text: str) -> None:
    page.get_by_role("textbox", name="Message #incidents").fill(typed)
    page.get_by_role("button", name="Send message").click()
    assert [(act["channel"], act["text"]) for act in stage.did("post", 1)] == [(INCIDENTS, text)]
    expect(page.get_by_role("textbox", name="Message #incidents")).to_have_value("")


def test_a_command_is_completed_explained_and_sent(stage: Stage, page: Page) -> None:
    field(page)
    page.keyboard.type("/to")
    offered = page.get_by_role("option")
    expect(offered).to_have_count(1)
    expect(offered).to_contain_text("/tocsin [help | open | status]")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Message #incidents")).to_have_value("/tocsin ")
    expect(page.locator(".usage-hint")).to_contain_text("/tocsin [help | open | status]")
    page.keyboard.type("status a<b @ben")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    sent = stage.did("command", 1)[0]
    assert (sent["command"], sent["text"], sent["channel"]) == ("/tocsin", "status a<b @ben", INCIDENTS)


def test_a_slash_offers_all_commands_and_arrows_choose(stage: Stage, page: Page) -> None:
    field(page)
    page.keyboard.type("/")
    expect(page.get_by_role("option")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option", name="/rollback")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Tab")
    expect(page.get_by_role("textbox", name="Message #incidents")).to_have_value("/rollback ")


def test_a_command_typed_in_full_goes_with_one_enter(stage: Stage, page: Page) -> None:
    field(page)
    page.keyboard.type("/tocsin")
    page.keyboard.press("Enter")
    assert [(act["command"], act["text"]) for act in stage.did("command", 1)] == [("/tocsin", "")]


@pytest.mark.parametrize(
    ("typed", "value"), [("hey @be", "hey @ben "), ("in #ran", "in #random "), (":tad", ":tada: ")]
)
def test_people_channels_and_emoji_are_completed(stage: Stage, page: Page, typed: str, value: str) -> None:
    field(page)
    page.keyboard.type(typed)
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Message #incidents")).to_have_value(value)
    assert stage.did("post") == []


def test_a_name_typed_in_full_goes_with_one_enter(stage: Stage, page: Page) -> None:
    field(page)
    page.keyboard.type("please look @ben")
    page.keyboard.press("Enter")
    assert [act["text"] for act in stage.did("post", 1)] == [f"please look <@{BEN}>"]


def test_shift_enter_breaks_the_line(stage: Stage, page: Page) -> None:
    field(page)
    page.keyboard.type("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    page.keyboard.press("Enter")
    assert [act["text"] for act in stage.did("post", 1)] == ["one\ntwo"]


def test_what_could_not_be_sent_comes_back_into_the_field(stage: Stage, page: Page) -> None:
    stage.answers["post"] = lambda _: {"ok": False, "error": "is_archived"}
    page.get_by_role("textbox", name="Message #incidents").fill("precious words")
    page.get_by_role("button", name="Send message").click()
    expect(page.locator(".toast.error")).to_contain_text("This channel is archived")
    expect(page.get_by_role("textbox", name="Message #incidents")).to_have_value("precious words")


def test_a_draft_waits_while_one_looks_elsewhere(stage: Stage, page: Page) -> None:
    page.get_by_role("textbox", name="Message #incidents").fill("half a")
    page.get_by_role("button", name="random").click()
    expect(page.get_by_role("textbox", name="Message #random")).to_have_value("")
    page.get_by_role("button", name="incidents", exact=True).first.click()
    expect(page.get_by_role("textbox", name="Message #incidents")).to_have_value("half a")


def test_global_shortcuts_are_offered_beside_the_field(stage: Stage, page: Page) -> None:
    page.get_by_role("button", name="Shortcuts").click()
    page.get_by_role("menuitem", name="Declare incident").click()
    assert [act["callback_id"] for act in stage.did("shortcut", 1)] == ["declare"]
