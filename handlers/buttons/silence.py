"""The buttons of silences."""

from bot.engine.whole import Engine
from bot.slack.asked import Asked
from bot.slack.guards import Answer, Reply


def end(engine: Engine, asked: Asked) -> Answer:
    engine.silences.end(int(asked.value), asked.person)
    return Reply("replies/silenced", engine.silences.one(int(asked.value)))
