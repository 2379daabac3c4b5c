"""Is the guilty change named, and is nobody blamed when none was? A seeded simulation with thirty services.

Guilty changes show their harm after minutes (exponential, five on average), in their own service or in one that depends
on it, up to two hops away; a new template stands in the guilty service in two of three cases. The others are chance.
"""

import random
from dataclasses import dataclass

import pytest

from bot.changes.model import Change
from bot.incidents.graph import ServiceGraph
from bot.incidents.suspects import rank, word_for
from bot.signals.model import Signal, SignalKind
from tests.incidents.signals import change, minute, signal

SERVICES = 30
CASES = 300


@dataclass(frozen=True)
class Blame:
    """Shares of the cases: guilty first, guilty in the first three, somebody called likely, that one innocent."""

    first: float
    in_three: float
    likely: float
    falsely_likely: float


def blame(changes_a_day: int, *, is_guilty: bool, seed: int) -> Blame:
    rng = random.Random(seed)
    depends_on = {
        f"s{i}": tuple(f"s{j}" for j in range(i + 1, min(SERVICES, i + 8)) if rng.random() < 0.3)
        for i in range(SERVICES)
    }
    graph = ServiceGraph(depends_on)
    first = in_three = likely = falsely = 0
    for _ in range(CASES):
        root, symptom = _places(rng, graph)
        changes = _chance(rng, changes_a_day)
        if is_guilty:
            changes.append(change(0, root, -rng.expovariate(1 / 5)))
        signals = _signals(rng, root, symptom)
        found = [s for s in rank(minute(0), symptom, signals, changes, graph, minute(2)) if s.kind == "change"]
        subjects = [s.subject for s in found]
        first += subjects[:1] == ["0"]
        in_three += "0" in subjects[:3]
        if found and word_for(found[0].likelihood) == "likely":
            likely += 1
            falsely += subjects[0] != "0"
    return Blame(first / CASES, in_three / CASES, likely / CASES, falsely / CASES)


def _places(rng: random.Random, graph: ServiceGraph) -> tuple[str, str]:
    root = f"s{rng.randrange(SERVICES)}"
    hops = rng.choices((0, 1, 2), (6, 3, 1))[0]
    callers = [s for s in graph.around(root, 2) if graph.downstream(s, root) == hops]
    return root, rng.choice(callers or [root])


def _chance(rng: random.Random, a_day: int) -> list[Change]:
    count = sum(rng.random() < a_day / 2_000 for _ in range(500))  # six hours
    return [change(n, f"s{rng.randrange(SERVICES)}", -rng.uniform(0, 360)) for n in range(1, count + 1)]


def _signals(rng: random.Random, root: str, symptom: str) -> list[Signal]:
    kind = SignalKind.NEW_TEMPLATE if rng.random() < 2 / 3 else SignalKind.RATE_UP
    seen = [signal(symptom, 1, began=0, kind=kind)]
    if root != symptom and rng.random() < 0.7:
        seen.append(signal(root, 1, began=-rng.uniform(-1, 0.5), kind=kind))
    return seen


@pytest.mark.parametrize(
    ("changes_a_day", "first", "in_three"), [(40, 0.95, 0.98), (200, 0.9, 0.97), (1000, 0.65, 0.9)]
)
def test_the_guilty_change_is_first_or_in_three(changes_a_day: int, first: float, in_three: float) -> None:
    found = blame(changes_a_day, is_guilty=True, seed=changes_a_day)
    assert found.first >= first
    assert found.in_three >= in_three


@pytest.mark.parametrize("changes_a_day", [40, 200, 1000])
def test_when_none_was_guilty_likely_is_said_in_at_most_one_case_of_ten(changes_a_day: int) -> None:
    assert blame(changes_a_day, is_guilty=False, seed=changes_a_day).falsely_likely <= 0.10


def test_guilty_changes_are_mostly_called_likely_on_a_calm_day() -> None:
    assert blame(40, is_guilty=True, seed=1).likely >= 0.6
