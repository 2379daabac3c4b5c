"""Which open incident does a signal belong to?

A link score between the signal and each recent signal of an incident: shared fingerprint, service, neighbourhood in the
service graph, shared entities, who names whom, the same words, and how often the two problems came together before,
fading with the time between them. It joins the incident with the best score, if that is high enough. What is known to
be the same problem always joins: one problem, one message.
"""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.incidents.graph import ServiceGraph
from bot.incidents.model import Incident
from bot.incidents.naming import likeness, named_in, words_of
from bot.incidents.roots import is_traffic
from bot.signals.model import Signal, SignalKind
from bot.signals.severity import Severity

JOIN_SCORE = 0.5
_MEMBERS_COMPARED = 40
_FADE_AFTER_S, _FADE_S = 60.0, 600.0
_BY_HOPS = {0: ("same_service", 1.0), 1: ("neighbour", 0.57), 2: ("two_hops", 0.25)}
_LASTS_AFTER_S, _LASTS_S = 120.0, 600.0
"""Within one service trouble may follow on trouble for longer, while that is still seen."""

_OVER_AFTER_S, _OVER_S = 90.0, 240.0
"""What has not been seen for so long is over: what begins now is less and less likely to belong to it."""

_INFORMATION = 0.6
_FINGERPRINT, _ENTITY = 1.5, 0.8
_WHERE, _PLACED = frozenset({"host", "node", "instance", "pod"}), 0.3
"""Where lines come from: many that have nothing to do with each other run on one host, so that is not enough alone;
that they began in the same moment, too, is."""

_NAMED, _SAME_WORDS, _LIKENESS_MIN = 0.5, 0.4, 0.7
_TOGETHER = 0.6
_SAME_MOMENT, _MOMENT_S, _MOMENT_FADES_S = 0.32, 15.0, 40.0
"""Strangers that fall ill in the same half minute seldom do so by chance; with any other link that is enough."""

REASONS = (
    "same_problem",
    "same_service",
    "neighbour",
    "two_hops",
    "shared_entity",
    "names",
    "same_words",
    "came_together",
    "same_moment",
)
"""The keys of `Correlation.because`; the figure is the share of the score."""

Entity = tuple[str, str]
Together = Mapping[tuple[str, str], float]
"""(fingerprint, fingerprint), the smaller first → how much more often than by chance they came together, -1..1."""


@dataclass(frozen=True, slots=True)
class OpenIncident:
    incident: Incident
    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True)
class Correlation:
    """`incident_id` is 0 when the signal belongs to none of them; `score` is then the best that was not enough."""

    incident_id: int
    score: float
    because: tuple[tuple[str, str], ...] = ()


def correlate(
    signal: Signal,
    candidates: Sequence[OpenIncident],
    graph: ServiceGraph,
    now: datetime,
    together: Together | None = None,
) -> Correlation:
    """Late signals and those out of order are compared by the stretches in which they and the others were seen. Of
    equal scores the incident with the latest signal wins, then the older one."""
    holders = _holders(signal, candidates)
    named = named_in(signal, graph.services)
    best, best_key = Correlation(0, 0.0), (0.0, 0.0, 0)
    for candidate in candidates:
        for member in candidate.signals[-_MEMBERS_COMPARED:]:
            score, because = _link(signal, named, member, candidate, graph, holders, together or {})
            key = (score, candidate.incident.last_signal_at.timestamp(), -candidate.incident.id)
            if score > 0 and key > best_key:
                best, best_key = Correlation(candidate.incident.id, score, because), key
    return best if best.score >= JOIN_SCORE else Correlation(0, best.score)


def linked_to(signal: Signal, loose: Sequence[Signal], graph: ServiceGraph) -> list[Signal]:
    """Those of the loose signals that belong with `signal`, directly or through each other."""
    found, rest, reached = [], list(loose), [signal]
    while reached:
        one = reached.pop()
        near = [other for other in rest if _score(one, other, graph) >= JOIN_SCORE]
        rest = [other for other in rest if other not in near]
        found += near
        reached += near
    return sorted(found, key=lambda s: (s.at, s.id))


def _score(signal: Signal, other: Signal, graph: ServiceGraph) -> float:
    """The link between two signals by themselves."""
    parts, hops = _parts(signal, named_in(signal, graph.services), other, graph, Counter(), {})
    return sum(weight for _, weight in parts) * _fading(signal, other, hops)


def _holders(signal: Signal, candidates: Sequence[OpenIncident]) -> Counter[Entity]:
    """In how many incidents each entity of the signal occurs: what all of them have says nothing."""
    holders: Counter[Entity] = Counter()
    if signal.entities:
        for candidate in candidates:
            theirs = {entity for member in candidate.signals for entity in member.entities}
            holders.update(set(signal.entities) & theirs)
    return holders


def _link(
    signal: Signal,
    named: Collection[str],
    member: Signal,
    candidate: OpenIncident,
    graph: ServiceGraph,
    holders: Counter[Entity],
    together: Together,
) -> tuple[float, tuple[tuple[str, str], ...]]:
    parts, hops = _parts(signal, named, member, graph, holders, together)
    total = sum(weight for _, weight in parts)
    if total <= 0:
        return 0.0, ()
    score = total * _fading(signal, member, hops)
    if _is_same(signal, member):
        score = max(score, JOIN_SCORE)
    return score, tuple((key, f"{weight / total:.2f}") for key, weight in parts)


def _parts(
    signal: Signal,
    named: Collection[str],
    member: Signal,
    graph: ServiceGraph,
    holders: Counter[Entity],
    together: Together,
) -> tuple[list[tuple[str, float]], int]:
    """What links the two, and the hops between their services."""
    is_same = _is_same(signal, member)
    hops = graph.distance(signal.service, member.service)
    is_little = not (signal.severity.at_least(Severity.MINOR) and member.severity.at_least(Severity.MINOR))
    is_little = is_little and not (is_traffic(signal) and is_traffic(member))
    if hops and is_little:
        return [], hops  # what is only information belongs to its own service
    parts: list[tuple[str, float]] = [("same_problem", _FINGERPRINT)] if is_same else []
    if is_little:
        parts.append(("same_service", _INFORMATION))
    elif hops in _BY_HOPS:
        parts.append(_BY_HOPS[hops])
    parts += _shared(signal, named, member, hops, graph, holders)
    lift = together.get(_pair(signal.fingerprint, member.fingerprint), 0.0) if together else 0.0
    if lift and not is_same:
        parts.append(("came_together", _TOGETHER * lift))
    apart_s = _apart_s(signal, member.began_at, member.began_at)
    if not is_little and hops:
        parts.append(("same_moment", _SAME_MOMENT * math.exp(-max(0.0, apart_s - _MOMENT_S) / _MOMENT_FADES_S)))
    return parts, hops


def _is_same(signal: Signal, member: Signal) -> bool:
    """The same problem; also a limit that was foreseen and is reached now."""
    if signal.fingerprint == member.fingerprint:
        return True
    kinds = {signal.kind, member.kind}
    is_foreseen = SignalKind.FORECAST in kinds and kinds <= {SignalKind.FORECAST, SignalKind.SERIES}
    return is_foreseen and any(kind == "series" for kind, _ in {*signal.entities} & {*member.entities})


def _fading(signal: Signal, member: Signal, hops: int) -> float:
    """What belongs together begins together: by the time between the beginnings, and by how long the other is over."""
    apart_s = _apart_s(signal, member.began_at, member.at)
    after_s, slow_s = (_LASTS_AFTER_S, _LASTS_S) if hops == 0 else (_FADE_AFTER_S, _FADE_S)
    is_watched = bool(member.evidence.template_id)  # of others nobody says when they are over
    over_s = (signal.began_at - member.seen_until).total_seconds() if is_watched else 0.0
    return math.exp(-max(0.0, apart_s - after_s) / slow_s - max(0.0, over_s - _OVER_AFTER_S) / _OVER_S)


def _shared(
    signal: Signal,
    named: Collection[str],
    member: Signal,
    hops: int,
    graph: ServiceGraph,
    holders: Counter[Entity],
) -> list[tuple[str, float]]:
    parts: list[tuple[str, float]] = []
    shared = set(signal.entities) & set(member.entities)
    if shared:
        of_lines = "logs" in (signal.source, member.source)
        weights = {e: _PLACED if of_lines and e[0] in _WHERE else _ENTITY for e in shared}
        parts.append(("shared_entity", max(weights[e] / (1 + math.log(max(1, holders[e]))) for e in shared)))
    if hops == 0:
        return parts
    theirs = named_in(member, graph.services)
    if member.service in named or signal.service in theirs or (set(named) & theirs):
        parts.append(("names", _NAMED))
    if likeness(words_of(signal), words_of(member)) >= _LIKENESS_MIN:
        parts.append(("same_words", _SAME_WORDS))
    return parts


def _pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one <= other else (other, one)


def _apart_s(signal: Signal, began_at: datetime, until: datetime) -> float:
    """Seconds between two stretches of time; 0 when they overlap."""
    after = (signal.began_at - until).total_seconds()
    before = (began_at - max(signal.at, signal.began_at)).total_seconds()
    return max(0.0, after, before)
