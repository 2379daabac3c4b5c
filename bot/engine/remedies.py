"""Which remedies act now? Rules of the settings that ask for an action by themselves when an open incident fits.

A remedy asks as a person does: what needs another's yes waits for it, freezes and locks hold, the run is told, watched
and in the audit. It acts once for an incident: the row that says so and the run are stored in one transaction, in which
nobody else acts for the remedy. After a failure it stands still until a person lets it go on.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.actions.fitting import Fitting, Trouble, filled
from bot.actions.model import Run
from bot.actions.policy import Policy, Verdict
from bot.actions.remedies import Doing, Mode, Remedy, failed_since, held_back
from bot.clock import Clock
from bot.engine.catalogue import Catalogue
from bot.engine.pages import RemedyLine
from bot.engine.ports import Store, Transaction
from bot.engine.runs import Runs, Wish
from bot.engine.showing import trouble_of
from bot.engine.telling import add_line, note, tell_incident
from bot.errors import ConnectorError, InputError, NotFound, Refused, Stale, TocsinError
from bot.incidents.model import Incident
from bot.people import Person, remedy
from bot.settings import RemedySettings, Settings

log = logging.getLogger(__name__)

RETRY_AFTER = timedelta(minutes=1)
"""When a backend could not plan for now."""

PAST_MAX = 1_000
_SAID_MAX = 300


class Remedies:
    def __init__(
        self, store: Store, clock: Clock, settings: Settings, policy: Policy, catalogue: Catalogue, runs: Runs
    ) -> None:
        self._store, self._clock, self._policy = store, clock, policy
        self._catalogue, self._runs = catalogue, runs
        self._rules = {name: _remedy(name, section) for name, section in settings.remedies.items()}
        self._again_at: dict[tuple[str, int], datetime] = {}

    def run(self) -> None:
        """By the clock: every remedy that is not off, for every open incident that it fits."""
        rules = [rule for rule in self._rules.values() if rule.mode is not Mode.OFF]
        if not rules:
            return
        now = self._clock.now()
        with self._store.read() as tx:
            troubles = [trouble_of(tx, incident) for incident in tx.incidents.active()]
            due = [(rule, trouble) for rule in rules for trouble in troubles if self._is_due(tx, rule, trouble, now)]
        self._tell_failed(rules, now)
        for rule, trouble in due:
            self._act(rule, trouble, now)

    # -- what people do

    def all(self) -> Sequence[RemedyLine]:
        now = self._clock.now()
        with self._store.read() as tx:
            return [self._line(tx, rule, now) for rule in self._rules.values()]

    def stop(self, name: str, by: Person) -> None:
        self._say(name, by, "stopped")

    def resume(self, name: str, by: Person) -> None:
        """It may act again, also after a failure."""
        self._say(name, by, "resumed")

    def _say(self, name: str, by: Person, what: str) -> None:
        decision = self._policy.may_act_on_incidents(by)
        if decision.verdict is Verdict.REFUSED:
            raise Refused(decision.reason)
        if name not in self._rules:
            raise NotFound("remedy", name, known=sorted(self._rules))
        now = self._clock.now()
        with self._store.write() as tx:
            (tx.remedies.stop if what == "stopped" else tx.remedies.resume)(name, by.key, now)
            note(tx, now, by.key, f"remedy.{what}", f"remedy:{name}"[:200])

    def _line(self, tx: Transaction, rule: Remedy, now: datetime) -> RemedyLine:
        past, standing = tx.remedies.past(rule.name, rule.mode, PAST_MAX), tx.remedies.standing(rule.name)
        held = held_back(rule, past, standing, now) if rule.mode is not Mode.OFF else ""
        return RemedyLine(rule, self._catalogue.get(rule.action), held, past[-1] if past else None)

    # -- what it does by itself

    def _is_due(self, tx: Transaction, rule: Remedy, trouble: Trouble, now: datetime) -> bool:
        incident = trouble.incident
        since = incident.reopened_at or incident.opened_at
        if now < since + rule.min_age or not rule.fitting.fits(trouble):
            return False
        if now < self._again_at.get((rule.name, incident.id), now):
            return False
        return not tx.remedies.has_done(rule.name, incident.id, rule.mode)

    def _act(self, rule: Remedy, trouble: Trouble, now: datetime) -> None:
        incident = trouble.incident
        try:
            with self._store.read() as tx:
                self._must_not_be_held(tx, rule, now)
            wish = self._wish(rule, trouble)
            if rule.mode is Mode.DRY:
                self._say_only(rule, incident, self._runs.foreseen(wish).summary, now)
            else:
                self._runs.by_rule(wish, rule.name, lambda tx, run: self._claim(tx, rule, run, now))
        except Stale as error:  # another process was faster, or the incident is over
            log.info("the remedy %s does nothing for %s: %s", rule.name, incident.key, error)
        except Refused as error:
            self._hold(rule, incident, error.reason, now)
        except ConnectorError as error:
            if error.permanent:
                self._fail(rule, incident, error, now)
            else:
                log.warning("the remedy %s cannot be planned for now: %s", rule.name, error)
                self._again_at[rule.name, incident.id] = now + RETRY_AFTER
        except (InputError, NotFound) as error:
            self._fail(rule, incident, error, now)

    def _wish(self, rule: Remedy, trouble: Trouble) -> Wish:
        action = self._catalogue.get(rule.action)
        values = filled(rule.parameters, trouble.facts)
        return Wish(action.kind, action.service, values, action.environment, action.name, trouble.incident.id)

    def _claim(self, tx: Transaction, rule: Remedy, run: Run, now: datetime) -> None:
        """In the transaction that stores the run: everything is looked at once more, with the remedy's row held."""
        tx.remedies.lock(rule.name)
        self._must_not_be_held(tx, rule, now)
        incident = tx.incidents.lock(run.incident)
        if not incident.state.is_active or not tx.remedies.add(rule.name, Doing(incident.id, now, rule.mode, run)):
            raise Stale("changed_meanwhile", incident=incident.key)
        add_line(tx, incident, "remedy_acts", now, remedy(rule.name).key, run=str(run.id), remedy=rule.name)

    def _must_not_be_held(self, tx: Transaction, rule: Remedy, now: datetime) -> None:
        past, standing = tx.remedies.past(rule.name, rule.mode, PAST_MAX), tx.remedies.standing(rule.name)
        held = held_back(rule, past, standing, now)
        if held:
            raise Refused(held)

    def _say_only(self, rule: Remedy, incident: Incident, plan: str, now: datetime) -> None:
        with self._store.write() as tx:
            tx.remedies.lock(rule.name)
            if tx.remedies.add(rule.name, Doing(incident.id, now, rule.mode)):
                self._tell(tx, rule, "remedy_dry", incident, now, plan=plan[:_SAID_MAX])

    def _hold(self, rule: Remedy, incident: Incident, reason: str, now: datetime) -> None:
        """It fits and may not: said once for each reason, and looked at again after a while."""
        self._again_at[rule.name, incident.id] = now + RETRY_AFTER
        with self._store.write() as tx:
            is_new = not tx.remedies.has_done(rule.name, incident.id, rule.mode)
            if is_new and tx.records.once("remedy_held", f"{incident.id}:{reason}:{rule.name}"[:200], now):
                self._tell(tx, rule, "remedy_held", incident, now, reason=reason)

    def _fail(self, rule: Remedy, incident: Incident, error: TocsinError, now: datetime) -> None:
        with self._store.write() as tx:
            tx.remedies.lock(rule.name)
            if tx.remedies.add(rule.name, Doing(incident.id, now, rule.mode, failed=True)):
                self._tell(tx, rule, "remedy_failed", incident, now, error=str(error)[:_SAID_MAX])

    def _tell_failed(self, rules: Sequence[Remedy], now: datetime) -> None:
        """One whose run failed, or did not help, stands still: said in the incident's thread, once."""
        for rule in rules:
            with self._store.read() as tx:
                past, standing = tx.remedies.past(rule.name, rule.mode, PAST_MAX), tx.remedies.standing(rule.name)
                failed = failed_since(past, standing)
                if failed is None or tx.records.has_happened("remedy_stopped", _key(rule, failed)):
                    continue
            with self._store.write() as tx:
                if tx.records.once("remedy_stopped", _key(rule, failed), now):
                    self._tell(tx, rule, "remedy_stopped", tx.incidents.get(failed.incident), now)

    def _tell(self, tx: Transaction, rule: Remedy, kind: str, incident: Incident, now: datetime, **facts: str) -> None:
        by = remedy(rule.name).key
        add_line(tx, incident, kind, now, by, remedy=rule.name, action=rule.action, **facts)
        note(tx, now, by, kind.replace("_", ".", 1), incident.key, remedy=rule.name, **facts)
        tell_incident(tx, incident, now)


def _key(rule: Remedy, doing: Doing) -> str:
    return f"{doing.incident}:{doing.run.id if doing.run else 0}:{rule.name}"[:200]


def _remedy(name: str, section: RemedySettings) -> Remedy:
    return Remedy(
        name=name,
        mode=section.mode,
        fitting=Fitting(section.services, section.templates, section.fingerprints, section.kinds, section.severity),
        action=section.action,
        parameters=dict(section.parameters),
        min_age=timedelta(minutes=section.min_age_minutes),
        per_hour=section.per_hour,
        per_day=section.per_day,
        cool_down=timedelta(minutes=section.cool_down_minutes),
    )
