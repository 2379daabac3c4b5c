"""Something to be done, from its form."""

from bot.actions.spoken import Spoken
from bot.engine.runs import Wish
from bot.engine.whole import Engine
from bot.slack.asked import Asked
from bot.slack.guards import Answer
from handlers.commands.run import ask, form


def submitted(engine: Engine, asked: Asked) -> Answer:
    action = engine.catalogue.get(asked.fields.get("action") or asked.remembered.get("action", ""))
    if asked.remembered.get("asked") == "which":
        return form(engine, asked, [action], Spoken(action.service), incident=_incident(asked))
    names = {parameter.name for parameter in action.parameters}
    values = {name: value for name, value in asked.fields.items() if name in names}
    wish = Wish(
        action.kind,
        action.service,
        values,
        action=action.name,
        incident=_incident(asked),
        reason=asked.fields.get("reason", ""),
    )
    return ask(engine, asked, wish)


def _incident(asked: Asked) -> int:
    return int(asked.remembered.get("incident") or 0)
