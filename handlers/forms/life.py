"""What people do with an incident from a form: who does what, hand over."""

from bot.engine.whole import Engine
from bot.errors import InputError
from bot.people import Person
from bot.slack.asked import Asked
from bot.slack.guards import Answer


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


def about(asked: Asked) -> int:
    """The incident from whose message, or about which, the form was opened."""
    return int(asked.remembered["about"])


def _person(asked: Asked, user: str) -> Person:
    if user not in asked.people:
        raise InputError("choose a person", place="person")
    return asked.people[user]
