"""What do a service's lines say of it, counted per call? Failures beyond what is usual, and lines that calls leave out.

Lines of one path keep pace with each other, through one service and from a caller to what it calls. So a healthy line
is expected as often as the lines that it was in step with; where it comes less often, calls end before it. What a
service is expected to write for its callers is the least that any line of theirs in step with it asks for: where the
caller stops before it calls, its own later lines are missing, too, and the called service is not to blame.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bot.metrics.counts import Counts

FLOOR = 3.0
"""Effects are in units of so many standard deviations."""

WINDOWS_MIN = 10
LINES_PAST_MIN = 30
WINDOWS_LEFT_OUT = 0.1
"""Of the past, so many of the windows that fit worst are left out: earlier troubles."""

RATIO_MIN, RATIO_MAX = 0.2, 5.0
CALLER_RATIO_MIN, CALLER_RATIO_MAX = 0.1, 10.0
OUT_OF_STEP_MAX, OUT_OF_STEP_MIN = 0.5, 0.05
CALLER_OUT_OF_STEP_MAX, AS_ASKED_OUT_OF_STEP_MAX = 1.0, 0.5
"""In step: their difference varies at most so much, in the variance that two independent counts would have."""

PARTNERS, CALLER_PARTNERS = 3, 5
USUAL_FAILURES_MIN = 0.3
"""When a service is less busy, its failures are still expected at this share of their usual rate."""

TEMPLATES_MAX = 200
FAILURES, MISSING = "failures", "missing"


@dataclass(frozen=True, slots=True)
class ServiceLines:
    """Templates x windows: lines `before` the trouble began, and sums of the `windows` since."""

    service: str
    texts: tuple[str, ...]
    is_failing: tuple[bool, ...]
    before: Counts
    since: Counts
    windows: int


@dataclass(frozen=True, slots=True)
class LineEffect:
    """`size` in standard deviations; `what` is `FAILURES` or `MISSING`, `text` that of the template. `is_as_asked`: of
    what its callers ask of it nothing is missing, so that fewer lines are theirs to answer for."""

    size: float
    what: str
    text: str
    is_as_asked: bool = False


def line_effect(own: ServiceLines, callers: Sequence[ServiceLines]) -> LineEffect | None:
    """The strongest that the lines show, size 0 when that is nothing; None when too little is known of before."""
    if own.before.shape[1] < WINDOWS_MIN or not own.windows:
        return None
    asked = _missing_for_callers(own, callers)
    found = [*_failures(own), *_missing_in_step(own), *asked]
    strongest = max(found, key=lambda e: (e.size, e.text), default=None)
    if strongest is None:
        return None
    is_as_asked = any(e.is_as_asked for e in asked) and max(e.size for e in asked) < FLOOR
    return replace(strongest, size=max(strongest.size, 0.0), is_as_asked=is_as_asked)


def _failures(own: ServiceLines) -> list[LineEffect]:
    failing = np.flatnonzero(np.array(own.is_failing, dtype=bool))
    healthy = np.flatnonzero(~np.array(own.is_failing, dtype=bool))
    usual = own.windows / own.before.shape[1]
    busier = own.since[healthy].sum() / max(float(own.before[healthy].sum()), 1.0)
    expected = own.before[failing].sum(axis=1) * max(busier, USUAL_FAILURES_MIN * usual)
    sizes = _deviance(own.since[failing], expected)
    return [LineEffect(float(size), FAILURES, own.texts[i]) for i, size in zip(failing, sizes, strict=True)]


def _deviance(seen: Counts, expected: Counts) -> Counts:
    """Signed square root of twice the log likelihood ratio of two Poisson rates."""
    least = np.maximum(expected, 0.5)
    ratio = 2 * (seen * np.log(np.maximum(seen, 1e-9) / least) - (seen - least))
    signed: Counts = np.sign(seen - least) * np.sqrt(np.maximum(ratio, 0.0))
    return signed


def _missing_in_step(own: ServiceLines) -> list[LineEffect]:
    """By the lines of the same service: of those in closest step the one that asks for most."""
    busy = _busy(own)
    found = []
    for lost in busy:
        others = busy[busy != lost]
        ratio, scatter = _step(own.before[lost], own.before[others])
        fits = np.flatnonzero((ratio >= RATIO_MIN) & (ratio <= RATIO_MAX) & (scatter <= OUT_OF_STEP_MAX))
        nearest = fits[np.argsort(scatter[fits], kind="stable")][:PARTNERS]
        if nearest.size:
            expected = ratio[nearest] * own.since[others[nearest]]
            missing = _sigmas(own.since[lost], expected, ratio[nearest], scatter[nearest])
            found.append(LineEffect(float(missing.max()), MISSING, own.texts[lost]))
    return found


def _missing_for_callers(own: ServiceLines, callers: Sequence[ServiceLines]) -> list[LineEffect]:
    """By the lines of its callers: of those in closest step the one that asks for least, and no more than is usual: of
    more traffic not all need to arrive."""
    known = [c for c in callers if c.before.shape[1] >= WINDOWS_MIN and len(_busy(c))]
    if not known:
        return []
    windows = min(own.before.shape[1], *(c.before.shape[1] for c in known))
    others = np.vstack([c.before[_busy(c)][:, -windows:] for c in known])
    since = np.concatenate([c.since[_busy(c)] for c in known])
    found = []
    for lost in _busy(own):
        lines = own.before[lost][-windows:]
        if lines.sum() < LINES_PAST_MIN:
            continue
        ratio, scatter = _step(lines, others)
        fits = (ratio >= CALLER_RATIO_MIN) & (ratio <= CALLER_RATIO_MAX) & (scatter <= CALLER_OUT_OF_STEP_MAX)
        at = np.flatnonzero(fits)
        nearest = at[np.argsort(scatter[at], kind="stable")][:CALLER_PARTNERS]
        if nearest.size:
            usual = lines.mean() * own.windows
            expected = np.minimum(ratio[nearest] * since[nearest], usual)
            missing = _sigmas(own.since[lost], expected, ratio[nearest], scatter[nearest])
            in_step = bool(scatter[nearest].min() <= AS_ASKED_OUT_OF_STEP_MAX)
            found.append(LineEffect(float(missing.min()), MISSING, own.texts[lost], in_step))
    return found


def _busy(lines: ServiceLines) -> NDArray[np.intp]:
    """The healthy templates with enough lines, the busiest if there are very many."""
    total = lines.before.sum(axis=1)
    some = np.flatnonzero((total >= LINES_PAST_MIN) & ~np.array(lines.is_failing, dtype=bool))
    return np.sort(some[np.argsort(-total[some], kind="stable")][:TEMPLATES_MAX])


def _step(lost: Counts, others: Counts) -> tuple[Counts, Counts]:
    """For each of the others: lines of the lost one a line of it, and how far the two were out of step."""
    ratio = lost.sum() / np.maximum(others.sum(axis=1), 1e-9)
    off = (lost[None, :] - ratio[:, None] * others) ** 2
    keep = max(1, round(off.shape[1] * (1 - WINDOWS_LEFT_OUT)))
    kept = np.partition(off, keep - 1, axis=1)[:, :keep].mean(axis=1) if off.size else np.zeros(0)
    chance = (ratio + ratio**2) * others.mean(axis=1) if off.size else np.zeros(0)
    return ratio, kept / np.maximum(chance, 1e-9)


def _sigmas(seen: float, expected: Counts, ratio: Counts, scatter: Counts) -> Counts:
    """How many lines are missing, in standard deviations."""
    spread = np.sqrt(np.maximum(scatter, OUT_OF_STEP_MIN) * expected * (1 + ratio) + 1.0)
    missing: Counts = (expected - seen) / spread
    return missing
