"""What does the engine need to keep of lines that come regularly? `bot/store/rhythms.py` fulfils it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RareTemplate:
    template_id: str
    service: str
    lines: int


@dataclass(frozen=True, slots=True)
class KnownRhythm:
    """A template that comes every `period_s`. It is next expected at `expected_at`, and missing from `late_at` on.
    `absent_since` is None while it comes."""

    template_id: str
    service: str
    period_s: int
    weekdays: tuple[int, ...]
    times: int
    missed: int
    spread_s: int
    last_at: datetime
    expected_at: datetime
    late_at: datetime
    absent_since: datetime | None = None


class RhythmRows(Protocol):
    def rare(self, since: datetime, lines_min: int, lines_max: int, limit: int) -> list[RareTemplate]:
        """Those with so many lines since then, the fewest first."""
        ...

    def written_at(self, ids: Collection[str], since: datetime) -> dict[str, list[datetime]]:
        """template id → the starts of the windows that have lines of it, in order."""
        ...

    def all(self) -> list[KnownRhythm]: ...
    def late(self, now: datetime) -> list[KnownRhythm]:
        """Those that should have come by now, and those that are absent."""
        ...

    def save(self, known: Collection[KnownRhythm]) -> None: ...
    def forget(self, ids: Collection[str]) -> None: ...
