"""Who is suspected? The ranking of `bot.incidents.suspects` over what is stored: changes, signals, what people said."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from bot.changes.model import ChangeKind
from bot.engine.ports import Transaction
from bot.incidents.graph import ServiceGraph
from bot.incidents.model import Incident, Suspect
from bot.incidents.suspects import LOOK_BACK, learn_kinds, rank

LESSON = "change_kind"


class Blame:
    def __init__(self, graph: ServiceGraph) -> None:
        self._graph = graph

    def suspect(self, tx: Transaction, incident: Incident, now: datetime) -> bool:
        """Ranks the suspects anew. True when they differ from before. What came after it was noticed is none, and
        neither is what was done about it."""
        before = tx.incidents.suspects(incident.id)
        began_at = incident.reopened_at or incident.began_at
        until = incident.reopened_at or incident.opened_at
        changes = tx.changes.between(began_at - LOOK_BACK, min(until, now) + timedelta(microseconds=1))
        done_about_it = {str(run.id) for run in tx.runs.of(incident.id)}
        changes = [change for change in changes if change.attributes.get("run") not in done_about_it]
        verdicts = {suspect.subject: suspect.verdict for suspect in before if suspect.verdict}
        ranked = rank(
            began_at,
            incident.service,
            tx.signals.of(incident.id),
            changes,
            self._graph,
            now,
            verdicts=verdicts,
            kinds=_learnt(tx),
        )
        suspects: list[Suspect] = [replace(s, verdict=verdicts.get(s.subject, "")) for s in ranked]
        if suspects == before:
            return False
        tx.incidents.set_suspects(incident.id, suspects)
        return True


def _learnt(tx: Transaction) -> dict[ChangeKind, float] | None:
    """How guilty each kind of change usually is, when people have said so of some."""
    counts = tx.lessons.counts(LESSON)
    if not counts:
        return None
    confirmed: Counter[ChangeKind] = Counter()
    rejected: Counter[ChangeKind] = Counter()
    for (kind, verdict), times in counts.items():
        (confirmed if verdict == "confirmed" else rejected)[ChangeKind(kind)] += times
    return learn_kinds(confirmed, rejected)
