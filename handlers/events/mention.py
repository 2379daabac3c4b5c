"""`@Tocsin status`: the same as `/tocsin status`, answered to the one who asked."""

from bot.engine.whole import Engine
from bot.slack.asked import Asked
from bot.slack.guards import Answer
from handlers.commands import tocsin


def answer(engine: Engine, asked: Asked) -> Answer:
    return tocsin.answer(engine, asked)
