"""Where did the trouble begin? Of the services of an incident, and of those they complain about, each one's share.

What a dependency explains is no origin: a service that fails because what it calls fails, is silent or is complained
about counts little, the lowest of them counts most. Traffic comes from the other side: of services that are busier, the
origin is the one that nobody busier calls. Who was in trouble first counts more.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.anomalies.failing import is_warning, looks_failing
from bot.incidents.effects import Blamed
from bot.incidents.graph import ServiceGraph
from bot.incidents.naming import named_in
from bot.signals.model import Signal, SignalKind
from bot.signals.severity import Severity

_EARLIER_S = 90.0
"""Trouble that began so much later is a third as likely to be the origin."""

_EXPLAINED, _EXPLAINED_TWO_HOPS = 0.12, 0.3
"""What is left of a service whose dependency is in trouble too, one or two steps away."""

_EXPLAINS_WITHIN = timedelta(seconds=90)
"""What began later than that explains nothing, unless it is complained about."""

_COMPLAINED = 0.6
"""What each service that complains about it adds."""

_UNSEEN = 0.35
"""A service that is only complained about, and shows nothing itself, starts with so much."""

_SHARED_DEPENDENCY = 0.15
"""One that shows nothing and that several in trouble depend on, for each of them."""

_SILENT = 1.5
_BROKEN_OFF = 2.0
"""Calls that begin here and do not finish: what fails here, or what it calls."""

_EFFECT_MIN = 0.4
_NO_EFFECT, _BY_EFFECT = 0.3, 1.0
"""What is left of a service that fails without an effect; what the strongest effect weighs by itself."""

_LINES_RISE, _USUAL_RATE = 2, 1.0
"""Of a service that is busier so many lines rise; lines that came once a minute before are usual ones."""

_WEAK = 0.4
_FIGURES = (SignalKind.UNUSUAL_MIX, SignalKind.ALERT, SignalKind.SERIES, SignalKind.FORECAST, SignalKind.ABSENCE)
"""Only alerts, figures or an unusual mix: an effect more often than a cause."""


@dataclass(frozen=True, slots=True)
class Root:
    """`share`: of the origin, all roots' together are 1. `because` are reason keys with figures."""

    service: str
    share: float
    began_at: datetime
    is_seen: bool
    is_silent: bool
    because: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class _Trouble:
    """What one service shows."""

    began_at: datetime
    kinds: set[SignalKind] = field(default_factory=set)
    is_failing: bool = False
    is_busier: bool = False
    is_silent: bool = False
    is_broken: bool = False
    names: set[str] = field(default_factory=set)


def roots_of(signals: Sequence[Signal], graph: ServiceGraph, effects: Sequence[Blamed] = ()) -> list[Root]:
    """The likeliest origin first. Signals that are only information count where nothing else is known. `effects` is
    what the lines and figures say of the services, per call (`bot.incidents.effects`)."""
    troubles = _troubles(signals, graph)
    if not troubles:
        return []
    strong = {blamed.service: blamed for blamed in effects if blamed.score >= _EFFECT_MIN}
    as_asked = {blamed.service for blamed in effects if blamed.effect.is_as_asked}
    for service, blamed in strong.items():
        if service in troubles and blamed.effect.is_own:  # its calls end in itself: what it names did as it was asked
            troubles[service].names -= as_asked - set(troubles)
    complaints = _complaints(troubles)
    first = min(t.began_at for t in troubles.values())
    weights: dict[str, float] = {}
    for service, trouble in troubles.items():
        weights[service] = _own(trouble, first) * _unexplained(service, troubles, complaints, graph)
        weights[service] *= 1 + _COMPLAINED * len(complaints.get(service, ()))
    for service, callers in _unseen(troubles, complaints, graph).items():
        weights[service] = callers
    weights = _weighed(weights, strong, as_asked, troubles, complaints)
    total = sum(weights.values()) or 1.0
    found = [_root(service, weight / total, troubles, complaints, first, strong) for service, weight in weights.items()]
    return sorted(found, key=lambda root: (-root.share, root.began_at, root.service))


def _weighed(
    weights: Mapping[str, float],
    strong: Mapping[str, Blamed],
    as_asked: Collection[str],
    troubles: Mapping[str, _Trouble],
    complaints: Mapping[str, Sequence[str]],
) -> dict[str, float]:
    """By the effects, where there are any: of services that fail, and of those that show no signal. What is complained
    about has the effect on those that complain; who is busier is judged by that alone, and who is silent, too, unless
    nobody asked for more."""
    highest = max((blamed.score for blamed in strong.values()), default=0.0)
    found = dict(weights)
    if not highest:
        return found
    share = {service: blamed.score / highest for service, blamed in strong.items()}
    for service, weight in weights.items():
        trouble = troubles.get(service)
        if trouble is not None and (trouble.is_silent or trouble.is_busier):
            is_idle = trouble.is_silent and service in as_asked and service not in complaints
            found[service] = weight * (_NO_EFFECT if is_idle else 1.0)
            continue
        seen = max(share.get(other, 0.0) for other in (service, *complaints.get(service, ())))
        found[service] = weight * (_NO_EFFECT + (1 - _NO_EFFECT) * seen)
    for service, blamed in strong.items():
        most = _BY_EFFECT * share[service] if blamed.effect.is_own else 0.0
        found[service] = max(found.get(service, 0.0), most)
    return found


def is_traffic(signal: Signal) -> bool:
    """More of many usual lines at once: somebody asks more, nothing needs to be broken here."""
    if signal.kind is not SignalKind.RATE_UP:
        return False
    seen = signal.evidence
    if seen.contributions:
        return True
    return bool(seen.level) and not is_warning(seen.level) and not looks_failing(seen.level, seen.template)


def _troubles(signals: Sequence[Signal], graph: ServiceGraph) -> dict[str, _Trouble]:
    counted = [s for s in signals if s.severity.at_least(Severity.MINOR)] or list(signals)
    busier = _busier(signals)
    found: dict[str, _Trouble] = {}
    for signal in counted:
        trouble = found.setdefault(signal.service, _Trouble(signal.began_at))
        trouble.began_at = min(trouble.began_at, signal.began_at)
        trouble.kinds.add(signal.kind)
        if is_traffic(signal) or (signal.service in busier and _is_usual(signal)):
            trouble.is_busier = True
        elif signal.kind is SignalKind.BROKEN_OFF:
            trouble.is_broken = trouble.is_failing = True
        elif signal.kind is SignalKind.RATE_DOWN:
            trouble.is_silent |= signal.severity.at_least(Severity.MAJOR)
        elif signal.kind not in _FIGURES:
            trouble.is_failing = True
    for signal in signals:
        if signal.service in found:
            found[signal.service].names |= named_in(signal, graph.services)
    return found


def _busier(signals: Sequence[Signal]) -> set[str]:
    """Services of which several usual lines rise: then all do that are usual, also those that warn now and then."""
    found: dict[str, set[str]] = defaultdict(set)
    for signal in signals:
        if is_traffic(signal):
            found[signal.service].add(signal.evidence.template_id)
    return {service for service, templates in found.items() if len(templates) >= _LINES_RISE}


def _is_usual(signal: Signal) -> bool:
    return signal.kind is SignalKind.RATE_UP and (signal.evidence.rate_before or 0.0) >= _USUAL_RATE


def _complaints(troubles: Mapping[str, _Trouble]) -> dict[str, list[str]]:
    """Service → who names it."""
    found: dict[str, list[str]] = defaultdict(list)
    for service, trouble in troubles.items():
        for other in sorted(trouble.names):
            found[other].append(service)
    return found


def _own(trouble: _Trouble, first: datetime) -> float:
    weight = math.exp(-(trouble.began_at - first).total_seconds() / _EARLIER_S)
    if trouble.is_silent:
        return _SILENT * max(weight, 0.5)  # silence is noticed late
    if trouble.is_broken:
        return weight * _BROKEN_OFF
    if not trouble.is_failing and not trouble.is_busier:
        return weight * _WEAK
    return weight


def _unexplained(
    service: str, troubles: Mapping[str, _Trouble], complaints: Mapping[str, Sequence[str]], graph: ServiceGraph
) -> float:
    """How much of its trouble is left when what others explain is taken away."""
    trouble = troubles[service]
    if trouble.is_silent:
        return 1.0
    if trouble.is_busier:
        callers = [o for o, t in troubles.items() if o != service and t.is_busier]
        return _left(graph.downstream(other, service) for other in callers)
    busier = [o for o, t in troubles.items() if o != service and t.is_busier and graph.downstream(o, service) <= 2]
    latest = trouble.began_at + _EXPLAINS_WITHIN
    causes = [
        o
        for o, t in troubles.items()
        if o != service and (t.is_failing or t.is_silent) and (t.began_at <= latest or o in trouble.names)
    ]
    named = trouble.names & (set(causes) | set(complaints))
    left = _left(graph.downstream(service, other) for other in causes)
    left = min(left, _EXPLAINED) if named else left
    return left * (_EXPLAINED if busier else 1.0)


def _left(hops: Iterable[int]) -> float:
    return min((_EXPLAINED if n == 1 else _EXPLAINED_TWO_HOPS for n in hops if n <= 2), default=1.0)


def _unseen(
    troubles: Mapping[str, _Trouble], complaints: Mapping[str, Sequence[str]], graph: ServiceGraph
) -> dict[str, float]:
    """Services that show nothing, and that those in trouble name or share."""
    found = {
        service: _UNSEEN + _COMPLAINED * len(callers) * 0.5
        for service, callers in complaints.items()
        if service not in troubles
    }
    failing = [service for service, trouble in troubles.items() if not trouble.is_busier]
    for other in sorted({o for service in failing for o in graph.around(service, 1)} - set(troubles) - set(found)):
        callers = sum(graph.downstream(service, other) == 1 for service in failing)
        if callers >= 2:
            found[other] = _SHARED_DEPENDENCY * callers
    return found


def _root(
    service: str,
    share: float,
    troubles: Mapping[str, _Trouble],
    complaints: Mapping[str, Sequence[str]],
    first: datetime,
    strong: Mapping[str, Blamed],
) -> Root:
    trouble = troubles.get(service)
    because: list[tuple[str, str]] = []
    if trouble and trouble.is_silent:
        because.append(("silent", service))
    if trouble and trouble.is_broken:
        because.append(("broken_off", service))
    elif service in strong and strong[service].effect.is_own:
        because.append(("cut_short", strong[service].effect.text))
    if trouble and trouble.is_busier:
        because.append(("busier", service))
    if trouble and trouble.began_at == first and len(troubles) > 1:
        because.append(("first_in_trouble", service))
    if complaints.get(service):
        because.append(("named_by", ", ".join(complaints[service][:3])))
    return Root(
        service,
        share,
        trouble.began_at if trouble else first,
        trouble is not None,
        bool(trouble and trouble.is_silent),
        tuple(because),
    )
