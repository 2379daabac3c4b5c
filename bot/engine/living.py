"""How stands the life of an incident? What its pages show of roles, updates, tasks and its channel."""

from collections.abc import Sequence

from bot.engine.pages import HomeTask, Life
from bot.engine.ports import Transaction
from bot.incidents.life import of_this_life
from bot.incidents.model import Incident
from bot.people import Person

_TASKS_SHOWN = 20


def life_of(tx: Transaction, incident: Incident, lead: str) -> Life:
    """`lead`: the name of the role that leads."""
    room = tx.rooms.of(incident.id)
    return Life(
        lead=lead,
        roles=of_this_life(tx.roles.of(incident.id), incident),
        updates=tuple(tx.updates.of(incident.id)),
        tasks=tuple(tx.tasks.of(incident.id)),
        room=room,
        elsewhere=room.channel if room is not None and room.is_open else "",
        since=incident.reopened_at,
    )


def tasks_of(tx: Transaction, person: Person) -> tuple[HomeTask, ...]:
    """What waits for this person, of all incidents, also of those that are over."""
    return tuple(
        HomeTask(task, tx.incidents.get(task.incident_id)) for task in tx.tasks.open_of(person.key, _TASKS_SHOWN)
    )


def leaders_of(tx: Transaction, incidents: Sequence[Incident], lead: str) -> dict[int, str]:
    """Id of an incident → who leads it, of those that somebody leads."""
    found = {}
    for incident in incidents:
        for role in of_this_life(tx.roles.of(incident.id), incident):
            if role.name == lead:
                found[incident.id] = role.person
    return found
