"""The buttons beside locks."""

from bot.engine.whole import Engine
from bot.slack.asked import Asked
from bot.slack.guards import Answer


def unlock(engine: Engine, asked: Asked) -> Answer:
    """Opens the very lock that the button stood beside, not a newer one of that name."""
    engine.locks.unlock(asked.person, serial=int(asked.value))
    return None
