"""What does the past say of which problems belong together? Who named whom, what came together, what people taught."""

import json
import math
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.engine.merging import taught
from bot.engine.ports import Transaction
from bot.incidents.correlation import OpenIncident
from bot.incidents.graph import ServiceGraph
from bot.incidents.naming import named_in
from bot.settings import Settings
from bot.signals.model import Signal
from bot.signals.severity import Severity

TIMES_MIN = 2
"""So often two problems have to have come together before it says something."""

_OVER = timedelta(days=90)
_LEARNT = "graph.learnt"
_EDGES_MAX = 5_000
_MEMBERS_MAX = 200


class History:
    """Learns edges only of services for which nothing is declared: what people wrote down is right."""

    def __init__(self, settings: Settings, graph: ServiceGraph) -> None:
        self._graph = graph
        self._declared = {name for name, section in settings.services.items() if section.depends_on}
        self._edges: set[tuple[str, str]] | None = None

    def note(self, tx: Transaction, signal: Signal) -> None:
        """Whoever complains of a service uses it."""
        self._graph.know([signal.service, *(row.name for row in tx.logs.services())])
        edges = self._load(tx)
        if signal.service in self._declared or not signal.severity.at_least(Severity.MINOR):
            return
        new = {(signal.service, other) for other in named_in(signal, self._graph.services)} - edges
        if new and len(edges) + len(new) <= _EDGES_MAX:
            edges |= new
            for caller, other in sorted(new):
                self._graph.learn(caller, other)
            tx.records.remember(_LEARNT, json.dumps(sorted(edges)))

    def together(
        self, tx: Transaction, signal: Signal, candidates: Sequence[OpenIncident], now: datetime
    ) -> dict[tuple[str, str], float]:
        """Pair of fingerprints → how much they belong together: as people said, else as often as they came together."""
        members = [m.fingerprint for c in candidates for m in c.signals[-40:]][-_MEMBERS_MAX:]
        return {**self._came_together(tx, signal.fingerprint, members, now), **taught(tx)} if members else {}

    def _came_together(
        self, tx: Transaction, fingerprint: str, members: Sequence[str], now: datetime
    ) -> dict[tuple[str, str], float]:
        """The cosine of the sets of incidents that had the one and the other."""
        had: dict[str, set[int]] = defaultdict(set)
        for incident_id, name in tx.signals.holders({fingerprint, *members}, now - _OVER):
            had[name].add(incident_id)
        own = had.get(fingerprint, set())
        found = {}
        for member in set(members) - {fingerprint}:
            both = len(own & had.get(member, set()))
            if both >= TIMES_MIN:
                pair = (min(fingerprint, member), max(fingerprint, member))
                found[pair] = both / math.sqrt(len(own) * len(had[member]))
        return found

    def _load(self, tx: Transaction) -> set[tuple[str, str]]:
        if self._edges is None:
            self._edges = {(caller, other) for caller, other in json.loads(tx.records.recall(_LEARNT) or "[]")}
            for caller, other in sorted(self._edges):
                self._graph.learn(caller, other)
        return self._edges
