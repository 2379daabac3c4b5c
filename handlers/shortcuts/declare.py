"""Declare an incident from anywhere, or from a message that tells of one."""

from bot.engine.whole import Engine
from bot.slack.asked import Asked
from bot.slack.guards import Answer
from handlers.commands.incident import declare


def anywhere(engine: Engine, asked: Asked) -> Answer:
    return declare(engine, asked, "")


def from_message(engine: Engine, asked: Asked) -> Answer:
    """The message's first line is the title to start with."""
    lines = [line.strip() for line in _unescaped(asked.text).splitlines() if line.strip()]
    return declare(engine, asked, lines[0] if lines else "")


def _unescaped(text: str) -> str:
    """Slack escapes three characters in what it sends; a form's text field takes them as they are."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
