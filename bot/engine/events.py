"""What happens when others report alerts, ends of them, changes, runs and figures? One transaction a delivery.

A problem that somebody else watches *stands* until its sender says that it ended: meanwhile its incident does not go
quiet by itself, and when all that an incident holds has ended, it is over.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from bot.clock import Clock
from bot.engine.admitting import Admitting, of_hooks
from bot.engine.changes import Changes
from bot.engine.correlator import Correlator
from bot.engine.pagers import SAID
from bot.engine.ports import Decision, Store, Transaction
from bot.engine.telling import add_line, tell_incident
from bot.incidents.model import Incident, Resolution
from bot.logs.redact import Redactor
from bot.settings import Settings
from bot.signals.model import Signal, SignalKind
from bot.signals.severity import Severity
from bot.sources.alerting import alert, ended
from bot.sources.model import Ended, Heard, Measured, PipelineRun, RunState

STANDS_MAX = timedelta(days=7)
"""A sender that says nothing of a problem for so long has forgotten it."""
SIGNALS_MAX = 1_000
DELIVERY_KEY_MAX = 200
EVENTS_FOR = timedelta(days=90)
DELIVERIES_FOR = timedelta(days=7)
DELIVERY = "delivery"


class _OfService(Protocol):
    @property
    def service(self) -> str: ...


@dataclass(slots=True)
class Outcome:
    """What came of a delivery. `news` counts what was not known before."""

    duplicate: bool = False
    signals: int = 0
    ended: int = 0
    changes: int = 0
    runs: int = 0
    measured: int = 0
    incidents: set[int] = field(default_factory=set)
    services: Mapping[str, str] = field(default_factory=dict)
    """Each service that was told of → under which it counts: there are so many and no more."""


class Events:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: Settings,
        correlator: Correlator,
        changes: Changes,
        redactor: Redactor,
    ) -> None:
        self._store, self._clock, self._settings = store, clock, settings
        self._correlator, self._changes, self._redactor = correlator, changes, redactor
        self._admitting = Admitting(settings, of_hooks)

    def hear(self, source: str, heard: Heard, delivery: str = "") -> Outcome:
        """Takes all of it, or nothing. A `delivery` that was taken before is taken once."""
        now = self._clock.now()
        try:
            return self._hear(source, heard, delivery, now)
        except BaseException:
            self._admitting.forget()
            raise

    def _hear(self, source: str, heard: Heard, delivery: str, now: datetime) -> Outcome:
        with self._store.write() as tx:
            outcome = Outcome(services=self._admitting.admitted(tx, dict.fromkeys(services_of(heard)), now))
            if delivery and not tx.records.once(DELIVERY, f"{source}:{delivery}"[:DELIVERY_KEY_MAX], now):
                return replace(outcome, duplicate=True)
            heard = _counted_as(heard, outcome.services)
            for change in heard.changes:
                outcome.changes += self._changes.note(tx, change, now) is not None
            for signal in (*heard.signals[:SIGNALS_MAX], *self._signals_of(tx, heard, outcome, now)):
                self._raise(tx, signal, outcome, now)
            for end in (*heard.ended[:SIGNALS_MAX], *_ends_of(heard, now)):
                outcome.ended += self._end(tx, end, now)
            return outcome

    def keep(self) -> None:
        """By the clock: what stands keeps its incident open; what nobody spoke of for a week has ended."""
        now = self._clock.now()
        due = timedelta(minutes=self._settings.incidents.quiet_minutes) / 2
        with self._store.write() as tx:
            standing = tx.sources.standing()
            for forgotten in (row for row in standing if now - row.seen_at > STANDS_MAX):
                self._end(tx, Ended(forgotten.fingerprint, forgotten.service, now), now)
            stand = {row.fingerprint for row in standing}
            for incident in tx.incidents.active() if stand else ():
                if now - incident.last_signal_at > due and _holds(tx, incident, stand):
                    tx.incidents.save(incident.joined_by(now, incident.severity, ""))

    def tidy(self) -> None:
        """By the hour: what is old is dropped."""
        now = self._clock.now()
        with self._store.write() as tx:
            tx.sources.drop_events(now - EVENTS_FOR)
            tx.sources.drop_ended(now - EVENTS_FOR)
            for kind in (DELIVERY, SAID):
                tx.records.forget_before(kind, now - DELIVERIES_FOR)

    # -- signals

    def _raise(self, tx: Transaction, signal: Signal, outcome: Outcome, now: datetime) -> None:
        clean = self.clean(signal)
        tx.sources.stand(clean, now)
        incident = self._correlator.place(tx, clean, now)
        outcome.signals += 1
        if incident is not None:
            outcome.incidents.add(incident.id)

    def clean(self, signal: Signal) -> Signal:
        """Without secrets, and without what the database cannot store."""
        redact = self._text
        seen = replace(signal.evidence, examples=tuple(map(redact, signal.evidence.examples)))
        attributes = {redact(name): redact(value) for name, value in signal.attributes.items()}
        return replace(signal, title=redact(signal.title), evidence=seen, attributes=attributes)

    def _text(self, text: str) -> str:
        return self._redactor.redact(text).replace("\0", "").encode("utf-8", "replace").decode("utf-8")

    def _signals_of(self, tx: Transaction, heard: Heard, outcome: Outcome, now: datetime) -> Iterator[Signal]:
        """Of runs that failed and tests that did not pass, when that is news."""
        for run in heard.runs:
            if tx.sources.note_run(replace(run, error=self._text(run.error))):
                outcome.runs += 1
                if run.state is RunState.FAILED:
                    yield _failed(run, now)
        for measured in heard.measured:
            if tx.sources.note_measured(replace(measured, detail=self._text(measured.detail))):
                outcome.measured += 1
                if measured.passed is False:
                    yield _not_passed(measured, now)

    # -- ends

    def _end(self, tx: Transaction, end: Ended, now: datetime) -> bool:
        if not tx.sources.end(end):
            return False
        stand = {row.fingerprint for row in tx.sources.standing()}
        for incident in tx.incidents.active():
            signals = tx.signals.of(incident.id)
            if any(s.fingerprint == end.fingerprint for s in signals) and _is_over(signals, stand):
                self._resolve(tx, incident, now)
        return True

    def _resolve(self, tx: Transaction, incident: Incident, now: datetime) -> None:
        is_being_mended = any(not run.state.is_over for run in tx.runs.of(incident.id))
        if incident.declared_by or is_being_mended:
            return
        resolved = tx.incidents.save(incident.resolve("", now, Resolution.RECOVERED))
        reason = Resolution.RECOVERED.value
        tx.records.decide(Decision(now, "resolved", incident.key, reason, {"service": incident.service}))
        add_line(tx, resolved, "resolved", now, resolution=reason)
        tell_incident(tx, resolved, now)


def services_of(heard: Heard) -> list[str]:
    """Which services it tells of, part by part."""
    told: tuple[Sequence[_OfService], ...] = (heard.signals, heard.ended, heard.changes, heard.runs, heard.measured)
    return [part.service for parts in told for part in parts]


def _counted_as(heard: Heard, services: Mapping[str, str]) -> Heard:
    if all(name == counted for name, counted in services.items()):
        return heard
    return replace(
        heard,
        signals=[replace(signal, service=services[signal.service]) for signal in heard.signals],
        ended=[replace(end, service=services[end.service]) for end in heard.ended],
        changes=[replace(change, service=services[change.service]) for change in heard.changes],
        runs=[replace(run, service=services[run.service]) for run in heard.runs],
        measured=[replace(measured, service=services[measured.service]) for measured in heard.measured],
    )


def _holds(tx: Transaction, incident: Incident, stand: set[str]) -> bool:
    return any(_stands(signal, stand) for signal in tx.signals.of(incident.id))


def _is_over(signals: list[Signal], stand: set[str]) -> bool:
    """Nothing of it stands, and nothing was seen in logs, whose quiet is watched by itself."""
    return not any(_stands(signal, stand) or signal.evidence.template_id for signal in signals)


def _stands(signal: Signal, stand: set[str]) -> bool:
    """What is only information keeps nothing open."""
    return signal.fingerprint in stand and signal.severity.at_least(Severity.MINOR)


def _subject(run: PipelineRun) -> str:
    return f"{run.pipeline}/{run.task}" if run.task else run.pipeline


def _labels(run: PipelineRun) -> Mapping[str, str]:
    told = {"pipeline": run.pipeline, "task": run.task, "run": run.run}
    datasets = {"dataset": run.outputs[0]} if run.outputs else {}
    return {name: value for name, value in (told | datasets).items() if value}


def _failed(run: PipelineRun, now: datetime) -> Signal:
    return alert(
        run.source,
        _subject(run),
        title=_subject(run),
        service=run.service,
        severity=Severity.MAJOR,
        began_at=run.ended_at or run.at,
        now=now,
        labels=_labels(run),
        detail=run.error,
        url=run.link,
        kind=SignalKind.RUN_FAILED,
    )


def _not_passed(measured: Measured, now: datetime) -> Signal:
    title = f"{measured.subject}: {measured.name}"
    signal = alert(
        measured.source,
        title,
        title=title,
        service=measured.service,
        severity=Severity.MINOR,
        began_at=measured.at,
        now=now,
        labels={"dataset": measured.subject},
        detail=measured.detail,
    )
    return replace(signal, evidence=replace(signal.evidence, score=measured.value))


def _ends_of(heard: Heard, now: datetime) -> Iterator[Ended]:
    """A run that succeeded ends its pipeline's trouble, a test that passes its own."""
    for run in heard.runs:
        if run.state is RunState.SUCCEEDED:
            yield ended(run.source, _subject(run), run.service, run.ended_at or run.at, now)
    for measured in heard.measured:
        if measured.passed:
            yield ended(measured.source, f"{measured.subject}: {measured.name}", measured.service, measured.at, now)
