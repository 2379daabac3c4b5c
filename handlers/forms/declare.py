"""A declared incident, from its form."""

from bot.engine.marks import Written
from bot.engine.whole import Engine
from bot.errors import InputError
from bot.signals.severity import Severity
from bot.slack.asked import Asked
from bot.slack.guards import Answer, Reply
from bot.slack.marks import time_of


def submitted(engine: Engine, asked: Asked) -> Answer:
    fields = asked.fields
    severity = fields.get("severity", "")
    if severity not in set(Severity):
        raise InputError(f"{severity!r} is not a severity", place="severity")
    service, title = fields.get("service", "").strip(), fields.get("title", "")
    incident = engine.incidents.declare(asked.person, service, title, Severity(severity), quoted=_quoted(asked))
    return Reply("replies/declared", incident)


def _quoted(asked: Asked) -> Written | None:
    """The message from which it was declared."""
    said = asked.remembered
    if not said.get("ts"):
        return None
    author = f"{asked.team}/{said.get('author', '')}" if said.get("author") else ""
    return Written(asked.channel, said["ts"], time_of(said["ts"]), author, said.get("text", ""), said.get("link", ""))
