"""How does Slack keep what it was sent? Blocks gain ids and defaults; plain text becomes rich text for people.

Shapes as recorded from Slack: plain_text gains `emoji: true`, mrkdwn `verbatim: false`, input `optional` and
`dispatch_action`, every interactive element an action_id, every block a block_id.
"""

import copy
import re
from typing import Any

from bot.workspace.identifiers import Identifiers
from bot.workspace.refusal import Json

_INTERACTIVE = frozenset(
    {
        "button", "workflow_button", "checkboxes", "radio_buttons", "overflow", "datepicker", "timepicker",
        "datetimepicker",
        "static_select", "external_select", "users_select", "conversations_select", "channels_select",
        "multi_static_select", "multi_external_select", "multi_users_select", "multi_conversations_select",
        "multi_channels_select", "plain_text_input", "email_text_input", "url_text_input", "number_input", "file_input",
        "rich_text_input", "feedback_buttons", "icon_button",
    }
)  # fmt: skip
_TOKEN = re.compile(r"<(@|#|!subteam\^|!|)([^<>|]+)(?:\|([^<>]*))?>|:([a-z0-9_+'-]+):")


def stored_blocks(blocks: list[Json], ids: Identifiers) -> list[Json]:
    """Deep copies of valid blocks with what Slack adds."""
    stored = [_stored(block, ids) for block in blocks]
    for block in stored:
        if not block.get("block_id"):
            block["block_id"] = ids.block_id()
    return stored


def stored_text(text: Any) -> Json | None:
    return _with_text_defaults(dict(text)) if isinstance(text, dict) else None


def _stored(value: Any, ids: Identifiers) -> Any:
    if isinstance(value, list):
        return [_stored(item, ids) for item in value]
    if not isinstance(value, dict):
        return copy.copy(value)
    made: Json = {key: _stored(item, ids) for key, item in value.items() if item is not None}
    kind = made.get("type")
    if kind in _INTERACTIVE and not made.get("action_id"):
        made["action_id"] = ids.block_id()
    if kind == "input":
        made.setdefault("optional", False)
        made.setdefault("dispatch_action", False)
        if not made.get("block_id"):
            made["block_id"] = ids.block_id()
    if kind == "plain_text_input":
        made.setdefault("dispatch_action_config", {"trigger_actions_on": ["on_enter_pressed"]})
        made.setdefault("multiline", False)
    return _with_text_defaults(made)


def _with_text_defaults(made: Json) -> Json:
    if made.get("type") == "plain_text" and "text" in made:
        made.setdefault("emoji", True)
    elif made.get("type") == "mrkdwn" and "text" in made:
        made.setdefault("verbatim", False)
    return made


def fallback_text(blocks: list[Json]) -> str:
    """The words of blocks in reading order, as Slack makes a notification of blocks without a text."""
    words: list[str] = []
    for block in blocks:
        _gather(block, words)
    return " ".join(words)


def _gather(value: Any, words: list[str]) -> None:
    if isinstance(value, list):
        for item in value:
            _gather(item, words)
    elif isinstance(value, dict):
        if value.get("type") == "button":
            return
        text = value.get("text")
        if isinstance(text, str) and text.strip():
            words.append(text.strip())
        elif isinstance(value.get("alt_text"), str):
            words.append(value["alt_text"])
        for key in (
            "title",
            "subtitle",
            "body",
            "text",
            "fields",
            "elements",
            "label",
            "child_blocks",
            "rows",
            "caption",
        ):
            if not isinstance(value.get(key), str):
                _gather(value.get(key), words)


def rich_text(text: str, ids: Identifiers) -> list[Json]:
    """What a person typed, as the one rich_text block in which Slack keeps it."""
    parts: list[Json] = []
    position = 0
    for token in _TOKEN.finditer(text):
        _add_text(parts, text[position : token.start()])
        parts.append(_token_element(token))
        position = token.end()
    _add_text(parts, text[position:])
    section: Json = {"type": "rich_text_section", "elements": parts}
    return [{"type": "rich_text", "block_id": ids.block_id(), "elements": [section]}]


def _add_text(parts: list[Json], text: str) -> None:
    if text:
        parts.append({"type": "text", "text": text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")})


def _token_element(token: re.Match[str]) -> Json:
    sigil, body, label, emoji = token.groups()
    if emoji:
        return {"type": "emoji", "name": emoji}
    match sigil:
        case "@":
            return {"type": "user", "user_id": body}
        case "#":
            return {"type": "channel", "channel_id": body}
        case "!subteam^":
            return {"type": "usergroup", "usergroup_id": body}
        case "!":
            return {"type": "broadcast", "range": body}
    return {"type": "link", "url": body, **({"text": label} if label else {})}
