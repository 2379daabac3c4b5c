"""Which faults happen when, and what else goes on that looks like one and is none?"""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.changes.model import Change, ChangeKind
from bot.simulation.estate import PIPELINE, Estate, Line, make_estate
from bot.simulation.faults import KINDS, LATENCY, Effect, Fault, Scene, change

BEGIN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
WARM_UP = timedelta(minutes=40)
"""Half an hour to learn, and then some quiet."""

QUIET_AFTER = timedelta(minutes=22)
"""At the end: what was found has time to settle, and what is told now is told in vain."""

GAP_MINUTES, APART_MINUTES, CLOSE_MINUTES = 60.0, 20.0, (1.0, 20.0)
CLOSE_SHARE = 0.06
"""Between the beginnings of two faults at load 1: mostly twenty minutes and more, an hour on average, and sometimes
less, so that they overlap. That is as often as among faults that come every few hours by chance, without the hours in
between. A higher load brings them nearer and lets more overlap. Durations do not depend on the load."""

DURATION = (8.0, 16.0)
DEPLOYS_AN_HOUR = 0.4
"""Harmless ones, of each service; every pipeline also reports its runs."""

NOISES_AN_HOUR = 0.25
RUN_EVERY = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class Plan:
    """`noise` are effects of nothing: number 0 in the truth."""

    seed: int
    estate: Estate
    begin: datetime
    end: datetime
    faults: tuple[Fault, ...]
    changes: tuple[Change, ...]
    noise: tuple[Effect, ...]


def make_plan(seed: int, services: int = 0, *, load: float = 1.0, hours: float = 3.0) -> Plan:
    """`services` 0: 6 to 30, as the seed will have it. `hours` is the stretch in which faults begin."""
    rng = random.Random(seed)
    estate = make_estate(rng, services or round(6 * (30 / 6) ** rng.random()))
    since, until = BEGIN + WARM_UP, BEGIN + WARM_UP + timedelta(hours=hours)
    faults = _faults(rng, estate, since, until, load)
    end = until + QUIET_AFTER
    changes = [c for fault in faults for c in fault.changes]
    return Plan(
        seed=seed,
        estate=estate,
        begin=BEGIN,
        end=end,
        faults=tuple(faults),
        changes=tuple(sorted([*changes, *_harmless(rng, estate, end)], key=lambda c: c.at)),
        noise=tuple(_noise(rng, estate, since, end)),
    )


def _faults(rng: random.Random, estate: Estate, since: datetime, until: datetime, load: float) -> list[Fault]:
    faults: list[Fault] = []
    kinds: list[str] = []
    at = since + timedelta(minutes=rng.uniform(2, 10))
    while at < until - timedelta(minutes=DURATION[0]):
        if not kinds:
            kinds = rng.sample(sorted(KINDS), len(KINDS))
        end = min(at + timedelta(minutes=rng.uniform(*DURATION)), until)
        fault = KINDS[kinds.pop()](Scene(rng, estate, len(faults) + 1, at, end))
        if fault is None:
            continue
        faults.append(fault)
        at += timedelta(minutes=_gap_minutes(rng, load))
    return faults


def _gap_minutes(rng: random.Random, load: float) -> float:
    if rng.random() < min(0.9, CLOSE_SHARE * load):
        return rng.uniform(*CLOSE_MINUTES)
    return APART_MINUTES + max(1.0, GAP_MINUTES / load - APART_MINUTES) * rng.expovariate(1.0)


def _harmless(rng: random.Random, estate: Estate, end: datetime) -> list[Change]:
    """Deploys and settings that change nothing that matters, and the runs of pipelines."""
    changes = []
    hours = (end - BEGIN) / timedelta(hours=1)
    for node in estate.nodes.values():
        for _ in range(_poisson(rng, DEPLOYS_AN_HOUR * hours)):
            kind = rng.choices((ChangeKind.DEPLOY, ChangeKind.CONFIG, ChangeKind.FLAG), (6, 2, 1))[0]
            changes.append(change(rng, kind, node.name, BEGIN + (end - BEGIN) * rng.random()))
        if node.kind == PIPELINE:
            at = BEGIN + RUN_EVERY * rng.random()
            while at < end:
                changes.append(change(rng, ChangeKind.PIPELINE_RUN, node.name, at, f"run-{at.timestamp():.0f}"))
                at += RUN_EVERY
    return changes


def _noise(rng: random.Random, estate: Estate, since: datetime, end: datetime) -> list[Effect]:
    """Short, small, and in one service alone."""
    effects = []
    hours = (end - since) / timedelta(hours=1)
    for node in estate.nodes.values():
        for _ in range(_poisson(rng, NOISES_AN_HOUR * hours)):
            at = since + (end - since) * rng.random()
            until = at + timedelta(minutes=rng.uniform(0.5, 3))
            word = rng.choice(("garbage collector", "client", "cron job", "health probe", "cache"))
            lines = rng.choice(
                (
                    (Line(f"{word} paused for {{n}} ms", rng.uniform(2, 12), "warning"),),
                    (Line(f"{word} {{n}} closed the connection early", rng.uniform(1, 5), "error"),),
                    (Line(f"{word} report {{n}} written", rng.uniform(2, 40)),),
                    (),
                )
            )
            series = () if lines else ((LATENCY, rng.uniform(2, 4)),)
            effects.append(Effect(node.name, at, until, lines, series=series))
    return effects


def _poisson(rng: random.Random, mean: float) -> int:
    count, at = 0, rng.expovariate(1.0)
    while at < mean:
        count, at = count + 1, at + rng.expovariate(1.0)
    return count
