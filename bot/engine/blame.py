"""Who is suspected? The ranking of `bot.incidents.suspects` over what is stored: changes, signals, what people said."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.changes.model import Change, ChangeKind
from bot.engine.effects import Effects
from bot.engine.ports import Transaction
from bot.incidents.episodes import episode_of, to_rank
from bot.incidents.graph import ServiceGraph
from bot.incidents.model import Incident, Suspect
from bot.incidents.roots import Root, roots_of
from bot.incidents.suspects import LOOK_BACK, learn_kinds, rank
from bot.incidents.template_diff import TemplateDiff, stretch_of, template_diff
from bot.logs.windows import window_start
from bot.signals.model import Signal
from bot.signals.severity import Severity

LESSON = "change_kind"
_COMPARED_WITHIN = timedelta(minutes=20)
_COMPARED_MAX = 5


class Blame:
    def __init__(self, graph: ServiceGraph, window: timedelta) -> None:
        self._graph, self._window = graph, window
        self._effects = Effects(graph, window)

    def suspect(self, tx: Transaction, incident: Incident, now: datetime) -> bool:
        """Ranks the suspects anew. True when they differ from before. What came after it was noticed is none, and
        neither is what was done about it."""
        before = tx.incidents.suspects(incident.id)
        episode = episode_of(incident, tx.incidents.timeline(incident.id))
        began_at = episode.began_at
        until = episode.noticed_at
        changes = tx.changes.between(began_at - LOOK_BACK, min(until, now) + timedelta(microseconds=1))
        done_about_it = {str(run.id) for run in tx.runs.of(incident.id)}
        changes = [change for change in changes if change.attributes.get("run") not in done_about_it]
        verdicts = {suspect.subject: suspect.verdict for suspect in before if suspect.verdict}
        signals = to_rank(tx.signals.of(incident.id), episode)
        ranked = rank(
            began_at,
            incident.service,
            signals,
            changes,
            self._graph,
            now,
            verdicts=verdicts,
            kinds=_learnt(tx),
            diffs=self._diffs(tx, signals, changes, began_at, now),
            effects=self._effects.of(tx, signals, _shown_from(signals, began_at), now),
        )
        suspects: list[Suspect] = [replace(s, verdict=verdicts.get(s.subject, "")) for s in ranked]
        if suspects == before:
            return False
        tx.incidents.set_suspects(incident.id, suspects)
        return True

    def roots(self, tx: Transaction, signals: Sequence[Signal], now: datetime) -> list[Root]:
        """Where they began, the likeliest first."""
        effects = self._effects.of(tx, signals, _shown_from(signals, now), now) if signals else ()
        return roots_of(signals, self._graph, effects)

    def _diffs(
        self, tx: Transaction, signals: Sequence[Signal], changes: Sequence[Change], began_at: datetime, now: datetime
    ) -> dict[str, TemplateDiff]:
        """The last changes of services in trouble → the texts of what these have stopped writing since."""
        troubled = {signal.service for signal in signals}
        near = [c for c in changes if c.service in troubled and began_at - c.at <= _COMPARED_WITHIN]
        found = {}
        for change in sorted(near, key=lambda c: (c.at, c.id))[-_COMPARED_MAX:]:
            since, until = stretch_of(change.at, now)
            closed = window_start(until, self._window)
            diff = template_diff(tx.logs.counts(change.service, since, closed), change.at, closed, self._window)
            if diff != TemplateDiff():
                rows = tx.logs.templates([*diff.vanished, *diff.shifted])
                found[str(change.id)] = TemplateDiff(
                    tuple(rows[i].text for i in diff.vanished if i in rows),
                    tuple(rows[i].text for i in diff.shifted if i in rows),
                )
        return found


def _shown_from(signals: Sequence[Signal], began_at: datetime) -> datetime:
    """When it first showed: what led to it may have begun much earlier."""
    return min((s.began_at for s in signals if s.severity.at_least(Severity.MINOR)), default=began_at)


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
