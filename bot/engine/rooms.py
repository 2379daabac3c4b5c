"""Which incidents have a channel of their own, and what is to be done there? Kept here; `bot/slack/rooms.py` does it.

What is wanted follows from the incident as it stands, so that every door and a restart lead to the same. Whatever Slack
refuses is told in the incident's thread, to those who can mend it, and the incident goes on in the main channel.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from bot.clock import Clock
from bot.engine.ports import Posted, Store, Transaction
from bot.engine.telling import add_line, card_of_incident, card_of_room, note, tell_incident
from bot.incidents.life import Room, RoomState, of_this_life
from bot.incidents.model import Incident, Resolution
from bot.incidents.rooms import UNARCHIVE, next_steps, room_name, with_step
from bot.people import TOCSIN, Person
from bot.settings import Settings

_AT_ONCE = 20
_PEOPLE_MAX = 30
_PINNED_BACK = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class RoomWork:
    """What is to be done for one incident. No steps: its channel is to be made under `name`."""

    room: Room
    incident: Incident
    name: str
    steps: tuple[str, ...] = ()
    card: Posted | None = None


@dataclass(frozen=True, slots=True)
class Pinning:
    """A card in the main channel that is to be pinned, or no longer."""

    incident_id: int
    card: Posted
    is_wanted: bool


class Rooms:
    def __init__(self, store: Store, clock: Clock, settings: Settings) -> None:
        self._store, self._clock, self._wanted = store, clock, settings.incidents.channel
        self._pins = settings.incidents.pin_card

    def due(self) -> list[RoomWork]:
        """What is to be done now, of incidents that have or want a channel."""
        now = self._clock.now()
        self._want()
        with self._store.read() as tx:
            found = [self._work(tx, room) for room in tx.rooms.due(now, _AT_ONCE)]
            return [work for work in found if work is not None]

    def pinnings(self) -> list[Pinning]:
        """Cards in the main channel to be pinned while their incident lasts."""
        if not self._pins:
            return []
        with self._store.read() as tx:
            recent = tx.incidents.resolved_since(self._clock.now() - _PINNED_BACK)
            cards = [(i, tx.outbox.posted(card_of_incident(i.id))) for i in (*tx.incidents.active(), *recent)]
            return [
                Pinning(incident.id, card, incident.state.is_active)
                for incident, card in cards
                if card is not None and _is_pinned(tx, card) is not incident.state.is_active
            ]

    def pinned(self, pinning: Pinning) -> None:
        """Slack did it, or refused in a way that will not change."""
        with self._store.write() as tx:
            tx.records.remember(_pin_of(pinning.card), "pinned" if pinning.is_wanted else "")

    def made(self, incident_id: int, channel: str, name: str) -> None:
        now = self._clock.now()
        with self._store.write() as tx:
            room = tx.rooms.of(incident_id)
            if room is None or room.state is not RoomState.WANTED:
                return
            incident = tx.incidents.lock(incident_id)
            tx.rooms.save(replace(room, state=RoomState.OPEN, channel=channel, name=name, attempts=0, due_at=now))
            add_line(tx, incident, "room_opened", now, channel=channel)
            note(tx, now, TOCSIN.key, "incident.channel", incident.key, channel=channel, name=name)
            tell_incident(tx, incident, now)

    def is_free(self, channel: str) -> bool:
        """It is no incident's channel."""
        with self._store.read() as tx:
            return tx.rooms.at(channel) is None

    def stepped(self, incident_id: int, step: str) -> None:
        """It is done. The last step of all is "archive"."""
        with self._store.write() as tx:
            room = tx.rooms.of(incident_id)
            if room is None:
                return
            if step == UNARCHIVE:
                self._open_again(tx, room)
            elif step == "archive":
                tx.rooms.save(replace(room, state=RoomState.ARCHIVED, due_at=None))
                tell_incident(tx, tx.incidents.get(incident_id), self._clock.now())
            else:
                tx.rooms.save(replace(room, done=with_step(room.done, step), attempts=0))

    def later(self, incident_id: int, after: timedelta, error: str) -> None:
        with self._store.write() as tx:
            room = tx.rooms.of(incident_id)
            if room is not None:
                due_at = self._clock.now() + after
                tx.rooms.save(replace(room, due_at=due_at, attempts=room.attempts + 1, error=error[:500]))

    def refused(self, incident_id: int, step: str, error: str, needed: str = "") -> None:
        """Slack will not do this step. Without the channel itself ("create", or when it is `lost`) there is none."""
        now = self._clock.now()
        with self._store.write() as tx:
            room = tx.rooms.of(incident_id)
            kind, _, who = step.partition(":")
            if room is None or (room.state not in (RoomState.WANTED, RoomState.OPEN) and kind != UNARCHIVE):
                return
            incident = tx.incidents.lock(incident_id)
            if kind in ("create", "lost"):
                tx.rooms.save(replace(room, state=RoomState.REFUSED, error=error, due_at=None))
            else:
                due_at = None if kind == UNARCHIVE else room.due_at
                tx.rooms.save(replace(room, done=with_step(room.done, step), error=error, due_at=due_at))
            facts = {"step": kind, "error": error, "needed": needed, "channel": room.channel}
            person = f"T/{who}" if kind == "invite" else ""
            add_line(tx, incident, "room_refused", now, **facts, person=person)
            tell_incident(tx, incident, now)

    def _open_again(self, tx: Transaction, room: Room) -> None:
        """As new: nobody is in it."""
        now, incident = self._clock.now(), tx.incidents.lock(room.incident_id)
        tx.rooms.save(replace(room, state=RoomState.OPEN, done=(), attempts=0, due_at=now, error=""))
        add_line(tx, incident, "room_opened", now, channel=room.channel)
        note(tx, now, TOCSIN.key, "incident.channel", incident.key, channel=room.channel, name=room.name)
        tell_incident(tx, incident, now)

    def lost(self, incident_id: int, error: str) -> None:
        """The channel is archived, or Tocsin is no longer in it."""
        self.refused(incident_id, "lost", error)

    def _want(self) -> None:
        severity = self._wanted.from_severity
        if severity is None:
            return
        with self._store.read() as tx:
            active = tx.incidents.active()
            rooms = {incident.id: tx.rooms.of(incident.id) for incident in active}
            missing = [i for i in active if rooms[i.id] is None and i.severity.at_least(severity)]
            closed = [room for room in rooms.values() if room is not None and _waits_to_be_opened(room)]
        for room in closed:
            with self._store.write() as tx:
                tx.rooms.save(replace(room, due_at=self._clock.now()))
        for incident in missing:
            with self._store.write() as tx:
                tx.rooms.want(Room(incident.id, due_at=self._clock.now()))

    def _work(self, tx: Transaction, room: Room) -> RoomWork | None:
        incident = tx.incidents.get(room.incident_id)
        name = room_name(self._wanted.name, incident)
        if room.state is RoomState.WANTED:
            return RoomWork(room, incident, name) if incident.state.is_active else None
        if room.state is RoomState.ARCHIVED:
            return RoomWork(room, incident, name, (UNARCHIVE,)) if incident.state.is_active else None
        card = tx.outbox.posted(card_of_room(incident.id))
        after = timedelta(hours=self._wanted.archive_after_hours)
        if incident.resolution is Resolution.MERGED:
            after = timedelta()
        people = _people(tx, incident)
        steps = next_steps(room, incident, people, self._clock.now(), after, card is not None and card.ts != "")
        return RoomWork(room, incident, name, steps, card) if steps else None


def _waits_to_be_opened(room: Room) -> bool:
    return room.state is RoomState.ARCHIVED and room.due_at is None and UNARCHIVE not in room.done


def _people(tx: Transaction, incident: Incident) -> tuple[str, ...]:
    """User ids of those who are in it: roles, who is on it, who declared it."""
    roles = [role.person for role in of_this_life(tx.roles.of(incident.id), incident)]
    keys = dict.fromkeys([*roles, incident.acknowledged_by, incident.declared_by])
    users = [Person.of(key).user for key in keys if key and not key.startswith("api/")]
    return tuple(user for user in users if user[:1] in ("U", "W"))[:_PEOPLE_MAX]


def _is_pinned(tx: Transaction, card: Posted) -> bool:
    return tx.records.recall(_pin_of(card)) == "pinned"


def _pin_of(card: Posted) -> str:
    return f"pin:{card.channel}:{card.ts}"
