"""Does our NAB scorer give the published detectors' published scores, and ours at least what is promised?"""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from bot.evaluate.nab import STANDARD, LabelledSeries, at_threshold, best_threshold, probation
from bot.evaluate.series_detectors import THRESHOLD, records
from bot.evaluate.series_sets import series_of
from tests.conftest import shared_data


@pytest.fixture(scope="module")
def nab() -> tuple[Path, list[LabelledSeries]]:
    folder = shared_data("data", "series", "nab")
    found, problems = series_of(folder)
    assert not problems
    return folder, found


@pytest.mark.parametrize(
    ("name", "score"), [("numenta", 70.25), ("randomCutForest", 54.72), ("windowedGaussian", 38.39)]
)
def test_published_scores_are_reproduced(nab: tuple[Path, list[LabelledSeries]], name: str, score: float) -> None:
    folder, series = nab
    scores = []
    for one in series:
        with gzip.open(folder / "results" / name / f"{one.name}.gz", "rt") as file:
            scores.append(np.array([float(row["anomaly_score"]) for row in csv.DictReader(file)]))
    assert round(best_threshold(series, scores, STANDARD).score, 2) == score


def test_ours_scores_at_least_sixty_five_on_every_second_cloud_series_at_its_fixed_threshold(
    nab: tuple[Path, list[LabelledSeries]],
) -> None:
    series = [one for one in nab[1] if one.name.startswith("realAWS")][::2]
    scored = at_threshold(series, [records(one) for one in series], THRESHOLD, STANDARD)
    assert scored.windows >= 10
    assert scored.score >= 65


def test_a_detector_that_never_fires_scores_nothing_and_one_that_knows_all_a_hundred(
    nab: tuple[Path, list[LabelledSeries]],
) -> None:
    series = nab[1][5:8]
    never = [np.zeros(len(one.at)) for one in series]
    knows = [_first_points(one) for one in series]
    assert best_threshold(series, never, STANDARD).score == 0
    assert at_threshold(series, knows, 1.0, STANDARD).score == pytest.approx(100)


def test_probation_is_fifteen_percent_and_at_most_750_points() -> None:
    assert [probation(length) for length in (100, 4032, 22_695)] == [15, 604, 750]


def _first_points(one: LabelledSeries) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    scores = np.zeros(len(one.at))
    for first, _ in one.windows:
        scores[one.at.index(first)] = 1.0
    return scores
