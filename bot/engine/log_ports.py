"""What does the engine need to keep of logs? `bot/store/logs.py` fulfils it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from bot.logs.miner import TemplateState
from bot.logs.parameters import Typical


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """`checked_until`: windows that end by then have been checked. `lines`: how many were counted ever."""

    name: str
    first_at: datetime
    last_at: datetime
    checked_until: datetime | None
    lines: int


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """`level` is the worst level seen. `samples` are redacted lines, the first three and the last three.
    `parameters` is the state of `bot.logs.parameters`."""

    id: str
    service: str
    text: str
    level: str
    first_at: datetime
    last_at: datetime
    samples: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TemplateUse:
    """What a batch brought to one template. `parameters` is None when what is stored still serves."""

    template_id: str
    level: str
    first_at: datetime
    last_at: datetime
    samples: tuple[str, ...]
    parameters: Mapping[str, Any] | None


class LogRows(Protocol):
    def claim_batch(self, key: str, lines: int, at: datetime) -> bool:
        """False when a batch with this key was counted before."""
        ...

    def touch_service(self, name: str, first_at: datetime, last_at: datetime, lines: int) -> ServiceRow: ...
    def services(self) -> list[ServiceRow]: ...
    def mark_checked(self, service: str, until: datetime) -> None: ...
    def write_templates(self, states: Iterable[TemplateState], at: datetime) -> None: ...
    def template_states(self, service: str) -> list[TemplateState]: ...
    def note_uses(self, uses: Iterable[TemplateUse]) -> None: ...
    def add_counts(self, counts: Mapping[tuple[str, datetime], int]) -> None:
        """Adds lines to (template id, window start)."""
        ...

    def counts(self, service: str, since: datetime, until: datetime) -> dict[str, dict[datetime, int]]:
        """template id → window start → lines, for windows that start in [since, until)."""
        ...

    def last_written(self, ids: Collection[str], before: datetime) -> dict[str, datetime]:
        """template id → the start of the last window (or hour) before that has lines; without those that have none."""
        ...

    def add_values(self, ended: Mapping[str, Sequence[Typical]], at: datetime) -> None:
        """What the values of these templates were in the last minutes, each position in short."""
        ...

    def values(self, ids: Collection[str]) -> dict[str, list[list[Typical]]]:
        """template id → what they were before, the oldest first, for the last two hours with lines."""
        ...

    def template(self, template_id: str) -> TemplateRow: ...
    def templates(self, ids: Collection[str]) -> dict[str, TemplateRow]: ...
    def new_templates(self, since: datetime, until: datetime) -> list[TemplateRow]: ...
    def noisiest(self, since: datetime, until: datetime, limit: int) -> list[tuple[TemplateRow, int]]: ...
    def lines_between(self, since: datetime, until: datetime) -> dict[str, int]:
        """service → lines in windows that start in [since, until)."""
        ...

    def hours(self, service: str, since: datetime, until: datetime) -> dict[str, dict[datetime, dict[int, int]]]:
        """template id → hour → {offset in seconds: lines}, for hours that start in [since, until)."""
        ...

    def total_lines(self) -> int: ...
    def pack_hours(self, before: datetime) -> int: ...
    def drop_hours(self, before: datetime) -> int: ...
    def drop_values(self, before: datetime) -> int: ...
    def forget_batches(self, before: datetime) -> int: ...


class LogBus(Protocol):
    """How batches travel from those who accept them to those who mine them. Sequences start at 1 per partition."""

    def publish(self, partition: int, key: str, batch: bytes) -> None:
        """Durable on return. The same `key` again is one batch. Raises `ConnectorError` when full or away."""
        ...

    def read(self, partition: int, from_seq: int, limit: int) -> list[tuple[int, str, bytes]]: ...
    def trim(self, partition: int, upto_seq: int) -> None: ...
    def lag(self, partition: int, position: int) -> int: ...
