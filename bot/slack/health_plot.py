"""How healthy were things over the last days? A small PNG: a row for each service, pipeline and model, a column a day.

What is bad is dark and has its figure in it, so that nobody has to tell colours apart.
"""

import io
from collections.abc import Mapping
from datetime import date, timedelta

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bot.digests.health import Health, HealthTable, Trouble
from bot.slack.formats import duration, percent

DPI = 100
_WIDTH_INCHES, _ROW_INCHES, _MARGIN_INCHES = 6.4, 0.34, 0.75
_INK, _WELL, _NONE = "#3b3b3b", "#e3efe6", "#f4f4f4"
_BAD = ("#f6d5a8", "#e88d4a", "#b3361b")
_FROM = (0.0, 0.1, 0.4)
"""From which share of the day, or of the runs, on it is how bad."""

_NAME_MAX = 24


def plot_of_health(table: HealthTable, words: Mapping[str, str]) -> bytes:
    """PNG; nothing when there is nothing to draw. `words`: what stands in it, from `templates/words.j2`."""
    if not table.drawn:
        return b""
    height = _MARGIN_INCHES + _ROW_INCHES * len(table.drawn)
    figure = Figure(figsize=(_WIDTH_INCHES, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for place, row in enumerate(table.drawn):
        for day, trouble in enumerate(row.days):
            _cell(axes, day, place, row, trouble, len(table.dates))
    axes.set_xlim(0, len(table.dates))
    axes.set_ylim(len(table.drawn), 0)
    names = words["weekdays"].split()
    axes.set_xticks([day + 0.5 for day in range(len(table.dates))], [_day(one, names) for one in table.dates])
    axes.set_yticks([place + 0.5 for place in range(len(table.drawn))], [_name(row) for row in table.drawn])
    axes.xaxis.tick_top()
    axes.tick_params(colors=_INK, labelsize=8, length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    made = io.BytesIO()
    figure.savefig(made, format="png")
    return made.getvalue()


def _cell(axes: Axes, day: int, place: int, row: Health, trouble: Trouble, days: int) -> None:
    share = _share(row, trouble)
    is_known = row.kind == "service" or trouble.of > 0
    colour = _BAD[sum(share >= limit for limit in _FROM) - 1] if trouble else _WELL if is_known else _NONE
    axes.add_patch(Rectangle((day + 0.03, place + 0.06), 0.94, 0.88, facecolor=colour, edgecolor="none"))
    if trouble:
        ink = "#ffffff" if share >= _FROM[-1] else _INK
        axes.text(day + 0.5, place + 0.52, _figure(row, trouble, days), ha="center", va="center", fontsize=7, color=ink)


def _share(row: Health, trouble: Trouble) -> float:
    return trouble.lasted / timedelta(days=1) if row.kind == "service" else trouble.failed / max(1, trouble.of)


def _figure(row: Health, trouble: Trouble, days: int) -> str:
    if row.kind != "service":
        return f"{trouble.failed}/{trouble.of}" if days <= 7 else percent(_share(row, trouble))
    if trouble.lasted >= timedelta(days=1):
        return "24 h"
    whole = timedelta(hours=round(trouble.lasted / timedelta(hours=1)))
    return duration(whole if whole >= timedelta(hours=2) else trouble.lasted).replace(" 0 min", "")


def _day(one: date, names: list[str]) -> str:
    return f"{names[one.weekday()]}\n{one.day}"


def _name(row: Health) -> str:
    return row.name if len(row.name) <= _NAME_MAX else row.name[: _NAME_MAX - 1] + "…"
