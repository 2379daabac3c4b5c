"""Of services that got worse together, which one is it? By effect in natural units, less what others explain.

Each (service, kind of evidence) has an effect in units of a floor below which nothing is an effect: seconds of latency,
points of availability, lines too many or too few. It counts by the share of the symptom's requests that the service
sees: a tiny component whose tiny variance makes every twitch a surprise explains nothing. From a service's own effect
the largest of the same kind among what it depends on is taken away. The surprise only damps: it keeps the noise of
large components from counting. Of all that speaks against a service the strongest counts.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.incidents.graph import FAR, ServiceGraph

_SURPRISE_HALF = 3.0
_SYMPTOM, _UNREACHABLE = 0.5, 0.3
LINES = "lines"
_EXPLAINED = {LINES: 0.7}
"""Of an effect of this kind so much is explained by one of the same size below; of others all. Lines of two services
are not in one unit."""


@dataclass(frozen=True, slots=True)
class Effect:
    """`size`: how much worse it got, in its floor, 0 or more. `surprise`: the same in its usual deviations. `share`: of
    the symptom's requests that this service sees, 0..1. `text` says more: a log template. `is_own`: it speaks of this
    service though it raises no signal, as lines that its calls leave out do. `is_as_asked`: it does what its callers
    ask of it."""

    service: str
    kind: str
    size: float
    surprise: float
    share: float = 1.0
    text: str = ""
    is_own: bool = False
    is_as_asked: bool = False


@dataclass(frozen=True, slots=True)
class Blamed:
    """`own`: what of its strongest effect nothing that it depends on explains, weighted by its share."""

    service: str
    score: float
    own: float
    effect: Effect


def rank_effects(effects: Sequence[Effect], graph: ServiceGraph, symptom: str = "") -> list[Blamed]:
    """The likeliest origin first, each service once. `symptom` is the service where the trouble was noticed, which is
    seldom the origin itself; '' when any may be. Of services with the same score the first in the alphabet."""
    weighted: dict[str, dict[str, float]] = defaultdict(dict)
    for effect in effects:
        known = weighted[effect.kind].get(effect.service, 0.0)
        weighted[effect.kind][effect.service] = max(known, effect.size * effect.share)
    best: dict[str, Blamed] = {}
    for effect in effects:
        blamed = _blamed(effect, weighted[effect.kind], graph, symptom)
        if effect.service not in best or blamed.score > best[effect.service].score:
            best[effect.service] = blamed
    return sorted(best.values(), key=lambda blamed: (-blamed.score, blamed.service))


def _blamed(effect: Effect, weighted: Mapping[str, float], graph: ServiceGraph, symptom: str) -> Blamed:
    below = max((weighted.get(other, 0.0) for other in graph.depends_on(effect.service)), default=0.0)
    own = max(0.0, effect.size * effect.share - _EXPLAINED.get(effect.kind, 1.0) * below)
    score = math.log1p(own) * effect.surprise / (effect.surprise + _SURPRISE_HALF)
    if symptom and effect.service == symptom:
        score *= _SYMPTOM
    elif symptom and graph.downstream(symptom, effect.service) >= FAR:
        score *= _UNREACHABLE
    return Blamed(effect.service, score, own, effect)
