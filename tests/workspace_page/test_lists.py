"""Do messages arrive, change, go and scroll as in Slack, also when there are thousands?"""

from typing import Any

from playwright.sync_api import Page, expect

from tests.workspace_page.conftest import Opener
from tests.workspace_page.messages import from_app, message, mrkdwn
from tests.workspace_page.stage import ANA, BEN, BOT, INCIDENTS, RANDOM, Stage

Json = dict[str, Any]
SCROLLER = ".conversation .scroller"


def say(stage: Stage, new: Json, channel: str = INCIDENTS, kind: str = "message") -> Json:
    stage.tell({"type": kind, "channel": channel, "message": new})
    return new


def many(count: int) -> list[Json]:
    return [message(ANA if n % 3 else BEN, f"message number {n}", n * 40) for n in range(count)]


def to_top(page: Page) -> None:
    page.locator(SCROLLER).evaluate("node => { node.scrollTop = 0 }")


def at_end(page: Page) -> bool:
    measure = "node => node.scrollHeight - node.scrollTop - node.clientHeight"
    return float(page.locator(SCROLLER).evaluate(measure)) < 3


def test_a_long_channel_opens_at_its_end_with_its_last_hundred(stage: Stage, open_page: Opener) -> None:
    stage.messages[INCIDENTS] = many(2000)
    page = open_page(f"{stage.address}/?user={ANA}&channel={INCIDENTS}")
    expect(page.locator(".message")).to_have_count(100)
    expect(page.locator(".message").last).to_contain_text("message number 1999")
    assert at_end(page)


def test_scrolling_up_brings_older_messages_without_moving_what_is_read(stage: Stage, open_page: Opener) -> None:
    stage.messages[INCIDENTS] = many(250)
    page = open_page(f"{stage.address}/?user={ANA}&channel={INCIDENTS}")
    place = "node => node.getBoundingClientRect().top - node.closest('.scroller').getBoundingClientRect().top"
    scroller = page.locator(SCROLLER)
    scroller.evaluate("node => { node.scrollTop = 700 }")
    seen = page.locator(".row", has_text="message number 165").locator(".message")
    before = seen.evaluate(place)
    scroller.evaluate("node => { node.scrollTop = 400 }")
    expect(page.locator(".message")).to_have_count(200)
    assert abs(seen.evaluate(place) - (before + 300)) < 3
    to_top(page)
    expect(page.locator(".message")).to_have_count(250)
    to_top(page)
    expect(page.locator(".beginning")).to_contain_text("the very beginning of #incidents")
    order = page.locator(".row").evaluate_all("nodes => nodes.map(n => +n.dataset.ts)")
    assert order == sorted(order)


def test_two_thousand_messages_on_screen_stay_smooth(stage: Stage, open_page: Opener) -> None:
    stage.messages[INCIDENTS] = many(2000)
    page = open_page(f"{stage.address}/?user={ANA}&channel={INCIDENTS}")
    for expected in range(200, 2001, 100):
        to_top(page)
        expect(page.locator(".message")).to_have_count(expected)
    frames = """async node => {
        const gaps = []; let last = performance.now();
        for (let frame = 0; frame < 60; frame++) {
            node.scrollTop -= 400;
            await new Promise(requestAnimationFrame);
            const now = performance.now(); gaps.push(now - last); last = now;
        }
        return gaps.sort((a, b) => a - b)[54];
    }"""
    page.locator(SCROLLER).evaluate("node => { node.scrollTop = node.scrollHeight / 2 }")
    ninth_of_ten_ms = page.locator(SCROLLER).evaluate(frames)
    assert ninth_of_ten_ms < 100
    arrival = """async () => {
        const start = performance.now();
        await new Promise(requestAnimationFrame); await new Promise(requestAnimationFrame);
        return performance.now() - start;
    }"""
    say(stage, message(BEN, "late", 90000))
    assert page.evaluate(arrival) < 250
    expect(page.get_by_role("button", name="New messages")).to_be_visible()


def test_a_thousand_messages_in_a_burst_do_not_pile_up(stage: Stage, page: Page) -> None:
    for new in many(1000):
        say(stage, new)
    expect(page.locator(".message").last).to_contain_text("message number 999")
    assert page.locator(".message").count() <= 300
    assert at_end(page)


def test_messages_come_in_at_their_time_and_only_once(stage: Stage, page: Page) -> None:
    late, early = message(BEN, "late", 500), message(BEN, "early", 100)
    for new in (late, early, late):
        say(stage, new)
    expect(page.locator(".message .content")).to_have_text(["early", "late"])


def test_a_change_replaces_and_a_deletion_removes(stage: Stage, page: Page) -> None:
    first, second = say(stage, message(BEN, "one")), say(stage, message(BEN, "two"))
    edit = {"user": BEN, "ts": second["ts"]}
    say(stage, {**second, "text": "two and a half", "edited": edit}, kind="message_changed")
    expect(page.locator(".message .content")).to_have_text(["one", "two and a half(edited)"])
    stage.tell({"type": "message_deleted", "channel": INCIDENTS, "ts": first["ts"]})
    expect(page.locator(".message .content")).to_have_text(["two and a half(edited)"])
    expect(page.locator(".message").first).not_to_have_class("grouped")


def test_a_change_to_a_message_that_is_not_shown_changes_nothing(stage: Stage, page: Page) -> None:
    say(stage, message(BEN, "never seen"), kind="message_changed")
    say(stage, message(BEN, "elsewhere"), channel=RANDOM)
    say(stage, message(BEN, "here"))
    expect(page.locator(".message .content")).to_have_text(["here"])


def test_reading_further_up_is_not_disturbed_by_what_comes_in(stage: Stage, open_page: Opener) -> None:
    stage.messages[INCIDENTS] = many(90)
    page = open_page(f"{stage.address}/?user={ANA}&channel={INCIDENTS}")
    page.locator(SCROLLER).evaluate("node => { node.scrollTop = 600 }")
    page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")
    say(stage, message(BEN, "psst", 90000))
    jump = page.get_by_role("button", name="New messages")
    expect(jump).to_be_visible()
    assert page.locator(SCROLLER).evaluate("node => node.scrollTop") == 600
    jump.click()
    expect(jump).to_be_hidden()
    assert at_end(page)


def test_ephemeral_messages_can_be_dismissed_and_are_for_their_reader_only(stage: Stage, page: Page) -> None:
    say(stage, {**message(BOT, "just for you", bot_id="B0TOC"), "ephemeral": True}, kind="ephemeral")
    note = page.locator(".message.ephemeral")
    expect(note).to_contain_text("Only visible to you")
    note.get_by_role("button", name="Dismiss message").click()
    expect(note).to_have_count(0)
    assert len(stage.did("dismiss", 1)) == 1


def test_an_ephemeral_reply_in_a_thread_that_is_not_open_is_offered(stage: Stage, page: Page) -> None:
    root = say(stage, message(BEN, "the root"))
    stage.messages[INCIDENTS] = [root]
    whisper = {**message(BOT, "psst", bot_id="B0TOC"), "thread_ts": root["ts"]}
    say(stage, whisper, kind="ephemeral")
    expect(page.locator(".conversation .message")).to_have_count(1)
    toast = page.locator(".toast", has_text="Tocsin (only visible to you): psst")
    toast.get_by_role("button", name="Show").click()
    expect(page.locator(".thread-pane .content").first).to_have_text("the root")


def test_a_thread_opens_beside_and_takes_its_replies(stage: Stage, open_page: Opener) -> None:
    root = message(BOT, "the root", 0, bot_id="B0TOC", reply_count=2, reply_users=[ANA], latest_reply="1781500060.0")
    replies = [{**message(ANA, f"reply {n}", 30 * n), "thread_ts": root["ts"]} for n in (1, 2)]
    stage.messages[INCIDENTS] = [root, *replies]
    page = open_page(f"{stage.address}/?user={ANA}&channel={INCIDENTS}")
    expect(page.locator(".conversation .message .content")).to_have_text(["the root"])
    page.get_by_role("button", name="2 replies").click()
    thread = page.get_by_role("complementary", name="Thread")
    expect(thread.locator(".content")).to_have_text(["the root", "reply 1", "reply 2"])
    grouped = thread.locator(".message").evaluate_all("nodes => nodes.map(n => n.classList.contains('grouped'))")
    assert grouped == [False, False, True]
    say(stage, {**message(BEN, "reply 3", 99), "thread_ts": root["ts"]})
    say(stage, {**root, "reply_count": 3}, kind="message_changed")
    expect(thread.locator(".content").last).to_have_text("reply 3")
    expect(page.get_by_role("button", name="3 replies")).to_be_visible()
    expect(page.locator(".conversation .message")).to_have_count(1)
    thread.get_by_role("textbox").fill("reply 4")
    page.keyboard.press("Enter")
    assert [(act["thread_ts"], act["text"]) for act in stage.did("post", 1)] == [(root["ts"], "reply 4")]
    page.reload()
    expect(thread.locator(".content").first).to_have_text("the root")
    thread.get_by_role("button", name="Close thread").click()
    expect(thread).to_have_count(0)


def test_a_broadcast_reply_stands_in_both_places(stage: Stage, open_page: Opener) -> None:
    root = message(BEN, "root", 0, reply_count=1)
    copy = {**message(BEN, "for all", 10), "thread_ts": root["ts"], "subtype": "thread_broadcast"}
    stage.messages[INCIDENTS] = [root, copy]
    page = open_page(f"{stage.address}/?user={ANA}&channel={INCIDENTS}&thread={root['ts']}")
    expect(page.locator(".conversation .message").last).to_contain_text("Replied to a thread")
    expect(page.locator(".thread-pane .message").last).to_contain_text("for all")


def test_unread_messages_are_counted_marked_and_read(stage: Stage, open_page: Opener) -> None:
    stage.messages[RANDOM] = [message(BEN, text, n) for n, text in enumerate(("old", "new one", "newer", "newest"))]
    page = open_page(f"{stage.address}/?user={ANA}&channel={INCIDENTS}")
    place = page.get_by_role("button", name="random")
    expect(place).to_have_class("place unread")
    expect(place.locator(".mention-badge")).to_have_text("1")
    assert page.title().startswith("(1)")
    place.click()
    expect(page.locator(".new-from .content")).to_have_text("new one")
    assert [(act["channel"], act["ts"]) for act in stage.did("read", 1)] == [(RANDOM, stage.messages[RANDOM][-1]["ts"])]


def test_a_lost_connection_is_said_and_what_was_missed_is_fetched(
    stage: Stage, page: Page, complaints: list[str]
) -> None:
    say(stage, message(BEN, "before"))
    expect(page.locator(".message")).to_have_count(1)
    stage.cut_connections()
    stage.messages[INCIDENTS] = [message(BEN, "before", 1), message(BEN, "while away", 2)]
    expect(page.get_by_text("Connection lost, trying again…")).to_be_visible()
    expect(page.locator(".message .content")).to_have_text(["before", "while away"])
    expect(page.get_by_text("Connection lost, trying again…")).to_be_hidden()
    complaints.clear()


def test_what_arrives_is_announced_to_a_screen_reader(stage: Stage, page: Page) -> None:
    say(stage, from_app(BOT, {"type": "section", "text": mrkdwn("x")}, text="checkout is *down*"))
    expect(page.locator("#announcer")).to_have_text("Tocsin: checkout is down")


def test_reactions_go_out_and_come_back(stage: Stage, page: Page) -> None:
    said = say(stage, message(BEN, "what now?", reactions=[{"name": "eyes", "users": [BEN], "count": 1}]))
    page.get_by_role("button", name="eyes, 1: Ben Okafor").click()
    page.locator(".message").hover()
    page.get_by_role("button", name="React with white_check_mark").click()
    page.locator(".toolbar").get_by_role("button", name="Add reaction").click()
    page.get_by_placeholder("Search emoji").fill("snail")
    page.get_by_role("dialog", name="Add reaction").get_by_role("button", name="snail", exact=True).click()
    assert [act["name"] for act in stage.did("react", 3)] == ["eyes", "white_check_mark", "snail"]
    mine = {**said, "reactions": [{"name": "eyes", "users": [BEN, ANA], "count": 2}]}
    say(stage, mine, kind="message_changed")
    page.get_by_role("button", name="eyes, 2: Ben Okafor, Ana García").click()
    assert [act["name"] for act in stage.did("unreact", 1)] == ["eyes"]


def test_the_menu_of_a_message_pins_edits_deletes_and_runs_shortcuts(stage: Stage, page: Page) -> None:
    mine = say(stage, message(ANA, "first &lt;draft&gt;"))

    def choose(name: str) -> None:
        page.locator(".message").hover()
        page.locator(".toolbar").get_by_role("button", name="More actions").click()
        page.get_by_role("menuitem", name=name).click()

    choose("Pin to channel")
    choose("Add to incident")
    choose("Edit message")
    editor = page.get_by_label("Edit message")
    expect(editor).to_have_value("first <draft>")
    editor.fill("second & last")
    page.keyboard.press("Enter")
    expect(editor).to_have_count(0)
    choose("Delete message")
    page.get_by_role("button", name="Delete", exact=True).click()
    stage.did("delete", 1)
    acts = {act["do"]: act for act in stage.acts}
    assert acts["pin"]["ts"] == acts["delete"]["ts"] == acts["shortcut"]["message_ts"] == mine["ts"]
    assert acts["shortcut"]["callback_id"] == "add"
    assert acts["edit"]["text"] == "second &amp; last"
