"""Are declared series watched live: unusual figures as evidence, limits as messages, the same after a restart?"""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.engine.watch_ports import ReadSeries
from bot.engine.watched import Sources
from bot.main import build_engine
from bot.signals.model import Signal
from tests.scenarios.traffic import Line, shop
from tests.scenarios.world import World

START = datetime(2026, 11, 16, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Curves:
    """A source with a past: what `value` says of each series at each minute."""

    def __init__(self, labels: Sequence[Mapping[str, str]]) -> None:
        self.labels, self.more = list(labels), 0.0
        self.slope, self.gone_since = 0.0, datetime.max.replace(tzinfo=UTC)
        self.reads = 0

    def read(self, query: str, since: datetime, until: datetime, step: timedelta) -> list[ReadSeries]:
        self.reads += 1
        ticks = [since + (i + 1) * step for i in range(int((until - since) / step))]
        ticks = [at for at in ticks if at < self.gone_since]
        return [ReadSeries(one, [(at, self.value(n, at)) for at in ticks]) for n, one in enumerate(self.labels)]

    def value(self, n: int, at: datetime) -> float:
        rng = random.Random(f"{n}{at}")
        more = self.more if at > START + timedelta(minutes=30) and n == 0 else 0.0
        return 200 + 5 * n + rng.gauss(0, 8) + more + self.slope * ((at - START) / timedelta(days=1))


def a_world(curves: Curves, url: str = "sqlite://", services: Any = None, **series: Any) -> World:
    declared = {"source": "main", "query": "latency", "service": "checkout", "unit": "ms", **series}
    watch = {"prometheus": {"main": {"url": "http://127.0.0.1:1"}}, "series": {"latency": declared}}
    world = World(services={} if services is None else services, watch=watch, database_url=url)
    restart(world, curves)
    return world


def restart(world: World, curves: Curves) -> None:
    store = world.engine.store
    world.engine = build_engine(
        world.settings, clock=world.clock, store=store, executors={}, team="T1", sources=Sources({"main": curves}, {})  # type: ignore[arg-type]
    )  # fmt: skip


def run(world: World, minutes: int) -> None:
    for _ in range(minutes):
        world.run(minutes=1) if world.services else world.clock.advance(MINUTE)
        world.engine.watched.run()
        if not world.services:
            world.engine.checks.run()


def loose(world: World) -> list[Signal]:
    with world.engine.store.read() as tx:
        return tx.signals.loose(START - timedelta(days=1))


def test_an_unusual_figure_is_evidence_with_what_is_usual_and_by_itself_no_message() -> None:
    curves = Curves([{"pod": "a"}, {"pod": "b"}])
    world = a_world(curves)
    run(world, 30)
    assert loose(world) == []
    curves.more = 300.0
    run(world, 10)
    assert world.incidents() == []
    signal = loose(world)[0]
    assert signal.service == "checkout"
    assert ("pod", "a") in signal.entities
    measure = signal.evidence.measure
    assert measure is not None
    assert measure.now is not None
    assert measure.high is not None
    assert measure.now > 450
    assert 200 < measure.high < 260
    assert measure.known_s > 3600 * 24
    assert len(measure.values) == 60


def test_the_figure_joins_the_log_lines_of_the_same_trouble() -> None:
    curves = Curves([{"pod": "a"}])
    services = {"checkout": shop()["checkout"]}
    world = a_world(curves, services=services)
    run(world, 60)
    curves.more = 300.0
    services["checkout"].faults.append(Line("payment {n} failed: timeout", 40, "error"))
    run(world, 6)
    (incident,) = world.incidents()
    with world.engine.store.read() as tx:
        kinds = {str(signal.kind) for signal in tx.signals.of(incident.id)}
    assert "series" in kinds
    assert kinds & {"new_template", "rate_up"}


def test_a_restart_changes_nothing_and_reads_only_what_is_new() -> None:
    curves = Curves([{"pod": "a"}])
    world = a_world(curves)
    run(world, 20)
    restart(world, curves)
    curves.more = 300.0
    run(world, 20)
    assert next(str(signal.evidence.measure and signal.evidence.measure.what) for signal in loose(world)) == "spike"


def test_a_series_that_stops_coming_is_said_after_ten_minutes() -> None:
    curves = Curves([{"pod": "a"}])
    world = a_world(curves)
    run(world, 20)
    curves.gone_since = world.clock.now()
    run(world, 12)
    (signal,) = loose(world)
    assert signal.evidence.measure is not None
    assert signal.evidence.measure.what == "missing"


def test_what_is_beyond_its_limit_is_a_message_and_what_will_be_soon_is_foreseen() -> None:
    curves = Curves([{"device": "sda"}])
    curves.slope = 60.0
    world = a_world(curves, limit=230.0, floor=0.0, service="db-1", unit="GB", every_s=300)
    run(world, 10)
    (incident,) = world.incidents()
    with world.engine.store.read() as tx:
        (signal,) = tx.signals.of(incident.id)
    assert signal.kind == "forecast"
    measure = signal.evidence.measure
    assert measure is not None
    assert measure.at is not None
    assert measure.earliest is not None
    assert timedelta(hours=4) < measure.at - START < timedelta(hours=24)
    assert measure.earliest <= measure.at
    curves.more = 60.0
    run(world, 40)
    incidents = world.incidents()
    with world.engine.store.read() as tx:
        found = [s for one in incidents for s in tx.signals.of(one.id)]
    whats = {s.evidence.measure.what for s in found if s.evidence.measure}
    assert whats >= {"reaches_limit", "beyond_limit"}
    assert len(incidents) == 1, "what was foreseen and what came of it"


def test_many_odd_series_of_many_services_are_no_message_either() -> None:
    curves = Curves([{"service": f"s{n}"} for n in range(8)])
    world = a_world(curves, service="")
    run(world, 20)
    for n in range(8):
        curves.labels[n] = {"service": f"s{n}"}
    curves.slope = 40_000.0
    run(world, 10)
    assert loose(world)
    assert world.incidents() == []
