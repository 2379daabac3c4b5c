"""What is the demo shop made of, and what can go wrong in it?"""

from collections.abc import Mapping
from dataclasses import dataclass

PIPELINE = "orders_hourly"
MODEL = "recommender"


@dataclass(frozen=True, slots=True)
class Service:
    """`lines` are per minute at noon. `past` are the versions it had, oldest first, with the number of minutes
    before the first start at which they were released. Pipeline and model have none: they are not deployed from git."""

    name: str
    lines: int
    depends_on: tuple[str, ...] = ()
    past: tuple[tuple[str, int], ...] = ()

    @property
    def file(self) -> str:
        return f"services/{self.name}.yaml"

    @property
    def is_deployed(self) -> bool:
        return bool(self.past)


@dataclass(frozen=True, slots=True)
class KnockOn:
    """Another service's usual warning that comes more often."""

    service: str
    template: str
    lines: int


@dataclass(frozen=True, slots=True)
class Fault:
    """What a bad version does. `error` appears `lines` times a minute; its parameter `name` is `value` in `share` of
    them. `slow` of the service's requests take five times as long, and `lost` of its usual lines are missing."""

    name: str
    service: str
    by: str
    subject: str
    error: str
    lines: int
    parameter: str
    value: str
    others: tuple[str, ...]
    share: float
    slow: float
    lost: float
    knock_on: KnockOn


SERVICES: Mapping[str, Service] = {
    service.name: service
    for service in (
        Service("web", 140, ("checkout",), (("5.1.2", 4000), ("5.1.3", 98))),
        Service("checkout", 90, ("payments",), (("1.4.0", 2900), ("1.4.1", 107))),
        Service("payments", 60, (), (("2.7.2", 3600), ("2.7.3", 85))),
        Service(PIPELINE, 14, ("checkout",)),
        Service(MODEL, 24, ("web",)),
    )
}

KEY = "image.tag"
"""Where a service's version stands in its file."""

FAULTS: tuple[Fault, ...] = (
    Fault(
        name="currency",
        service="checkout",
        by="Ana",
        subject="Release checkout {version}: prices from the new rate table",
        error="pricing failed for order={order}, no minor unit for currency={parameter} in rate table {table}"
        " request={request}",
        lines=80,
        parameter="currency",
        value="JPY",
        others=("KRW", "HUF"),
        share=0.96,
        slow=0.12,
        lost=0.15,
        knock_on=KnockOn("payments", "intent {intent} still waits for its order, attempt {small} of 5", 40),
    ),
    Fault(
        name="gateway",
        service="payments",
        by="Ben",
        subject="Release payments {version}: one connection pool for all gateways",
        error="charge {charge} got no answer within {timeout} ms gateway={parameter} pool_wait={ms}ms"
        " request={request}",
        lines=80,
        parameter="gateway",
        value="northbank",
        others=("paybridge", "cardwave"),
        share=0.94,
        slow=0.25,
        lost=0.25,
        knock_on=KnockOn("checkout", "payment for order={order} is slow, {ms} ms so far", 40),
    ),
    Fault(
        name="stampede",
        service="web",
        by="Chloe",
        subject="Release web {version}: shorter cache lifetimes",
        error="gave up refilling cache key={parameter} after {timeout} ms with {waiters} waiters, lock held by {pod}",
        lines=80,
        parameter="key",
        value="catalog:home",
        others=("catalog:sale", "menu:top"),
        share=0.95,
        slow=0.2,
        lost=0.1,
        knock_on=KnockOn("web", "slow page {page} took {ms} ms, budget is 800 ms", 45),
    ),
)


def manifest(service: Service, version: str) -> str:
    """The service's file in the repository, as people keep such files: with comments, quotes and odd spacing."""
    return f"""\
# {service.name}, production. The release job writes image.tag; everything else is by hand.
service: {service.name}
team: shop

image:
  repository: registry.shop.example/{service.name}
  tag: "{version}"   # bumped by the release job
  pullPolicy: IfNotPresent

replicas: 3          # never below two: one may be drained
resources:
  requests: {{cpu: 250m, memory: 256Mi}}
  limits:   {{cpu: "1",  memory: 512Mi}}

env:
- name: LOG_LEVEL
  value: info
- name: DEPENDS_ON
  value: "{",".join(service.depends_on)}"
"""


def next_version(version: str) -> str:
    """1.4.1 → 1.4.2."""
    head, _, last = version.rpartition(".")
    return f"{head}.{int(last) + 1}" if last.isdecimal() else f"{version}.1"
