"""How stands the life of an incident? What its pages show of roles, updates, tasks and its channel."""

from bot.engine.pages import Life
from bot.engine.ports import Transaction
from bot.incidents.life import of_this_life
from bot.incidents.model import Incident


def life_of(tx: Transaction, incident: Incident, lead: str) -> Life:
    """`lead`: the name of the role that leads."""
    return Life(
        lead=lead,
        roles=of_this_life(tx.roles.of(incident.id), incident),
        updates=tuple(tx.updates.of(incident.id)),
        tasks=tuple(tx.tasks.of(incident.id)),
        room=tx.rooms.of(incident.id),
    )
