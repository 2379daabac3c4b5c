"""What would be told of a simulated shop? Every window of every service, detectors and opening rule as the engine joins
them, without a store."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.anomalies.detectors import default_detectors, detect
from bot.anomalies.model import Anomaly
from bot.incidents.graph import ServiceGraph
from bot.incidents.opening import should_open
from bot.signals.fingerprint import fingerprint
from bot.signals.model import Evidence, Signal
from tests.anomalies.shop import GRAPH, MINUTE, SERVICES, START, Shop

COMPANY_FOR = timedelta(minutes=10)


@dataclass(frozen=True)
class Told:
    """In window `at` (counted from the start) this signal would have opened an incident."""

    at: int
    reason: str
    signal: Signal


def watch(
    shop: Shop, since: int = 0, until: int | None = None, services: Sequence[str] = tuple(SERVICES)
) -> list[Told]:
    return list(_watch(shop, since, shop.length if until is None else until, services))


def _watch(shop: Shop, since: int, until: int, services: Sequence[str]) -> Iterator[Told]:
    detectors, graph = default_detectors(), ServiceGraph(GRAPH)
    loose: list[Signal] = []
    for at in range(since, until):
        now = START + (at + 1) * MINUTE
        loose = [signal for signal in loose if signal.at > now - COMPANY_FOR]
        for service in services:
            window = shop.window(service, at)
            for anomaly in [] if window.is_learning else detect(window, detectors):
                signal = signal_of(anomaly, at)
                near = [other for other in loose if graph.distance(other.service, service) <= 2]
                seen = sum(other.title == signal.title for other in loose)  # the same template
                opening = should_open(signal, near, seen)
                if opening.opens:
                    yield Told(at, opening.reason, signal)
                loose.append(signal)


def signal_of(anomaly: Anomaly, at: int) -> Signal:
    return Signal(
        fingerprint=fingerprint(anomaly.kind, anomaly.service, anomaly.template_id),
        kind=anomaly.kind,
        service=anomaly.service,
        severity=anomaly.severity,
        began_at=anomaly.began_at,
        at=START + (at + 1) * MINUTE,
        title=anomaly.template_id,
        evidence=Evidence(template_id=anomaly.template_id, rate_now=anomaly.rate_now),
    )
