"""The buttons of an incident's list of tasks, and of the tasks on the App Home."""

from bot.engine.whole import Engine
from bot.slack.asked import Asked
from bot.slack.guards import Answer
from handlers.commands.life import task_form


def done(engine: Engine, asked: Asked) -> Answer:
    engine.tasks.finish(int(asked.value), asked.person)
    return None


def undo(engine: Engine, asked: Asked) -> Answer:
    engine.tasks.undo(int(asked.value), asked.person)
    return None


def add(engine: Engine, asked: Asked) -> Answer:
    return task_form(engine, asked, int(asked.value))
