"""What do all detectors together tell of a window, and is what they found still going on?"""

import time
from datetime import timedelta

import numpy as np
import pytest

from bot.anomalies.detectors import ANOMALIES_MAX, default_detectors, detect, still_on
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


def test_five_thousand_templates_over_three_hours_are_checked_in_a_second() -> None:
    rng = np.random.default_rng(2)
    rates = rng.pareto(1.2, 5_000) + 0.05
    counts = rng.poisson(rates[:, None], (5_000, 181)).tolist()
    levels = ("info", "warning", "error", "")
    large = window(
        *(
            series(f"line {i} said", row[:-1], row[-1] * (50 if i % 50 == 0 else 1), levels[i % 4])
            for i, row in enumerate(counts)
        )
    )
    detectors = default_detectors()
    began = time.process_time()
    detect(large, detectors)
    assert time.process_time() - began < 1.0
