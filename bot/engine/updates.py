"""What is said of an incident, and is the next word kept? Updates, and the reminder when a promised one is late.

When a reminder is due stands in the database; the schedule only looks. Taking it is one conditional statement, so that
two processes, or one that starts again, remind once.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.actions.policy import Policy, Verdict
from bot.clock import Clock
from bot.engine.incidents import learn_harmless
from bot.engine.ports import Store, Transaction
from bot.engine.telling import add_line, note, tell_incident
from bot.errors import InputError, Refused, Stale
from bot.incidents.life import Update, of_this_life
from bot.incidents.model import BY_PERSON, Incident, Resolution, TimelineEntry
from bot.incidents.spoken import NEXT_MAX
from bot.people import Person
from bot.settings import Settings
from bot.signals.severity import Severity

TEXT_MAX = 1_500
_LOOKED_AT = 100
ENDS = {"resolved": Resolution.BY_PERSON, "not_a_problem": Resolution.NOT_A_PROBLEM}


class Updates:
    def __init__(self, store: Store, clock: Clock, settings: Settings, policy: Policy) -> None:
        self._store, self._clock, self._policy = store, clock, policy
        self._lead = settings.incidents.lead

    def post(
        self,
        incident_id: int,
        text: str,
        by: Person,
        *,
        next_in: timedelta | None = None,
        severity: Severity | None = None,
        ends: str = "",
    ) -> Incident:
        """What is known now. `next_in`: when the next one comes, `severity`: how bad it is as of now, `ends`:
        "resolved" or "not_a_problem" when this is the last word."""
        if self._policy.may_act_on_incidents(by).verdict is Verdict.REFUSED:
            raise Refused(self._policy.may_act_on_incidents(by).reason)
        said = text.replace("\0", "").strip()[:TEXT_MAX]
        if not said:
            raise InputError("an update needs a few words", place="text")
        if next_in is not None and not timedelta(minutes=1) <= next_in <= NEXT_MAX:
            raise InputError("the next update comes in a minute at the earliest, in a day at the latest", place="next")
        if ends and ends not in ENDS:
            raise InputError(f"{ends[:60]!r} is neither resolved nor not_a_problem", place="state")
        now = self._clock.now()
        with self._store.write() as tx:
            incident = tx.incidents.lock(incident_id)
            if not incident.state.is_active:
                raise Stale("already_resolved", incident=incident.key, by=incident.resolved_by)
            due = now + next_in if next_in and not ends else None
            tx.updates.add(Update(incident_id, now, by.key, said, (severity or incident.severity).value, due, due))
            facts = {"text": said, **_changed(incident, severity), **_promised(next_in if due else None)}
            incident = self._changed(tx, incident, severity, ends, by, now)
            add_line(tx, incident, "updated", now, by.key, **facts, ends=ends)
            note(tx, now, by.key, "incident.updated", incident.key, **facts)
            tell_incident(tx, incident, now)
            return incident

    def remind(self) -> int:
        """Reminds of what was promised and did not come; gives of how many."""
        now = self._clock.now()
        with self._store.read() as tx:
            due = tx.updates.due(now, _LOOKED_AT)
        return sum(self._remind(update.id, now) for update in due)

    def _remind(self, update_id: int, now: datetime) -> bool:
        with self._store.write() as tx:
            update = tx.updates.get(update_id)
            incident = tx.incidents.lock(update.incident_id)
            if not still_promised(tx, incident, update.id):
                tx.updates.save_reminder(replace(update, remind_at=None), update.reminded)
                return False
            if not tx.updates.save_reminder(update.reminded_again(now), update.reminded):
                return False
            roles = of_this_life(tx.roles.of(incident.id), incident)
            to = next((role.person for role in roles if role.name == self._lead), update.by)
            late = {"to": to, "update": str(update.id), **_promised(update.interval)}
            add_line(tx, incident, "reminded", now, **late)
            return True

    def _changed(
        self, tx: Transaction, incident: Incident, severity: Severity | None, ends: str, by: Person, now: datetime
    ) -> Incident:
        changed = incident
        if severity is not None and severity is not incident.severity:
            changed = changed.graded(severity, BY_PERSON)
        if ends:
            changed = changed.resolve(by.key, now, ENDS[ends])
            facts = (("resolution", ENDS[ends].value), ("note", ""))
            kind = "resolved" if ends == "resolved" else "not_a_problem"
            tx.incidents.add_timeline(incident.id, TimelineEntry(now, kind, by.key, facts))
        if ends == "not_a_problem":
            learn_harmless(tx, incident, now)
        return tx.incidents.save(changed) if changed is not incident else incident


def still_promised(tx: Transaction, incident: Incident, update_id: int) -> bool:
    """It is the newest word of an incident that goes on, and nothing better came."""
    updates = tx.updates.of(incident.id)
    if not incident.state.is_active or not updates or updates[-1].id != update_id:
        return False
    return incident.reopened_at is None or updates[-1].at >= incident.reopened_at


def _changed(incident: Incident, severity: Severity | None) -> dict[str, str]:
    return {"severity": severity.value} if severity is not None and severity is not incident.severity else {}


def _promised(next_in: timedelta | None) -> dict[str, str]:
    return {"next_minutes": str(round(next_in / timedelta(minutes=1)))} if next_in else {}
