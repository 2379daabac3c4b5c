"""How well are drift and a lack of room told? On CSV pairs that people bring, or on seeded simulations."""

import csv
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from scipy.stats import ks_2samp

from bot.checks.drift import BINS, Numbers, drifts, jensen_shannon, psi
from bot.errors import InputError
from bot.evaluate.report import Cell, Outcome, Report, Table
from bot.metrics.forecast import forecast

Start = Callable[[int], Callable[[int], None]]
Columns = dict[str, list[str]]
ROWS_MAX = 5_000_000
RUNS, FLAT_WEEKS, FORECASTS = 200, 1_000, 200
SIZES, SHIFTS = (100, 500, 1_000, 5_000, 50_000), (0.0, 0.1, 0.25, 0.5)
REFERENCE_ROWS = 10_000
STEP, NOW = timedelta(minutes=5), datetime(2026, 11, 1, tzinfo=UTC)


def evaluate(folder: Path | None, seed: int, start: Start) -> Report:
    """Raises `InputError` when the folder has nothing to score."""
    if folder is not None:
        return _pairs(folder, start)
    done = start(len(SIZES) * len(SHIFTS) + 3)
    return Report((_drift_table(seed, done), _capacity_table(seed, done)))


# -- drift, simulated


def _drift_table(seed: int, done: Callable[[int], None]) -> Table:
    rows = []
    for rows_now in SIZES:
        for shift in SHIFTS:
            rows.append(_drift_row(np.random.default_rng([seed, rows_now, int(100 * shift)]), rows_now, shift))
            done(1)
    columns = ("rows now", "shift (sd)", "Tocsin", "KS p < .05", "PSI > .1", "PSI > .25", "JS > .1", "ms")
    notes = (
        f"share of {RUNS} runs told as drift; reference {REFERENCE_ROWS:,} rows of a normal distribution; ms: ours.",
    )
    return Table(f"drift, simulated, seed {seed}", columns, tuple(rows), notes)


def _drift_row(rng: np.random.Generator, rows_now: int, shift: float) -> dict[str, Cell]:
    told = np.zeros(5)
    cost, too_few = 0.0, False
    runs = RUNS if rows_now < max(SIZES) else RUNS // 4
    for _ in range(runs):
        before, now = rng.normal(0, 1, REFERENCE_ROWS), rng.normal(shift, 1, rows_now)
        began = time.process_time()
        found, few = drifts({"x": before.tolist()}, {"x": now.tolist()})
        cost += time.process_time() - began
        too_few = bool(few)
        old, new = _shares(before, before), _shares(before, now)
        value, distance = psi(old, new), jensen_shannon(old, new)
        p = float(ks_2samp(before, now, method="asymp").pvalue)
        told += [any(d.is_drift for d in found), p < 0.05, value > 0.1, value > 0.25, distance > 0.1]
    ours: Cell = "not enough data" if too_few else round(float(told[0]) / runs, 3)
    names = ("KS p < .05", "PSI > .1", "PSI > .25", "JS > .1")
    others = {name: round(float(share) / runs, 3) for name, share in zip(names, told[1:], strict=True)}
    return {"rows now": rows_now, "shift (sd)": shift, "Tocsin": ours, **others, "ms": round(cost / runs * 1e3, 1)}


def _shares(reference: Numbers, values: Numbers) -> Numbers:
    edges = np.quantile(reference, np.linspace(0, 1, BINS + 1)[1:-1])
    shares: Numbers = np.bincount(np.searchsorted(edges, values), minlength=BINS) / len(values)
    return shares


# -- capacity, simulated


def _capacity_table(seed: int, done: Callable[[int], None]) -> Table:
    rows = []
    for days in (7, 30):
        for cleaned in (False, True):
            rows.append(_capacity_row(np.random.default_rng([seed, days, cleaned]), days, cleaned))
        done(1)
    rows.append(_flat_row(np.random.default_rng(seed)))
    done(1)
    columns = ("series", "told", "median", "5 %", "95 %", "in interval", "line (OLS) of 7 d")
    notes = (
        "estimated / true days until the limit, of a week at 5 minutes with a daily sawtooth; told: how many said "
        "anything (of the flat series: every one is false). In interval: the truth lay between earliest and latest.",
    )
    return Table(f"capacity, simulated, seed {seed}", columns, tuple(rows), notes)


def _capacity_row(rng: np.random.Generator, days: int, cleaned: bool) -> dict[str, Cell]:
    ratios, lines, inside = [], [], 0
    for _ in range(FORECASTS):
        values, true = _filling(rng, days, cleaned)
        found = forecast(values, STEP, NOW, 100.0)
        slope, level = np.polyfit(np.arange(len(values)) / 288, values, 1)
        if slope > 0:
            lines.append((100.0 - (level + slope * 7)) / slope / true)
        if found is not None:
            ratios.append((found.at - NOW) / timedelta(days=1) / true)
            at = NOW + timedelta(days=true)
            inside += found.earliest <= at and (found.latest is None or at <= found.latest)
    low, middle, high = np.percentile(ratios, [5, 50, 95]) if ratios else (np.nan,) * 3
    return {
        "series": f"full in {days} d{', a clean-up in the week' if cleaned else ''}",
        "told": f"{len(ratios)}/{FORECASTS}",
        "median": round(float(middle), 3),
        "5 %": round(float(low), 3),
        "95 %": round(float(high), 3),
        "in interval": round(inside / max(1, len(ratios)), 3),
        "line (OLS) of 7 d": round(float(np.median(lines)), 2) if lines else None,
    }


def _filling(rng: np.random.Generator, days: int, cleaned: bool) -> tuple[Numbers, float]:
    """A week of a disk that fills, and the days until it first reaches 100."""
    t = np.arange(-7 * 288, 60 * 288) / 288
    per_day = rng.uniform(0.4, 1.2)
    whole = 100.0 - per_day * days + per_day * t + 2.0 * ((t + rng.uniform()) % 1)
    true = float(t[(t > 0) & (whole >= 100.0)][0])
    values = whole[t <= 0] + rng.normal(0, 0.05, int((t <= 0).sum()))
    if cleaned:
        values[t[t <= 0] < rng.uniform(-6, -1)] += 10.0
    return values, true


def _flat_row(rng: np.random.Generator) -> dict[str, Cell]:
    false = 0
    t = np.arange(7 * 288 + 1) / 288
    for i in range(FLAT_WEEKS):
        values = (
            rng.uniform(40, 95)
            + rng.uniform(0, 3) * np.sin(2 * np.pi * t)
            + rng.normal(0, rng.uniform(0.01, 1), len(t))
        )
        values += (
            0.0 * t,
            np.cumsum(rng.normal(0, 0.02, len(t))),
            2.0 * ((t * rng.integers(1, 4)) % 1),
            np.where(t > rng.uniform(1, 6), rng.uniform(-5, 5), 0.0),
        )[i % 4]
        false += forecast(np.minimum(values, 99.9), STEP, NOW, 100.0) is not None
    return {"series": "flat, wandering, sawtooth, one step", "told": f"{false}/{FLAT_WEEKS}"}


# -- what people bring


def _pairs(folder: Path, start: Start) -> Report:
    """`NAME.reference.csv` and `NAME.current.csv`; a name that begins with `drift` should be told, others not."""
    if not folder.is_dir():
        raise InputError("there is no such folder", place=str(folder))
    names = sorted(path.name.removesuffix(".reference.csv") for path in folder.glob("*.reference.csv"))
    if not names:
        raise InputError(
            "no NAME.reference.csv beside a NAME.current.csv in it (see docs/detection.md)", place=str(folder)
        )
    done = start(len(names))
    rows: list[dict[str, Cell]] = []
    hits: list[tuple[bool, bool]] = []
    for name in names:
        found, too_few = drifts(_columns(folder / f"{name}.reference.csv"), _columns(folder / f"{name}.current.csv"))
        drifted = [d for d in found if d.is_drift]
        hits.append((name.startswith("drift"), bool(drifted)))
        told = ", ".join(f"{d.column} ({d.distance:.2f})" for d in drifted) or ("not enough data" if too_few else "–")
        rows.append({"set": name, "columns": len(found), "drifted": told})
        done(1)
    outcome = _outcome(hits)
    note = f"precision {outcome.precision:.3f}, recall {outcome.recall:.3f}, F1 {outcome.f1:.3f}"
    return Report((Table(folder.name, ("set", "columns", "drifted"), tuple(rows), (note,)),))


def _outcome(hits: Sequence[tuple[bool, bool]]) -> Outcome:
    return Outcome(
        float(sum(truth and told for truth, told in hits)),
        float(sum(truth and not told for truth, told in hits)),
        float(sum(told and not truth for truth, told in hits)),
    )


def _columns(path: Path) -> Columns:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            columns: Columns = {name: [] for name in rows.fieldnames or ()}
            for row in rows:
                if rows.line_num > ROWS_MAX or None in row or None in row.values():
                    raise InputError(
                        "it has more rows than are read, or not as many columns as its header",
                        place=f"{path}:{rows.line_num}",
                    )
                for name, value in row.items():
                    columns[name].append(value)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"it cannot be read as CSV: {error}", place=str(path)) from error
    return columns
