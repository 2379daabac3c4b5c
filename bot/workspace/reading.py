"""What does a person read on a message, and what does a label on an element stand for?"""

from collections.abc import Iterator
from typing import Any

from bot.workspace.refusal import Json


def pressing(element: Json, label: str) -> Json | None:
    """What pressing this label on the element sends, or None if the element has no such label."""
    if element["type"] in ("button", "workflow_button", "icon_button"):
        names = (text_of(element.get("text")), element["action_id"])
        return ({"value": element["value"]} if "value" in element else {}) if label in names else None
    if element["type"] == "overflow":
        option = next((o for o in element["options"] if label in (text_of(o["text"]), o.get("value"))), None)
        return {"selected_option": option} if option else None
    if element["type"] == "feedback_buttons":
        for button in (element["positive_button"], element["negative_button"]):
            if label == text_of(button["text"]):
                return {"value": button["value"]}
    return None


def says(message: Json, text: str) -> bool:
    """Does a person read this text on the message?"""
    return text in words(message)


def words(message: Json) -> str:
    """Everything a person can read of a message, its fallback text included."""
    parts = [str(message.get("text", "")), *(text_of(message.get(key)) for key in ("blocks", "attachments", "files"))]
    return " ".join(part for part in parts if part)


def text_of(value: Any) -> str:
    """All strings in a block, element or text object that a person reads."""
    return " ".join(_strings(value))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, str) and key in (
                "text",
                "alt_text",
                "label",
                "title",
                "name",
                "fallback",
                "pretext",
                "url",
            ):
                yield item
            elif isinstance(item, dict | list):
                yield from _strings(item)


def plain_name(name: str) -> str:
    """`p99_doubled`, `P99-doubled` and `p99 doubled` are the same name."""
    return name.lower().replace("_", " ").replace("-", " ").strip()
