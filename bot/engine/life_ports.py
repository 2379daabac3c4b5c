"""What is kept of what people do with an incident? Contracts of the store; `bot/store/life.py` fulfils them."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from bot.incidents.life import Mark, Role, Room, Task, Update


class RoleRows(Protocol):
    def of(self, incident_id: int) -> list[Role]: ...
    def of_person(self, person: str, incident_ids: Collection[int]) -> dict[int, list[Role]]: ...
    def give(self, incident_id: int, role: Role) -> None:
        """Whoever had it has it no more."""
        ...

    def free(self, incident_id: int, name: str) -> None: ...


class UpdateRows(Protocol):
    def add(self, update: Update) -> Update:
        """From now on nobody is reminded of an earlier one."""
        ...

    def of(self, incident_id: int) -> list[Update]:
        """The oldest first."""
        ...

    def get(self, update_id: int) -> Update:
        """Raises `NotFound`."""
        ...

    def due(self, now: datetime, limit: int) -> list[Update]:
        """Those of which somebody is to be reminded, the oldest first."""
        ...

    def save_reminder(self, update: Update, reminded_before: int) -> bool:
        """False when another process was faster."""
        ...


class TaskRows(Protocol):
    def add(self, task: Task) -> Task: ...
    def get(self, task_id: int) -> Task:
        """Locked until the transaction ends. Raises `NotFound`."""
        ...

    def save(self, task: Task) -> None: ...
    def of(self, incident_id: int) -> list[Task]: ...
    def open_of(self, person: str, limit: int) -> list[Task]:
        """Those that wait for this person, the oldest first."""
        ...

    def move_open(self, from_id: int, to_id: int) -> int:
        """Two incidents became one. Gives how many moved."""
        ...


class RoomRows(Protocol):
    def want(self, room: Room) -> bool:
        """False when there is one (or was)."""
        ...

    def of(self, incident_id: int) -> Room | None: ...
    def at(self, channel: str) -> Room | None: ...
    def due(self, now: datetime, limit: int) -> list[Room]: ...
    def save(self, room: Room) -> None: ...


class MarkRows(Protocol):
    def add(self, mark: Mark) -> bool:
        """False when this person marked it so before."""
        ...

    def remove(self, mark: Mark) -> Mark | None:
        """What was stored of it."""
        ...

    def of_message(self, channel: str, ts: str) -> list[Mark]: ...
