"""When is the mix of a window unusual?"""

from dataclasses import replace

import numpy as np
from sklearn.ensemble import IsolationForest

from bot.anomalies.forest import SAMPLES, SEED, TREES, forest_of
from bot.anomalies.mix import UnusualMix
from bot.anomalies.mix_model import WINDOWS_MIN, fit_mix, pack, unpack
from bot.anomalies.model import ServiceWindow, TemplateSeries
from bot.anomalies.residuals import fit_residuals, q_statistic
from bot.signals.severity import Severity
from tests.anomalies.windows import series, window, with_mix

SHARES = {"cart": 0.2, "product": 0.5, "order": 0.1, "search": 0.2}


def mixed(lines: float, current: dict[str, int], windows: int = 180, seed: int = 3) -> ServiceWindow:
    rng = np.random.default_rng(seed)
    traffic = lines * rng.gamma(20, 1 / 20, windows)
    rows: list[TemplateSeries] = []
    for name, share in SHARES.items():
        rows.append(series(name, rng.poisson(traffic * share).tolist(), current[name]))
    return with_mix(window(*rows))


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


def test_without_a_model_nothing_is_said() -> None:
    assert UnusualMix().detect(replace(mixed(100, SWAPPED), mix=None)) == []


def test_a_mix_that_has_become_usual_meanwhile_is_not_told() -> None:
    old = mixed(100, SWAPPED)
    lately = window(*(series(name, [n] * 180, n) for name, n in SWAPPED.items()))
    assert UnusualMix().detect(replace(lately, mix=old.mix)) == []


def test_templates_that_are_gone_or_new_are_survived() -> None:
    known = mixed(100, SWAPPED)
    some = replace(known, templates=(*known.templates[1:], series("new", [0] * 180, 90)))
    [found] = UnusualMix().detect(some)
    assert {i for i, _ in found.contributions} <= {f"id of {name}" for name in SHARES}


# -- the model


def counts(windows: int, seed: int = 3, templates: int = 6) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    rng = np.random.default_rng(seed)
    return rng.poisson(rng.uniform(5, 60, templates), (windows, templates)).astype(np.int64)


NAMES = tuple(f"t{i}" for i in range(6))


def test_the_model_judges_alike_after_it_was_stored() -> None:
    model = fit_mix(NAMES, counts(300))
    assert model is not None
    again = unpack(pack(model))
    assert again is not None
    asked = model.mix_of(counts(50, seed=4).astype(np.float64))
    assert (again.forest.scores(asked) == model.forest.scores(asked)).all()
    assert (again.residuals.errors(asked) == model.residuals.errors(asked)).all()
    assert (again.limit, again.oddest, again.templates, again.lines, again.windows) == (
        (model.limit, model.oddest, model.templates, model.lines, model.windows)
    )
    assert pack(again) == pack(model)


def test_the_same_windows_give_the_same_model_and_few_give_none() -> None:
    one, other = fit_mix(NAMES, counts(300)), fit_mix(NAMES, counts(300))
    assert one is not None
    assert other is not None
    assert pack(one) == pack(other)
    assert fit_mix(NAMES, counts(WINDOWS_MIN - 1)) is None
    assert fit_mix(("alone",), counts(300)[:, :1]) is None
    assert fit_mix(NAMES, np.zeros((300, 6), dtype=np.int64)) is None


def test_what_is_damaged_or_of_another_version_is_fitted_anew_and_nothing_in_it_runs() -> None:
    model = fit_mix(NAMES, counts(300))
    assert model is not None
    packed = pack(model)
    for damaged in (b"", b"no model", packed[: len(packed) // 2], b"cposix\nsystem\n(S'true'\ntR."):
        assert unpack(damaged) is None


def test_a_large_model_takes_less_than_a_hundred_kilobytes() -> None:
    model = fit_mix(tuple(f"{i:016x}" for i in range(90)), counts(720, templates=90))
    assert model is not None
    assert len(model.templates) == 64
    assert len(pack(model)) < 100_000


def test_the_forest_scores_as_scikit_learn_does() -> None:
    vectors = np.sqrt(counts(400).astype(np.float64))
    trees = IsolationForest(n_estimators=TREES, max_samples=SAMPLES, random_state=SEED).fit(vectors)
    asked = np.sqrt(counts(100, seed=9).astype(np.float64) * np.array([1, 3, 1, 1, 0, 1]))
    assert np.allclose(forest_of(trees).scores(asked), -trees.score_samples(asked), atol=1e-6)


def test_chance_exceeds_the_q_statistic_about_once_in_a_thousand() -> None:
    rng = np.random.default_rng(1)
    scales = np.array([30.0, 10.0, 1.0, 1.0, 0.7, 0.5, 0.5])
    residuals = fit_residuals(rng.normal(size=(4_000, 7)) * scales, above_chance=False)
    assert residuals.components.shape == (2, 7)
    beyond = (residuals.errors(rng.normal(size=(200_000, 7)) * scales) > residuals.limit).mean()
    assert 0.0005 < beyond < 0.002


def test_the_q_statistic_of_equal_directions_is_that_of_a_chi_squared() -> None:
    """Of ten directions of variance 1 the sum is chi-squared: 0.1 % lie above 29.588; the formula approximates it."""
    assert abs(q_statistic(np.ones(10)) - 29.588) < 0.3


def test_counts_that_are_chance_in_every_direction_have_no_components() -> None:
    assert len(fit_residuals(np.random.default_rng(2).normal(size=(500, 20)), above_chance=True).components) == 0


def test_vectors_that_are_all_alike_leave_no_room_for_another() -> None:
    residuals = fit_residuals(np.array([[1.0, 2.0]] * 9), above_chance=False)
    assert (residuals.components.shape, residuals.limit) == ((0, 2), 0.0)
    assert residuals.errors(np.array([[1.0, 2.0], [1.0, 3.0]])).tolist() == [0.0, 1.0]
