"""What does a signal look like over time? A small PNG: the figures, the band that is usual, the limit.

Drawn by matplotlib without its global state, so that threads do not meet.
"""

import io
import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bot.signals.model import Evidence, Signal

SIZE_INCHES, DPI = (6.4, 2.4), 100
_INK, _LINE, _BAND, _LIMIT = "#3b3b3b", "#1264a3", "#d6e6f2", "#c0392b"
POINTS_MIN = 5


def plot_of(signal: Signal, length_s: int, words: Mapping[str, str]) -> bytes:
    """PNG; nothing when there are too few figures to draw. `length_s`: of one window of log lines. `words`: what
    stands in it, from `templates/words.j2`."""
    values, step_s, unit = _figures(signal.evidence, length_s)
    if sum(value is not None for value in values) < POINTS_MIN:
        return b""
    figure = Figure(figsize=SIZE_INCHES, dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    minutes = [(i - len(values) + 1) * step_s / 60 for i in range(len(values))]
    per, time_unit = _scale(-minutes[0])
    x = [-minute / per for minute in minutes]
    axes.plot(x, [math.nan if value is None else value for value in values], color=_LINE, linewidth=1.6)
    if values[-1] is not None:
        axes.plot(x[-1:], [values[-1]], marker="o", color=_LINE, markersize=5)
    _mark(axes, signal.evidence, words)
    axes.invert_xaxis()
    axes.set_xlabel(words[time_unit], color=_INK, fontsize=9)
    axes.set_ylabel(words["lines"] if unit is None else unit, color=_INK, fontsize=9)
    axes.tick_params(colors=_INK, labelsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    made = io.BytesIO()
    figure.savefig(made, format="png")
    return made.getvalue()


def _figures(seen: Evidence, length_s: int) -> tuple[Sequence[float | None], int, str | None]:
    if seen.measure is not None:
        return seen.measure.values, seen.measure.step_s or length_s, seen.measure.unit
    minutes = length_s / 60
    return [lines / minutes for lines in seen.series], length_s, None


def _mark(axes: Axes, seen: Evidence, words: Mapping[str, str]) -> None:
    low, high = seen.baseline_low, seen.baseline_high
    limit = None
    if seen.measure is not None:
        low, high, limit = seen.measure.low, seen.measure.high, seen.measure.limit
    if low is not None and high is not None:
        axes.axhspan(low, high, color=_BAND, zorder=0, label=words["usual"])
    if limit is not None:
        axes.axhline(limit, color=_LIMIT, linewidth=1.2, linestyle="--", label=words["limit"])
    if limit is not None or (low is not None and high is not None):
        axes.legend(loc="upper left", fontsize=8, frameon=False)


def _scale(minutes: float) -> tuple[float, str]:
    if minutes > 2 * 24 * 60:
        return 24 * 60, "days"
    return (60, "hours") if minutes > 180 else (1, "minutes")
