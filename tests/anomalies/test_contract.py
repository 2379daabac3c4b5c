"""What must hold for every detector?"""

import random
from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.anomalies.detectors import default_detectors, detect
from bot.anomalies.model import Anomaly, Detector, Place, ServiceWindow, TemplateSeries
from bot.logs.parameters import Typical
from tests.anomalies.shop import Kind, Shop
from tests.anomalies.windows import MINUTE, NOON, series, window, with_mix

DETECTORS = default_detectors()


@cache
def noisy(past: int = 120, templates: int = 6, seed: int = 1, spike: int = 1) -> ServiceWindow:
    rng = random.Random(seed)
    rows = [[rng.randint(5 * i, 5 * i + 8) for _ in range(past)] for i in range(1, templates + 1)]
    made = (series(f"line {i} written", row, row[-1] * (spike if i % 2 else 1)) for i, row in enumerate(rows))
    return with_mix(window(*made))


@cache
def troubled() -> list[ServiceWindow]:
    """A window of each kind of trouble, from the simulated shop."""
    shop = Shop(seed=5, days=0.5)
    shop.add("checkout", Kind("total of order <NUM> cannot be converted", "error", 60), 400, 410)
    shop.add("payments", Kind("card <NUM> declined by issuer", "warning", 90), 420, 430)
    shop.scale("recommender", 0.0, 440, 450)
    shop.scale("web", 0.05, 460, 470, only="product")
    shop.scale("web", 9, 460, 470, only="order")
    found = [("checkout", 400), ("payments", 422), ("recommender", 441), ("web", 460)]
    values = [Typical(100, "db-1", 0.2, 80.0 + n, "ms") for n in range(12)]
    slow = Place("took", "ms", Typical(100, "9", 0.2, 400.0, "ms"), timedelta(minutes=4), tuple(values))
    taking = replace(series("query took <NUM> ms", [60] * 60, 60), places=(slow,))
    began = [10 + n % 3 for n in range(60)]
    halfway = window(series("order received", began, 12), series("order accepted", began, 0))
    return [with_mix(w) for w in (*(shop.window(service, at) for service, at in found), window(taking), halfway)]


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.name)
def test_the_same_window_gives_the_same_anomalies_whatever_was_asked_before(detector: Detector) -> None:
    windows = [*troubled(), noisy(spike=40)]
    fresh = {d.name: d for d in default_detectors()}[detector.name]
    forwards = [fresh.detect(w) for w in windows]
    backwards = [detector.detect(w) for w in reversed(windows)]
    assert forwards == list(reversed(backwards))


def test_each_kind_of_trouble_is_found_by_the_detector_that_is_made_for_it() -> None:
    found = {a.kind.value for w in troubled() for a in detect(w, DETECTORS)}
    assert found == {"new_template", "rate_up", "rate_down", "broken_off", "unusual_mix", "unusual_values"}


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.name)
@pytest.mark.parametrize(
    "odd",
    [
        window(),
        window(series("alone", [], 5)),
        window(series("nothing at all", [0] * 200, 0)),
        window(series("short history", [1, 2], 900), series("long history", [3] * 90, 1)),
        window(series("", [1] * 60, 900, level="no such level")),
        window(series("huge", [10**9] * 60, 2 * 10**12, level="error"), series("small", [1] * 60, 0)),
        window(*(series(f"<*> {i}", [0] * 60, 1, level="fatal") for i in range(500))),
        window(series("a second", [5] * 600, 500, level="error"), length=timedelta(seconds=1)),
        window(series("an hour", [5] * 60, 0), length=timedelta(hours=1)),
    ],
    ids=["empty", "no history", "silent", "ragged", "unknown level", "huge", "many new", "seconds", "hours"],
)
def test_the_unseen_the_empty_and_the_huge_are_survived(detector: Detector, odd: ServiceWindow) -> None:
    for anomaly in detector.detect(with_mix(odd)):
        explained(anomaly, odd)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.text(max_size=30),
            st.sampled_from(["", "info", "warning", "error", "fatal"]),
            st.lists(st.integers(0, 10_000), max_size=70),
            st.integers(0, 10**7),
        ),
        max_size=12,
    ),
    st.integers(1, 600),
)
def test_any_window_is_survived_and_every_anomaly_explains_itself(
    rows: list[tuple[str, str, list[int], int]], length_s: int
) -> None:
    templates = tuple(
        TemplateSeries(f"id{i}", text, level, NOON, tuple(history), current)
        for i, (text, level, history, current) in enumerate(rows)
    )
    past = max((len(t.history) for t in templates), default=0)
    made = with_mix(ServiceWindow("checkout", NOON, timedelta(seconds=length_s), templates, past))
    for anomaly in detect(made, DETECTORS):
        explained(anomaly, made)


@pytest.mark.parametrize("made", troubled())
def test_what_is_found_explains_itself(made: ServiceWindow) -> None:
    found = detect(made, DETECTORS)
    assert found
    for anomaly in found:
        explained(anomaly, made)


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.name)
def test_a_usual_window_gives_nothing(detector: Detector) -> None:
    assert [detector.detect(noisy(seed=seed)) for seed in range(20)] == [[]] * 20


def explained(anomaly: Anomaly, made: ServiceWindow) -> None:
    """Score over threshold; for a template the band it left, in lines a minute; for a mix what contributes."""
    assert anomaly.service == made.service
    assert anomaly.score >= anomaly.threshold > 0
    assert made.start - 400 * made.length <= anomaly.began_at <= made.end
    assert all(0 < share <= 1 for _, share in anomaly.contributions)
    known = {t.template_id: t for t in made.templates}
    if anomaly.measure is not None:
        assert anomaly.template_id in known
        assert anomaly.measure.low is not None
        assert anomaly.measure.high is not None
        assert anomaly.measure.now is not None
        assert 0 <= anomaly.measure.low <= anomaly.measure.high < anomaly.measure.now
        return
    assert all(i in known for i, _ in anomaly.contributions)
    if not anomaly.template_id:
        assert anomaly.contributions
        return
    assert anomaly.baseline_low is not None
    assert anomaly.baseline_high is not None
    assert 0 <= anomaly.baseline_low <= anomaly.baseline_high
    assert anomaly.rate_now is not None
    assert anomaly.rate_before is not None
    seen = known[anomaly.template_id]
    assert anomaly.rate_now * (made.length / MINUTE) <= max((*seen.history, seen.current)) + 1e-9
    assert not anomaly.baseline_low <= anomaly.rate_now <= anomaly.baseline_high or anomaly.rate_now == 0
