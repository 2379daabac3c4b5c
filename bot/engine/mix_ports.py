"""What does the engine need to keep of the mixes that are usual? `bot/store/mixes.py` fulfils it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol


class MixRows(Protocol):
    def fitted(self) -> dict[str, datetime]:
        """service → when it was last tried to fit its model."""
        ...

    def packed(self, service: str) -> bytes:
        """Its model; empty while there is none."""
        ...

    def save(self, service: str, at: datetime, packed: bytes) -> None: ...
    def note_tried(self, service: str, at: datetime) -> None:
        """There was too little to fit one; the last one stays."""
        ...

    def forget(self, before: datetime) -> int:
        """Models of services that have been silent since."""
        ...

    def counts(
        self, service: str, since: datetime, until: datetime, window_s: int, each: int, templates: int
    ) -> Mapping[str, Mapping[int, int]]:
        """Of every `each`-th window: template id → its start in Unix seconds → lines, for the busiest templates."""
        ...
