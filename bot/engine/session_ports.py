"""What does the engine need to keep of sessions? `bot/store/sessions.py` fulfils it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class OpenSession:
    """The lines of a service that share an id. `number` is made of the id; `opened_at` and `seen_at` are when lines
    of it came, whatever time they bear. `steps`: template id → lines."""

    service: str
    number: int
    opened_at: datetime
    seen_at: datetime
    steps: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Followed:
    """How a service's sessions are followed: those with a number below `limit`. Those below `whole` have been followed
    since before `since`, others only since."""

    service: str
    limit: int
    whole: int
    since: datetime


class SessionRows(Protocol):
    def followed(self, services: Collection[str] = ()) -> dict[str, Followed]:
        """Of these services, or of all."""
        ...

    def follow(self, how: Followed) -> None:
        """Also drops what is open beyond its limit."""
        ...

    def add(self, service: str, steps: Mapping[int, Mapping[str, int]], at: datetime, steps_max: int) -> None:
        """Lines of sessions, by number; steps beyond `steps_max` of a session are left out."""
        ...

    def close(self, seen_before: datetime, opened_before: datetime, limit: int) -> list[OpenSession]:
        """Takes those away that have been quiet since, or open since, at most `limit`."""
        ...

    def open(self) -> dict[str, int]:
        """service → how many are open."""
        ...

    def drop_open(self) -> int: ...
    def history(self, service: str) -> bytes: ...
    def save_history(self, service: str, packed: bytes) -> None: ...
