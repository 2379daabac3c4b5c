"""Which mixes of templates are usual in a service? Fitted on quiet windows, kept as arrays, asked at each window.

A mix is the square roots of the counts as they would be in a window of usual size, for roots of counts scatter alike
however large these are. Two ways to be unusual: outside the plane of the usual mixes (`bot.anomalies.residuals`), and
isolated from them (`bot.anomalies.forest`).
"""

import io
import zipfile
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.anomalies.forest import Forest, fit_forest
from bot.anomalies.residuals import Residuals, fit_residuals
from bot.metrics.counts import Counts

VERSION = 1
TEMPLATES_MAX, WINDOWS_MIN = 64, 60
LINES_PER_WINDOW_MIN = 1.0
"""A template that is seldom written says nothing about a mix, and makes every window with such a line an odd one."""

SHARE_ODDER_MAX = 0.05
"""It must be more isolated than all but so many quiet windows. A forest cannot see how far outside something is, so the
oddest windows of a calm past score like real trouble."""

SHARE_FARTHER_MAX = 0.005
"""And farther from their plane than all but so many: real counts have heavier tails than the Q statistic assumes."""


@dataclass(frozen=True, slots=True)
class MixModel:
    """`lines`: of a usual window. `limit` is that of the squared prediction error, `oddest` that of the isolation."""

    templates: tuple[str, ...]
    lines: float
    windows: int
    residuals: Residuals
    limit: float
    forest: Forest
    oddest: float

    def mix_of(self, counts: Counts) -> Counts:
        """n x templates: the mixes of windows with these counts of `templates`."""
        return _mixes(counts, self.lines)

    def contributions(self, mix: Counts, most: int = 5) -> tuple[tuple[str, float], ...]:
        """(template id, share of the squared prediction error), the largest first."""
        parts = self.residuals.of(mix[None, :])[0] ** 2
        shares = parts / max(float(parts.sum()), 1e-12)
        largest = np.argsort(-shares, kind="stable")[:most].tolist()
        pairs = [(self.templates[i], round(float(shares[i]), 3)) for i in largest]
        return tuple(sorted((pair for pair in pairs if pair[1] > 0), key=lambda pair: (-pair[1], pair[0])))


def fit_mix(templates: tuple[str, ...], quiet: NDArray[np.int64]) -> MixModel | None:
    """`quiet`: windows x `templates`. Of the busiest templates; None when windows or templates are too few."""
    busiest = np.argsort(-quiet.sum(axis=0), kind="stable")[:TEMPLATES_MAX]
    enough = [int(i) for i in busiest if quiet[:, i].sum() >= LINES_PER_WINDOW_MIN * len(quiet)]
    order = sorted(enough, key=lambda i: templates[i])
    counts = quiet[:, order].astype(np.float64)
    counts = counts[counts.sum(axis=1) > 0]
    if len(counts) < WINDOWS_MIN or len(order) < 2:
        return None
    lines = float(np.median(counts.sum(axis=1)))
    mixes = _mixes(counts, lines)
    residuals, forest = fit_residuals(mixes, above_chance=True), fit_forest(mixes)
    farthest = float(np.quantile(residuals.errors(mixes), 1 - SHARE_FARTHER_MAX))
    return MixModel(
        templates=tuple(templates[i] for i in order),
        lines=lines,
        windows=len(counts),
        residuals=residuals,
        limit=max(residuals.limit, farthest, 1e-9),
        forest=forest,
        oddest=float(np.quantile(forest.scores(mixes), 1 - SHARE_ODDER_MAX)),
    )


def pack(model: MixModel) -> bytes:
    """As numpy's npz: arrays only, nothing in it can run."""
    forest, residuals = model.forest, model.residuals
    file = io.BytesIO()
    np.savez_compressed(
        file,
        version=np.array(VERSION),
        templates=np.array(model.templates, dtype=np.str_),
        figures=np.array([model.lines, model.windows, residuals.limit, model.limit, model.oddest, forest.usual]),
        middle=residuals.middle,
        components=residuals.components,
        roots=forest.roots,
        feature=forest.feature,
        threshold=forest.threshold,
        right=forest.right,
        path=forest.path,
    )
    return file.getvalue()


def unpack(packed: bytes) -> MixModel | None:
    """None when it is not of this version, or damaged: then it is fitted anew."""
    try:
        with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
            if int(arrays["version"]) != VERSION:
                return None
            lines, windows, q, limit, oddest, usual = (float(figure) for figure in arrays["figures"])
            forest = Forest(
                arrays["roots"], arrays["feature"], arrays["threshold"], arrays["right"], arrays["path"], usual
            )
            residuals = Residuals(arrays["middle"], arrays["components"], q)
            templates = tuple(str(name) for name in arrays["templates"])
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile):
        return None
    return MixModel(templates, lines, int(windows), residuals, limit, forest, oddest)


def _mixes(counts: Counts, lines: float) -> Counts:
    total = np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    mixes: Counts = np.sqrt(counts / total * max(lines, 1.0))
    return mixes
