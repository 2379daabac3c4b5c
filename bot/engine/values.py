"""What are the values in a template's lines now, and what were they?"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.anomalies.model import Place
from bot.engine.log_ports import TemplateRow
from bot.engine.ports import Transaction
from bot.logs.parameters import Typical, names_of, typical, units_of

LINES_MIN = 10
"""In the window; templates with fewer are not looked at, and of those with more only the busiest."""

TEMPLATES_MAX = 100


def places_of(
    tx: Transaction, rows: Mapping[str, TemplateRow], lines: Mapping[str, int], until: datetime
) -> dict[str, tuple[Place, ...]]:
    """Of the busiest templates of a window that ends at `until`: what their values are and were."""
    busy = sorted((i for i, n in lines.items() if n >= LINES_MIN and rows[i].parameters), key=lambda i: (-lines[i], i))
    past = tx.logs.values(busy[:TEMPLATES_MAX])
    return {i: _places(rows[i], past[i], until) for i in busy[:TEMPLATES_MAX] if i in past}


def _places(row: TemplateRow, past: Sequence[Sequence[Typical]], until: datetime) -> tuple[Place, ...]:
    began_at = row.parameters.get("began_at")
    if not began_at:
        return ()
    now_for = max(timedelta(0), until - datetime.fromisoformat(began_at))
    names, units = names_of(row.text), units_of(row.text)
    return tuple(
        Place(
            name=names[i] if i < len(names) else "",
            unit=now.unit or (units[i] if i < len(units) else ""),
            now=now,
            now_for=now_for,
            past=tuple(some[i] for some in past if i < len(some)),
        )
        for i, now in enumerate(typical(row.parameters))
    )
