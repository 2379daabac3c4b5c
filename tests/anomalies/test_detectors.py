"""What do all detectors together tell of a window, and is what they found still going on?"""

from datetime import timedelta

import pytest

from bot.anomalies.detectors import ANOMALIES_MAX, default_detectors, detect, is_more_than_chance, still_on
from bot.signals.model import Evidence
from bot.signals.severity import Severity
from tests.anomalies.windows import series, window

MINUTE = timedelta(minutes=1)


def test_the_worst_stands_first_and_a_flood_is_cut() -> None:
    flood = [series(f"failure {i}", [0] * 60, 12, "error") for i in range(100)]
    odd = [series(f"odd {i}", [0] * 60, 1) for i in range(100)]
    found = detect(window(*odd, *flood), default_detectors())
    assert len(found) == ANOMALIES_MAX
    assert {a.severity for a in found} == {Severity.MAJOR}


@pytest.mark.parametrize(
    ("evidence", "lines", "on"),
    [
        (Evidence(template_id="t", rate_before=0.0, rate_now=80.0, baseline_low=0.0, baseline_high=0.0), 40, True),
        (Evidence(template_id="t", rate_before=0.0, rate_now=80.0, baseline_low=0.0, baseline_high=0.0), 8, False),
        (Evidence(template_id="t", rate_before=0.0, rate_now=80.0, baseline_low=0.0, baseline_high=0.0), 0, False),
        (Evidence(template_id="t", rate_before=5.0, rate_now=80.0, baseline_low=1.0, baseline_high=12.0), 13, True),
        (Evidence(template_id="t", rate_before=5.0, rate_now=80.0, baseline_low=1.0, baseline_high=12.0), 12, False),
        (Evidence(template_id="t", rate_before=60.0, rate_now=0.0, baseline_low=30.0, baseline_high=90.0), 5, True),
        (Evidence(template_id="t", rate_before=60.0, rate_now=0.0, baseline_low=30.0, baseline_high=90.0), 40, False),
        (Evidence(template_id="", rate_before=None, rate_now=None), 400, False),
    ],
)
def test_a_problem_is_on_until_its_rate_is_back_where_it_belongs(evidence: Evidence, lines: int, on: bool) -> None:
    assert still_on(evidence, lines, MINUTE) is on
    assert still_on(evidence, lines * 10, 10 * MINUTE) is on


@pytest.mark.parametrize(
    ("usual", "lines", "more"),
    [(0.0, 1, True), (0.17, 1, False), (0.17, 2, False), (0.17, 4, True), (8.0, 14, False), (8.0, 20, True)],
)
def test_lines_are_back_when_chance_seldom_brings_so_many(usual: float, lines: int, more: bool) -> None:
    evidence = Evidence(template_id="t", rate_before=usual, rate_now=60.0)
    assert is_more_than_chance(evidence, lines, MINUTE) is more
    assert is_more_than_chance(Evidence(template_id="t", rate_before=usual / 5), lines, 5 * MINUTE) is more
