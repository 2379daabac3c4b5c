"""Are two incidents one? Found so when trouble links them, or said so by people; and one that is two is split.

What people say teaches: problems that were split are not put together by themselves again, those merged are.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from bot.engine.blame import Blame
from bot.engine.ports import Decision, Transaction
from bot.engine.tasks import tell_tasks
from bot.engine.telling import add_line, card_of_incident, tell_incident
from bot.incidents.correlation import OpenIncident, correlate
from bot.incidents.graph import ServiceGraph
from bot.incidents.model import Incident, IncidentState, Resolution
from bot.signals.model import Signal
from bot.signals.severity import worst

LESSON = "pair"
TOGETHER, APART = "together", "apart"
ANOTHER, ELSEWHERE = "another", "elsewhere"
"""Why what is seen again is parted: other lines than before, or another origin."""

_BEGAN_WITHIN = timedelta(minutes=5)
_SCORE_MIN = 0.6
_LESSONS_MAX = 200
_UNTOUCHED = (IncidentState.OPEN, IncidentState.REOPENED)
_PEOPLE_WEIGH = 2.0
"""Twice as much as what always came together before."""


class Merging:
    def __init__(self, graph: ServiceGraph, blame: Blame) -> None:
        self._graph, self._blame = graph, blame

    def merge_linked(
        self, tx: Transaction, incident: Incident, signal: Signal, candidates: Sequence[OpenIncident], now: datetime
    ) -> Incident:
        """When the signal that has just come to `incident` links it strongly to another that began with it, the younger
        becomes part of the older. What people have taken in hand is theirs to merge."""
        others = [c for c in candidates if c.incident.id != incident.id and _may_merge(incident, c.incident)]
        found = correlate(signal, others, self._graph, now) if others else None
        if found is None or found.score < _SCORE_MIN or not found.incident_id:
            return incident
        other = next(c.incident for c in others if c.incident.id == found.incident_id)
        older, younger = sorted((incident, other), key=lambda i: i.id)
        if not _is_untouched(tx, younger):
            return incident
        return self.merge(tx, older, younger, now, because=found.because)

    def merge(
        self,
        tx: Transaction,
        into: Incident,
        gone: Incident,
        now: datetime,
        by: str = "",
        because: Sequence[tuple[str, str]] = (),
    ) -> Incident:
        """All that belongs to `gone` belongs to `into`; gives that back. A message that nobody has seen yet is never
        posted, one that stands says where it went on."""
        moved = tx.signals.of(gone.id)
        tx.signals.join([s.id for s in moved], into.id)
        ended = tx.incidents.save(gone.resolve(by, now, Resolution.MERGED).part_of(into.id))
        grown = into.joined_by(
            max(into.last_signal_at, gone.last_signal_at), worst(into.severity, gone.severity), "signal"
        )
        grown = tx.incidents.save(grown.begun_by(gone.began_at))
        if tx.tasks.move_open(gone.id, into.id):
            tell_tasks(tx, grown, now)
        reason = "by_person" if by else "linked"
        facts = {"other": gone.key, "service": gone.service, **dict(because)}
        tx.records.decide(Decision(now, "merged", into.key, reason, facts))
        tx.records.decide(Decision(now, "merged", gone.key, reason, {**facts, "into": into.key}))
        add_line(tx, grown, "merged", now, by, other=gone.key, service=gone.service)
        if not tx.outbox.withdraw(card_of_incident(gone.id)):
            add_line(tx, ended, "merged_into", now, by, other=into.key)
            tell_incident(tx, ended, now)
        self._blame.suspect(tx, grown, now)
        tell_incident(tx, grown, now)
        return grown

    def split(
        self, tx: Transaction, incident: Incident, services: Collection[str], now: datetime, by: str
    ) -> Incident | None:
        """A new incident of what `services` show. None when nothing or everything would move."""
        signals = tx.signals.of(incident.id)
        moved = [s for s in signals if s.service in services]
        if not moved or len(moved) == len(signals):
            return None
        new = _opened_for(tx, incident, moved, now)
        tx.records.decide(Decision(now, "split", new.key, "by_person", {"other": incident.key, "service": new.service}))
        tx.records.decide(Decision(now, "split", incident.key, "by_person", {"other": new.key, "service": new.service}))
        add_line(tx, incident, "split", now, by, other=new.key, service=new.service)
        add_line(tx, new, "split_from", now, by, other=incident.key)
        for one in (incident, new):
            self._blame.suspect(tx, one, now)
            tell_incident(tx, one, now)
        learn(tx, [s for s in signals if s not in moved], moved, APART, by, now)
        return new

    def part(
        self,
        tx: Transaction,
        incident: Incident,
        moved: Sequence[Signal],
        other: Incident | None,
        reason: str,
        now: datetime,
    ) -> Incident:
        """What is seen again is another problem, or began elsewhere than before (`reason`: `ANOTHER`, `ELSEWHERE`): it
        goes to `other`, else to a new incident, and `incident` is over. Gives back what `incident` became."""
        if not _is_untouched(tx, incident):
            return incident
        into = other or _opened_for(tx, incident, moved, now)
        tx.signals.join([s.id for s in moved], into.id)
        roots = self._blame.roots(tx, moved, now)
        facts = {"service": roots[0].service if roots else into.service}
        tx.records.decide(Decision(now, "split", into.key, reason, {"other": incident.key, **facts}))
        tx.records.decide(Decision(now, "split", incident.key, reason, {"other": into.key, **facts}))
        if reason == ANOTHER:
            add_line(tx, incident, "another", now, other=into.key, **facts)
            add_line(tx, into, "another_from", now, other=incident.key)
        else:
            add_line(tx, incident, "elsewhere", now, other=into.key, **facts)
            add_line(tx, into, "elsewhere_from", now, other=incident.key)
        if other is not None:
            latest = max(s.seen_until for s in moved)
            into = tx.incidents.save(other.joined_by(latest, worst(*(s.severity for s in moved)), "signal"))
        self._blame.suspect(tx, into, now)
        tell_incident(tx, into, now)
        ended = tx.incidents.save(incident.resolve("", now, Resolution.QUIET))
        self._blame.suspect(tx, ended, now)
        tell_incident(tx, ended, now)
        return ended

    def begun_with(
        self, tx: Transaction, incident: Incident, moved: Sequence[Signal], now: datetime
    ) -> Incident | None:
        """An open incident that began at about the same time as the signals, and that is linked to them."""
        began_at = min(s.began_at for s in moved)
        others = [i for i in tx.incidents.active() if i.id != incident.id and not i.declared_by]
        others = [i for i in others if abs(i.began_at - began_at) <= _BEGAN_WITHIN]
        candidates = [OpenIncident(i, tuple(tx.signals.of(i.id))) for i in others]
        for signal in moved if candidates else ():
            found = correlate(signal, candidates, self._graph, now)
            if found.incident_id:
                return next(i for i in others if i.id == found.incident_id)
        return None


def _opened_for(tx: Transaction, incident: Incident, moved: Sequence[Signal], now: datetime) -> Incident:
    """A new incident of some of the signals of another."""
    leading = min(moved, key=lambda s: (s.severity.rank, s.began_at))
    new = tx.incidents.add(
        Incident(
            service=leading.service,
            title=leading.title,
            severity=worst(*(s.severity for s in moved)),
            severity_reason="signal",
            began_at=min(s.began_at for s in moved),
            opened_at=now,
            last_signal_at=max(s.seen_until for s in moved),
            channel=incident.channel,
        )
    )
    tx.signals.join([s.id for s in moved], new.id)
    return new


def learn(
    tx: Transaction, ones: Sequence[Signal], others: Sequence[Signal], verdict: str, by: str, now: datetime
) -> None:
    """People said that these problems belong together, or do not."""
    pairs = {pair_of(one.fingerprint, other.fingerprint) for one in ones for other in others}
    for pair in sorted(pairs)[:_LESSONS_MAX]:
        tx.lessons.add(LESSON, pair, verdict, by, now)


def taught(tx: Transaction) -> dict[tuple[str, str], float]:
    """Pair of fingerprints → what people's word weighs: for those they put together (more often than apart), and
    against."""
    balance: dict[str, int] = {}
    for (pair, verdict), times in tx.lessons.counts(LESSON).items():
        balance[pair] = balance.get(pair, 0) + (times if verdict == TOGETHER else -times)
    found = {}
    for pair, votes in balance.items():
        one, _, other = pair.partition(":")
        if votes:
            found[one, other] = _PEOPLE_WEIGH if votes > 0 else -_PEOPLE_WEIGH
    return found


def pair_of(one: str, other: str) -> str:
    return ":".join(sorted((one, other)))


def _may_merge(one: Incident, other: Incident) -> bool:
    return abs(one.began_at - other.began_at) <= _BEGAN_WITHIN and not (one.declared_by or other.declared_by)


def _is_untouched(tx: Transaction, incident: Incident) -> bool:
    return incident.state in _UNTOUCHED and not tx.runs.of(incident.id)
