"""Of components whose figures got worse together, which one is it? By effect in one unit, less what others explain.

A figure's shift counts in its own unit (seconds of latency, points of availability) and by the share of the symptom's
requests that a component sees: a tiny component whose tiny variance makes every twitch a surprise explains nothing.
From a component's own shift the largest shift among what it depends on is taken away. The surprise only damps: it keeps
noise of large components from counting.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.incidents.graph import FAR, ServiceGraph

_SURPRISE_HALF = 3.0
_SYMPTOM, _UNREACHABLE = 0.5, 0.3


@dataclass(frozen=True, slots=True)
class Shift:
    """`size`: how much worse a figure got, in its unit, 0 or more. `surprise`: the same in its usual deviations.
    `share`: of the symptom's requests that this component sees, 0..1."""

    service: str
    size: float
    surprise: float
    share: float


@dataclass(frozen=True, slots=True)
class Blamed:
    service: str
    score: float
    own: float
    """What of its shift nothing it depends on explains, weighted by its share."""


def rank_effects(symptom: str, shifts: Sequence[Shift], graph: ServiceGraph) -> list[Blamed]:
    """The likeliest origin first. Of components with the same score the first in the alphabet."""
    weighted: Mapping[str, float] = {shift.service: shift.size * shift.share for shift in shifts}
    found = []
    for shift in shifts:
        explained = max((weighted.get(other, 0.0) for other in graph.depends_on(shift.service)), default=0.0)
        own = max(0.0, weighted[shift.service] - explained)
        score = own * shift.surprise / (shift.surprise + _SURPRISE_HALF)
        if shift.service == symptom:
            score *= _SYMPTOM
        elif graph.downstream(symptom, shift.service) >= FAR:
            score *= _UNREACHABLE
        found.append(Blamed(shift.service, score, own))
    return sorted(found, key=lambda blamed: (-blamed.score, blamed.service))
