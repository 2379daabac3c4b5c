"""What is kept of an incident while it lasts? Roles, updates and the next one promised, tasks, its channel, tickets."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.errors import Stale
from bot.incidents.model import Incident, IncidentState

REMINDERS_MAX = 3
"""So often somebody is reminded of one promised update; whoever does not answer then is not there."""


@dataclass(frozen=True, slots=True)
class Role:
    """Who has it, since when, and who said so (often the same)."""

    name: str
    person: str
    since: datetime
    by: str


def of_this_life(roles: list[Role], incident: Incident) -> tuple[Role, ...]:
    """A reopened incident begins anew: its roles are free, as its acknowledgement is."""
    reopened = incident.reopened_at
    return tuple(role for role in roles if reopened is None or role.since >= reopened)


@dataclass(frozen=True, slots=True)
class Update:
    """What is known now, for everybody who waits. `promised_at`: when the next one was to come; `remind_at`: when
    somebody is reminded of that, None when nobody is (any more)."""

    incident_id: int
    at: datetime
    by: str
    text: str
    severity: str
    promised_at: datetime | None = None
    remind_at: datetime | None = None
    reminded: int = 0
    id: int = 0

    def reminded_again(self, now: datetime) -> "Update":
        """After a reminder: the next comes as long after it as was promised, and there are not many."""
        if self.promised_at is None or self.reminded + 1 >= REMINDERS_MAX:
            return replace(self, reminded=self.reminded + 1, remind_at=None)
        return replace(self, reminded=self.reminded + 1, remind_at=now + self.interval)

    @property
    def interval(self) -> timedelta:
        return self.promised_at - self.at if self.promised_at else timedelta()


@dataclass(frozen=True, slots=True)
class Task:
    """Something to be done; a follow-up is for afterwards. `owner` is a `Person.key` or ''."""

    incident_id: int
    text: str
    at: datetime
    by: str
    owner: str = ""
    is_follow_up: bool = False
    done_at: datetime | None = None
    done_by: str = ""
    id: int = 0

    @property
    def is_done(self) -> bool:
        return self.done_at is not None

    def finish(self, by: str, at: datetime) -> "Task":
        if self.is_done:
            raise Stale("task_done", by=self.done_by)
        return replace(self, done_at=at, done_by=by)

    def undo(self) -> "Task":
        if not self.is_done:
            raise Stale("task_open")
        return replace(self, done_at=None, done_by="")


class RoomState(StrEnum):
    """Of an incident's own channel."""

    WANTED = "wanted"
    OPEN = "open"
    REFUSED = "refused"  # Slack did not make it, or closed it: the incident goes on in the main channel
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class Room:
    """An incident's own channel. `channel` is its id once made; `done` the steps that are taken (and people asked in);
    `due_at`: when it is to be looked at, None when there is nothing to do."""

    incident_id: int
    state: RoomState = RoomState.WANTED
    channel: str = ""
    name: str = ""
    done: tuple[str, ...] = ()
    due_at: datetime | None = None
    attempts: int = 0
    error: str = ""

    @property
    def is_open(self) -> bool:
        return self.state is RoomState.OPEN


class TicketState(StrEnum):
    WANTED = "wanted"  # not opened yet
    OPEN = "open"  # it is there; what becomes of it there is its own system's
    REFUSED = "refused"  # its system would not open it
    LOST = "lost"  # somebody deleted it there


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a system of tickets knows of an incident. `key`: by which it is found there; `name`: of the settings that
    say how it follows; `ticket`: what people call it there. `told`: the state of the incident that it was moved after,
    `seen`: the id of the last line of the timeline that it was told of. `by`: a `Person.key`, or '' by itself."""

    key: str
    name: str
    incident_id: int
    told: IncidentState
    seen: int
    at: datetime
    by: str = ""
    state: TicketState = TicketState.WANTED
    ticket: str = ""
    link: str = ""
    error: str = ""

    @property
    def counts(self) -> bool:
        """There is, or will be, a ticket."""
        return self.state in (TicketState.WANTED, TicketState.OPEN)


@dataclass(frozen=True, slots=True)
class Mark:
    """A message that somebody marked for the timeline. `kind` is "pin" or "reaction"; `by` is a `Person.key`."""

    channel: str
    ts: str
    kind: str
    by: str
    incident_id: int = 0
    timeline_id: int = 0
