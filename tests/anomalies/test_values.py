"""When have the values in a template's lines changed, and when is it chance?"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from bot.anomalies.model import Anomaly, Place, ServiceWindow
from bot.anomalies.values import UnusualValues
from bot.logs.parameters import Parameters, Typical
from tests.anomalies.windows import NOON, series, window

FOUR_MINUTES = timedelta(minutes=4)
HOSTS = tuple(f"db-{n}" for n in range(8))


def place(past: Sequence[Typical], now: Typical, name: str = "host", unit: str = "") -> Place:
    return Place(name, unit, now, FOUR_MINUTES, tuple(past))


def detected(*places: Place) -> list[Anomaly]:
    return UnusualValues().detect(windowed(*places))


def windowed(*places: Place) -> ServiceWindow:
    return window(replace(series("query of <*> took <NUM> ms", [60] * 60, 60), places=places))


def of_hosts(rng: np.random.Generator, lines: int, only: float = 0.0) -> Typical:
    counted = Parameters()
    for host in rng.choice(HOSTS, lines):
        counted.add("", [HOSTS[3] if rng.random() < only else str(host)])
    return counted.typical("")[0]


def of_durations(rng: np.random.Generator, lines: int, middle: float = 80.0) -> Typical:
    counted = Parameters()
    for value in middle * rng.lognormal(0, 0.7, lines):
        counted.add("", [f"{value:.0f}"])
    return counted.typical("")[0]


def test_one_host_that_dominates_is_said_with_what_is_usual() -> None:
    rng = np.random.default_rng(1)
    [found] = detected(place([of_hosts(rng, 100) for _ in range(12)], of_hosts(rng, 100, only=0.8)))
    assert found.measure is not None
    assert found.measure.parts == (("value", "db-3"),)
    assert found.measure.now is not None
    assert found.measure.high is not None
    assert found.measure.now > 0.7
    assert found.measure.high < 0.3
    assert found.began_at == NOON + timedelta(minutes=1) - FOUR_MINUTES


def test_a_duration_that_doubled_is_said_with_what_is_usual() -> None:
    rng = np.random.default_rng(2)
    past = [of_durations(rng, 100) for _ in range(12)]
    [found] = detected(place(past, of_durations(rng, 100, middle=240), "took", "ms"))
    assert found.measure is not None
    assert found.measure.unit == "ms"
    assert found.measure.now == pytest.approx(240, rel=0.3)
    assert found.measure.high == pytest.approx(80, rel=0.5)


@pytest.mark.parametrize(
    "made",
    [
        lambda rng: place([of_hosts(rng, 100)] * 5, of_hosts(rng, 100, only=0.9)),  # too little is known
        lambda rng: place([of_hosts(rng, 100)] * 12, of_hosts(rng, 12, only=0.9)),  # too few lines now
        lambda rng: place([of_hosts(rng, 100, only=0.9)] * 12, of_hosts(rng, 100, only=1.0)),  # it always did
        lambda rng: place([of_durations(rng, 100)] * 12, of_durations(rng, 100, middle=500), "order"),  # no duration
        lambda rng: place([of_durations(rng, 100)] * 12, of_durations(rng, 100, middle=20), "took", "ms"),  # faster
        lambda rng: place([of_durations(rng, 100, 2)] * 12, of_durations(rng, 100, 5), "took", "ms"),  # rounding
        lambda rng: replace(
            place([of_hosts(rng, 100)] * 12, of_hosts(rng, 100, only=0.9)), now_for=timedelta(minutes=1)
        ),
    ],
    ids=["unknown", "few", "usual", "number", "faster", "tiny", "brief"],
)
def test_nothing_is_said_of(made: object) -> None:
    assert callable(made)
    assert detected(made(np.random.default_rng(3))) == []


def test_of_twenty_thousand_quiet_places_hardly_one_is_told() -> None:
    """Shares and durations that waver as a quiet service's were assumed to: 2 in 20,000 trials of two places."""
    rng = np.random.default_rng(4)
    told = 0
    for _ in range(20_000):
        middles, shares = 80 * rng.lognormal(0, 0.12, 25), rng.beta(8, 32, 25)
        lines = rng.integers(30, 250, 25)
        durations = [Typical(int(n), "9", 0.1, float(m), "ms") for n, m in zip(lines, middles, strict=True)]
        hosts = [Typical(int(n), "db-1", float(s)) for n, s in zip(lines, shares, strict=True)]
        told += len(detected(place(durations[:-1], durations[-1], "took", "ms"), place(hosts[:-1], hosts[-1])))
    assert told <= 2


def test_real_samples_of_thirty_lines_are_quiet_too() -> None:
    rng = np.random.default_rng(5)
    past = [of_hosts(rng, 60) for _ in range(24)]
    slow = [of_durations(rng, 60) for _ in range(24)]
    found = [
        detected(place(past, of_hosts(rng, 30)), place(slow, of_durations(rng, 30), "took", "ms")) for _ in range(500)
    ]
    assert found == [[]] * 500
