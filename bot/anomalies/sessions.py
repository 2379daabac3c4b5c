"""Is a session (a request, a block, a job: the templates that share an id) unlike those of the past?

A kind of session is how often it has each template. How surprising a session is: the least effort to make it out of a
known kind, in nats: how rare that kind is, and for each template whose count differs how seldom sessions differ there.
A template nobody has seen costs most, one whose count varies anyhow costs little. A session is odd when it is not
expected once among as many sessions as were learnt from, so the threshold needs no labels.

When nobody vouches that the past was well, kinds that make up less than `SHARE_MIN` of it are not taken for normal.
"""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

SHARE_MIN = 0.01
"""Of the learnt sessions; what is rarer may be trouble that was there already."""

STEP = 0.3
"""A count that differs by one more is so many nats more surprising."""

SEEN_HALF = 0.5
KINDS_MAX = 4_000
"""The most frequent kinds that are kept."""

SESSIONS_MIN = 30
"""With fewer there is no normal."""

Step = Hashable
Kind = frozenset[tuple[Step, int]]
"""How often a session has each step."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Odd:
    """`surprise` in nats, `threshold` from where it is told. `differences`: (step, how many more or fewer than the
    nearest known kind of session), the most telling first; `nearest`: the steps of that kind."""

    surprise: float
    threshold: float
    differences: tuple[tuple[Step, int], ...]
    nearest: tuple[Step, ...] = ()

    @property
    def is_told(self) -> bool:
        return self.surprise >= self.threshold


class Sessions:
    """What is normal, learnt from sessions. `vouched`: people say that these were all well."""

    def __init__(self, sessions: Iterable[Sequence[Step]], *, vouched: bool) -> None:
        self._learn(Counter(frozenset(Counter(session).items()) for session in sessions), vouched=vouched)

    @classmethod
    def of_kinds(cls, kinds: Mapping[Kind, float], *, vouched: bool) -> Self:
        """The same from kinds of sessions that were counted already."""
        made = cls.__new__(cls)
        made._learn(kinds, vouched=vouched)
        return made

    def _learn(self, counts: Mapping[Kind, float], *, vouched: bool) -> None:
        self.learnt = sum(counts.values())
        frequent = sorted(counts.items(), key=lambda pair: (-pair[1], _in_order(pair[0])))[:KINDS_MAX]
        kept = [(dict(kind), count) for kind, count in frequent]
        if not vouched:
            kept = [(kind, count) for kind, count in kept if count >= SHARE_MIN * self.learnt] or kept[:1]
        self._places = {step: i for i, step in enumerate(sorted({s for kind, _ in kept for s in kind}, key=repr))}
        self._kinds = np.array([self._vector(kind) for kind, _ in kept]).reshape(len(kept), len(self._places))
        mass = np.array([count for _, count in kept], dtype=np.float64)
        self._rarity = -np.log(mass / max(mass.sum(), 1.0))
        self._costs = _costs(self._kinds, mass)
        self._unseen = -math.log(SEEN_HALF / max(mass.sum(), 1.0))
        self.threshold = math.log(max(mass.sum(), 2.0))
        self._known: dict[Kind, Odd] = {}

    @property
    def is_ready(self) -> bool:
        return self.learnt >= SESSIONS_MIN

    def judge(self, session: Sequence[Step]) -> Odd:
        return self.judge_kind(frozenset(Counter(session).items()))

    def judge_kind(self, key: Kind) -> Odd:
        counts = dict(key)
        found = self._known.get(key)
        if found is None:
            found = self._judge(counts)
            if len(self._known) < KINDS_MAX:
                self._known[key] = found
        return found

    def _judge(self, counts: Mapping[Step, int]) -> Odd:
        new = {step: count for step, count in counts.items() if step not in self._places}
        strange = sum(self._unseen + STEP * (count - 1) for count in new.values())
        if not len(self._kinds):
            return Odd(strange, self.threshold, tuple(new.items()))
        differ = self._vector(counts) - self._kinds
        effort = self._rarity + _effort(differ, self._costs)
        nearest = int(effort.argmin())
        least = float(effort[nearest])
        surprise = least - math.log(float(np.exp(least - effort).sum())) + strange
        steps = tuple(step for step, place in self._places.items() if self._kinds[nearest, place])
        return Odd(max(surprise, 0.0), self.threshold, self._differences(differ[nearest], new), steps)

    def _differences(self, differ: Numbers, new: Mapping[Step, int]) -> tuple[tuple[Step, int], ...]:
        cost = np.where(differ != 0, self._costs, 0.0)
        steps = list(self._places)
        order = [int(i) for i in np.argsort(-cost, kind="stable") if differ[i] != 0]
        return (*new.items(), *((steps[i], int(differ[i])) for i in order))

    def _vector(self, counts: Mapping[Step, int]) -> Numbers:
        vector = np.zeros(len(self._places))
        for step, count in counts.items():
            place = self._places.get(step)
            if place is not None:
                vector[place] = count
        return vector


def _in_order(kind: Kind) -> list[str]:
    return sorted(map(repr, kind))


def _costs(kinds: Numbers, mass: Numbers) -> Numbers:
    """Of each step: the surprise of a count that differs, by how often two sessions of the past differ there."""
    costs = np.zeros(kinds.shape[1])
    total = max(float(mass.sum()), 1.0)
    for i in range(kinds.shape[1]):
        _, which = np.unique(kinds[:, i], return_inverse=True)
        shares = np.bincount(which, weights=mass) / total
        differ = 1.0 - float((shares**2).sum())
        costs[i] = -math.log(min(max(differ * SEEN_HALF, SEEN_HALF / total), SEEN_HALF))
    return costs


def _effort(differ: Numbers, costs: Numbers) -> Numbers:
    size = np.abs(differ)
    effort: Numbers = ((size > 0) * costs + STEP * np.maximum(size - 1, 0)).sum(axis=1)
    return effort
