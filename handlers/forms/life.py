"""What people do with an incident from a form: who does what, hand over, say how it stands."""

from datetime import timedelta

from bot.engine.updates import ENDS
from bot.engine.whole import Engine
from bot.errors import InputError
from bot.people import Person
from bot.slack.asked import Asked
from bot.slack.guards import Answer
from handlers.forms.incident import severity_of


def roles(engine: Engine, asked: Asked) -> Answer:
    """Only what was changed in the form is changed: somebody else may have changed the rest meanwhile."""
    wanted: dict[str, Person | None] = {}
    for name in engine.settings.incidents.roles:
        chosen, was = asked.fields.get(f"role_{name}", ""), asked.remembered.get(f"was_{name}", "")
        if chosen != was:
            wanted[name] = _person(asked, chosen) if chosen else None
    if wanted:
        engine.roles.arrange(about(asked), wanted, asked.person, asked.fields.get("words", ""))
    return None


def handover(engine: Engine, asked: Asked) -> Answer:
    to = _person(asked, asked.fields.get("person", ""))
    engine.roles.hand_over(about(asked), to, asked.person, asked.fields.get("words", ""))
    return None


def update(engine: Engine, asked: Asked) -> Answer:
    """The severity counts only when it was changed in the form."""
    fields = asked.fields
    next_in, severity = fields.get("next", "none"), fields.get("severity", "")
    engine.updates.post(
        about(asked),
        fields.get("text", ""),
        asked.person,
        next_in=timedelta(minutes=int(next_in)) if next_in.isdigit() else None,
        severity=severity_of(severity) if severity != asked.remembered.get("was_severity", "") else None,
        ends=fields.get("state", "") if fields.get("state") in ENDS else "",
    )
    return None


def task(engine: Engine, asked: Asked) -> Answer:
    owner = asked.fields.get("owner", "")
    is_follow_up = asked.fields.get("when", "now") == "afterwards"
    person = _person(asked, owner) if owner else None
    engine.tasks.add(about(asked), asked.fields.get("text", ""), asked.person, owner=person, is_follow_up=is_follow_up)
    return None


def about(asked: Asked) -> int:
    """The incident from whose message, or about which, the form was opened."""
    return int(asked.remembered["about"])


def _person(asked: Asked, user: str) -> Person:
    if user not in asked.people:
        raise InputError("choose a person", place="person")
    return asked.people[user]
