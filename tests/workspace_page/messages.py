"""What do test messages look like? Short makers of Slack message objects, blocks and elements."""

from collections.abc import Sequence
from itertools import count
from typing import Any

Json = dict[str, Any]

START = 1781500000  # 2026-06-15 07:06:40 in Berlin
_serial = count()


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def option(text: str, value: str | None = None) -> Json:
    return {"text": plain(text), "value": value or text.lower()}


def message(user: str, text: str, at_s: float | None = None, **extra: Any) -> Json:
    """A message of `user`, `at_s` seconds after START, or a second after the last one made."""
    seconds = next(_serial) if at_s is None else at_s
    return {"type": "message", "user": user, "text": text, "ts": f"{START + seconds:.6f}", **extra}


def from_app(user: str, *blocks: Json, text: str = "from the app", **extra: Any) -> Json:
    return message(user, text, bot_id="B0TOC", blocks=list(blocks), **extra)


def actions(*elements: Json, block_id: str = "acts") -> Json:
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def button(text: str, action_id: str, **extra: Any) -> Json:
    return {"type": "button", "text": plain(text), "action_id": action_id, "value": f"value of {action_id}", **extra}


def field(block_id: str, label: str, element: Json, **extra: Any) -> Json:
    return {"type": "input", "block_id": block_id, "label": plain(label), "element": element, **extra}


def form(view_id: str, title: str, blocks: Sequence[Json], **extra: Any) -> Json:
    submit = {"submit": plain("Send"), "close": plain("Cancel")}
    return {"type": "modal", "id": view_id, "title": plain(title), "blocks": list(blocks), **submit, **extra}
