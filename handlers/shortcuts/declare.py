"""Declare an incident from anywhere, or from a message that tells of one."""

from bot.engine.whole import Engine
from bot.slack.asked import Asked, spoken
from bot.slack.guards import Answer
from handlers.commands.incident import declare

_QUOTED_MAX = 500


def anywhere(engine: Engine, asked: Asked) -> Answer:
    return declare(engine, asked, "")


def from_message(engine: Engine, asked: Asked) -> Answer:
    """The message's first line is the title to start with; the whole of it stands in the incident's thread."""
    said, _ = spoken(asked.text)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    quoted = {"ts": asked.value, "author": asked.author, "text": said[:_QUOTED_MAX], "link": asked.link[:500]}
    return declare(engine, asked, lines[0] if lines else "", **quoted)
