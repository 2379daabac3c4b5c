"""Does a person on the page live with an unmodified slack-bolt app? The real server, Socket Mode, the real page."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.workspace_page.conftest import Opener
from tests.workspace_page.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "workspace.db")
    made.connect_app()
    yield made
    made.end()


@pytest.fixture
def ana(world: World, open_page: Opener) -> Page:
    return open_page(world.page("ana"))


@pytest.fixture
def ben(world: World, open_page: Opener) -> Page:
    return open_page(world.page("ben"))


def say(page: Page, text: str) -> None:
    page.locator(".conversation .composer-field").fill(text)
    page.keyboard.press("Enter")


def last(page: Page) -> Locator:
    return page.locator(".conversation .message").last


def open_form(page: Page) -> Locator:
    say(page, "/rollback checkout")
    dialog = page.get_by_role("dialog", name="Why roll back?")
    expect(dialog).to_be_visible()
    return dialog


def fill_form(page: Page, reason: str) -> None:
    dialog = page.get_by_role("dialog", name="Why roll back?")
    dialog.get_by_label("Reason").fill(reason)
    if dialog.locator("[data-action-id=pick]").inner_text() == "Select an option":
        dialog.locator("[data-action-id=pick]").click()
        page.get_by_role("option", name="Major").click()
    dialog.get_by_role("button", name="Send", exact=True).click()


def test_two_people_write_and_see_each_other_at_once(ana: Page, ben: Page) -> None:
    say(ana, "is <b>checkout</b> down, @ben?")
    expect(last(ben).locator(".author")).to_have_text("Ana")
    expect(last(ben).locator(".content")).to_have_text("is <b>checkout</b> down, @Ben?")
    expect(last(ben).locator(".mention.mine")).to_have_text("@Ben")
    say(ben, "looking :eyes:")
    expect(last(ana).locator(".content")).to_have_text("looking 👀")


@pytest.mark.parametrize(
    "text", ["<img src=x onerror=alert(1)>", "{{7*7}}", "\u202eevil\u202c \u200fx", "a & b &amp; <!channel>"]
)
def test_hostile_words_arrive_as_they_were_typed(ana: Page, ben: Page, text: str) -> None:
    say(ana, text)
    expect(last(ben).locator(".content")).to_have_text(text)
    assert last(ben).locator(".content").evaluate("n => n.textContent") == text
    assert last(ben).locator(".content .mention, .content img").count() == 0


def test_a_command_opens_a_form_whose_errors_come_first_and_whose_success_posts(ana: Page, ben: Page) -> None:
    dialog = open_form(ana)
    expect(ana.locator(".message.ephemeral")).to_contain_text("One question about checkout first")
    dialog.get_by_role("button", name="Send", exact=True).click()
    expect(dialog.locator(".input-error:visible")).to_have_count(2)
    fill_form(ana, "because")
    expect(dialog.locator(".input-error:visible")).to_have_text(["That is no reason"])
    fill_form(ana, "p99 doubled")
    expect(dialog).to_have_count(0)
    for page in (ana, ben):
        expect(page.locator(".message", has_text="Roll back checkout? p99 doubled")).to_be_visible()
    expect(ben.locator(".message.ephemeral")).to_have_count(0)


def test_a_press_replaces_the_message_and_answers_in_its_thread(ana: Page, ben: Page) -> None:
    open_form(ana)
    fill_form(ana, "p99 doubled")
    ben.get_by_role("button", name="Approve").click()
    for page in (ana, ben):
        expect(page.locator(".message", has_text="Approved ✅")).to_be_visible()
        page.get_by_role("button", name="1 reply").click()
        expect(page.locator(".thread-pane .content").last).to_have_text("@Ben approved")
        expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    ana.get_by_role("textbox", name="Reply…").fill("thank you")
    ana.keyboard.press("Enter")
    expect(ben.locator(".thread-pane .content").last).to_have_text("thank you")
    expect(ben.locator(".conversation").get_by_role("button", name="2 replies")).to_be_visible()
    expect(ben.locator(".conversation .content", has_text="thank you")).to_have_count(0)


def test_an_ephemeral_answer_is_for_the_one_who_pressed(ana: Page, ben: Page) -> None:
    open_form(ana)
    fill_form(ana, "p99 doubled")
    ben.get_by_role("button", name="Roll back now").click()
    confirm = ben.get_by_role("alertdialog", name="Roll back checkout?")
    confirm.get_by_role("button", name="Roll back", exact=True).click()
    whisper = ben.locator(".message.ephemeral", has_text="Only people on call may do that")
    expect(whisper).to_contain_text("Only visible to you")
    assert "Only people on call" not in ana.locator(".conversation").inner_text()
    whisper.get_by_role("button", name="Dismiss message").click()
    expect(whisper).to_have_count(0)
    ben.reload()
    expect(ben.get_by_role("button", name="Approve")).to_be_visible()
    expect(ben.locator(".message.ephemeral")).to_have_count(0)


def test_one_window_can_become_another_person(world: World, ana: Page) -> None:
    say(ana, "I am Ana")
    expect(last(ana).locator(".author")).to_have_text("Ana")
    ana.get_by_role("button", name="You are Ana").click()
    ana.get_by_role("menuitemradio", name="Ben").click()
    expect(ana.get_by_role("button", name="You are Ben")).to_be_visible()
    say(ana, "and I am Ben")
    expect(last(ana).locator(".author")).to_have_text("Ben")
    expect(ana.locator(".message .author")).to_have_text(["Ana", "Ben"])


def test_the_main_job_is_done_with_the_keyboard_alone(ana: Page, ben: Page) -> None:
    press, write = ana.keyboard.press, ana.keyboard.type
    expect(ana.get_by_role("textbox", name="Message #incidents")).to_be_focused()
    write("/roll")
    press("Enter")
    write("checkout")
    press("Enter")
    expect(ana.get_by_label("Reason")).to_be_focused()
    write("p99 doubled")
    press("Tab")
    press("ArrowDown")
    expect(ana.get_by_role("option", name="Critical")).to_be_visible()
    press("ArrowDown")
    press("Enter")
    for _ in range(3):
        press("Tab")
    expect(ana.get_by_role("button", name="Send", exact=True)).to_be_focused()
    press("Enter")
    expect(ana.get_by_role("dialog")).to_have_count(0)
    expect(ana.get_by_role("button", name="Approve")).to_be_visible()
    ana.get_by_role("textbox", name="Message #incidents").focus()
    for _ in range(12):
        press("Shift+Tab")
        if ana.evaluate("document.activeElement.textContent") == "Approve":
            break
    expect(ana.get_by_role("button", name="Approve")).to_be_focused()
    press("Enter")
    expect(ben.locator(".message", has_text="Approved ✅")).to_be_visible()


def test_an_app_that_answers_too_late_is_reported_in_slacks_words(ana: Page) -> None:
    say(ana, "/slow")
    whisper = ana.locator(".message.ephemeral", has_text="operation_timeout")
    expect(whisper).to_be_visible(timeout=7000)
    expect(whisper).to_contain_text("/slow failed with the error “operation_timeout”")


def test_an_app_that_is_not_running_is_seen_and_reported(world: World, ana: Page) -> None:
    app = ana.locator("nav .presence")
    expect(app).to_have_attribute("aria-label", "connected")
    world.disconnect_app()
    say(ana, "/rollback checkout")
    expect(ana.locator(".message.ephemeral")).to_contain_text("failed with the error “dispatch_failed”")
    expect(app).to_have_attribute("aria-label", "not connected: start the app")


def test_an_unknown_command_is_answered_by_slackbot_and_stays_in_the_field(ana: Page) -> None:
    say(ana, "/rolback checkout")
    expect(ana.locator(".message.ephemeral")).to_contain_text("/rolback is not a valid command")
    expect(ana.locator(".conversation .composer-field")).to_have_value("/rolback checkout")


def test_options_dates_and_overflows_reach_the_app(ana: Page) -> None:
    say(ana, "/services")
    ana.locator("[data-action-id=service]").click()
    ana.keyboard.type("ca")
    ana.get_by_role("option", name="catalogue").click()
    expect(last(ana)).to_contain_text("picked catalogue")
    ana.locator("[data-action-id=day]").fill("2026-12-24")
    expect(last(ana)).to_contain_text("picked 2026-12-24")
    ana.locator(".overflow").click()
    ana.get_by_role("menuitem", name="Explain").click()
    expect(last(ana)).to_contain_text("picked explain")


def test_an_updated_form_keeps_what_was_typed_and_shows_what_is_new(ana: Page) -> None:
    dialog = open_form(ana)
    dialog.get_by_label("Reason").fill("half typed")
    dialog.get_by_role("button", name="More").click()
    expect(dialog.get_by_label("Ticket")).to_be_visible()
    expect(dialog.get_by_label("Reason")).to_have_value("half typed")
    fill_form(ana, "whole")
    expect(ana.locator(".message", has_text="Roll back checkout? whole")).to_be_visible()


def test_an_open_form_is_still_there_after_a_reload(ana: Page) -> None:
    open_form(ana)
    ana.reload()
    expect(ana.get_by_role("dialog", name="Why roll back?")).to_be_visible()
    ana.keyboard.press("Escape")
    expect(ana.get_by_role("dialog")).to_have_count(0)
    ana.reload()
    ana.wait_for_selector("[data-ready]")
    expect(ana.get_by_role("dialog")).to_have_count(0)


def test_the_apps_home_is_published_when_it_is_opened_and_its_button_works(ana: Page) -> None:
    ana.get_by_role("button", name="Tocsin").click()
    panel = ana.get_by_role("tabpanel")
    expect(panel).to_contain_text("Your incidents, just opened")
    panel.get_by_role("button", name="Refresh").click()
    expect(panel).to_contain_text("Your incidents, refreshed")


def test_the_app_can_be_spoken_to_in_private(ana: Page) -> None:
    ana.get_by_role("button", name="Tocsin").click()
    ana.get_by_role("tab", name="Messages").click()
    ana.get_by_role("textbox", name="Message Tocsin").fill("hello")
    ana.keyboard.press("Enter")
    expect(last(ana)).to_contain_text("You said: hello")


def test_a_mention_calls_the_app_and_its_answer_counts_as_unread(ana: Page, ben: Page) -> None:
    ben.get_by_role("button", name="random").click()
    expect(ben.get_by_role("textbox", name="Message #random")).to_be_visible()
    say(ana, "@tocsin hi, and @ben too")
    expect(last(ana)).to_contain_text("You called, @Ana?")
    place = ben.locator(".place", has_text="incidents")
    expect(place.locator(".mention-badge")).to_have_text("1")
    place.click()
    expect(ben.locator(".new-line")).to_be_visible()
    expect(place.locator(".mention-badge")).to_have_count(0)
    ben.reload()
    expect(ben.locator(".place", has_text="incidents").locator(".mention-badge")).to_have_count(0)


def test_shortcuts_run_from_the_field_and_from_a_message(ana: Page) -> None:
    ana.get_by_role("button", name="Shortcuts").click()
    ana.get_by_role("menuitem", name="Declare incident").click()
    dialog = ana.get_by_role("dialog", name="Declared")
    expect(dialog).to_contain_text("Stay calm")
    dialog.get_by_role("button", name="Close", exact=True).click()
    expect(dialog).to_have_count(0)
    say(ana, "remember this")
    last(ana).hover()
    ana.locator(".toolbar").get_by_role("button", name="More actions").click()
    ana.get_by_role("menuitem", name="Add to incident").click()
    expect(ana.locator(".message.ephemeral")).to_contain_text("Added: remember this")


def test_reactions_pins_edits_and_deletions_are_seen_by_all(ana: Page, ben: Page) -> None:
    say(ana, "first words")
    last(ben).hover()
    ben.get_by_role("button", name="React with eyes").click()
    expect(ana.get_by_role("button", name="eyes, 1: Ben")).to_be_visible()
    expect(last(ana)).to_contain_text("Pinned")  # by the app, which heard of the reaction
    ana.get_by_role("button", name="Pinned messages").click()
    expect(ana.get_by_role("dialog", name="Pinned messages")).to_contain_text("first words")
    ana.keyboard.press("Escape")
    message = ana.locator(".message", has_text="first words")
    message.hover()
    ana.locator(".toolbar").get_by_role("button", name="More actions").click()
    ana.get_by_role("menuitem", name="Edit message").click()
    ana.get_by_label("Edit message").fill("second words")
    ana.keyboard.press("Enter")
    edited = ben.locator(".message", has_text="second words")
    expect(edited).to_contain_text("(edited)")
    ana.locator(".message", has_text="second words").hover()
    ana.locator(".toolbar").get_by_role("button", name="More actions").click()
    ana.get_by_role("menuitem", name="Delete message").click()
    ana.get_by_role("button", name="Delete", exact=True).click()
    expect(edited).to_have_count(0)


PIXEL = (
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def test_files_and_pictures_come_from_the_app_and_from_people(world: World, ana: Page, ben: Page) -> None:
    channel = world.workspace.channels["incidents"]
    upload = world.client.files_upload_v2(
        channel=channel, filename="p99.png", title="Latency", content=bytes.fromhex(PIXEL), initial_comment="see *this*"
    )
    world.do(upload)
    picture = ana.get_by_role("img", name="Latency")
    expect(picture).to_be_visible()
    assert picture.evaluate("node => node.complete && node.naturalWidth") == 1
    ana.locator("input[type=file]").set_input_files(
        {"name": "log.txt", "mimeType": "text/plain", "buffer": b"one\ntwo\n"}
    )
    say(ana, "the log")
    expect(last(ben)).to_contain_text("log.txt")
    expect(last(ben)).to_contain_text("the log")
    with ben.expect_download() as download:
        last(ben).locator("a.file-card").click()
    assert Path(download.value.path()).read_bytes() == b"one\ntwo\n"


def test_channels_are_made_joined_and_left(ana: Page, ben: Page) -> None:
    ana.get_by_role("button", name="Add or find channels").click()
    ana.get_by_role("menuitem", name="Create a channel").click()
    ana.get_by_label("Name").fill("inc-checkout")
    ana.get_by_role("button", name="Create", exact=True).click()
    expect(ana.get_by_role("textbox", name="Message #inc-checkout")).to_be_visible()
    ben.get_by_role("button", name="Add or find channels").click()
    ben.get_by_role("menuitem", name="inc-checkout").click()
    ben.get_by_role("button", name="Join channel").click()
    expect(ben.get_by_role("textbox", name="Message #inc-checkout")).to_be_visible()
    ben.get_by_role("heading", name="inc-checkout").first.get_by_role("button").click()
    ben.get_by_role("button", name="Leave channel").click()
    expect(ben.get_by_role("button", name="Join channel")).to_be_visible()


def test_people_write_to_each_other_in_private(ana: Page, ben: Page) -> None:
    ana.get_by_role("button", name="New direct message").click()
    ana.get_by_role("menuitem", name="Ben").click()
    ana.get_by_role("textbox", name="Message Ben").fill("psst")
    ana.keyboard.press("Enter")
    place = ben.locator(".place", has_text="Ana")
    expect(place.locator(".mention-badge")).to_have_text("1")
    place.click()
    expect(last(ben)).to_contain_text("psst")


def test_the_page_comes_back_after_the_server_was_restarted(world: World, ana: Page, complaints: list[str]) -> None:
    say(ana, "before the restart")
    expect(last(ana)).to_contain_text("before the restart")
    world.disconnect_app()
    world.restart_server()
    world.do(world.client.chat_postMessage(channel=world.workspace.channels["incidents"], text="while you were away"))
    expect(last(ana)).to_contain_text("while you were away", timeout=10000)
    expect(ana.get_by_text("Connection lost")).to_be_hidden()
    complaints.clear()


def test_a_fault_from_the_drawer_hits_the_app_and_can_be_taken_back(world: World, ana: Page) -> None:
    ana.get_by_role("button", name="Faults").click()
    drawer = ana.get_by_role("complementary", name="Faults")
    drawer.get_by_role("button", name="Server errors").click()
    expect(drawer.locator(".active-faults li")).to_have_text(["status, 5 of 5 left"])
    drawer.get_by_role("button", name="Clear all faults").click()
    expect(drawer.locator(".active-faults")).to_have_text("None")
    assert world.do(world.client.auth_test())["ok"]
