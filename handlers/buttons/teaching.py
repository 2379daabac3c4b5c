"""What people say of a signal in *Why?*: useful, less of this, or as it was."""

from bot.engine.whole import Engine
from bot.slack.asked import Asked
from bot.slack.guards import Answer, Reply


def more(engine: Engine, asked: Asked) -> Answer:
    """The menu beside a signal: its entries are called "less:12:340"."""
    word, incident, signal = asked.value.split(":", 2)
    return Reply("replies/taught", engine.teaching.say(int(incident), int(signal), word, asked.person))
