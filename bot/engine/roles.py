"""Who does what in an incident? Taken, given, freed and handed over; each is one transaction that every door uses."""

from collections.abc import Mapping
from datetime import datetime

from bot.actions.policy import Policy, Verdict
from bot.clock import Clock
from bot.engine.incidents import take_note
from bot.engine.ports import Notice, Store, Transaction
from bot.engine.telling import add_line, card_of_incident, note, tell_incident
from bot.errors import InputError, NotFound, Refused, Stale
from bot.incidents.life import Role, of_this_life
from bot.incidents.model import Incident, IncidentState
from bot.people import Person
from bot.settings import Settings

WORDS_MAX = 1_500


class Roles:
    def __init__(self, store: Store, clock: Clock, settings: Settings, policy: Policy) -> None:
        self._store, self._clock, self._policy = store, clock, policy
        self._names = settings.incidents.roles

    @property
    def lead(self) -> str:
        return self._names[0]

    def named(self, word: str) -> str:
        """The role that is meant: its name, or its beginning. Raises `NotFound`."""
        found = [name for name in self._names if name.startswith(word.lower())] if word else []
        if len(found) != 1 and word.lower() not in self._names:
            raise NotFound("role", word, known=self._names)
        return word.lower() if word.lower() in self._names else found[0]

    def take(self, incident_id: int, by: Person, role: str = "") -> Incident:
        """ "I lead". Taking the lead of an incident that nobody acknowledged acknowledges it."""
        return self.arrange(incident_id, {role or self.lead: by}, by)

    def give(self, incident_id: int, to: Person | None, by: Person, role: str = "") -> Incident:
        """Nobody has it when `to` is None."""
        return self.arrange(incident_id, {role or self.lead: to}, by)

    def hand_over(self, incident_id: int, to: Person, by: Person, words: str, role: str = "") -> Incident:
        """With the state of things, which whoever takes over is told. Raises `InputError` without it."""
        if not words.strip():
            raise InputError("say where things stand, for whoever takes over", place="words")
        return self.arrange(incident_id, {role or self.lead: to}, by, words)

    def arrange(self, incident_id: int, wanted: Mapping[str, Person | None], by: Person, words: str = "") -> Incident:
        """Several at once, as from a form. Raises `Stale` when that is how it is already."""
        if self._policy.may_act_on_incidents(by).verdict is Verdict.REFUSED:
            raise Refused(self._policy.may_act_on_incidents(by).reason)
        for name, person in wanted.items():
            self._must_fit(self.named(name), person)
        said, now = words.replace("\0", "").strip()[:WORDS_MAX], self._clock.now()
        with self._store.write() as tx:
            incident = tx.incidents.lock(incident_id)
            if not incident.state.is_active:
                raise Stale("already_resolved", incident=incident.key, by=incident.resolved_by)
            before = {role.name: role.person for role in of_this_life(tx.roles.of(incident_id), incident)}
            asked = {name: person.key if person else "" for name, person in wanted.items()}
            changed = {name: key for name, key in asked.items() if before.get(name, "") != key}
            if not changed:
                name, key = next(iter(asked.items()), ("", ""))
                raise Stale("has_role", role=name, by=key)
            for name, key in changed.items():
                incident = self._change(tx, incident, name, key, before.get(name, ""), by, said, now)
            tell_incident(tx, incident, now)
            return incident

    def _change(
        self, tx: Transaction, incident: Incident, name: str, to: str, was: str, by: Person, said: str, now: datetime
    ) -> Incident:
        if name == self.lead and to == by.key and incident.state is not IncidentState.ACKNOWLEDGED:
            tx.roles.free(incident.id, name)
            return take_note(tx, incident, self.lead, by, now)
        if to:
            tx.roles.give(incident.id, Role(name, to, now, by.key))
        else:
            tx.roles.free(incident.id, name)
        kind = _kind(to, was, by.key, said if name == self.lead else "")
        facts = {"role": name, "to": to, "was": was, **({"note": said} if kind == "handed_over" else {})}
        add_line(tx, incident, kind, now, by.key, **facts)
        note(tx, now, by.key, f"incident.{kind}", incident.key, **facts)
        if to and to != by.key:
            _tell_person(tx, incident, to, kind, now, by.key, facts)
        return incident

    def _must_fit(self, name: str, person: Person | None) -> None:
        """The lead acts, so it must be somebody who may; the other roles, anybody who is here."""
        if person is None:
            return
        if person.is_bot or not person.team:
            raise Refused("cannot_take_part", person=person.user)
        if name == self.lead and self._policy.may_act_on_incidents(person).verdict is Verdict.REFUSED:
            raise Refused("may_not_lead", person=person.user)


def _kind(to: str, was: str, by: str, said: str) -> str:
    if not to:
        return "role_freed"
    if said and was:
        return "handed_over"
    return "role_taken" if to == by else "role_given"


def _tell_person(
    tx: Transaction, incident: Incident, person: str, kind: str, now: datetime, by: str, facts: Mapping[str, str]
) -> None:
    """In direct messages: who is given something to do may not look at the channel."""
    user = Person.of(person).user
    key = f"{card_of_incident(incident.id)}:role:{facts['role']}:{user}:{int(now.timestamp())}"
    told = {"kind": kind, "by": by, "incident": incident.id, **facts}
    tx.outbox.put(Notice(key, "told", user, told), now)
