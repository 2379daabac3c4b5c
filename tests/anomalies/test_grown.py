"""When has a template that is seldom written grown for long enough?"""

from dataclasses import replace

import numpy as np

from bot.anomalies.detectors import default_detectors, detect
from bot.anomalies.grown import Grown
from bot.anomalies.model import Anomaly, TemplateSeries
from bot.signals.model import SignalKind
from bot.signals.severity import Severity
from tests.anomalies.windows import series, window

RARE = [int(n) for n in np.random.default_rng(4).poisson(1, 120)]
OTHERS = tuple(series(f"step {i} done", [20, 22, 19] * 43, 20) for i in range(4))


def grown(*templates: TemplateSeries) -> list[Anomaly]:
    return Grown().detect(window(*templates))


def test_what_is_written_thrice_as_often_for_eight_windows_is_told_as_information() -> None:
    [found] = grown(*OTHERS, series("cart merged", [*RARE, 3, 5, 4, 3, 5, 4, 4], 4))
    assert (found.kind, found.severity) == (SignalKind.RATE_UP, Severity.INFO)
    assert found.rate_now is not None
    assert found.rate_before is not None
    assert found.rate_now > 2.5 * found.rate_before
    assert found.baseline_high is not None
    assert found.baseline_high < found.rate_now


def test_failures_that_grow_are_minor() -> None:
    [found] = grown(*OTHERS, series("card declined", [*RARE, 3, 5, 4, 3, 5, 4, 4], 4, "error"))
    assert found.severity is Severity.MINOR


def test_one_busy_window_twice_as_much_and_what_is_over_are_not_told() -> None:
    assert grown(*OTHERS, series("cart merged", RARE, 6)) == []
    assert grown(*OTHERS, series("cart merged", [*RARE, 2, 2, 2, 2, 2, 2, 2], 2)) == []
    assert grown(*OTHERS, series("cart merged", [*RARE, 5, 5, 5, 5, 0, 0, 0, 0, 0, 0], 0)) == []


def test_what_has_just_begun_and_what_was_so_an_hour_ago_are_not_told() -> None:
    assert grown(*OTHERS, series("cache warmed", [*[0] * 112, *[5] * 14], 5)) == []
    again = [*RARE[:40], *[6] * 8, *RARE[48:], 3, 5, 4, 3, 5, 4, 4]
    assert grown(*OTHERS, series("report made", again, 4)) == []


def test_what_recurs_at_this_hour_on_other_days_is_not_told_and_more_than_that_is() -> None:
    batch = series("rows loaded", [*RARE, 9, 9, 9], 9)
    assert len(grown(*OTHERS, batch)) == 1
    assert grown(*OTHERS, replace(batch, seasonal=(1.5, 12.0))) == []
    assert len(grown(*OTHERS, replace(batch, seasonal=(1.5, 4.0)))) == 1


def test_what_two_detectors_find_of_one_template_is_told_once() -> None:
    made = window(*OTHERS, series("card declined", [*RARE, 9, 9, 9, 9, 9, 9, 9], 40, "error"))
    assert Grown().detect(made)
    found = [a for a in detect(made, default_detectors()) if a.template_id == "id of card declined"]
    assert [(a.kind, a.severity) for a in found] == [(SignalKind.RATE_UP, Severity.MAJOR)]
