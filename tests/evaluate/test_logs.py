"""Are odd HDFS sessions found as well as promised, and is trouble in counts told without crying wolf?"""

import pytest

from bot.evaluate.log_sets import sessions_of
from bot.evaluate.logs import CONTAMINATION, _score, _split
from bot.evaluate.session_detectors import contenders
from bot.evaluate.simulated_counts import evaluate_counts
from tests.conftest import shared_data

NORMALS = 552_640


@pytest.mark.parametrize(("contamination", "f1"), [(0.0, 0.88), (CONTAMINATION, 0.85)])
def test_odd_hdfs_sessions_are_found_with_a_threshold_set_without_labels(contamination: float, f1: float) -> None:
    found = sessions_of(shared_data("data", "sessions", "hdfs"))
    scored = [_f1(found, seed, contamination) for seed in (10, 11)]
    assert min(scored) >= f1


def _f1(found: "object", seed: int, contamination: float) -> float:
    train, normal, abnormal = _split(found, seed, contamination)  # type: ignore[arg-type]
    return _score(contenders()[0], train, normal, abnormal, NORMALS, contamination, seed)[0].f1


def test_four_hundred_templates_give_at_most_two_false_alarms_a_day_and_troubles_are_found() -> None:
    rows = evaluate_counts(1, lambda total: lambda count: None, days=1).tables[0].rows
    ours, z = rows[0], rows[1]
    assert isinstance(ours["false/day"], float)
    assert ours["false/day"] <= 2
    assert isinstance(z["false/day"], float)
    assert z["false/day"] > 1_000
    assert isinstance(ours["recall"], float)
    assert ours["recall"] >= 0.4
