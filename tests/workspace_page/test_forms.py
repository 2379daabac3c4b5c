"""Do forms behave as Slack's modals do: required fields, errors, the stack, what is kept?"""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.workspace_page.messages import actions, button, field, form, option, plain
from tests.workspace_page.stage import Stage

Json = dict[str, Any]
OPTIONS = [option("Critical"), option("Major")]
REASON = field("why", "Reason", {"type": "plain_text_input", "action_id": "reason"})


def show(stage: Stage, *stack: Json, action: str = "opened") -> None:
    stage.tell({"type": "view", "action": action, "view": stack[-1] if stack else None, "views": list(stack)})


def submitted(stage: Stage, count: int = 1) -> Json:
    sent = stage.did("submit_view", count)
    assert len(sent) == count
    return sent[-1]


def test_a_form_sends_every_value_in_slacks_shape(stage: Stage, page: Page) -> None:
    blocks = [
        REASON,
        field("how", "Severity", {"type": "static_select", "action_id": "severity", "options": OPTIONS}),
        field("who", "People", {"type": "multi_users_select", "action_id": "people"}, optional=True),
        field("n", "Replicas", {"type": "number_input", "action_id": "n", "is_decimal_allowed": False}),
        field("mail", "Mail", {"type": "email_text_input", "action_id": "mail"}, optional=True),
        field("kind", "Kind", {"type": "radio_buttons", "action_id": "kind", "options": OPTIONS}),
        field("at", "Since", {"type": "datetimepicker", "action_id": "at", "initial_date_time": 1782909000}),
    ]
    show(stage, form("V1", "Declare", blocks))
    dialog = page.get_by_role("dialog", name="Declare")
    dialog.get_by_label("Reason").fill("it burns")
    dialog.locator("[data-action-id=severity]").click()
    page.get_by_role("option", name="Major").click()
    dialog.get_by_label("Replicas").fill("3")
    dialog.get_by_label("Critical").check()
    dialog.get_by_role("button", name="Send").click()
    sent = submitted(stage)
    assert sent["view_id"] == "V1"
    assert sent["state_values"] == {
        "why": {"reason": {"type": "plain_text_input", "value": "it burns"}},
        "how": {"severity": {"type": "static_select", "selected_option": OPTIONS[1]}},
        "who": {"people": {"type": "multi_users_select", "selected_users": []}},
        "n": {"n": {"type": "number_input", "value": "3"}},
        "mail": {"mail": {"type": "email_text_input", "value": None}},
        "kind": {"kind": {"type": "radio_buttons", "selected_option": OPTIONS[0]}},
        "at": {"at": {"type": "datetimepicker", "selected_date_time": 1782909000}},
    }


@pytest.mark.parametrize(
    ("element", "typed", "complaint"),
    [
        ({"type": "plain_text_input"}, "", "Please complete this required field."),
        ({"type": "plain_text_input", "min_length": 3}, "ab", "at least 3 characters"),
        ({"type": "plain_text_input", "max_length": 3}, "abcd", "at most 3 characters"),
        ({"type": "email_text_input"}, "nobody", "valid email address"),
        ({"type": "url_text_input"}, "nowhere", "valid URL"),
        ({"type": "number_input", "is_decimal_allowed": False}, "1.5", "whole number"),
        ({"type": "number_input", "is_decimal_allowed": True}, "x", "enter a number"),
        ({"type": "number_input", "is_decimal_allowed": True, "max_value": "5"}, "5.5", "at most 5"),
        ({"type": "number_input", "is_decimal_allowed": True, "min_value": "2"}, "1", "at least 2"),
    ],
)
def test_what_slack_itself_refuses_never_reaches_the_app(
    stage: Stage, page: Page, element: Json, typed: str, complaint: str
) -> None:
    show(stage, form("V1", "Form", [field("b", "Field", {**element, "action_id": "a"})]))
    page.get_by_label("Field").fill(typed)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(".input-error:visible")).to_contain_text(complaint)
    expect(page.get_by_label("Field")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Field")).to_be_focused()
    assert stage.did("submit_view") == []


def test_the_apps_errors_stand_under_their_fields_until_something_is_typed(stage: Stage, page: Page) -> None:
    stage.answers["submit_view"] = lambda _: {"ok": True, "errors": {"why": "Say more, please"}}
    show(stage, form("V1", "Form", [REASON]))
    page.get_by_label("Reason").fill("short")
    page.get_by_role("button", name="Send", exact=True).click()
    error = page.locator("[data-input-block=why] .input-error")
    expect(error).to_have_text("Say more, please")
    page.get_by_label("Reason").press_sequentially("er")
    expect(error).to_be_hidden()
    expect(page.get_by_label("Reason")).to_have_value("shorter")


def test_a_pushed_form_lies_on_the_one_below_which_keeps_what_was_typed(stage: Stage, page: Page) -> None:
    below, above = form("V1", "Below", [REASON]), form("V2", "Above", [{"type": "section", "text": plain("deep")}])
    show(stage, below)
    page.get_by_label("Reason").fill("half a thought")
    show(stage, below, above, action="pushed")
    expect(page.get_by_role("dialog", name="Above")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(1)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_label("Reason")).to_have_value("half a thought")
    assert [each["view_id"] for each in stage.did("close_view")] == ["V2"]


def test_an_updated_form_keeps_what_was_typed_where_the_ids_stay(stage: Stage, page: Page) -> None:
    show(stage, form("V1", "Form", [REASON, actions(button("More", "more"))]))
    page.get_by_label("Reason").fill("kept")
    other = field("other", "Other", {"type": "plain_text_input", "action_id": "reason", "initial_value": "new"})
    changed = field("why", "Reason", {"type": "plain_text_input", "action_id": "reason", "initial_value": "x"})
    show(stage, form("V1", "Form again", [changed, other]), action="updated")
    expect(page.get_by_role("dialog", name="Form again")).to_be_visible()
    expect(page.get_by_label("Reason")).to_have_value("kept")
    expect(page.get_by_label("Other")).to_have_value("new")


def test_a_button_in_a_form_is_pressed_within_its_view(stage: Stage, page: Page) -> None:
    show(stage, form("V1", "Form", [REASON, actions(button("More", "more"))]))
    page.get_by_label("Reason").fill("typed")
    page.get_by_role("button", name="More").click()
    press = stage.did("press", 1)[-1]
    assert (press["container"], press["view_id"]) == ("view", "V1")
    assert press["state_values"]["why"]["reason"]["value"] == "typed"


def test_escape_closes_the_form_and_tells_the_server(stage: Stage, page: Page) -> None:
    show(stage, form("V1", "Form", [REASON]))
    expect(page.get_by_label("Reason")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert [each["view_id"] for each in stage.did("close_view")] == ["V1"]


def test_cleared_closes_all_forms(stage: Stage, page: Page) -> None:
    show(stage, form("V1", "Below", [REASON]), form("V2", "Above", [REASON]))
    expect(page.get_by_role("dialog", name="Above")).to_be_visible()
    stage.tell({"type": "view", "action": "cleared", "views": []})
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_form_without_submit_offers_only_to_close(stage: Stage, page: Page) -> None:
    show(
        stage, {**form("V1", "Read", [{"type": "section", "text": plain("only words")}]), "submit": None, "close": None}
    )
    dialog = page.get_by_role("dialog", name="Read")
    expect(dialog.locator(".dialog-foot button")).to_have_text(["Close"])
