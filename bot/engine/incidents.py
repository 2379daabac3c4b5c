"""What can people do with an incident? Each is one transaction that every door (command, button, form, HTTP) uses."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.actions.policy import Policy, Verdict
from bot.clock import Clock
from bot.engine.blame import LESSON as BLAME_LESSON
from bot.engine.blame import Blame
from bot.engine.marks import Written
from bot.engine.merging import TOGETHER, Merging, learn
from bot.engine.ports import Store, Transaction
from bot.engine.sensitivity import Sensitivities, loudness_of
from bot.engine.telling import add_line, note, tell_incident, tell_review
from bot.errors import InputError, NotFound, Refused, Stale
from bot.incidents.life import Role, of_this_life
from bot.incidents.model import BY_PERSON, Incident, Resolution
from bot.people import Person
from bot.settings import Settings
from bot.signals.fingerprint import fingerprint
from bot.signals.model import Signal, SignalKind
from bot.signals.severity import Severity

_TITLE_LENGTH_MAX = 200
_QUOTED_WITHIN = timedelta(days=1)
"""An older message tells of something else, or of what was known for long."""


class Incidents:
    def __init__(
        self, store: Store, clock: Clock, settings: Settings, policy: Policy, blame: Blame, merging: Merging
    ) -> None:
        self._store, self._clock, self._settings, self._policy = store, clock, settings, policy
        self._blame, self._merging = blame, merging

    def declare(
        self, by: Person, service: str, title: str, severity: Severity, channel: str = "", quoted: Written | None = None
    ) -> Incident:
        """A person says that there is a problem; `quoted`: the message that told of it, with which it began."""
        self._must_be_allowed(by)
        title = " ".join(title.split())[:_TITLE_LENGTH_MAX]
        if not title:
            raise InputError("an incident needs a few words that say what is wrong", place="title")
        now = self._clock.now()
        with self._store.write() as tx:
            opened = Incident(
                service=service,
                title=title,
                severity=severity,
                severity_reason="declared",
                began_at=quoted.at if quoted and now - _QUOTED_WITHIN <= quoted.at <= now else now,
                opened_at=now,
                last_signal_at=now,
                declared_by=by.key,
                channel=channel or channel_for(self._settings, service),
            )
            incident = tx.incidents.add(opened)
            tx.signals.add(_report(incident, now), incident.id)
            add_line(tx, incident, "declared", now, by.key)
            if quoted:
                add_line(tx, incident, "quoted", quoted.at, by.key, author=quoted.author, **quoted.facts)
            note(tx, now, by.key, "incident.declared", incident.key, title=title)
            tell_incident(tx, incident, now)
            return incident

    def acknowledge(self, incident_id: int, by: Person) -> Incident:
        """Who does leads it, unless somebody does already."""
        self._must_be_allowed(by)
        now = self._clock.now()
        with self._store.write() as tx:
            return take_note(tx, tx.incidents.lock(incident_id), self._settings.incidents.lead, by, now)

    def resolve(self, incident_id: int, by: Person, remark: str = "") -> Incident:
        def close(incident: Incident, at: datetime) -> Incident:
            return incident.resolve(by.key, at, Resolution.BY_PERSON)

        return self._step(
            incident_id, by, "resolved", close, resolution=Resolution.BY_PERSON.value, note=remark[:_TITLE_LENGTH_MAX]
        )

    def not_a_problem(self, incident_id: int, by: Person) -> Incident:
        """Resolved, and its problems are kept quiet unless they are much louder: people said that they are none."""

        def dismiss(incident: Incident, at: datetime) -> Incident:
            return incident.resolve(by.key, at, Resolution.NOT_A_PROBLEM)

        return self._step(incident_id, by, "not_a_problem", dismiss, after=learn_harmless)

    def useful(self, incident_id: int, by: Person) -> Incident:
        """What it shows is worth telling: no louder than it came from, and never kept quiet."""
        self._must_be_allowed(by)
        now = self._clock.now()
        with self._store.write() as tx:
            incident = tx.incidents.lock(incident_id)
            Sensitivities(tx).welcome(_distinct(tx, incident), by.key, now)
            note(tx, now, by.key, "incident.useful", incident.key)
            return incident

    def reopen(self, incident_id: int, by: Person) -> Incident:
        """And what was no problem is one again."""

        def take_back(tx: Transaction, incident: Incident, at: datetime) -> None:
            if was_dismissed:
                Sensitivities(tx).welcome(_distinct(tx, incident), by.key, at)

        with self._store.read() as tx:
            was_dismissed = tx.incidents.get(incident_id).resolution is Resolution.NOT_A_PROBLEM
        return self._step(incident_id, by, "reopened", lambda incident, at: incident.reopen(at), after=take_back)

    def review(self, incident_id: int, by: Person) -> Incident:
        """Puts a draft of the review into the incident's thread, as a file to go on writing."""
        self._must_be_allowed(by)
        now = self._clock.now()
        with self._store.write() as tx:
            incident = tx.incidents.lock(incident_id)
            tell_review(tx, incident, by.key, now)
            note(tx, now, by.key, "incident.review", incident.key)
            return incident

    def judge(self, incident_id: int, subject: str, verdict: str, by: Person) -> None:
        """`verdict` is "confirmed" or "rejected": what a person says of a suspect."""
        self._must_be_allowed(by)
        if verdict not in ("confirmed", "rejected"):
            raise InputError(f"{verdict!r} is neither confirmed nor rejected", place="verdict")
        now = self._clock.now()
        with self._store.write() as tx:
            incident = tx.incidents.lock(incident_id)
            suspects = tx.incidents.suspects(incident_id)
            if subject not in {suspect.subject for suspect in suspects}:
                raise NotFound("suspect", subject, known=[suspect.subject for suspect in suspects])
            judged = [replace(s, verdict=verdict) if s.subject == subject else s for s in suspects]
            tx.incidents.set_suspects(incident_id, judged)
            one = next(s for s in judged if s.subject == subject)
            if one.kind == "change":
                tx.lessons.add(BLAME_LESSON, tx.changes.get(int(subject)).kind.value, verdict, by.key, now)
            self._blame.suspect(tx, incident, now)
            add_line(tx, incident, "suspect", now, by.key, suspect=one.label, verdict=verdict)
            note(tx, now, by.key, "suspect." + verdict, incident.key, suspect=subject)
            tell_incident(tx, incident, now)

    def grade(self, incident_id: int, severity: Severity, reason: str, by: Person) -> Incident:
        """People say how bad it is; it does not rise by itself afterwards."""

        def change(incident: Incident, at: datetime) -> Incident:
            if incident.severity is severity and incident.severity_reason == BY_PERSON:
                raise Stale("same_severity", incident=incident.key)
            return incident.graded(severity, BY_PERSON)

        said = " ".join(reason.split())[:_TITLE_LENGTH_MAX]
        return self._step(incident_id, by, "graded", change, new=severity.value, note=said)

    def merge(self, incident_id: int, into_id: int, by: Person) -> Incident:
        """The two are one problem: what belongs to the first belongs to the second, and that is learnt."""
        self._must_be_allowed(by)
        if incident_id == into_id:
            raise InputError("an incident cannot become part of itself", place="incident")
        now = self._clock.now()
        with self._store.write() as tx:
            gone, into = tx.incidents.lock(incident_id), tx.incidents.lock(into_id)
            if not into.state.is_active:
                raise Stale("already_resolved", incident=into.key, by=into.resolved_by)
            if any(not run.state.is_over for run in tx.runs.of(incident_id)):
                raise Refused("run_in_progress", run="", state="")
            learn(tx, tx.signals.of(incident_id), tx.signals.of(into_id), TOGETHER, by.key, now)
            merged = self._merging.merge(tx, into, gone, now, by.key)
            note(tx, now, by.key, "incident.merged", merged.key, other=gone.key)
            return merged

    def split(self, incident_id: int, services: Sequence[str], by: Person) -> Incident:
        """What these services show is another problem: it gets an incident of its own, and that is learnt."""
        self._must_be_allowed(by)
        now = self._clock.now()
        with self._store.write() as tx:
            incident = tx.incidents.lock(incident_id)
            shown = sorted({signal.service for signal in tx.signals.of(incident_id)})
            new = self._merging.split(tx, incident, services, now, by.key)
            if new is None:
                raise InputError(f"name some of its services, not all ({', '.join(shown)})"[:500], place="service")
            note(tx, now, by.key, "incident.split", incident.key, other=new.key)
            return new

    def _step(
        self,
        incident_id: int,
        by: Person,
        kind: str,
        step: Callable[[Incident, datetime], Incident],
        after: Callable[[Transaction, Incident, datetime], None] | None = None,
        **facts: str,
    ) -> Incident:
        """One step of an incident's life: raises `Refused`, `Stale` or `NotFound` and then has changed nothing."""
        self._must_be_allowed(by)
        now = self._clock.now()
        with self._store.write() as tx:
            incident = tx.incidents.save(step(tx.incidents.lock(incident_id), now))
            if after is not None:
                after(tx, incident, now)
            add_line(tx, incident, kind, now, by.key, **facts)
            note(tx, now, by.key, f"incident.{kind}", incident.key, **facts)
            tell_incident(tx, incident, now)
            return incident

    def _must_be_allowed(self, by: Person) -> None:
        decision = self._policy.may_act_on_incidents(by)
        if decision.verdict is Verdict.REFUSED:
            raise Refused(decision.reason)


def take_note(tx: Transaction, incident: Incident, lead: str, by: Person, now: datetime) -> Incident:
    """`by` is on it now; without a lead, they lead."""
    saved = tx.incidents.save(incident.acknowledge(by.key, now))
    leads = lead not in {role.name for role in of_this_life(tx.roles.of(saved.id), saved)}
    if leads:
        tx.roles.give(saved.id, Role(lead, by.key, now, by.key))
    facts = {"role": lead} if leads else {}
    add_line(tx, saved, "acknowledged", now, by.key, **facts)
    note(tx, now, by.key, "incident.acknowledged", saved.key, **facts)
    tell_incident(tx, saved, now)
    return saved


def channel_for(settings: Settings, service: str) -> str:
    """Where a service's incidents are told."""
    configured = settings.services.get(service)
    return (configured.channel if configured else "") or settings.slack.channel


def learn_harmless(tx: Transaction, incident: Incident, at: datetime) -> None:
    """Its problems are not told again for a while."""
    Sensitivities(tx).dismiss(_distinct(tx, incident), incident.resolved_by, at)


def _distinct(tx: Transaction, incident: Incident) -> list[Signal]:
    """Of each problem the loudest."""
    found: dict[str, Signal] = {}
    for signal in tx.signals.of(incident.id):
        known = found.get(signal.fingerprint)
        if known is None or loudness_of(signal) > loudness_of(known):
            found[signal.fingerprint] = signal
    return list(found.values())


def _report(incident: Incident, now: datetime) -> Signal:
    return Signal(
        fingerprint=fingerprint("reported", incident.service, incident.title),
        kind=SignalKind.REPORTED,
        service=incident.service,
        severity=incident.severity,
        began_at=now,
        at=now,
        title=incident.title,
        source="person",
    )
