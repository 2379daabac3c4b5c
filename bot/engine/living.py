"""How stands the life of an incident? What its pages show of roles, updates, tasks and its channel."""

from collections.abc import Mapping, Sequence

from bot.actions.fitting import matches
from bot.engine.pages import HomeTask, Life
from bot.engine.ports import Transaction
from bot.incidents.life import Ticket, of_this_life
from bot.incidents.model import Incident
from bot.people import Person
from bot.settings import TicketSettings

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
        tickets=tuple(ticket for ticket in tx.tickets.of(incident.id) if ticket.counts),
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


def is_for(section: TicketSettings, incident: Incident) -> bool:
    """Tickets of this kind are for this incident's service."""
    return not section.services or any(matches(pattern, incident.service) for pattern in section.services)


def tickets_offered(
    sections: Mapping[str, TicketSettings], incident: Incident, tickets: Sequence[Ticket]
) -> tuple[str, ...]:
    """Where one can be opened by hand: there is none yet, or it was deleted or refused."""
    there = {ticket.name for ticket in tickets if ticket.counts}
    return tuple(name for name, section in sections.items() if name not in there and is_for(section, incident))
