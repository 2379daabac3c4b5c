"""What can break, and what does it do to those around it? Ten kinds of fault, each as a cause and its effects."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.changes.model import Change, ChangeKind
from bot.simulation.estate import MODEL, PAGE, PIPELINE, SERVICE, STORE, Estate, Line, Node

Subject = tuple[str, str]
"""("change", key) or ("service", name)."""

LATENCY, ERRORS, QUALITY = "latency", "errors", "quality"


@dataclass(frozen=True, slots=True)
class Effect:
    """On `service` from `since` until `until`: further `lines`, its own lines times `scale`, a series times `series`,
    and runs that fail."""

    service: str
    since: datetime
    until: datetime
    lines: tuple[Line, ...] = ()
    scale: float = 1.0
    series: tuple[tuple[str, float], ...] = ()
    runs_fail: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """`since` is when the first harm can be seen. `causes`: any of these named as a suspect names the cause."""

    number: int
    kind: str
    root: str
    since: datetime
    until: datetime
    causes: frozenset[Subject]
    effects: tuple[Effect, ...]
    changes: tuple[Change, ...] = ()

    @property
    def services(self) -> frozenset[str]:
        return frozenset(effect.service for effect in self.effects)


@dataclass(frozen=True, slots=True)
class Scene:
    """What a kind of fault is made from."""

    rng: random.Random
    estate: Estate
    number: int
    since: datetime
    until: datetime

    def one_of(self, *kinds: str, used: bool = False) -> Node | None:
        """A node of these kinds; with `used` one that others depend on."""
        found = [n for n in self.estate.of_kind(*kinds) if not used or self.estate.callers[n.name]]
        return self.rng.choice(found) if found else None

    def change(self, kind: ChangeKind, service: str, before: timedelta, version: str = "") -> Change:
        return change(self.rng, kind, service, self.since - before, version)

    def minutes(self, low: float, high: float) -> timedelta:
        return timedelta(minutes=self.rng.uniform(low, high))

    def fault(self, kind: str, root: str, causes: set[Subject], effects: list[Effect], *changes: Change) -> Fault:
        return Fault(self.number, kind, root, self.since, self.until, frozenset(causes), tuple(effects), tuple(changes))

    def on(
        self, service: str, *lines: Line, after: timedelta = timedelta(), scale: float = 1.0, **series: float
    ) -> Effect:
        seen = tuple((name, factor) for name, factor in series.items())
        return Effect(service, self.since + after, self.until, lines, scale, seen)

    def spread(self, root: str, per_minute: float, reason: str = "") -> list[Effect]:
        """Who depends on it fails too: nearly all direct callers, fewer further up, each a little later and less."""
        effects = []
        for name, hops in self.estate.above(root).items():
            if self.rng.random() >= (0.9, 0.5, 0.2)[hops - 1]:
                continue
            near = self._blamed(name, root)
            rate = per_minute * 0.6**hops * self.rng.uniform(0.6, 1.4)
            line = Line(reason or self.rng.choice(_COMPLAINTS).format(root=near, n="{n}"), max(rate, 4.0), "error")
            after = timedelta(seconds=hops * self.rng.uniform(5, 40))
            effects.append(self.on(name, line, after=after, errors=1 + rate / 6, latency=self.rng.uniform(1.5, 4)))
        return effects

    def _blamed(self, caller: str, root: str) -> str:
        """What a caller complains about: whom it calls itself, on the way to the root."""
        direct = self.estate.nodes[caller].depends_on
        return root if root in direct else next((d for d in direct if root in self.estate.below(d)), root)


_COMPLAINTS = (
    "upstream request to {root} failed after {n} ms: 503 Service Unavailable",
    "timeout waiting for {root}: no answer after {n} ms",
    "request {n} failed: {root} returned an error",
    "request {n} failed: a dependency returned an error",
)

Kind = Callable[[Scene], Fault | None]
"""None where the estate has nothing that could break this way."""


def change(rng: random.Random, kind: ChangeKind, service: str, at: datetime, version: str = "") -> Change:
    version = version or f"{rng.randint(1, 9)}.{rng.randint(0, 40)}.{rng.randint(0, 9)}"
    return Change(
        key=f"{kind}-{service}-{at.timestamp():.0f}-{version}", kind=kind, service=service, at=at, version=version
    )


def bad_deploy(scene: Scene) -> Fault | None:
    root = scene.one_of(SERVICE, PAGE)
    if root is None:
        return None
    deploy = scene.change(ChangeKind.DEPLOY, root.name, scene.minutes(0.2, 5))
    lines = scene.rng.sample(
        (
            Line("unhandled NullPointerException while pricing item {n}", scene.rng.uniform(15, 90), "error"),
            Line("cannot convert currency of item {n}: KeyError", scene.rng.uniform(15, 90), "error"),
            Line("response {n} could not be serialised", scene.rng.uniform(10, 40), "error"),
        ),
        scene.rng.randint(1, 2),
    )
    effects = [scene.on(root.name, *lines, errors=scene.rng.uniform(3, 9)), *scene.spread(root.name, 40)]
    return scene.fault("bad_deploy", root.name, {("change", deploy.key)}, effects, deploy)


def bad_config(scene: Scene) -> Fault | None:
    root = scene.one_of(SERVICE, PAGE, STORE)
    if root is None:
        return None
    config = scene.change(ChangeKind.CONFIG, root.name, scene.minutes(0.1, 3))
    line = scene.rng.choice(
        (
            Line("invalid value for pool.size, request {n} rejected", 40, "error"),
            Line("permission denied for user app on request {n}", 50, "error"),
            Line("feature flag store unreachable, failing request {n}", 30, "error"),
        )
    )
    scale = scene.rng.choice((1.0, 0.6))
    effects = [scene.on(root.name, line, scale=scale, errors=scene.rng.uniform(3, 9)), *scene.spread(root.name, 40)]
    return scene.fault("bad_config", root.name, {("change", config.key)}, effects, config)


def slow_dependency(scene: Scene) -> Fault | None:
    root = scene.one_of(STORE, used=True)
    if root is None:
        return None
    slow = Line("slow query took {n} ms", scene.rng.uniform(15, 50), "warning")
    effects = [scene.on(root.name, slow, latency=scene.rng.uniform(4, 10)), *scene.spread(root.name, 35)]
    return scene.fault("slow_dependency", root.name, {("service", root.name)}, effects)


def full_disk(scene: Scene) -> Fault | None:
    root = scene.one_of(STORE, PIPELINE)
    if root is None:
        return None
    line = Line("write of block {n} failed: No space left on device", scene.rng.uniform(15, 60), "error")
    effects = [scene.on(root.name, line, errors=scene.rng.uniform(3, 8))]
    effects += [
        scene.on(n.name, Line("cannot rotate log: No space left on device", 8, "error"), after=scene.minutes(0, 2))
        for n in scene.estate.on_host(root.host)
        if n.name != root.name and scene.rng.random() < 0.5
    ]
    return scene.fault("full_disk", root.name, {("service", root.name)}, [*effects, *scene.spread(root.name, 30)])


def lost_host(scene: Scene) -> Fault | None:
    hosts = sorted({n.host for n in scene.estate.nodes.values() if scene.estate.callers[n.name]})
    if not hosts:
        return None
    lost = scene.estate.on_host(scene.rng.choice(hosts))
    effects = [scene.on(node.name, scale=0.0) for node in lost]
    gone = {node.name for node in lost}
    for name in sorted(gone):
        effects += [e for e in scene.spread(name, 35) if e.service not in gone]
    causes = {("service", name) for name in gone}
    root = max(sorted(gone), key=lambda name: len(scene.estate.above(name)))
    return scene.fault("lost_host", root, causes, effects)


def expired_certificate(scene: Scene) -> Fault | None:
    root = scene.one_of(SERVICE, STORE, MODEL, used=True)
    if root is None:
        return None
    effects = [scene.on(root.name, scale=0.3)]
    if scene.rng.random() < 0.7:
        warning = Line("TLS handshake error from {n}: remote error: bad certificate", 20, "warning")
        effects = [scene.on(root.name, warning, scale=0.3)]
    for name in scene.estate.callers[root.name]:
        line = Line(f"TLS handshake with {root.name} failed for {{n}}: certificate has expired", 30, "error")
        effects.append(scene.on(name, line, errors=scene.rng.uniform(3, 8)))
    further = [e for e in scene.spread(root.name, 20) if e.service not in scene.estate.callers[root.name]]
    return scene.fault("expired_certificate", root.name, {("service", root.name)}, [*effects, *further])


def poisoned_batch(scene: Scene) -> Fault | None:
    root = scene.one_of(PIPELINE, used=True)
    if root is None:
        return None
    kind = scene.rng.choice((ChangeKind.PIPELINE_RUN, ChangeKind.DATA_VERSION))
    batch = scene.change(kind, root.name, scene.minutes(0.5, 6), version=f"batch-{scene.rng.randint(1000, 9999)}")
    effects = [scene.on(root.name, Line("row {n} rejected: amount is null", scene.rng.uniform(5, 30), "warning"))]
    for name in scene.estate.callers[root.name]:
        line = Line(
            "cannot parse amount of record {n}: expected a number, got null", scene.rng.uniform(15, 50), "error"
        )
        effects.append(scene.on(name, line, after=scene.minutes(0, 1), quality=0.5, errors=4))
    further = [e for e in scene.spread(root.name, 15) if e.service not in scene.estate.callers[root.name]]
    return scene.fault("poisoned_batch", root.name, {("change", batch.key)}, [*effects, *further], batch)


def schema_change(scene: Scene) -> Fault | None:
    root = scene.one_of(STORE, used=True)
    if root is None:
        return None
    migration = scene.change(ChangeKind.CONFIG, root.name, scene.minutes(0.1, 2))
    column = scene.rng.choice(("currency", "customer_id", "amount_net", "created_at"))
    effects = [scene.on(root.name, Line(f'ERROR: column "{column}" does not exist at character {{n}}', 25, "error"))]
    for name in scene.estate.callers[root.name]:
        is_pipeline = scene.estate.nodes[name].kind == PIPELINE
        line = Line(f'query {{n}} failed: column "{column}" does not exist', scene.rng.uniform(12, 50), "error")
        effect = scene.on(name, line, after=scene.minutes(0, 0.7), errors=4)
        effects.append(Effect(effect.service, effect.since, effect.until, effect.lines, 1, effect.series, is_pipeline))
    further = [e for e in scene.spread(root.name, 15) if e.service not in scene.estate.callers[root.name]]
    return scene.fault("schema_change", root.name, {("change", migration.key)}, [*effects, *further], migration)


def model_regression(scene: Scene) -> Fault | None:
    root = scene.one_of(MODEL, used=True)
    if root is None:
        return None
    version = scene.change(ChangeKind.MODEL_VERSION, root.name, scene.minutes(0.5, 8), f"v{scene.rng.randint(2, 60)}")
    odd = Line("prediction {n} out of range, clipped", scene.rng.uniform(12, 40), "warning")
    effects = [scene.on(root.name, odd, quality=scene.rng.uniform(0.4, 0.7))]
    for name in scene.estate.callers[root.name]:
        line = Line(f"answer of {root.name} for {{n}} is invalid, using fallback", scene.rng.uniform(12, 40), "error")
        effects.append(scene.on(name, line, after=scene.minutes(0, 1)))
    return scene.fault("model_regression", root.name, {("change", version.key)}, effects, version)


def traffic_spike(scene: Scene) -> Fault | None:
    root = scene.one_of(PAGE)
    if root is None:
        return None
    times = scene.rng.uniform(4, 8)
    effects = [scene.on(root.name, scale=times, latency=scene.rng.uniform(1.2, 3))]
    below = scene.estate.below(root.name, 2)
    effects += [scene.on(name, scale=max(1.5, times * 0.6**hops)) for name, hops in below.items()]
    for name in scene.rng.sample(sorted(below), min(len(below), 2)):
        line = Line("connection pool exhausted, request {n} waited too long", scene.rng.uniform(12, 40), "error")
        effects.append(scene.on(name, line, after=scene.minutes(0, 1), latency=3, errors=4))
    return scene.fault("traffic_spike", root.name, {("service", root.name)}, effects)


KINDS: Mapping[str, Kind] = {
    kind.__name__: kind
    for kind in (
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
}
