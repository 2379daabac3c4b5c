"""Where does a signal belong, and who is suspected? Domain decisions applied to the stored incidents.

Every decision is recorded with its reason, in the transaction that acts on it.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.changes.model import Change
from bot.engine.blame import Blame
from bot.engine.history import History
from bot.engine.incidents import channel_for
from bot.engine.merging import ANOTHER, ELSEWHERE, Merging
from bot.engine.muting import Muting
from bot.engine.ports import Decision, Transaction
from bot.engine.returning import may_return_from
from bot.engine.telling import add_line, tell_incident, tell_plot
from bot.incidents.correlation import OpenIncident, correlate, linked_to
from bot.incidents.episodes import (
    OVER_AFTER,
    PARTS_WITHIN,
    SETTLED_AFTER,
    Episode,
    Lines,
    episode_of,
    is_elsewhere,
    is_of_lines,
    is_over,
    lines_of,
    of_episode,
    seen_at,
)
from bot.incidents.graph import ServiceGraph
from bot.incidents.model import Incident, TimelineEntry
from bot.incidents.opening import is_news, should_open
from bot.incidents.severity import grade
from bot.settings import Settings
from bot.signals.model import Signal, SignalKind
from bot.signals.severity import Severity, worst
from bot.silences.flapping import is_flapping

LOOSE_FOR = timedelta(minutes=10)
"""How long a signal that opened nothing waits for company."""

LOOK_AGAIN_FOR = timedelta(minutes=6)

_LINES_MAX = 8
"""In a storm the thread names so many of the signals; the message counts the others."""

_MATTERS_OF_THEIR_OWN = {SignalKind.UNUSUAL_VALUES, SignalKind.ODD_SESSIONS}


class Correlator:
    def __init__(
        self, settings: Settings, graph: ServiceGraph, muting: Muting, blame: Blame, merging: Merging, history: History
    ) -> None:
        self._settings, self._graph, self._muting = settings, graph, muting
        self._blame, self._merging, self._history = blame, merging, history
        self._quiet = timedelta(minutes=settings.incidents.quiet_minutes)
        self._reopen_within = timedelta(minutes=settings.incidents.reopen_minutes)

    # -- a signal comes

    def place(self, tx: Transaction, signal: Signal, now: datetime) -> Incident | None:
        """Mutes the signal, joins it to an incident, opens or reopens one, or keeps it loose."""
        if self._muting.mutes(tx, signal, now):
            return None
        known = tx.signals.known(signal.fingerprint)
        if known is not None and not signal.evidence.template_id:
            return self._again(tx, tx.incidents.get(known[0]), known[1], signal, now)
        active = tx.incidents.active()
        signals = tx.signals.of_each([incident.id for incident in active])
        candidates = [OpenIncident(incident, tuple(signals[incident.id])) for incident in active]
        same = _holder_of(signal, candidates)
        if same is not None:
            return self._again(tx, same[0].incident, same[1], signal, now)
        self._history.note(tx, signal)
        found = correlate(signal, candidates, self._graph, now, self._history.together(tx, signal, candidates, now))
        if found.incident_id:
            candidate = next(c for c in candidates if c.incident.id == found.incident_id)
            joined = self._join(tx, candidate, signal, found.because, now)
            return self._merging.merge_linked(tx, joined, signal, candidates, now)
        if self._muting.inhibits(tx, signal, candidates, now):
            return None
        opened = self._open(tx, signal, now)
        return self._merging.merge_linked(tx, opened, signal, candidates, now) if opened else None

    def _again(self, tx: Transaction, incident: Incident, known: Signal, signal: Signal, now: datetime) -> Incident:
        """The same problem, raised once more: counted, and told only where it has become clearer or worse. What is only
        information keeps nothing open."""
        at = seen_at(signal, now)
        if not signal.severity.at_least(Severity.MINOR):
            tx.signals.repeat(known.id, at)
            if self._is_clearer(tx, known, signal):
                tell_incident(tx, incident, now)
            return incident
        if is_over(incident, min(signal.began_at, at)):
            return self.begin_again(tx, incident, [known], signal.began_at, signal.severity, now)
        self.see_again(tx, incident, known, signal.began_at, at)
        grown = incident.joined_by(at, signal.severity, "signal")
        saved = tx.incidents.save(grown) if grown != incident else incident
        if saved.severity is not incident.severity:
            self._tell_severity(tx, incident, saved, now)
        if self._is_clearer(tx, known, signal) or saved.severity is not incident.severity:
            self._blame.suspect(tx, saved, now)
            tell_incident(tx, saved, now)
        return saved

    def begin_again(
        self,
        tx: Transaction,
        incident: Incident,
        back: Sequence[Signal],
        began_at: datetime,
        severity: Severity,
        now: datetime,
    ) -> Incident:
        """Trouble of an open incident was over and is back: who is suspected is asked of what is seen from now on."""
        self._note_again(tx, incident, began_at, now)
        tx.signals.begin_again([signal.id for signal in back], began_at, now)
        saved = tx.incidents.save(incident.joined_by(now, severity, "signal"))
        if saved.severity is not incident.severity:
            self._tell_severity(tx, incident, saved, now)
        self._blame.suspect(tx, saved, now)
        tell_incident(tx, saved, now)
        return saved

    def see_again(self, tx: Transaction, incident: Incident, known: Signal, began_at: datetime, at: datetime) -> None:
        """Raised once more; what was over before this episode began is back in it."""
        is_back = began_at - known.seen_until >= OVER_AFTER and known.seen_until < self._episode(tx, incident).began_at
        if is_back:
            tx.signals.begin_again([known.id], began_at, at)
        else:
            tx.signals.repeat(known.id, at)

    def _episode(self, tx: Transaction, incident: Incident) -> Episode:
        return episode_of(incident, tx.incidents.timeline(incident.id))

    def _note_again(self, tx: Transaction, incident: Incident, began_at: datetime, now: datetime) -> None:
        minutes = (began_at - incident.last_signal_at) / timedelta(minutes=1)
        facts = {"began_at": began_at.isoformat(), "quiet": f"{minutes:.0f}"}
        add_line(tx, incident, "again", now, **facts, **self._known(tx, incident, now))

    def _known(self, tx: Transaction, incident: Incident, now: datetime) -> dict[str, str]:
        """Of the episode that is over: where it began, '' when that is not known, and the last signal until then."""
        signals = tx.signals.of(incident.id)
        roots = self._blame.roots(tx, of_episode(signals, self._episode(tx, incident)), now)
        known_to = max((s.id for s in signals), default=0)
        return {"before": roots[0].service if roots else "", "known_to": str(known_to)}

    def part_elsewhere(self, tx: Transaction, incident: Incident, now: datetime) -> Incident:
        """What came back a minute ago becomes an incident of its own, or part of one that began with it, when it is
        another problem: the service that the incident was about shows nothing any more, or the lines are others. What
        people have in hand stays as it is."""
        if now - incident.last_signal_at > PARTS_WITHIN or incident.declared_by:
            return incident
        episode = self._episode(tx, incident)
        if not episode.before or not SETTLED_AFTER <= now - episode.noticed_at <= PARTS_WITHIN:
            return incident
        signals = tx.signals.of(incident.id)
        seen = of_episode(signals, episode)
        if len(seen) == len(signals) or not is_news(seen):
            return incident
        lines = lines_of(signals, episode, self._graph.services)
        begun_with = self._merging.begun_with(tx, incident, seen, now)
        if lines is Lines.OTHERS or (lines is Lines.NONE and begun_with is not None):
            return self._merging.part(tx, incident, seen, begun_with, ANOTHER, now)
        if is_elsewhere(seen, episode, self._blame.roots(tx, seen, now)):
            return self._merging.part(tx, incident, seen, begun_with, ELSEWHERE, now)
        return incident

    def look_again(self, tx: Transaction, incident: Incident, now: datetime) -> None:
        """In the first minutes more is known with each window."""
        episode = self._episode(tx, incident)
        if not timedelta() < now - episode.noticed_at <= LOOK_AGAIN_FOR:
            return
        before = [s.subject for s in tx.incidents.suspects(incident.id)]
        self._blame.suspect(tx, incident, now)
        if [s.subject for s in tx.incidents.suspects(incident.id)] != before:
            tell_incident(tx, incident, now)

    def _join(
        self,
        tx: Transaction,
        candidate: OpenIncident,
        signal: Signal,
        because: Sequence[tuple[str, str]],
        now: datetime,
    ) -> Incident:
        waiting = tx.signals.loose(now - LOOSE_FOR)
        if is_over(candidate.incident, signal.began_at):
            self._note_again(tx, candidate.incident, signal.began_at, now)
        added = self._enter(tx, signal, waiting, candidate.incident.id, now)
        self._adopt(tx, signal, waiting, candidate.incident.id)
        graded = grade([*candidate.signals, added])
        incident = candidate.incident.joined_by(now, graded.severity, graded.reason)
        self._decide(tx, now, "joined", signal, "linked", incident.key, **dict(because))
        if signal.severity.at_least(Severity.MINOR) and len(candidate.signals) < _LINES_MAX:
            add_line(tx, incident, "joined", now, **_said_of(signal))
        if incident.severity is not candidate.incident.severity:
            self._tell_severity(tx, candidate.incident, incident, now)
        incident = tx.incidents.save(incident)
        self._blame.suspect(tx, incident, now)
        tell_incident(tx, incident, now)
        return incident

    def _tell_severity(self, tx: Transaction, before: Incident, after: Incident, now: datetime) -> None:
        old, new = before.severity.value, after.severity.value
        add_line(tx, after, "severity", now, old=old, new=new, reason=after.severity_reason)

    def _is_clearer(self, tx: Transaction, known: Signal, signal: Signal) -> bool:
        """The first window of a problem is often half of one: while it grows, its evidence is brought up to date. What
        its lines share shows only when there are some."""
        before, seen = known.evidence, signal.evidence
        if before.dominant is None and seen.dominant is not None and seen.template_id == before.template_id:
            before = replace(before, dominant=seen.dominant, examples=seen.examples)
            tx.signals.refresh(known.id, before, known.severity)
            known = replace(known, evidence=before)
            self._grow(tx, known, signal)
            return True
        return self._grow(tx, known, signal)

    def _grow(self, tx: Transaction, known: Signal, signal: Signal) -> bool:
        before, seen = known.evidence, signal.evidence
        if signal.kind is known.kind is SignalKind.ODD_SESSIONS and seen.measure and before.measure:
            has_grown = (seen.measure.now or 0) > (before.measure.now or 0)
            if has_grown:
                tx.signals.refresh(known.id, seen, min(known.severity, signal.severity, key=lambda s: s.rank))
            return has_grown
        if (seen.rate_now or 0) <= (before.rate_now or 0) or (before.rate_before or 0) > (before.rate_now or 0):
            return False
        clearer = replace(
            seen,
            rate_before=before.rate_before,
            baseline_low=before.baseline_low,
            baseline_high=before.baseline_high,
            dominant=seen.dominant or before.dominant,
            contributions=seen.contributions or before.contributions,
            rarity=seen.rarity or before.rarity,
        )
        tx.signals.refresh(known.id, clearer, min(known.severity, signal.severity, key=lambda s: s.rank))
        return True

    def _returns(self, tx: Transaction, seen: Sequence[Signal], now: datetime) -> Incident | None:
        """The incident that is over and that one of these was part of."""
        resolved = tx.incidents.resolved_since(now - self._reopen_within)
        signals = tx.signals.of_each([incident.id for incident in resolved])
        for incident in reversed(resolved):
            back = [s for s in seen if seen_at(s, s.at) >= may_return_from(incident, self._quiet)]
            if any(same_problem(one, other) for one in back for other in signals[incident.id]):
                return incident
        return None

    def bring_back(
        self,
        tx: Transaction,
        incident: Incident,
        now: datetime,
        signal: Signal | None = None,
        loose: Sequence[Signal] = (),
    ) -> Incident:
        """The problem is back: the same incident, in the same thread. `signal` was raised anew, `loose` waited for
        company."""
        known = self._known(tx, incident, now) | (_said_of(signal) if signal is not None else {})
        reopened = tx.incidents.save(incident.reopen(now).joined_by(now, incident.severity, ""))
        if signal is not None:
            self._enter(tx, signal, tx.signals.loose(now - LOOSE_FOR), incident.id, now)
            tx.signals.join([s.id for s in loose], incident.id)
        self._decide_about(tx, now, "reopened", incident, "same_problem")
        timeline = tx.incidents.timeline(incident.id)
        before = sum(entry.kind in ("reopened", "flapping") and not entry.by for entry in timeline)
        if is_flapping(before):  # said already: from here on it is only noted
            tx.incidents.add_timeline(incident.id, TimelineEntry(now, "reopened", facts=tuple(known.items())))
        else:
            add_line(tx, reopened, "flapping" if is_flapping(before + 1) else "reopened", now, **known)
        self._blame.suspect(tx, reopened, now)
        tell_incident(tx, reopened, now)
        return reopened

    def _open(self, tx: Transaction, signal: Signal, now: datetime) -> Incident | None:
        """Opens an incident, or again one that is over and was known by these lines; what says too little for that
        waits for company."""
        waiting = tx.signals.loose(now - LOOSE_FOR)
        known = next((other for other in waiting if same_problem(signal, other)), None)
        loose = linked_to(signal, [s for s in waiting if s.severity.at_least(Severity.MINOR)], self._graph)
        opening = should_open(signal, loose, known.count if known else 0)
        if opening.opens or is_of_lines(signal):
            returning = self._returns(tx, [signal, *loose], now)
            if returning is not None:
                return self.bring_back(tx, returning, now, signal, loose)
        if not opening.opens:
            self._wait(tx, signal, known, opening.reason, now)
            return None
        leading = min([signal, *loose], key=lambda s: (s.severity.rank, s.began_at))
        graded = grade([signal, *loose])
        incident = tx.incidents.add(
            Incident(
                service=leading.service,
                title=leading.title,
                severity=worst(graded.severity, signal.severity),
                severity_reason="spread" if graded.reason == "spread" else opening.reason,
                began_at=min([signal.began_at, *(s.began_at for s in loose)]),
                opened_at=now,
                last_signal_at=now,
                channel=channel_for(self._settings, leading.service),
            )
        )
        self._enter(tx, signal, waiting, incident.id, now)
        tx.signals.join([s.id for s in loose], incident.id)
        self._decide(tx, now, "opened", signal, opening.reason, incident.key)
        add_line(tx, incident, "opened", now, reason=opening.reason)
        self._blame.suspect(tx, incident, now)
        tell_incident(tx, incident, now)
        tell_plot(tx, incident, signal, now)
        return incident

    def _enter(
        self, tx: Transaction, signal: Signal, waiting: Sequence[Signal], incident_id: int, now: datetime
    ) -> Signal:
        """The signal becomes part of the incident; where it waited for company before, it is that row that does."""
        known = next((other for other in waiting if same_problem(signal, other)), None)
        if known is None:
            return tx.signals.add(signal, incident_id)
        seen = replace(signal.evidence, rarity=signal.evidence.rarity or known.evidence.rarity)
        tx.signals.refresh(known.id, seen, min(known.severity, signal.severity, key=lambda s: s.rank))
        tx.signals.repeat(known.id, now)
        tx.signals.join([known.id], incident_id)
        return replace(signal, id=known.id, began_at=known.began_at, count=known.count + 1)

    def _adopt(self, tx: Transaction, signal: Signal, waiting: Sequence[Signal], incident_id: int) -> None:
        """What waited for company and belongs with the signal comes along."""
        company = [s for s in waiting if s.severity.at_least(Severity.MINOR) and not same_problem(signal, s)]
        tx.signals.join([s.id for s in linked_to(signal, company, self._graph)], incident_id)

    def _wait(self, tx: Transaction, signal: Signal, known: Signal | None, reason: str, now: datetime) -> None:
        if known is not None:
            tx.signals.repeat(known.id, now)
            return
        tx.signals.add(signal, 0)
        self._decide(tx, now, "kept_quiet", signal, reason)

    # -- a change comes

    def consider_change(self, tx: Transaction, change: Change, now: datetime) -> None:
        """A change reported late may be behind what is open already."""
        for incident in tx.incidents.active():
            near = self._graph.distance(change.service, incident.service) <= 2
            if near and change.at <= incident.opened_at and self._blame.suspect(tx, incident, now):
                tell_incident(tx, incident, now)

    # -- what was decided

    def _decide(
        self, tx: Transaction, now: datetime, kind: str, signal: Signal, reason: str, subject: str = "", **facts: str
    ) -> None:
        tx.records.decide(Decision(now, kind, subject or signal.service, reason, _said_of(signal) | facts))

    def _decide_about(self, tx: Transaction, now: datetime, kind: str, incident: Incident, reason: str) -> None:
        tx.records.decide(Decision(now, kind, incident.key, reason, {"service": incident.service}))


def same_problem(one: Signal, other: Signal) -> bool:
    """The same fingerprint, or the same template seen another way: new at first, then far above its usual rate. What
    its values are, and which sessions lack it, are other matters."""
    template = one.evidence.template_id
    alike = one.kind is other.kind or not {one.kind, other.kind} & _MATTERS_OF_THEIR_OWN
    return one.fingerprint == other.fingerprint or bool(alike and template and template == other.evidence.template_id)


def _said_of(signal: Signal) -> dict[str, str]:
    return {"signal": signal.kind.value, "service": signal.service, "title": signal.title}


def _holder_of(signal: Signal, candidates: Sequence[OpenIncident]) -> tuple[OpenIncident, Signal] | None:
    """The open incident that has this very problem, of several the one that had it last, and its signal there."""
    found = [(c, other) for c in candidates for other in c.signals if same_problem(signal, other)]
    return max(found, key=lambda pair: (pair[1].seen_until, pair[1].id), default=None)
