"""What is sent when an element is used, and when is nothing sent?"""

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.workspace_page.conftest import Opener
from tests.workspace_page.messages import actions, button, field, from_app, mrkdwn, option, plain
from tests.workspace_page.stage import ANA, BEN, BOT, INCIDENTS, RANDOM, Stage

Json = dict[str, Any]


@pytest.fixture
def given(stage: Stage, open_page: Opener) -> Callable[..., Page]:
    def opened(*elements: Json) -> Page:
        stage.messages[INCIDENTS] = [from_app(BOT, actions(*elements))]
        return open_page(f"{stage.address}/?user={ANA}&channel={INCIDENTS}")

    return opened


def sent(stage: Stage, count: int = 1) -> Json:
    """The last press, once there are `count` of them."""
    presses = stage.did("press", count)
    assert len(presses) == count, presses
    return presses[-1]


def test_a_button_says_where_it_stands_and_what_it_means(stage: Stage, given: Callable[..., Page]) -> None:
    page = given(button("Approve", "approve"))
    page.get_by_role("button", name="Approve").click()
    press = sent(stage)
    assert (press["user"], press["channel"], press["container"]) == (ANA, INCIDENTS, "message")
    assert press["message_ts"] == stage.messages[INCIDENTS][0]["ts"]
    assert (press["block_id"], press["action_id"], press["value"]) == ("acts", "approve", "value of approve")


def test_a_pressed_button_spins_until_the_ack_and_takes_no_second_press(
    stage: Stage, given: Callable[..., Page]
) -> None:
    acknowledged = threading.Event()

    def late(_: Json) -> Json:
        acknowledged.wait(10)
        return {"ok": True}

    stage.answers["press"] = late
    page = given(button("Approve", "approve"))
    approve = page.get_by_role("button", name="Approve")
    approve.dispatch_event("click")
    expect(approve).to_have_attribute("aria-busy", "true")
    approve.dispatch_event("click")
    acknowledged.set()
    expect(approve).not_to_have_attribute("aria-busy", "true")
    sent(stage, 1)


def test_a_refused_press_is_told_and_the_button_works_again(stage: Stage, given: Callable[..., Page]) -> None:
    stage.answers["press"] = lambda _: {"ok": False, "error": "message_not_found"}
    page = given(button("Approve", "approve"))
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".toast.error")).to_contain_text("The message is gone")
    expect(page.get_by_role("button", name="Approve")).not_to_have_attribute("aria-busy", "true")


def test_confirm_asks_first_and_a_no_sends_nothing(stage: Stage, given: Callable[..., Page]) -> None:
    confirm = {
        "title": plain("Roll back?"),
        "text": mrkdwn("1.4.2 → *1.4.1*"),
        "confirm": plain("Roll back"),
        "deny": plain("Keep"),
        "style": "danger",
    }
    page = given(button("Rollback", "rollback", confirm=confirm))
    page.get_by_role("button", name="Rollback").click()
    dialog = page.get_by_role("alertdialog", name="Roll back?")
    expect(dialog).to_contain_text("1.4.2 → 1.4.1")
    dialog.get_by_role("button", name="Keep").click()
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Rollback").click()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert stage.did("press") == []
    page.get_by_role("button", name="Rollback").click()
    dialog.get_by_role("button", name="Roll back").click()
    assert sent(stage)["action_id"] == "rollback"


OPTIONS = [option("Critical"), option("Major"), option("Minor")]


@pytest.mark.parametrize(
    ("element", "choose", "key", "value"),
    [
        ({"type": "static_select", "options": OPTIONS}, "Major", "selected_option", OPTIONS[1]),
        (
            {"type": "static_select", "option_groups": [{"label": plain("Severity"), "options": OPTIONS}]},
            "Minor",
            "selected_option",
            OPTIONS[2],
        ),
        ({"type": "users_select"}, "Ben Okafor", "selected_user", BEN),
        ({"type": "channels_select"}, "#random", "selected_channel", RANDOM),
        ({"type": "conversations_select"}, "Ben Okafor", "selected_conversation", "D0BEN"),
        ({"type": "overflow", "options": OPTIONS}, "Critical", "selected_option", OPTIONS[0]),
        ({"type": "radio_buttons", "options": OPTIONS}, "Major", "selected_option", OPTIONS[1]),
    ],
)
def test_a_choice_is_sent_in_the_field_slack_uses(
    stage: Stage, given: Callable[..., Page], element: Json, choose: str, key: str, value: object
) -> None:
    page = given({**element, "action_id": "pick"})
    if element["type"] == "radio_buttons":
        page.get_by_label(choose).check()
    else:
        page.locator("[data-action-id=pick]").click()
        page.locator("[role=option], [role=menuitem]").filter(has_text=re.compile(f"^{choose}")).first.click()
    assert sent(stage)[key] == value


@pytest.mark.parametrize(
    ("source", "labels", "key", "value"),
    [
        ("static", ["Critical", "Minor"], "selected_options", [OPTIONS[0], OPTIONS[2]]),
        ("users", ["Ana García", "Ben Okafor"], "selected_users", [ANA, BEN]),
        ("channels", ["#incidents", "#random"], "selected_channels", [INCIDENTS, RANDOM]),
        ("conversations", ["#incidents"], "selected_conversations", [INCIDENTS]),
    ],
)
def test_several_choices_are_sent_together_when_the_list_closes(
    stage: Stage, given: Callable[..., Page], source: str, labels: list[str], key: str, value: object
) -> None:
    page = given(
        {"type": f"multi_{source}_select", "action_id": "pick", **({"options": OPTIONS} if source == "static" else {})}
    )
    page.locator("[data-action-id=pick]").click()
    for label in labels:
        page.get_by_role("option", name=label).click()
    assert stage.did("press") == []
    page.keyboard.press("Escape")
    assert sent(stage)[key] == value


def test_options_from_the_app_are_asked_for_with_what_was_typed(stage: Stage, given: Callable[..., Page]) -> None:
    stage.answers["options"] = lambda act: {"ok": True, "options": [option(f"{act['value']}-service", "svc")]}
    page = given({"type": "external_select", "action_id": "service", "min_query_length": 2})
    page.locator("[data-action-id=service]").click()
    expect(page.locator(".listbox")).to_have_text("Type 2 letters to search")
    page.keyboard.type("che", delay=20)
    page.get_by_role("option", name="che-service").click()
    asked = stage.did("options")
    assert [(each["value"], each["action_id"], each["block_id"]) for each in asked] == [("che", "service", "acts")]
    assert sent(stage)["selected_option"] == option("che-service", "svc")
    expect(page.locator("[data-action-id=service]")).to_have_text("che-service")


@pytest.mark.parametrize(
    ("kind", "typed", "key", "value"),
    [
        ("datepicker", "2026-07-01", "selected_date", "2026-07-01"),
        ("timepicker", "14:30", "selected_time", "14:30"),
        ("datetimepicker", "2026-07-01T14:30", "selected_date_time", 1782909000),  # Berlin, summer: 12:30 UTC
    ],
)
def test_dates_and_times_are_sent_as_slack_writes_them(
    stage: Stage, given: Callable[..., Page], kind: str, typed: str, key: str, value: object
) -> None:
    page = given({"type": kind, "action_id": "when"})
    page.locator("[data-action-id=when]").fill(typed)
    assert sent(stage)[key] == value


def test_a_press_carries_the_values_of_everything_around_it(stage: Stage, given: Callable[..., Page]) -> None:
    page = given(
        {"type": "static_select", "action_id": "severity", "options": OPTIONS, "initial_option": OPTIONS[1]},
        {"type": "checkboxes", "action_id": "flags", "options": OPTIONS[:2], "initial_options": OPTIONS[:1]},
        {"type": "datepicker", "action_id": "day", "initial_date": "2026-07-01"},
        {"type": "plain_text_input", "action_id": "note"},
        button("Go", "go"),
    )
    page.locator("[data-action-id=note]").fill("because")
    page.get_by_role("button", name="Go").click()
    assert sent(stage)["state_values"]["acts"] == {
        "severity": {"type": "static_select", "selected_option": OPTIONS[1]},
        "flags": {"type": "checkboxes", "selected_options": OPTIONS[:1]},
        "day": {"type": "datepicker", "selected_date": "2026-07-01"},
        "note": {"type": "plain_text_input", "value": "because"},
    }


def test_a_text_field_sends_on_enter_only_if_it_was_asked_to(stage: Stage, open_page: Opener) -> None:
    quiet = field("one", "Quiet", {"type": "plain_text_input", "action_id": "quiet"})
    loud = field("two", "Loud", {"type": "plain_text_input", "action_id": "loud"}, dispatch_action=True)
    stage.messages[INCIDENTS] = [from_app(BOT, quiet, loud)]
    page = open_page(f"{stage.address}/?user={ANA}&channel={INCIDENTS}")
    page.get_by_label("Quiet").fill("x")
    page.keyboard.press("Enter")
    page.get_by_label("Loud").fill("y")
    page.keyboard.press("Enter")
    press = sent(stage)
    assert (press["action_id"], press["value"]) == ("loud", "y")


def test_what_was_chosen_survives_an_update_unless_the_app_changed_the_element(
    stage: Stage, given: Callable[..., Page]
) -> None:
    select = {"type": "static_select", "action_id": "severity", "options": OPTIONS, "initial_option": OPTIONS[0]}
    page = given(select)
    picked = page.locator("[data-action-id=severity]")
    picked.click()
    page.get_by_role("option", name="Minor").click()
    first = stage.messages[INCIDENTS][0]
    stage.tell({"type": "message_changed", "channel": INCIDENTS, "message": {**first, "text": "again"}})
    expect(picked).to_have_text("Minor")
    changed = {**first, "blocks": [actions({**select, "initial_option": OPTIONS[1]})]}
    stage.tell({"type": "message_changed", "channel": INCIDENTS, "message": changed})
    expect(picked).to_have_text("Major")
