"""When is the mix of a window unusual?"""

import numpy as np
import pytest

from bot.anomalies import mix
from bot.anomalies.mix import UnusualMix
from bot.anomalies.model import ServiceWindow, TemplateSeries
from bot.signals.severity import Severity
from tests.anomalies.windows import series, window

SHARES = {"cart": 0.2, "product": 0.5, "order": 0.1, "search": 0.2}


def mixed(lines: float, current: dict[str, int], windows: int = 180, seed: int = 3) -> ServiceWindow:
    rng = np.random.default_rng(seed)
    traffic = lines * rng.gamma(20, 1 / 20, windows)
    rows: list[TemplateSeries] = []
    for name, share in SHARES.items():
        rows.append(series(name, rng.poisson(traffic * share).tolist(), current[name]))
    return window(*rows)


USUAL = {"cart": 21, "product": 48, "order": 9, "search": 22}
SWAPPED = {"cart": 22, "product": 5, "order": 60, "search": 20}


def test_a_usual_mix_is_not_told_however_busy_it_is() -> None:
    assert UnusualMix().detect(mixed(100, USUAL)) == []
    assert UnusualMix().detect(mixed(100, {name: 6 * n for name, n in USUAL.items()})) == []


def test_an_unusual_mix_is_minor_and_says_what_makes_it_unusual() -> None:
    [found] = UnusualMix().detect(mixed(100, SWAPPED))
    assert found.severity is Severity.MINOR
    assert found.score >= found.threshold
    assert {i for i, _ in found.contributions[:2]} == {"id of product", "id of order"}


def test_few_windows_or_few_lines_are_no_mix() -> None:
    assert UnusualMix().detect(mixed(100, SWAPPED, windows=25)) == []
    assert UnusualMix().detect(mixed(100, {"cart": 0, "product": 2, "order": 20, "search": 0})) == []


def test_one_template_alone_is_for_the_rates_to_tell() -> None:
    assert UnusualMix().detect(mixed(1000, {"cart": 200, "product": 500, "order": 180, "search": 200})) == []


def test_a_forest_serves_until_the_next_is_due_and_no_more_than_a_limit_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mix, "FORESTS_MAX", 2)
    detector = UnusualMix()
    for seed, kept in ((3, 1), (3, 1), (5, 2), (6, 2), (7, 2)):
        detector.detect(mixed(100, SWAPPED, seed=seed))
        assert len(detector._forests) == kept
