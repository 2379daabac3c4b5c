"""How well is trouble found in logs? In sessions, in labelled lines, and in simulated counts."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from bot.evaluate.log_sets import Session, SessionSet, blocks_of, kind_of, lines_of, sessions_of
from bot.evaluate.log_windows import evaluate_lines
from bot.evaluate.report import Cell, Outcome, Report, Table
from bot.evaluate.session_detectors import Contender, contenders, flags
from bot.evaluate.simulated_counts import evaluate_counts
from bot.evaluate.simulated_mixes import evaluate_mixes

Start = Callable[[int], Callable[[int], None]]
SPLITS = 5
CONTAMINATION = 0.03
SESSION_COLUMNS = ("detector", "F1", "precision", "recall", "F1 min", "F1 max", "µs/session")


def evaluate(folder: Path | None, seed: int, normals: int, start: Start) -> Report:
    """Raises `InputError` when the folder has nothing to score. `normals`: for how many normal sessions the held-out
    ones stand; 0: for themselves."""
    if folder is None:
        counts = evaluate_counts(seed, start)
        return Report((*counts.tables, *evaluate_mixes(seed)))
    kind = kind_of(folder)
    if kind == "lines":
        return evaluate_lines(folder.name, lines_of(folder), start)
    found = sessions_of(folder) if kind == "sessions" else blocks_of(folder)
    compared = contenders()
    done = start((2 if found.held_out else 3) * len(compared) * SPLITS)
    tables = [_table(f"{folder.name}: learnt from normal sessions", found, seed, normals, 0.0, compared, done)]
    if not found.held_out:
        title = f"{folder.name}: learnt from the first half of the file's normal sessions, tested with the second"
        tables.append(_table(title, found, None, normals, 0.0, compared, done))
    title = f"{folder.name}: {CONTAMINATION:.0%} of the sessions learnt from are abnormal, and nobody says which"
    tables.append(_table(title, found, seed, normals, CONTAMINATION, compared, done))
    return Report(tuple(tables))


def _table(
    title: str,
    found: SessionSet,
    seed: int | None,
    normals: int,
    contamination: float,
    compared: Sequence[Contender],
    done: Callable[[int], None],
) -> Table:
    """`seed` None: the set in its own order, once; else the mean over so many random splits."""
    seeds = [None] if seed is None else [seed + i for i in range(SPLITS)]
    outcomes: dict[str, list[tuple[Outcome, float]]] = {one.name: [] for one in compared}
    for one_seed in seeds:
        train, normal, abnormal = _split(found, one_seed, contamination)
        for one in compared:
            outcomes[one.name].append(_score(one, train, normal, abnormal, normals, contamination, one_seed or 0))
            done(1)
    rows = tuple(_row(name, some) for name, some in outcomes.items())
    notes = (
        f"{len(found.train):,} normal sessions, {len(found.held_out):,} held out of their own, "
        f"{len(found.abnormal):,} abnormal; mean of {len(seeds)} split(s); thresholds are set without labels.",
    )
    return Table(title, SESSION_COLUMNS, rows, notes)


def _split(
    found: SessionSet, seed: int | None, contamination: float
) -> tuple[list[Session], list[Session], list[Session]]:
    """(training, held-out normals, abnormal); without a normal part of its own half of the training one is held out."""
    rng = np.random.default_rng(seed)
    train, abnormal = list(found.train), list(found.abnormal)
    if seed is not None:
        train = [train[i] for i in rng.permutation(len(train))]
        abnormal = [abnormal[i] for i in rng.permutation(len(abnormal))]
    normal = found.held_out
    if not normal:
        train, normal = train[: len(train) // 2], train[len(train) // 2 :]
    mixed_in = round(contamination / (1 - contamination) * len(train))
    return train + abnormal[:mixed_in], normal, abnormal[mixed_in:]


def _score(
    one: Contender,
    train: Sequence[Session],
    normal: Sequence[Session],
    abnormal: Sequence[Session],
    normals: int,
    contamination: float,
    seed: int,
) -> tuple[Outcome, float]:
    judge = one.learn(train, contamination == 0, seed)
    began = time.process_time()
    hits, false = flags(judge, abnormal), flags(judge, normal)
    cost = (time.process_time() - began) / max(1, len(normal) + len(abnormal))
    weight = normals / max(1, len(normal)) if normals else 1.0
    return Outcome(float(hits.sum()), float((~hits).sum()), float(false.sum()) * weight), cost * 1e6


def _row(name: str, scored: Sequence[tuple[Outcome, float]]) -> dict[str, Cell]:
    f1 = [outcome.f1 for outcome, _ in scored]
    return {
        "detector": name,
        "F1": round(float(np.mean(f1)), 3),
        "precision": round(float(np.mean([outcome.precision for outcome, _ in scored])), 3),
        "recall": round(float(np.mean([outcome.recall for outcome, _ in scored])), 3),
        "F1 min": round(min(f1), 3),
        "F1 max": round(max(f1), 3),
        "µs/session": round(float(np.mean([cost for _, cost in scored])), 1),
    }
