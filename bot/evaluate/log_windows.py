"""How well are the minutes found in which a labelled line stands?"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from bot.anomalies.detectors import default_detectors, detect
from bot.anomalies.deviation import past_of
from bot.anomalies.mix import UnusualMix
from bot.anomalies.mix_model import MixModel, fit_mix
from bot.anomalies.model import ServiceWindow, TemplateSeries
from bot.evaluate.log_sets import LabelledLine
from bot.evaluate.report import Cell, Outcome, Report, Table
from bot.logs.level import level_rank
from bot.logs.windows import MINUTE, window_start
from bot.signals.severity import Severity

HISTORY, FIT_EVERY = 180, 60
COLUMNS = ("detector", "F1", "precision", "recall", "alarms a day")
Start = Callable[[int], Callable[[int], None]]


def evaluate_lines(name: str, lines: Sequence[LabelledLine], start: Start) -> Report:
    """Minutes with lines are scored; those without say nothing."""
    detectors, unusual = default_detectors(), UnusualMix()
    rules: dict[str, Callable[[ServiceWindow], bool]] = {
        "Tocsin: minor or worse": lambda w: any(a.severity.at_least(Severity.MINOR) for a in detect(w, detectors)),
        "Tocsin: major": lambda w: any(a.severity.at_least(Severity.MAJOR) for a in detect(w, detectors)),
        "Tocsin: an unusual mix alone": lambda w: bool(unusual.detect(w)),
        "a template never seen": lambda w: any(t.first_at >= w.start and t.current for t in w.templates),
        "a line with level error or worse": lambda w: any(
            level_rank(t.level) >= level_rank("error") and t.current for t in w.templates
        ),
        "z > 3 of any template's count": _z,
        "flag everything": lambda w: True,
    }
    found: dict[str, list[bool]] = {rule: [] for rule in rules}
    labels: list[bool] = []
    done = start(len(lines))
    mix: MixModel | None = None
    for number, (bare, is_bad) in enumerate(_windows(lines)):
        mix = _mix(bare) if number % FIT_EVERY == 0 else mix
        window = replace(bare, mix=mix)
        labels.append(is_bad)
        for rule, judge in rules.items():
            found[rule].append(judge(window))
        done(sum(t.current for t in window.templates))
    days = max((lines[-1].at - lines[0].at) / timedelta(days=1), 1e-9)
    truth = np.array(labels)
    rows = tuple(_row(rule, np.array(said), truth, days) for rule, said in found.items())
    title = f"{name}: {len(lines):,} lines in {len(labels):,} minutes, {int(truth.sum())} with an alert"
    return Report((Table(title, COLUMNS, rows, ("no threshold is set with labels",)),))


def _mix(window: ServiceWindow) -> MixModel | None:
    """From the minutes of its history, all of which count as quiet."""
    past = past_of(window.templates, window.history_windows)
    return fit_mix(tuple(t.template_id for t in window.templates), past.T.astype(np.int64)) if past.size else None


def _row(
    rule: str,
    said: "np.ndarray[tuple[int], np.dtype[np.bool_]]",
    truth: "np.ndarray[tuple[int], np.dtype[np.bool_]]",
    days: float,
) -> dict[str, Cell]:
    outcome = Outcome(float((said & truth).sum()), float((~said & truth).sum()), float((said & ~truth).sum()))
    return {"detector": rule, **outcome.cells(), "alarms a day": round(float(said.sum()) / days, 2)}


def _windows(lines: Sequence[LabelledLine]) -> Iterator[tuple[ServiceWindow, bool]]:
    """Each minute with lines, and the history it has live; a longer silence than that leaves nothing of it."""
    first_at: dict[str, datetime] = {}
    past: deque[tuple[datetime, Counter[str]]] = deque()
    known: dict[str, LabelledLine] = {}
    for start, some in _by_minute(lines):
        while past and past[0][0] < start - HISTORY * MINUTE:
            past.popleft()
        for line in some:
            first_at.setdefault(line.template_id, line.at)
            known[line.template_id] = line
        current = Counter(line.template_id for line in some)
        began = window_start(lines[0].at)
        length = min(HISTORY, round((start - began) / MINUTE))
        yield _window(start, current, past, known, first_at, length), any(line.is_bad for line in some)
        past.append((start, current))


def _window(
    start: datetime,
    current: Counter[str],
    past: deque[tuple[datetime, Counter[str]]],
    known: dict[str, LabelledLine],
    first_at: dict[str, datetime],
    length: int,
) -> ServiceWindow:
    ids = sorted({i for _, counts in past for i in counts} | set(current))
    history = {i: [0] * length for i in ids}
    for at, counts in past:
        place = length - round((start - at) / MINUTE)
        for i, count in counts.items():
            if 0 <= place < length:
                history[i][place] = count
    templates = tuple(
        TemplateSeries(i, known[i].template, known[i].level, first_at[i], tuple(history[i]), current.get(i, 0))
        for i in ids
    )
    return ServiceWindow("labelled", start, MINUTE, templates, length)


def _by_minute(lines: Sequence[LabelledLine]) -> Iterator[tuple[datetime, list[LabelledLine]]]:
    some: list[LabelledLine] = []
    start = window_start(lines[0].at)
    for line in lines:
        if window_start(line.at) != start:
            yield start, some
            start, some = window_start(line.at), []
        some.append(line)
    yield start, some


def _z(window: ServiceWindow) -> bool:
    for template in window.templates:
        if template.history and template.current:
            past = np.array(template.history, dtype=np.float64)
            if abs(template.current - past.mean()) > 3 * max(float(past.std()), 1e-9):
                return True
    return False
