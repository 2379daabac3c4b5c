"""Windows of one service, written by hand: `window(series("order accepted", [5] * 60, 40, level="info"))`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from bot.anomalies.deviation import past_of
from bot.anomalies.mix_model import fit_mix
from bot.anomalies.model import ServiceWindow, TemplateSeries

NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def series(
    text: str, history: Sequence[int], current: int, level: str = "info", first_at: datetime | None = None
) -> TemplateSeries:
    """Without `first_at` it was first seen long ago, or, if the history has none of it, in the window itself."""
    seen = first_at or (NOON - timedelta(days=30) if any(history) else NOON + timedelta(seconds=20))
    return TemplateSeries(f"id of {text}", text, level, seen, tuple(history), current)


def window(*templates: TemplateSeries, length: timedelta = MINUTE, is_complete: bool = True) -> ServiceWindow:
    past = max((len(t.history) for t in templates), default=0)
    return ServiceWindow("checkout", NOON, length, templates, past, is_complete=is_complete)


def with_mix(made: ServiceWindow) -> ServiceWindow:
    """The same window, knowing the mixes of its own history; all of it counts as quiet."""
    if not made.templates or not made.history_windows:
        return made
    past = past_of(made.templates, made.history_windows).T.astype(np.int64)
    return replace(made, mix=fit_mix(tuple(t.template_id for t in made.templates), past))
