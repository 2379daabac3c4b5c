"""What does a person do with each element, and what does Slack report of it? Values of buttons, selects and inputs.

Shapes: docs.slack.dev/reference/interaction-payloads/block_actions-payload and view-interactions-payload.
"""

import copy
from typing import Any

from bot.workspace.refusal import Json
from bot.workspace.viewbook import elements_of

# element type → (key of its value in a payload, key of its initial value in the element)
STATEFUL: dict[str, tuple[str, str]] = {
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "file_input": ("files", "initial_files"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "users_select": ("selected_user", "initial_user"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "checkboxes": ("selected_options", "initial_options"),
    "radio_buttons": ("selected_option", "initial_option"),
}
_LISTS = ("selected_options", "selected_users", "selected_conversations", "selected_channels", "files")
_VALUE_KEYS = frozenset(key for key, _ in STATEFUL.values())
# What an action repeats of its element.
_REPEATED = {
    "button": ("text", "value", "style", "url", "confirm", "accessibility_label"),
    "workflow_button": ("text", "workflow", "style"),
    "overflow": ("confirm",),
    "feedback_buttons": (),
    "icon_button": ("icon", "text", "value"),
}


def find_element(blocks: list[Json], block_id: str, action_id: str) -> Json | None:
    for block in blocks:
        if block.get("block_id") == block_id:
            return next((e for e in elements_of(block) if e["action_id"] == action_id), None)
    return None


def state_of(blocks: list[Json], entered: Json) -> Json:
    """`state.values`: initial values, replaced by what the person entered (`{block_id: {action_id: {…}}}`)."""
    values: Json = {}
    for block in blocks:
        for element in elements_of(block):
            if element["type"] in STATEFUL:
                mine = (entered.get(block["block_id"]) or {}).get(element["action_id"])
                values.setdefault(block["block_id"], {})[element["action_id"]] = _value(element, mine)
    return values


def _value(element: Json, entered: Any) -> Json:
    key, initial = STATEFUL[element["type"]]
    if isinstance(entered, dict):
        found = entered.get(key)
    elif entered is not None:
        found = entered
    else:
        found = copy.deepcopy(element.get(initial))
    if found is None and key in _LISTS:
        found = []
    if element["type"] == "plain_text_input" and found == "":
        found = None
    return {"type": element["type"], key: found}


def action_of(element: Json, block_id: str, done: Json, action_ts: str) -> Json:
    """One entry of `actions`: the element, what was done with it, and when."""
    kind = element["type"]
    action: Json = {"action_id": element["action_id"], "block_id": block_id}
    for key in _REPEATED.get(kind, ("placeholder", "confirm")):
        if key in element:
            action[key] = element[key]
    action.update({key: done[key] for key in _VALUE_KEYS if key in done and kind != "button"})
    if kind in STATEFUL:
        key, initial = STATEFUL[kind]
        action.setdefault(key, [] if key in _LISTS else None)
        if initial in element:
            action[initial] = element[initial]
    if kind == "feedback_buttons" and "value" in done:
        buttons = (element.get("positive_button"), element.get("negative_button"))
        action.update(next((b for b in buttons if b and b.get("value") == done["value"]), {"value": done["value"]}))
    return {**action, "type": kind, "action_ts": action_ts}
