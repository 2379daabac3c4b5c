"""The buttons of subscriptions."""

from bot.engine.whole import Engine
from bot.slack.asked import Asked
from bot.slack.guards import Answer, Reply
from handlers.commands import subscriptions


def stop(engine: Engine, asked: Asked) -> Answer:
    page = engine.subscriptions.stop(asked.person, int(asked.value))
    return None if asked.is_home else Reply("replies/subscriptions", page)


def daily(engine: Engine, asked: Asked) -> Answer:
    page = subscriptions.daily(engine, asked)
    return None if asked.is_home else Reply("replies/subscriptions", page)
