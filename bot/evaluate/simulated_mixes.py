"""How well is a changed mix found when each template alone stays within what its own rate allows? Simulated.

The services of `simulated_counts` without its trouble; in every sixth window of the tested day the counts of four of a
service's templates are multiplied or divided by a factor each, so that both windows with and without trouble are many.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from bot.anomalies.dwindled import Dwindled
from bot.anomalies.mix import UnusualMix
from bot.anomalies.mix_model import MixModel, fit_mix
from bot.anomalies.model import Detector, ServiceWindow, TemplateSeries
from bot.anomalies.rate_down import RateDown
from bot.anomalies.rate_up import RateUp
from bot.evaluate.report import Cell, Table
from bot.evaluate.simulated_counts import DAY, TEMPLATES_EACH, Month
from bot.metrics.counts import Counts

LEARNT_WINDOWS, TROUBLED_EACH, CHANGED = 2 * DAY, 6, 4
FACTORS = ((1.5, 3.0), (3.0, 8.0))
COLUMNS = ("rule", "found", "false in 1,000 windows", "ms/window")
NOTES = (
    "found: share of the windows in which the mix was changed; false: of those in which it was not. Most of these "
    "services write few lines, whose mix is chance.",
)


def evaluate_mixes(seed: int) -> list[Table]:
    return [_table(seed, factors) for factors in FACTORS]


def _table(seed: int, factors: tuple[float, float]) -> Table:
    windows = list(_windows(seed, factors))
    rules: dict[str, Callable[[ServiceWindow], bool]] = {
        "Tocsin: mix, either of the two below": _says(UnusualMix()),
        "principal components alone": lambda w: w.mix is not None and _error(w, w.mix) > w.mix.limit,
        "isolation forest alone": lambda w: w.mix is not None and _isolation(w, w.mix) > w.mix.oddest,
        "Tocsin: rates of single templates": _says(RateUp(), RateDown(), Dwindled()),
    }
    rows = []
    for rule, judge in rules.items():
        began = time.process_time()
        said = np.array([judge(window) for window, _ in windows])
        cost = (time.process_time() - began) * 1e3 / len(windows)
        bad = np.array([is_bad for _, is_bad in windows])
        cells: dict[str, Cell] = {
            "rule": rule,
            "found": round(float(said[bad].mean()), 3),
            "false in 1,000 windows": round(float(said[~bad].mean()) * 1e3, 2),
            "ms/window": round(cost, 2),
        }
        rows.append(cells)
    low, high = factors
    title = f"mixes: {CHANGED} templates of a service {low:g} to {high:g} times more or fewer, {len(windows):,} windows"
    return Table(f"{title}, seed {seed}", COLUMNS, tuple(rows), NOTES)


def _says(*detectors: Detector) -> Callable[[ServiceWindow], bool]:
    return lambda window: any(detector.detect(window) for detector in detectors)


def _windows(seed: int, factors: tuple[float, float]) -> Iterator[tuple[ServiceWindow, bool]]:
    month = Month(seed, test_days=1, incidents=0)
    rng = np.random.default_rng(seed)
    learnt = month.counts[:, month.test_from - LEARNT_WINDOWS : month.test_from]
    models: dict[int, MixModel | None] = {}
    for at in range(month.test_from, month.length):
        for first, window in month.windows(at):
            if first not in models:
                names = tuple(str(row) for row in range(first, first + TEMPLATES_EACH))
                models[first] = fit_mix(names, learnt[first : first + TEMPLATES_EACH].T)
            model = models[first]
            if model is None:
                continue
            is_bad = at % TROUBLED_EACH == 0
            changed = _changed(window.templates, model, factors, rng) if is_bad else window.templates
            yield replace(window, templates=changed, mix=model), is_bad


def _changed(
    templates: tuple[TemplateSeries, ...],
    model: MixModel,
    factors: tuple[float, float],
    rng: np.random.Generator,
) -> tuple[TemplateSeries, ...]:
    chosen = set(rng.choice(model.templates, min(CHANGED, len(model.templates)), replace=False).tolist())
    made = []
    for template in templates:
        if template.template_id in chosen:
            factor = rng.uniform(*factors) if rng.random() < 0.5 else 1 / rng.uniform(*factors)
            template = replace(template, current=int(rng.poisson(template.current * factor)))
        made.append(template)
    return tuple(made)


def _mix(window: ServiceWindow, model: MixModel) -> Counts:
    counts = {t.template_id: t.current for t in window.templates}
    return model.mix_of(np.array([[counts.get(i, 0) for i in model.templates]], dtype=np.float64))


def _error(window: ServiceWindow, model: MixModel) -> float:
    return float(model.residuals.errors(_mix(window, model))[0])


def _isolation(window: ServiceWindow, model: MixModel) -> float:
    return float(model.forest.scores(_mix(window, model))[0])
