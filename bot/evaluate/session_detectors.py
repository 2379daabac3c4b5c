"""Which detectors of odd sessions are compared? Ours, and simple ones; no threshold is set with labels."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

from bot.anomalies.residuals import fit_residuals
from bot.anomalies.sessions import Sessions
from bot.evaluate.log_sets import Session

Flags = NDArray[np.bool_]
Judge = Callable[[Sequence[Session], bool, int], Callable[[Session], bool]]
NEAREST_QUANTILE = 0.995
FOREST_SHARE = 0.03
KINDS_SEARCHED_MAX = 3_000


@dataclass(frozen=True, slots=True)
class Contender:
    """`learn` gets the training sessions, whether they are vouched for, and a seed; it gives the judge of one."""

    name: str
    learn: Judge


def contenders() -> list[Contender]:
    return [
        Contender("Tocsin: effort to a known kind", _ours),
        Contender("nearest count vector, q 0.995", _nearest),
        Contender("count vector never seen", _unseen),
        Contender("template never seen", _new_step),
        Contender("IsolationForest, 3 %", _forest),
        Contender("PCA, Q statistic at 0.1 %", _components),
        Contender("flag everything", lambda train, vouched, seed: lambda session: True),
        Contender("chance (3 % at random)", _chance),
    ]


def flags(judge: Callable[[Session], bool], sessions: Sequence[Session]) -> Flags:
    return np.array([judge(session) for session in sessions], dtype=np.bool_)


def _ours(train: Sequence[Session], vouched: bool, seed: int) -> Callable[[Session], bool]:
    known = Sessions(train, vouched=vouched)
    return lambda session: known.judge(session).is_told


def _new_step(train: Sequence[Session], vouched: bool, seed: int) -> Callable[[Session], bool]:
    known = {step for session in train for step in session}
    return lambda session: any(step not in known for step in session)


def _unseen(train: Sequence[Session], vouched: bool, seed: int) -> Callable[[Session], bool]:
    known = {frozenset(Counter(session).items()) for session in train}
    return lambda session: frozenset(Counter(session).items()) not in known


def _chance(train: Sequence[Session], vouched: bool, seed: int) -> Callable[[Session], bool]:
    rng = np.random.default_rng(seed)
    return lambda session: bool(rng.random() < FOREST_SHARE)


def _nearest(train: Sequence[Session], vouched: bool, seed: int) -> Callable[[Session], bool]:
    """Distance 1 - sum of minima / sum of maxima to the nearest training vector; the quantile is that of each training
    session to the others."""
    vectors = _Vectors(train)
    kinds, which, counts = np.unique(vectors.of(train), axis=0, return_inverse=True, return_counts=True)
    which = which.ravel()
    apart = np.array([_distances(kind, kinds) for kind in kinds])
    apart[np.diag_indices(len(kinds))] = np.where(counts > 1, 0.0, np.inf)
    threshold = float(np.quantile(apart.min(axis=1)[which], NEAREST_QUANTILE)) if len(kinds) > 1 else 0.0
    known: dict[frozenset[tuple[str, int]], bool] = {}

    def judge(session: Session) -> bool:
        key = frozenset(Counter(session).items())
        if key not in known:
            vector = vectors.of([session])[0]
            known[key] = float(_distances(vector, kinds, vectors.outside(session)).min()) > threshold
        return known[key]

    return judge


def _forest(train: Sequence[Session], vouched: bool, seed: int) -> Callable[[Session], bool]:
    vectors = _Vectors(train)
    forest = IsolationForest(contamination=FOREST_SHARE, random_state=seed).fit(vectors.of(train))
    known: dict[frozenset[tuple[str, int]], bool] = {}

    def judge(session: Session) -> bool:
        key = frozenset(Counter(session).items())
        if key not in known:
            known[key] = bool(forest.predict(vectors.of([session]))[0] < 0)
        return known[key]

    return judge


def _components(train: Sequence[Session], vouched: bool, seed: int) -> Callable[[Session], bool]:
    """As Xu et al. (SOSP 2009): counts weighted by how rare a template is, components for 95 % of the variance. What
    has a template nobody saw lies outside of all that was seen."""
    vectors = _Vectors(train)
    counts = vectors.of(train)
    rarity = np.log(len(counts) / np.maximum((counts > 0).sum(axis=0), 1))
    residuals = fit_residuals(counts * rarity, above_chance=False)
    known: dict[frozenset[tuple[str, int]], bool] = {}

    def judge(session: Session) -> bool:
        key = frozenset(Counter(session).items())
        if key not in known:
            error = float(residuals.errors(vectors.of([session]) * rarity)[0])
            known[key] = error > residuals.limit or vectors.outside(session) > 0
        return known[key]

    return judge


class _Vectors:
    def __init__(self, train: Sequence[Session]) -> None:
        self._places = {step: i for i, step in enumerate(sorted({s for session in train for s in session}))}

    def of(self, sessions: Sequence[Session]) -> NDArray[np.float64]:
        vectors = np.zeros((len(sessions), len(self._places)))
        for row, session in zip(vectors, sessions, strict=True):
            for step in session:
                place = self._places.get(step)
                if place is not None:
                    row[place] += 1
        return vectors

    def outside(self, session: Session) -> int:
        return sum(step not in self._places for step in session)


def _distances(vector: NDArray[np.float64], kinds: NDArray[np.float64], outside: int = 0) -> NDArray[np.float64]:
    low, high = np.minimum(vector, kinds).sum(axis=1), np.maximum(vector, kinds).sum(axis=1) + outside
    distances: NDArray[np.float64] = 1.0 - low / np.maximum(high, 1e-9)
    return distances
