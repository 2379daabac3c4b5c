"""What could not be told, and who can mend it? A word to them in direct messages, once a day for each trouble.

An incident whose own service's channel does not work goes on in the main channel.
"""

from dataclasses import replace

from bot.actions.policy import Policy
from bot.clock import Clock
from bot.engine.ports import Notice, Store, Transaction
from bot.engine.telling import add_line, card_of_incident, tell_incident
from bot.incidents.life import of_this_life
from bot.incidents.model import Incident
from bot.people import Person
from bot.settings import Settings

_TOLD_MAX = 5


class Mending:
    def __init__(self, store: Store, clock: Clock, settings: Settings, policy: Policy) -> None:
        self._store, self._clock, self._policy = store, clock, policy
        self._main = settings.slack.channel

    def untold(self, notice: Notice, error: str) -> None:
        """Slack will never take this as it is. Only of incidents: the rest is in the log."""
        number = int(str(notice.facts.get("incident") or 0))
        if not number:
            return
        with self._store.write() as tx:
            if notice.template == "told":
                self._not_reached(tx, tx.incidents.get(number), notice, error)
            elif notice.template == "incident" and notice.key == card_of_incident(number):
                self._unheard(tx, tx.incidents.lock(number), notice, error)

    def _unheard(self, tx: Transaction, incident: Incident, notice: Notice, error: str) -> None:
        now = self._clock.now()
        if notice.channel not in (self._main, ""):
            tx.outbox.forget_posted(notice.key)
            incident = tx.incidents.save(replace(incident, channel=self._main))
            tell_incident(tx, incident, now)
        if not tx.records.once("untold", f"{notice.channel}:{error}:{now:%Y-%m-%d}"[:200], now):
            return
        for person in self._who_can_mend(tx, incident):
            user = Person.of(person).user
            facts = {"kind": "untold", "by": "", "incident": incident.id, "channel": notice.channel, "error": error}
            tx.outbox.put(Notice(f"{notice.key}:untold:{user}:{int(now.timestamp())}", "told", user, facts), now)

    def _not_reached(self, tx: Transaction, incident: Incident, notice: Notice, error: str) -> None:
        """Said in the thread, where the others are. That a word about a channel did not arrive is only in the log."""
        if notice.facts.get("kind") != "untold":
            now, person = self._clock.now(), f"T/{notice.channel}"
            add_line(tx, incident, "not_reached", now, to=person, error=error)

    def _who_can_mend(self, tx: Transaction, incident: Incident) -> tuple[str, ...]:
        """Who is in it, and the people who are named as operators one by one."""
        roles = [role.person for role in of_this_life(tx.roles.of(incident.id), incident)]
        named = sorted(key for key in self._policy.operators if _is_user(key))
        keys = dict.fromkeys([*roles, incident.acknowledged_by, incident.declared_by, *named])
        return tuple(key for key in keys if _is_user(key))[:_TOLD_MAX]


def _is_user(key: str) -> bool:
    team, _, user = key.partition("/")
    return team.isalnum() and team.isupper() and user[:1] in ("U", "W") and user.isalnum()
