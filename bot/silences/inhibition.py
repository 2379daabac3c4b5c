"""Does what is told already explain a signal? An open incident mutes what merely follows from it.

Trouble that begins with the incident joins it. This is about what comes later, in services that depend on it: what
complains of a service of the incident by name, and what a failing dependency does to the figures of those above it
(alerts, missing lines, an odd mix). A new failure of another kind is never muted by this, and neither is what is worse.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.incidents.correlation import OpenIncident
from bot.incidents.graph import ServiceGraph
from bot.incidents.naming import named_in
from bot.signals.model import Signal, SignalKind
from bot.signals.severity import Severity

STILL_ON = timedelta(minutes=3)
"""The incident's own trouble was seen so recently."""

HOPS_MAX = 2
_FOLLOWS = (SignalKind.ALERT, SignalKind.RATE_DOWN, SignalKind.UNUSUAL_MIX, SignalKind.SERIES)


@dataclass(frozen=True, slots=True)
class Inhibited:
    incident_id: int
    service: str
    """The service of the incident that the signal's service depends on."""


def inhibited_by(
    signal: Signal, incidents: Collection[OpenIncident], graph: ServiceGraph, now: datetime
) -> Inhibited | None:
    """The incident that explains the signal, the oldest first; None when none does."""
    if signal.severity is Severity.CRITICAL:
        return None
    named = named_in(signal, graph.services)
    for one in incidents:
        if not one.incident.severity.at_least(signal.severity):
            continue
        for service in _in_trouble(one, now):
            if _follows(signal, service, named, graph):
                return Inhibited(one.incident.id, service)
    return None


def _in_trouble(one: OpenIncident, now: datetime) -> list[str]:
    """Its services whose trouble is serious and still on."""
    return sorted(
        {s.service for s in one.signals if s.severity.at_least(Severity.MAJOR) and now - s.seen_until <= STILL_ON}
    )


def _follows(signal: Signal, service: str, named: Collection[str], graph: ServiceGraph) -> bool:
    if not 1 <= graph.downstream(signal.service, service) <= HOPS_MAX:
        return False
    return service in named or signal.kind in _FOLLOWS
