"""Has a column's distribution moved away from the reference? Told only when it matters and is no chance.

The size of a shift is Jensen and Shannon's distance over bins of the reference; that it is no chance is said by
Kolmogorov and Smirnov's test (numbers) or chi-squared (categories), with Benjamini and Hochberg's care for many
columns. The reference's own unrest (its chunks against itself) sets how large a shift has to be.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, ks_2samp

from bot.metrics.discoveries import discoveries

Numbers = NDArray[np.float64]

ROWS_MIN = 500
"""Below that a distance says more about the number of rows than about their distribution."""

DISTANCE_MIN = 0.1
FALSE_RATE = 1e-3
BINS, CATEGORIES_MAX = 10, 50
CHUNKS, SIGMAS = 10, 3.0
DISCRETE_MAX = 12
"""Numbers with no more different values are categories."""

OTHER = "(other)"
MISSING = "(missing)"


@dataclass(frozen=True, slots=True)
class Drift:
    """One column. `distance` 0..1 (Jensen-Shannon) and from which it is told, the p-value, PSI as people know it, and
    what changed most: (value or range, share before, share now)."""

    column: str
    distance: float
    threshold: float
    p_value: float
    psi: float
    is_drift: bool
    rows_before: int
    rows_now: int
    moved: tuple[tuple[str, float, float], ...] = ()


def drifts(
    reference: Mapping[str, Sequence[object]], current: Mapping[str, Sequence[object]]
) -> tuple[list[Drift], list[str]]:
    """(each column that both have, the one that moved most first; the columns with too few rows to say)."""
    found, too_few = [], []
    for column in reference:
        if column not in current:
            continue
        if min(len(reference[column]), len(current[column])) < ROWS_MIN:
            too_few.append(column)
            continue
        found.append(_drift(column, reference[column], current[column]))
    if found:
        real = discoveries(np.array([d.p_value for d in found]), FALSE_RATE)
        found = [_judged(d, bool(is_real)) for d, is_real in zip(found, real, strict=True)]
    return sorted(found, key=lambda d: (-d.distance / d.threshold, d.column)), too_few


def psi(before: Numbers, now: Numbers) -> float:
    """Population stability index of two sets of shares."""
    a, b = np.maximum(before, 1e-4), np.maximum(now, 1e-4)
    return float(((b - a) * np.log(b / a)).sum())


def jensen_shannon(before: Numbers, now: Numbers) -> float:
    """The distance (the root of the divergence to base 2) of two sets of shares: 0 equal, 1 nothing in common."""
    middle = (before + now) / 2
    return float(np.sqrt(max(0.0, (_divergence(before, middle) + _divergence(now, middle)) / 2)))


def _judged(drift: Drift, is_real: bool) -> Drift:
    return Drift(
        drift.column,
        drift.distance,
        drift.threshold,
        drift.p_value,
        drift.psi,
        is_real and drift.distance > drift.threshold,
        drift.rows_before,
        drift.rows_now,
        drift.moved,
    )


def _drift(column: str, reference: Sequence[object], current: Sequence[object]) -> Drift:
    before, now = _as_numbers(reference), _as_numbers(current)
    if before is not None and now is not None and len(np.unique(before[~np.isnan(before)])) > DISCRETE_MAX:
        edges = np.unique(np.nanquantile(before, np.linspace(0, 1, BINS + 1)[1:-1]))
        names = _range_names(edges)
        old, new = _binned(before, edges), _binned(now, edges)
        some_old, some_new = before[~np.isnan(before)], now[~np.isnan(now)]
        p = float(ks_2samp(some_old, some_new, method="asymp").pvalue) if len(some_new) else 0.0
        p = min(p, _p_of_counts(_counts(old, len(names))[-1:], _counts(new, len(names))[-1:], len(old), len(new)))
    else:
        names, old, new = _categories(reference, current)
        p = _p_of_table(_counts(old, len(names)), _counts(new, len(names)))
    shares, shares_now = _counts(old, len(names)) / len(old), _counts(new, len(names)) / len(new)
    moved = np.argsort(-np.abs(shares_now - shares), kind="stable")[:3]
    return Drift(
        column=column,
        distance=jensen_shannon(shares, shares_now),
        threshold=max(DISTANCE_MIN, _unrest(old, len(names), len(new))),
        p_value=p,
        psi=psi(shares, shares_now),
        is_drift=False,
        rows_before=len(old),
        rows_now=len(new),
        moved=tuple((names[i], float(shares[i]), float(shares_now[i])) for i in moved if shares[i] != shares_now[i]),
    )


def _unrest(old: NDArray[np.int64], size: int, rows: int) -> float:
    """How far chunks of the reference are from the whole, mean and three standard deviations; chunks of the current
    size where there are enough."""
    whole = _counts(old, size) / len(old)
    chunk = max(min(rows, len(old) // CHUNKS), 1)
    count = min(len(old) // chunk, CHUNKS)
    if chunk < ROWS_MIN or count < 3:
        return DISTANCE_MIN
    distances = [jensen_shannon(whole, _counts(old[i * chunk : (i + 1) * chunk], size) / chunk) for i in range(count)]
    return float(np.mean(distances) + SIGMAS * np.std(distances))


def _as_numbers(values: Sequence[object]) -> Numbers | None:
    """None when something in it is no number; missing values are NaN."""
    try:
        return np.array([np.nan if v is None or v == "" else float(v) for v in values])  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def _binned(values: Numbers, edges: Numbers) -> NDArray[np.int64]:
    """The bin of each value; the last one holds what is missing."""
    bins: NDArray[np.int64] = np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="right"))
    return bins


def _range_names(edges: Numbers) -> list[str]:
    words = [f"{edge:.4g}" for edge in edges]
    between = [f"{low} to {high}" for low, high in itertools.pairwise(words)]
    return [f"below {words[0]}", *between, f"{words[-1]} and above", MISSING]


def _categories(
    reference: Sequence[object], current: Sequence[object]
) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """The most frequent values of the reference, all others as one."""
    old, new = [_name(v) for v in reference], [_name(v) for v in current]
    values, counts = np.unique(np.array(old, dtype=object).astype(str), return_counts=True)
    kept = [str(values[i]) for i in np.argsort(-counts, kind="stable")[:CATEGORIES_MAX]]
    places = {name: i for i, name in enumerate(kept)}
    names = [*kept, OTHER]
    coded = [np.array([places.get(v, len(kept)) for v in some], dtype=np.int64) for some in (old, new)]
    return names, coded[0], coded[1]


def _name(value: object) -> str:
    return MISSING if value is None or value == "" else str(value)


def _counts(bins: NDArray[np.int64], size: int) -> Numbers:
    return np.bincount(bins, minlength=size).astype(np.float64)


def _p_of_counts(one: Numbers, other: Numbers, rows: int, other_rows: int) -> float:
    return _p_of_table(np.append(one, rows - one.sum()), np.append(other, other_rows - other.sum()))


def _p_of_table(one: Numbers, other: Numbers) -> float:
    """Chi-squared test that both have the same shares."""
    some = (one + other) > 0
    one, other = one[some], other[some]
    if len(one) < 2:
        return 1.0
    both = one + other
    expected = both * one.sum() / both.sum()
    expected_other = both - expected
    statistic = float(((one - expected) ** 2 / expected + (other - expected_other) ** 2 / expected_other).sum())
    return float(chi2.sf(statistic, len(one) - 1))


def _divergence(shares: Numbers, middle: Numbers) -> float:
    some = shares > 0
    return float((shares[some] * np.log2(shares[some] / middle[some])).sum())
