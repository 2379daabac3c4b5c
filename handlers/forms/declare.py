"""A declared incident, from its form."""

from bot.engine.whole import Engine
from bot.errors import InputError
from bot.signals.severity import Severity
from bot.slack.asked import Asked
from bot.slack.guards import Answer, Reply


def submitted(engine: Engine, asked: Asked) -> Answer:
    fields = asked.fields
    severity = fields.get("severity", "")
    if severity not in set(Severity):
        raise InputError(f"{severity!r} is not a severity", place="severity")
    service, title = fields.get("service", "").strip(), fields.get("title", "")
    return Reply("replies/declared", engine.incidents.declare(asked.person, service, title, Severity(severity)))
