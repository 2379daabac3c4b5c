"""Which values do the lines of a template have, lately? Kept in memory while mining, written to the rows now and then.

What a person wants to know is what the lines of the trouble share, so the values of the last minutes count: a
template's statistics start afresh every `GENERATION`, and what the last one showed goes to the history of what is
usual.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.logs.parameters import Parameters, Typical

GENERATION = timedelta(minutes=5)
ENTITIES_MAX, ENTITY_LENGTH_MAX = 3, 200
"""What comes from more hosts than that says nothing about any of them."""

WRITE_EVERY = timedelta(seconds=10)


@dataclass(slots=True)
class _Age:
    began_at: datetime
    lines: int = 0
    written_at: datetime | None = None
    written_lines: int = 0
    entities: dict[str, set[str]] = field(default_factory=dict)

    def note(self, entities: Collection[tuple[str, str]]) -> None:
        for kind, name in entities:
            known = self.entities.setdefault(kind, set())
            if len(known) <= ENTITIES_MAX:
                known.add(name[:ENTITY_LENGTH_MAX])

    def few(self) -> dict[str, list[str]]:
        """Kind of entity → their names, where they are few."""
        return {kind: sorted(known) for kind, known in self.entities.items() if len(known) <= ENTITIES_MAX}


class Observed:
    """The values seen by this process. Not for several threads at once."""

    def __init__(self) -> None:
        self._values = Parameters()
        self._ages: dict[str, _Age] = {}

    def add(
        self,
        template_id: str,
        lines: int,
        rows: Sequence[Sequence[str]],
        now: datetime,
        entities: Collection[tuple[str, str]] = (),
    ) -> Sequence[Typical]:
        """`rows`: the values of some of the lines, evenly spread. Gives back the generation that has just ended."""
        age = self._ages.get(template_id)
        ended: Sequence[Typical] = ()
        if age is None or now - age.began_at > GENERATION:
            ended = self._values.typical(template_id)
            self._values.forget([template_id])
            self._ages[template_id] = _Age(now)
        self._ages[template_id].lines += lines
        self._ages[template_id].note(entities)
        for row in rows:
            self._values.add(template_id, row)
        return ended

    def to_write(self, template_id: str, now: datetime) -> Mapping[str, Any] | None:
        """The state for the template's row, or None when what was written a moment ago still serves."""
        age = self._ages[template_id]
        is_recent = age.written_at is not None and now - age.written_at < WRITE_EVERY
        if is_recent and age.lines < 2 * age.written_lines:
            return None
        age.written_at, age.written_lines = now, age.lines
        state = {"began_at": age.began_at.isoformat(), "positions": self._values.state(template_id)}
        few = age.few()
        return {**state, "entities": few} if few else state

    def forget(self, template_ids: Sequence[str]) -> None:
        self._values.forget(template_ids)
        for template_id in template_ids:
            self._ages.pop(template_id, None)
