"""What can go wrong in the simulated shop, as its log lines show it? Ten faults that last twenty minutes."""

from collections.abc import Callable

from tests.anomalies.shop import Kind, Shop

LASTS = 20


def bad_deploy(shop: Shop, at: int) -> None:
    shop.restart("checkout", at - 1, gap=0.5)
    shop.scale("checkout", 0.4, at, at + LASTS, only="accepted")
    shop.add("checkout", Kind("total of order <NUM> cannot be converted to <*>", "error", 8), at, at + LASTS)


def bad_config(shop: Shop, at: int) -> None:
    shop.scale("payments", 0.0, at, at + LASTS, only="captured")
    shop.add("payments", Kind("gateway rejected credentials of merchant <*>", "error", 11), at, at + LASTS)


def slow_dependency(shop: Shop, at: int) -> None:
    shop.add("checkout", Kind("payment call took <NUM> ms", "warning", 9), at, at + LASTS)
    shop.add("checkout", Kind("payment call timed out after <NUM> ms", "error", 4), at, at + LASTS)
    shop.add("web", Kind("slow response took <NUM> ms", "warning", 45), at, at + LASTS)


def full_disk(shop: Shop, at: int) -> None:
    shop.add("recommender", Kind("cannot write cache: no space left on device", "error", 20), at, at + LASTS)


def lost_host(shop: Shop, at: int) -> None:
    shop.scale("checkout", 0.6, at, at + LASTS)
    shop.add("web", Kind("upstream checkout answered <NUM>", "error", 18), at, at + LASTS)


def expired_certificate(shop: Shop, at: int) -> None:
    shop.scale("web", 0.05, at, at + LASTS, only="order")
    shop.add("web", Kind("tls handshake with <IP>: certificate has expired", "error", 30), at, at + LASTS)


def poisoned_batch(shop: Shop, at: int) -> None:
    shop.add("orders_hourly", Kind("<NUM> rows skipped: missing currency", "warning", 400, "hourly"), at, at + LASTS)


def schema_change(shop: Shop, at: int) -> None:
    shop.scale("orders_hourly", 0.0, at, at + LASTS, only="loaded")
    shop.add("orders_hourly", Kind("column <*> of table orders does not exist", "error", 8, "hourly"), at, at + LASTS)
    shop.add("orders_hourly", Kind("Traceback (most recent call last)", "error", 8, "hourly"), at, at + LASTS)


def model_regression(shop: Shop, at: int) -> None:
    shop.add("recommender", Kind("fell back to popular items", "warning", 60), at, at + LASTS)


def traffic_spike(shop: Shop, at: int) -> None:
    for service in ("web", "checkout", "payments"):
        shop.scale(service, 9.0, at, at + LASTS)


FAULTS: tuple[Callable[[Shop, int], None], ...] = (
    bad_deploy,
    bad_config,
    slow_dependency,
    full_disk,
    lost_host,
    expired_certificate,
    poisoned_batch,
    schema_change,
    model_regression,
    traffic_spike,
)
