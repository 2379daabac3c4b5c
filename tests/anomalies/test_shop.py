"""Is a quiet week quiet, and is a fault found at once? In a simulated shop, window by window, with seeds."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.anomalies.faults import FAULTS
from tests.anomalies.shop import Kind, Shop
from tests.anomalies.watch import watch

TEN, NIGHT, EVENING = 10 * 60, 25 * 60, 20 * 60 + 7 * 60


def quiet_week(seed: int) -> Shop:
    """Day and night, a week-end, oddities, a dozen healthy deploys (some word their lines anew), a noisy restart."""
    shop, rng = Shop(seed), np.random.default_rng(seed + 100)
    shop.oddities()
    for i in range(12):
        service = ("web", "checkout", "payments", "recommender")[i % 4]
        reworded = {0: "GET /product", 2: "captured"}.get(i, "")
        shop.deploy(service, int(rng.integers(200, shop.length - 200)), reworded)
    shop.restart("checkout", 5_000, gap=1.4, noise=8)
    return shop


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_quiet_week_tells_nothing(seed: int) -> None:
    assert watch(quiet_week(seed)) == []


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_is_told_within_two_windows(fault: Callable[[Shop, int], None], seed: int) -> None:
    began = 20 * 60 if seed == 1 else (8 + 4 * seed) * 60
    shop = Shop(seed, days=1.5)
    shop.oddities()
    fault(shop, began)
    told = watch(shop, began - 10, began + 5)
    assert told
    assert 0 <= told[0].at - began <= 1


def test_a_failure_at_the_quietest_hour_is_told_within_four_windows() -> None:
    shop = Shop(7, days=1.5)
    shop.add(
        "checkout", Kind("total of order <NUM> cannot be converted to <*>", "error", 12), 24 * 60 + 180, 24 * 60 + 200
    )
    told = watch(shop, 24 * 60 + 170, 24 * 60 + 190, ["checkout"])
    assert 0 <= told[0].at - (24 * 60 + 180) <= 3


def test_a_missing_heartbeat_is_noticed_within_five_windows_and_not_told_alone() -> None:
    shop = Shop(3, days=1)
    shop.scale("payments", 0.0, 700, 760, only="heartbeat")
    assert watch(shop, 690, 730, ["payments"]) == []
