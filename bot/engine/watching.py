"""Is a problem still on, is it over, did a run help? What closed windows say of the incidents there are."""

from collections import defaultdict
from datetime import datetime, timedelta

from bot.actions.model import Run, Verdict
from bot.actions.verification import Looked, together
from bot.anomalies.detectors import is_more_than_chance, still_on
from bot.anomalies.model import ServiceWindow
from bot.engine.correlator import Correlator
from bot.engine.ports import Decision, Transaction
from bot.engine.returning import may_return_from
from bot.engine.telling import add_line, tell_incident
from bot.incidents.episodes import OVER_AFTER, is_over
from bot.incidents.model import Incident, Resolution
from bot.incidents.recovery import verdict_of
from bot.logs.windows import window_start
from bot.settings import Settings
from bot.signals.model import Signal, SignalKind
from bot.signals.severity import Severity
from bot.silences.flapping import quiet_needed

_USUAL_OVER = timedelta(minutes=60)
"""What was usual before an incident, for saying whether a service is alive again."""


class Watching:
    def __init__(self, settings: Settings, correlator: Correlator) -> None:
        self._settings, self._correlator = settings, correlator
        self._quiet = timedelta(minutes=settings.incidents.quiet_minutes)
        self._reopen_within = timedelta(minutes=settings.incidents.reopen_minutes)

    # -- a window closes

    def watch_window(self, tx: Transaction, window: ServiceWindow, now: datetime) -> None:
        """A problem that shows in the window keeps its incident from going quiet, and one that is back reopens it."""
        watched = tx.signals.watched(window.service, now - self._reopen_within)
        if not watched:
            return
        lines = {template.template_id: template.current for template in window.templates}
        shown: dict[int, list[Signal]] = defaultdict(list)
        for incident_id, signal in watched:
            template = signal.evidence.template_id
            if template and _keeps_open(signal) and _shows(signal, lines.get(template, 0), window):
                shown[incident_id].append(signal)
        for incident_id, signals in shown.items():
            incident = tx.incidents.get(incident_id)
            if incident.state.is_active and is_over(incident, window.start):
                self._correlator.begin_again(tx, incident, signals, window.start, incident.severity, now)
            elif incident.state.is_active:
                back = [s for s in signals if window.start - s.seen_until >= OVER_AFTER]
                tx.signals.still_on([s.id for s in signals if s not in back], window.end)
                for signal in back:
                    self._correlator.see_again(tx, incident, signal, window.start, window.end)
                tx.incidents.save(incident.joined_by(window.end, incident.severity, ""))
            elif window.start >= may_return_from(incident, self._quiet):
                self._correlator.bring_back(tx, incident, now)

    def settle(self, tx: Transaction, now: datetime) -> None:
        """Resolves what has been quiet long enough; what comes and goes is held open longer. What a person declared, a
        person resolves."""
        for incident in tx.incidents.active():
            if not self._correlator.part_elsewhere(tx, incident, now).state.is_active:
                continue
            self._correlator.look_again(tx, incident, now)
            if incident.declared_by or now - incident.last_signal_at < self._quiet:
                continue
            if any(not run.state.is_over for run in tx.runs.of(incident.id)):
                continue
            returns = sum(e.kind in ("reopened", "flapping") and not e.by for e in tx.incidents.timeline(incident.id))
            if now - incident.last_signal_at >= quiet_needed(self._quiet, returns):
                self._resolve(tx, incident, Resolution.QUIET, now)

    # -- a run is over

    def verdict_on(self, tx: Transaction, run: Run, now: datetime, *, own_check: bool = False) -> Verdict | None:
        """What the windows that closed since the run say, and the action's own check; None while it is too early."""
        if run.done_at is None or run.verify_until is None:
            return Verdict.NOT_CHECKED
        signals = self._by_signals(tx, run, run.verify_until, now)
        if not own_check:
            return signals
        own = Looked(run.looked_before, run.looks).verdict(is_last=now >= run.verify_until)
        return together(signals, own) if run.incident else own

    def _by_signals(self, tx: Transaction, run: Run, until_when: datetime, now: datetime) -> Verdict | None:
        if not run.incident or run.done_at is None:
            return Verdict.NOT_CHECKED
        length = self._settings.detection.window
        first = window_start(run.done_at, length) + length
        signals = [s for s in tx.signals.of(run.incident) if s.evidence.template_id]
        checked = {row.name: row.checked_until for row in tx.logs.services()}
        until = min((checked[s.service] or first for s in signals if s.service in checked), default=first)
        windows = max(0, (until - first) // length)
        counts = {service: tx.logs.counts(service, first, until) for service in {s.service for s in signals}}
        watched = [
            (
                signal.evidence,
                [
                    counts[signal.service].get(signal.evidence.template_id, {}).get(first + i * length, 0)
                    for i in range(windows)
                ],
            )
            for signal in signals
        ]
        lines = [
            sum(c.get(first + i * length, 0) for c in counts.get(run.service, {}).values()) for i in range(windows)
        ]
        usual = self._usual_lines(tx, run, signals, length)
        is_last = now >= until_when
        return verdict_of(watched, length, is_last=is_last, service_lines=lines, usual_lines=usual)

    def _usual_lines(self, tx: Transaction, run: Run, signals: list[Signal], length: timedelta) -> float:
        """Lines a window of the service that was acted on, before the incident; 0 when that is not known."""
        if not any(signal.service == run.service for signal in signals):
            return 0.0
        incident = tx.incidents.get(run.incident)
        until = window_start(incident.began_at, length)
        row = next((row for row in tx.logs.services() if row.name == run.service), None)
        since = max(until - _USUAL_OVER, window_start(row.first_at, length)) if row else until
        windows = (until - since) // length
        if windows < 1:
            return 0.0
        counts = tx.logs.counts(run.service, since, until)
        return sum(sum(c.values()) for c in counts.values()) / windows

    def recovered(self, tx: Transaction, run: Run, now: datetime) -> None:
        incident = tx.incidents.get(run.incident)
        if incident.state.is_active:
            self._resolve(tx, incident, Resolution.RECOVERED, now, run=str(run.id))

    def _resolve(
        self, tx: Transaction, incident: Incident, resolution: Resolution, now: datetime, **facts: str
    ) -> None:
        resolved = tx.incidents.save(incident.resolve("", now, resolution))
        tx.records.decide(Decision(now, "resolved", incident.key, resolution.value, {"service": incident.service}))
        add_line(tx, resolved, "resolved", now, resolution=resolution.value, **facts)
        tell_incident(tx, resolved, now)


def _shows(signal: Signal, lines: int, window: ServiceWindow) -> bool:
    """Is the problem on in this window? When it was over, usual lines have to be more than chance brings; fewer of them
    have to be unusual enough to be raised once more."""
    if not still_on(signal.evidence, lines, window.length):
        return False
    if window.start - signal.seen_until < OVER_AFTER:
        return True
    return signal.kind is not SignalKind.RATE_DOWN and is_more_than_chance(signal.evidence, lines, window.length)


def _keeps_open(signal: Signal) -> bool:
    """What is only information does not, and whether calls still break off is not seen by one template's lines: that is
    raised anew as long as it lasts."""
    return signal.severity.at_least(Severity.MINOR) and signal.kind is not SignalKind.BROKEN_OFF
