"""The buttons of a runbook: each plans one of its actions, filled in from the incident."""

from bot.actions.spoken import Spoken
from bot.engine.runs import Wish
from bot.engine.whole import Engine
from bot.slack.asked import Asked
from bot.slack.guards import Answer
from handlers.commands.run import ask, form


def do(engine: Engine, asked: Asked) -> Answer:
    """The plan, in the incident's thread; a form when the incident does not say everything."""
    number, key, digest, place = asked.value.split(":")
    incident = int(number)
    action, values = engine.runbooks.wanted(key, digest, int(place), incident)
    if engine.catalogue.missing(action, values):
        return form(engine, asked, [action], Spoken(action.service, words=values), incident=incident)
    return ask(engine, asked, Wish(action.kind, action.service, values, action=action.name, incident=incident))
