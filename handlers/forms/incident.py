"""What is done with an incident from a form: silence it, say how bad it is, merge or split it."""

from bot.engine.whole import Engine
from bot.errors import InputError
from bot.signals.severity import Severity
from bot.silences.asked import length_of, matcher_of
from bot.slack.asked import Asked
from bot.slack.guards import Answer, Reply


def silence(engine: Engine, asked: Asked) -> Answer:
    fields = asked.fields
    matcher, length = matcher_of(fields.get("what", "")), length_of(fields.get("length", ""))
    view = engine.silences.silence(asked.person, [matcher], length, fields.get("reason", ""), _about(asked))
    return Reply("replies/silenced", engine.silences.one(view.silence.id))


def grade(engine: Engine, asked: Asked) -> Answer:
    severity = severity_of(asked.fields.get("severity", ""))
    engine.incidents.grade(_about(asked), severity, asked.fields.get("reason", ""), asked.person)
    return None


def arrange(engine: Engine, asked: Asked) -> Answer:
    other, service = asked.fields.get("merge", ""), asked.fields.get("split", "")
    if bool(other) == bool(service):
        raise InputError("choose an incident to merge with or a service to split off", place="merge")
    if other:
        return Reply("replies/stepped", engine.incidents.merge(_about(asked), int(other), asked.person))
    return Reply("replies/stepped", engine.incidents.split(_about(asked), [service], asked.person))


def severity_of(text: str) -> Severity:
    if text.lower() not in set(Severity):
        raise InputError(f"{text!r} is not a severity ({', '.join(Severity)})"[:200], place="severity")
    return Severity(text.lower())


def _about(asked: Asked) -> int:
    """The incident from whose message the form was opened."""
    return int(asked.remembered["about"])
