"""A message as a text that a person can read and a test can compare: what is seen, block by block."""

from typing import Any

from bot.slack.plain import plain_words
from bot.slack.render import Message

NAMES = {"UANA": "@ana", "UBEN": "@ben"}


def shown(message: Message) -> str:
    """The notification first, then the message with its buttons."""
    lines = [f"🔔 {plain_words(message.text, NAMES)}", ""]
    lines += [text for block in message.blocks for text in _block(block)]
    return "\n".join(line.rstrip() for line in lines)


def _block(block: Any) -> list[str]:
    if block["type"] == "context":
        return [f"({plain_words(block['elements'][0]['text'], NAMES)})", ""]
    if block["type"] == "actions":
        return [" ".join(f"[{e['text']['text']}]" for e in block["elements"]), ""]
    text = plain_words(block["text"]["text"], NAMES)
    accessory = block.get("accessory")
    return [text, *([f"[{accessory['text']['text']}]"] if accessory else []), ""]
