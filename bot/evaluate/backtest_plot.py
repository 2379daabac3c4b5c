"""When would the detectors have spoken? A row a detector, a dot a window."""

import io
from collections.abc import Sequence
from datetime import datetime

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateFormatter, AutoDateLocator
from matplotlib.figure import Figure

from bot.evaluate.backtest import Fired
from bot.signals.severity import Severity

COLOURS = {Severity.CRITICAL: "#c0392b", Severity.MAJOR: "#e67e22", Severity.MINOR: "#1264a3", Severity.INFO: "#b0b8bf"}
SIZE_INCHES, DPI = (9.0, 3.2), 110


def plot_backtest(fired: Sequence[Fired], since: datetime, until: datetime) -> bytes:
    """PNG."""
    figure = Figure(figsize=SIZE_INCHES, dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    names = sorted({one.detector for one in fired}) or ["nothing"]
    for severity, colour in COLOURS.items():
        some = [one for one in fired if one.anomaly.severity is severity]
        rows = [names.index(one.detector) for one in some]
        axes.scatter([one.at for one in some], rows, s=14, color=colour, label=severity.value)  # type: ignore[arg-type]
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(-0.5, len(names) - 0.5)
    axes.set_xlim(since, until)  # type: ignore[arg-type]
    locator = AutoDateLocator()  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(AutoDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8)
    made = io.BytesIO()
    figure.savefig(made, format="png")
    return made.getvalue()
