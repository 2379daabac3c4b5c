"""The buttons under a plan and under what came of it."""

from bot.engine.whole import Engine
from bot.slack.asked import Asked
from bot.slack.guards import Answer, Reply
from handlers.forms.code import to_approve


def approve(engine: Engine, asked: Asked) -> Answer:
    if engine.runs.asks_for_code(int(asked.value), asked.person):
        return to_approve(engine, asked, int(asked.value))
    engine.runs.approve(int(asked.value), asked.person)
    return None


def cancel(engine: Engine, asked: Asked) -> Answer:
    engine.runs.cancel(int(asked.value), asked.person)
    return None


def again(engine: Engine, asked: Asked) -> Answer:
    return Reply("replies/asked", engine.runs.again(int(asked.value), asked.person))


def undo(engine: Engine, asked: Asked) -> Answer:
    return Reply("replies/asked", engine.runs.undo(int(asked.value), asked.person))
