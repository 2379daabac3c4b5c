"""The buttons of what people are asked with."""

from bot.engine.whole import Engine
from bot.slack.asked import Asked
from bot.slack.guards import Answer, Reply


def open_(engine: Engine, asked: Asked) -> Answer:
    """The incident as it is now, with all its buttons."""
    return Reply("incident", engine.reading.incident(int(asked.value)))
