"""What does the engine need to ask people and pagers? The part of `ports` that is theirs."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.incidents.model import Incident
from bot.oncall.escalation import Escalation, Page, PageState
from bot.oncall.model import Override


@dataclass(frozen=True, slots=True)
class Copy:
    """The last good copy of what others keep (`kind` "calendar" or "group"). `fetched_at` is None when there never was
    one; `problem` says why the last try failed, or ''."""

    kind: str
    name: str
    text: str
    fetched_at: datetime | None
    tried_at: datetime
    problem: str = ""


class Told(StrEnum):
    """How far a pager knows of an incident; also what it is told."""

    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"

    @property
    def rank(self) -> int:
        return list(Told).index(self)


@dataclass(frozen=True, slots=True)
class PagerAlert:
    """An incident (since it was opened, or opened again, at `since`) at a pager. `heard_at`: when what was last heard
    from there happened."""

    key: str
    pager: str
    incident_id: int
    since: datetime
    state: Told
    heard_at: datetime | None = None
    link: str = ""


@dataclass(frozen=True, slots=True)
class PagerEvent:
    """Something to tell a pager. `attempts` counts the one under way; it is also the claim's fence."""

    key: str
    pager: str
    incident_id: int
    action: Told
    put_at: datetime
    attempts: int = 0
    id: int = 0


class Pager(Protocol):
    """An outside system that wakes people."""

    def tell(self, event: PagerEvent, incident: Incident, link: str) -> None:
        """Raises `ConnectorError`; `permanent` decides about trying again. Told twice, it takes effect once."""
        ...


class FetchCalendar(Protocol):
    def __call__(self, url: str) -> str:
        """The text at `url`. Raises `ConnectorError`."""
        ...


class CallRows(Protocol):
    """Escalations, pages, overrides, copies."""

    def escalation(self, incident_id: int) -> Escalation | None: ...
    def escalations(self) -> list[Escalation]:
        """Those of incidents that are not resolved, and those that have not stopped."""
        ...

    def save_escalation(self, escalation: Escalation) -> None: ...
    def add_page(self, page: Page) -> Page | None:
        """None when the same one was asked in this turn before."""
        ...

    def page(self, page_id: int) -> Page:
        """Raises `NotFound`."""
        ...

    def pages(self, incident_id: int, since: datetime) -> list[Page]: ...
    def every_page(self, incident_id: int) -> list[Page]:
        """Also of the times that it was open before."""
        ...

    def told_pages(self, incident_ids: Collection[int]) -> list[Page]: ...
    def set_page(self, page_id: int, state: PageState) -> None: ...
    def add_override(self, schedule: str, override: Override) -> Override: ...
    def override(self, override_id: int) -> tuple[str, Override]:
        """With its schedule. Raises `NotFound`."""
        ...

    def overrides(self, since: datetime) -> list[tuple[str, Override]]:
        """Those that last beyond `since`, with their schedules, in the order in which they were said."""
        ...

    def end_override(self, override_id: int, at: datetime, by: str) -> None: ...
    def copy(self, kind: str, name: str) -> Copy | None: ...
    def keep_copy(self, copy: Copy) -> None: ...


class PagerRows(Protocol):
    """What pagers know and what they are still to be told."""

    def add_alert(self, alert: PagerAlert) -> bool:
        """False when there is one with its key."""
        ...

    def alert(self, key: str) -> PagerAlert | None: ...
    def alerts(self, incident_id: int) -> list[PagerAlert]: ...
    def open_alerts(self) -> list[PagerAlert]:
        """Those whose pager does not know of an end."""
        ...

    def save_alert(self, alert: PagerAlert) -> None: ...
    def put(self, event: PagerEvent, due_at: datetime) -> None: ...
    def drop_waiting(self, key: str) -> list[tuple[PagerEvent, datetime]]:
        """Takes back what waits, and gives it with when it was due. What was tried may have been told already, or be
        under way until then."""
        ...

    def claim(self, now: datetime, until: datetime) -> PagerEvent | None:
        """The next one that is due, for whoever claims it until then. What is about the same key goes in order."""
        ...

    def told(self, event: PagerEvent) -> None: ...
    def later(self, event: PagerEvent, at: datetime, error: str) -> None: ...
    def give_up(self, event: PagerEvent, error: str) -> None: ...
    def waiting(self) -> int: ...
