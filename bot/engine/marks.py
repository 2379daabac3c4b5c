"""What did people say that belongs into an incident's timeline? Messages that they pin or mark with a reaction.

A message stands there once, at the time it was written, as long as one mark is left on it.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from bot.actions.policy import Policy, Verdict
from bot.clock import Clock
from bot.engine.ports import Store, Transaction
from bot.engine.telling import note
from bot.incidents.life import Mark
from bot.incidents.model import TimelineEntry
from bot.people import Person

TEXT_MAX = 500


@dataclass(frozen=True, slots=True)
class Written:
    """A message as it stands in Slack. `thread`: `ts` of the message it answers, or ''. `author`: a `Person.key`, or
    the name of an app."""

    channel: str
    ts: str
    at: datetime
    author: str
    text: str
    link: str = ""
    thread: str = ""

    @property
    def facts(self) -> dict[str, str]:
        return {"text": " ".join(self.text.replace("\0", "").split())[:TEXT_MAX], "link": self.link[:1000]}


class Marks:
    def __init__(self, store: Store, clock: Clock, policy: Policy) -> None:
        self._store, self._clock, self._policy = store, clock, policy

    def put(self, written: Written, kind: str, by: Person) -> int:
        """`kind` is "pin" or "reaction". Gives the incident's id; 0 when the message is of none, or `by` may not."""
        if self._policy.may_act_on_incidents(by).verdict is Verdict.REFUSED:
            return 0
        with self._store.write() as tx:
            number = self._incident_of(tx, written)
            if not number:
                return 0
            incident = tx.incidents.lock(number)
            known = tx.marks.of_message(written.channel, written.ts)
            mark = Mark(written.channel, written.ts, kind, _marker(kind, by), number)
            if known:
                tx.marks.add(replace(mark, incident_id=known[0].incident_id, timeline_id=known[0].timeline_id))
                return known[0].incident_id
            facts = {**written.facts, "marked_by": by.key}
            entry = TimelineEntry(written.at, "marked", written.author, tuple(facts.items()))
            tx.marks.add(replace(mark, timeline_id=tx.incidents.add_timeline(number, entry).id))
            note(tx, self._clock.now(), by.key, "incident.marked", incident.key, link=written.link)
            return number

    def take_off(self, channel: str, ts: str, kind: str, by: Person) -> bool:
        """True when the message left the timeline with it. A pin is the channel's: whoever takes it off, it is gone."""
        with self._store.write() as tx:
            gone = tx.marks.remove(Mark(channel, ts, kind, _marker(kind, by)))
            if gone is None or tx.marks.of_message(channel, ts):
                return False
            tx.incidents.drop_timeline(gone.timeline_id)
            incident = tx.incidents.get(gone.incident_id)
            note(tx, self._clock.now(), by.key, "incident.unmarked", incident.key, message=ts)
            return True

    def _incident_of(self, tx: Transaction, written: Written) -> int:
        room = tx.rooms.at(written.channel)
        if room is not None:
            return room.incident_id
        posted = tx.outbox.find_posted(written.channel, written.thread or written.ts)
        kind, _, rest = (posted.key if posted else "").partition(":")
        number = rest.partition(":")[0]
        return int(number) if kind == "incident" and number.isdigit() else 0


def _marker(kind: str, by: Person) -> str:
    return "" if kind == "pin" else by.key
