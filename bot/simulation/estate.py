"""Which services are there, who depends on whom, where do they run and what do they write on a good day?

A graph without circles: pages above services above stores, with pipelines that fill stores and models that are fed by
pipelines. Neighbours in the list are neighbours in the graph, as teams' services are, so that a large estate is not one
ball.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

SERVICES_MIN, SERVICES_MAX = 5, 200
_NEAR = 9
"""A service uses services at most so many places further down the list."""

PAGE, SERVICE, STORE, PIPELINE, MODEL = "page", "service", "store", "pipeline", "model"

_NOUNS = [
    "order",
    "cart",
    "invoice",
    "customer",
    "shipment",
    "ticket",
    "basket",
    "voucher",
    "refund",
    "address",
    "quote",
    "catalog",
    "price",
    "stock",
    "session",
    "profile",
    "message",
    "payment",
    "wallet",
    "booking",
    "seat",
    "route",
    "driver",
    "parcel",
    "review",
    "rating",
    "coupon",
    "account",
    "device",
    "token",
]
_STORES = ("db", "cache", "queue", "index", "bucket")


@dataclass(frozen=True, slots=True)
class Line:
    """A kind of line, so many a minute on average: `{n}` stands for a number, `{w}` for a word."""

    text: str
    per_minute: float
    level: str = "info"


@dataclass(frozen=True, slots=True)
class Node:
    """`depends_on` is the truth and what is declared."""

    name: str
    kind: str
    host: str
    depends_on: tuple[str, ...]
    lines: tuple[Line, ...]
    is_alerted: bool
    """Somebody's monitoring watches its series."""


@dataclass(frozen=True)
class Estate:
    nodes: Mapping[str, Node]

    @cached_property
    def callers(self) -> Mapping[str, tuple[str, ...]]:
        """Who depends on it directly."""
        found: dict[str, list[str]] = {name: [] for name in self.nodes}
        for node in self.nodes.values():
            for other in node.depends_on:
                found[other].append(node.name)
        return {name: tuple(callers) for name, callers in found.items()}

    def of_kind(self, *kinds: str) -> list[Node]:
        return [node for node in self.nodes.values() if node.kind in kinds]

    def on_host(self, host: str) -> list[Node]:
        return [node for node in self.nodes.values() if node.host == host]

    def above(self, name: str, hops_max: int = 3) -> dict[str, int]:
        """Everything that depends on it, with the hops."""
        return _walk(self.callers, name, hops_max)

    def below(self, name: str, hops_max: int = 3) -> dict[str, int]:
        """Everything it depends on, with the hops."""
        return _walk({n.name: n.depends_on for n in self.nodes.values()}, name, hops_max)


def make_estate(rng: random.Random, services: int) -> Estate:
    kinds = _kinds(services)
    names = _names(rng, kinds)
    hosts = max(2, services // 3)
    nodes = {}
    for place, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        nodes[name] = Node(
            name=name,
            kind=kind,
            host=f"host-{rng.randrange(hosts) + 1}",
            depends_on=_depends_on(rng, place, names, kinds),
            lines=_lines(rng, name, kind),
            is_alerted=rng.random() < 0.6,
        )
    return Estate(nodes)


def _walk(edges: Mapping[str, Sequence[str]], start: str, hops_max: int) -> dict[str, int]:
    found, layer = {start: 0}, [start]
    for hops in range(1, hops_max + 1):
        layer = [other for name in layer for other in edges[name] if other not in found]
        found.update(dict.fromkeys(layer, hops))
    del found[start]
    return found


def _kinds(services: int) -> list[str]:
    """In the order of the list: blocks of about twelve, each with its page above and its stores below."""
    kinds: list[str] = []
    while len(kinds) < services:
        left = services - len(kinds)
        size = left if left < 18 else 12
        stores, pages = max(1, size // 5), max(1, size // 8)
        models, pipelines = int(size >= 6), max(1, size // 9)
        middle = size - stores - pages - models - pipelines
        kinds += [PAGE] * pages + [SERVICE] * middle + [MODEL] * models + [PIPELINE] * pipelines + [STORE] * stores
    return kinds


def _names(rng: random.Random, kinds: Sequence[str]) -> list[str]:
    names: list[str] = []
    for kind in kinds:
        noun = rng.choice(_NOUNS)
        base = {
            PAGE: f"{noun}-web",
            SERVICE: f"{noun}-service",
            STORE: f"{noun}-{rng.choice(_STORES)}",
            PIPELINE: f"{noun}_hourly",
            MODEL: f"{noun}-model",
        }[kind]
        number = 2
        name = base
        while name in names:
            name, number = f"{base}-{number}", number + 1
        names.append(name)
    return names


def _depends_on(rng: random.Random, place: int, names: Sequence[str], kinds: Sequence[str]) -> tuple[str, ...]:
    """Things further down the list; never nothing, except at its end."""
    below = [(names[i], kinds[i]) for i in range(place + 1, min(len(names), place + 1 + _NEAR))]
    allowed = {
        PAGE: (SERVICE,),
        SERVICE: (SERVICE, STORE, MODEL),
        MODEL: (PIPELINE, STORE),
        PIPELINE: (STORE,),
        STORE: (),
    }[kinds[place]]
    fitting = [name for name, kind in below if kind in allowed]
    if kinds[place] == SERVICE and rng.random() < 0.25:
        fitting += [name for name, kind in below if kind == PIPELINE]
    count = {PAGE: (2, 4), SERVICE: (1, 3), MODEL: (1, 2), PIPELINE: (1, 2), STORE: (0, 0)}[kinds[place]]
    return tuple(sorted(rng.sample(fitting, min(len(fitting), rng.randint(*count)))))


def _lines(rng: random.Random, name: str, kind: str) -> tuple[Line, ...]:
    noun, other = name.split("-")[0].split("_")[0], rng.choice(_NOUNS)
    busy = rng.uniform(0.6, 1.6)
    pools = {
        PAGE: [
            Line(f"GET /{noun}/{{n}} 200 {{n}} ms", 9),
            Line(f"POST /{noun} 201 {{n}} ms", 3),
            Line("session {n} started", 2),
            Line(f"GET /{noun}/{{n}} 404 {{n}} ms", 0.5, "warning"),
        ],
        SERVICE: [
            Line(f"{noun} {{n}} accepted total={{n}}", 6),
            Line(f"looked up {other} {{n}} in {{n}} ms", 4),
            Line(f"published {noun} event {{n}}", 2),
            Line(f"{other} {{n}} not found, using default", 0.4, "warning"),
            Line(f"retrying {noun} {{n}}: temporary error", 0.15, "error"),
        ],
        STORE: [
            Line("checkpoint complete: wrote {n} buffers", 1),
            Line("connection received from client {n}", 5),
            Line("query took {n} ms", 4),
            Line("slow query took {n} ms", 0.4, "warning"),
        ],
        PIPELINE: [
            Line("task extract read {n} rows", 2),
            Line("task load wrote {n} rows", 2),
            Line("partition {n} done", 1.5),
            Line("row {n} skipped: duplicate key", 0.3, "warning"),
        ],
        MODEL: [
            Line("prediction {n} served in {n} ms", 7),
            Line("features for {n} loaded", 4),
            Line("feature {n} missing, using mean", 0.4, "warning"),
        ],
    }
    return (*(Line(x.text, x.per_minute * busy, x.level) for x in pools[kind]), Line("heartbeat ok", 1.0))
