"""Is what a check measured all right? Pure: numbers and the check's own history in, a finding or None out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from bot.checks.declared import CheckSettings
from bot.checks.drift import Drift, drifts

HISTORY_MIN = 7
SIGMAS = 4.0
SMALL_SHARE = 0.1
"""A count within a tenth of its usual one is never told."""

LABELS_MIN = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """Something is not as it should be. `what` is worded by templates; `now`, `low` and `high` in `unit`; `parts` are
    (name, text) pairs that say more."""

    what: str
    now: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    began_at: datetime | None = None
    parts: tuple[tuple[str, str], ...] = ()


def fresh(newest: datetime | None, check: CheckSettings, now: datetime) -> Finding | None:
    limit = check.minutes_max or 0.0
    if newest is None:
        return Finding("empty", unit="min", high=limit)
    age = (now - newest) / timedelta(minutes=1)
    if age <= limit:
        return None
    return Finding("stale", age, 0.0, limit, "min", began_at=newest + timedelta(minutes=limit))


def volume(rows: float, history: Sequence[float], check: CheckSettings) -> Finding | None:
    """By the declared bounds, else by the median of its own history and how much that varies."""
    if check.rows_min is not None or check.rows_max is not None:
        low, high = float(check.rows_min or 0), float(check.rows_max or np.inf)
    elif len(history) >= HISTORY_MIN:
        middle = float(np.median(history))
        spread = max(1.4826 * float(np.median(np.abs(np.array(history) - middle))), SMALL_SHARE / SIGMAS * middle, 1.0)
        low, high = max(0.0, middle - SIGMAS * spread), middle + SIGMAS * spread
    else:
        return None
    if low <= rows <= high:
        return None
    return Finding("too_few" if rows < low else "too_many", rows, low, None if np.isinf(high) else high, "rows")


def schema(columns: Mapping[str, str], known: Mapping[str, str]) -> Finding | None:
    if not known or columns == known:
        return None
    parts = [("added", f"{name} {kind}") for name, kind in columns.items() if name not in known]
    parts += [("removed", name) for name in known if name not in columns]
    both = [name for name in columns if name in known and columns[name] != known[name]]
    parts += [("changed", f"{name} {known[name]} → {columns[name]}") for name in both]
    return Finding("schema", parts=tuple(parts[:20]))


def share(what: str, bad: Mapping[str, float], rows: float, limit: float) -> Finding | None:
    """`bad`: of each column (or key) the rows that are not as they should be."""
    if not rows:
        return None
    worst = max(bad, key=lambda name: bad[name])
    now = bad[worst] / rows
    if now <= limit:
        return None
    return Finding(what, now, 0.0, limit, "share", parts=(("column", worst), ("rows", f"{rows:.0f}")))


def value(now: float | None, check: CheckSettings) -> Finding | None:
    if now is None:
        return Finding("no_value", low=check.value_min, high=check.value_max)
    low = -np.inf if check.value_min is None else check.value_min
    high = np.inf if check.value_max is None else check.value_max
    return None if low <= now <= high else Finding("query", now, check.value_min, check.value_max)


def drifted(
    reference: Mapping[str, Sequence[object]], current: Mapping[str, Sequence[object]]
) -> tuple[Finding | None, list[Drift]]:
    """The columns that moved; drift is evidence, so it is told beside something else."""
    found, _ = drifts(reference, current)
    moved = [drift for drift in found if drift.is_drift]
    if not moved:
        return None, found
    first = moved[0]
    parts = [("column", _column(drift)) for drift in moved[:5]]
    return Finding("drift", first.distance, 0.0, first.threshold, "distance", parts=tuple(parts)), found


def performance(
    reference: Sequence[tuple[object, object]], current: Sequence[tuple[object, object]], check: CheckSettings
) -> Finding | None:
    """(prediction, label) pairs; labels come late, so there have to be enough of them."""
    if min(len(reference), len(current)) < LABELS_MIN:
        return None
    before, now = _measure(reference, check.metric), _measure(current, check.metric)
    noise = _noise(current, check.metric)
    if check.metric == "mae":
        limit = before * (1 + check.drop_max)
        if now > limit + 2 * noise:
            return Finding("performance", now, 0.0, limit, check.metric, parts=(("labels", str(len(current))),))
        return None
    limit = before * (1 - check.drop_max)
    if now < limit - 2 * noise:
        return Finding("performance", now, limit, 1.0, check.metric, parts=(("labels", str(len(current))),))
    return None


def _column(drift: Drift) -> str:
    moved = ", ".join(f"{name}: {before:.0%} → {now:.0%}" for name, before, now in drift.moved[:2])
    return f"{drift.column} ({moved})"


def _errors(pairs: Sequence[tuple[object, object]], metric: str) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    if metric == "mae":
        return np.array([abs(float(p) - float(y)) for p, y in pairs])  # type: ignore[arg-type]
    return np.array([float(str(p) == str(y)) for p, y in pairs])


def _measure(pairs: Sequence[tuple[object, object]], metric: str) -> float:
    return float(_errors(pairs, metric).mean())


def _noise(pairs: Sequence[tuple[object, object]], metric: str) -> float:
    return float(_errors(pairs, metric).std() / np.sqrt(len(pairs)))
