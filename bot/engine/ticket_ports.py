"""What does the engine need to keep tickets elsewhere in step with incidents? The part of `ports` that is theirs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.incidents.life import Ticket
from bot.incidents.model import IncidentState


class Does(StrEnum):
    """What is done to a ticket."""

    OPEN = "open"
    COMMENT = "comment"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class TicketEvent:
    """Something to do to the ticket `key`. `entry`: the line of the timeline it is about, or 0; `state`: of the
    incident, which the ticket is moved after. `attempts` counts the one under way; it is also the claim's fence."""

    key: str
    name: str
    incident_id: int
    does: Does
    put_at: datetime
    entry: int = 0
    state: IncidentState | None = None
    attempts: int = 0
    id: int = 0


@dataclass(frozen=True, slots=True)
class Filed:
    """A ticket as its system has it: what people call it, and where it is ('' when that is no https address)."""

    name: str
    link: str = ""


class Desk(Protocol):
    """A system that keeps tickets. All raise `ConnectorError` (`permanent` decides about trying again), and `Gone` when
    the ticket is not there any more. Asked twice with one key, each takes effect once."""

    @property
    def is_public(self) -> bool:
        """Customers read it: only people's own words may stand there."""
        ...

    def open(self, key: str, target: Mapping[str, str], title: str, text: str, incident: int) -> Filed: ...
    def write(self, key: str, target: Mapping[str, str], ticket: str, text: str) -> None: ...
    def move(self, key: str, target: Mapping[str, str], ticket: str, state: str, text: str) -> None:
        """To where it is already: done."""
        ...


class TicketRows(Protocol):
    """What tickets there are, and what is still to be done to them."""

    def add(self, ticket: Ticket) -> bool:
        """False when there is one with its key."""
        ...

    def get(self, key: str) -> Ticket | None: ...
    def of(self, incident_id: int) -> list[Ticket]:
        """The oldest first."""
        ...

    def of_each(self, incident_ids: list[int]) -> dict[int, list[Ticket]]: ...
    def behind(self) -> list[Ticket]:
        """Those that may not know how far their incident is: it goes on, or its end was not told."""
        ...

    def save(self, ticket: Ticket) -> None: ...
    def drop(self, key: str) -> None: ...
    def put(self, event: TicketEvent, due_at: datetime) -> None: ...
    def drop_untried(self, key: str, does: Does | None = None) -> list[Does]:
        """Takes back what waits (of this kind) and was never tried."""
        ...

    def claim(self, now: datetime, until: datetime) -> TicketEvent | None:
        """The next one that is due, for whoever claims it until then. What is about the same ticket goes in order."""
        ...

    def done(self, event: TicketEvent) -> None: ...
    def later(self, event: TicketEvent, at: datetime, error: str) -> None: ...
    def give_up(self, event: TicketEvent, error: str) -> None: ...
    def waiting(self) -> int: ...
