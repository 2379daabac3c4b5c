"""How do tickets elsewhere stay in step with incidents?

What a system of tickets knows of an incident is a row: how far it was moved, and the last line of the timeline that it
was told of. The timeline is written in the transaction of each step, so whatever is newer waits to be told; it is put
into the tickets' outbox together with the row, under the incident's lock, and told in order. What is opened or written
carries a key by which it is looked for before it is tried again: one ticket for an incident, whatever is killed when.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from bot.actions.fitting import filled
from bot.actions.policy import Policy, Verdict
from bot.clock import Clock
from bot.engine.living import is_for, tickets_offered
from bot.engine.pages import IncidentPage
from bot.engine.ports import Store, Transaction
from bot.engine.reading import Reading
from bot.engine.showing import names_of, trouble_of
from bot.engine.telling import add_line, note, tell_incident
from bot.engine.ticket_ports import Desk, Does, Filed, TicketEvent
from bot.engine.trying import CLAIMED_FOR, may_be_tried_again, wait_after
from bot.errors import ConnectorError, Gone, NotFound, Refused, Stale
from bot.incidents.life import Ticket, TicketState
from bot.incidents.model import Incident, IncidentState, TimelineEntry
from bot.people import Person
from bot.settings import Settings, TicketSettings

log = logging.getLogger(__name__)

TICKETS = "tickets"
"""The team of what is done by itself: `Person("tickets", "ops")`, in the audit."""
_OPENED_AGAIN_AFTER = timedelta(seconds=30)
"""As with `CLAIMED_FOR`, when nobody knows whether a try took effect."""
_ERROR_MAX = 300

_SAID: Mapping[str, str] = {
    "updated": "updates",
    "severity": "severity",
    "graded": "severity",
    "acknowledged": "steps",
    "resolved": "steps",
    "not_a_problem": "steps",
    "reopened": "steps",
    "flapping": "steps",
    "merged": "steps",
    "merged_into": "steps",
    "split": "steps",
    "run_started": "actions",
    "run_finished": "actions",
    "run_failed": "actions",
    "run_verified": "actions",
}
"""Lines of the timeline → the name under which the settings ask for them."""


class TicketWords(Protocol):
    """What stands in a ticket. `names`: `Person.key` → name."""

    def title(self, page: IncidentPage) -> str: ...
    def text(self, page: IncidentPage, names: Mapping[str, str]) -> str: ...
    def moment(self, entry: TimelineEntry, page: IncidentPage, names: Mapping[str, str]) -> str: ...


class Tickets:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: Settings,
        policy: Policy,
        reading: Reading,
        desks: Mapping[str, Desk],
        words: TicketWords,
    ) -> None:
        """`desks`: by the names of [tickets]."""
        self._store, self._clock, self._policy, self._reading = store, clock, policy, reading
        self._sections, self._desks, self._words = settings.tickets, desks, words

    # -- what people do

    def open(self, incident_id: int, by: Person, name: str = "") -> str:
        """A ticket is to be opened: of this name, else of the first that there is none of yet. Gives its name."""
        decision = self._policy.may_act_on_incidents(by)
        if decision.verdict is Verdict.REFUSED:
            raise Refused(decision.reason)
        if not self._sections:
            raise Refused("no_tickets")
        if name and name not in self._sections:
            raise NotFound("ticket system", name, known=sorted(self._sections))
        now = self._clock.now()
        with self._store.write() as tx:
            incident = tx.incidents.lock(incident_id)
            tickets = tx.tickets.of(incident_id)
            offered = tickets_offered(self._sections, incident, tickets)
            chosen = name or next(iter(offered), "")
            there = next((one for one in tickets if one.counts and one.name == (name or one.name)), None)
            if there is not None and chosen not in offered:
                raise Stale("has_ticket", ticket=there.ticket, name=there.name, link=there.link)
            if not chosen:
                raise Refused("no_tickets")
            self._want(tx, incident, chosen, by.key, now)
            add_line(tx, incident, "ticket_asked", now, by.key, name=chosen)
            note(tx, now, by.key, "ticket.asked", incident.key, name=chosen)
            return chosen

    # -- by the clock

    def run(self) -> int:
        """Puts what tickets do not know yet into their outbox. Returns of how many there was something."""
        if not self._sections:
            return 0
        now = self._clock.now()
        with self._store.read() as tx:
            active = tx.incidents.active()
            known = tx.tickets.of_each([incident.id for incident in active])
            behind = tx.tickets.behind()
        opened = [
            (incident.id, name)
            for incident in active
            for name, section in self._sections.items()
            if _is_due(section, incident, now) and name not in {one.name for one in known.get(incident.id, ())}
        ]
        found = sum(self._open_by_itself(incident_id, name, now) for incident_id, name in opened)
        return found + sum(self._catch_up(ticket.key, ticket.incident_id, now) for ticket in behind)

    def _open_by_itself(self, incident_id: int, name: str, now: datetime) -> bool:
        with self._store.write() as tx:
            incident = tx.incidents.lock(incident_id)
            if not _is_due(self._sections[name], incident, now):
                return False
            if any(one.name == name for one in tx.tickets.of(incident_id)):
                return False
            self._want(tx, incident, name, "", now)
            note(tx, now, Person(TICKETS, name).key, "ticket.asked", incident.key, name=name)
            return True

    def _want(self, tx: Transaction, incident: Incident, name: str, by: str, now: datetime) -> None:
        """A refused one is tried again under its key, for it may be there; a lost one gets another."""
        earlier = [one for one in tx.tickets.of(incident.id) if one.name == name]
        refused = next((one for one in earlier if one.state is TicketState.REFUSED), None)
        lost = sum(one.state is TicketState.LOST for one in earlier)
        key = f"tocsin-{incident.key}-{int(incident.opened_at.timestamp())}-{name}" + (f"-{lost + 1}" if lost else "")
        seen = max((entry.id for entry in tx.incidents.timeline(incident.id)), default=0)
        ticket = Ticket(key, name, incident.id, IncidentState.OPEN, seen, now, by)
        if refused is not None:
            tx.tickets.save(ticket)
        elif not tx.tickets.add(ticket):
            return
        tx.tickets.put(TicketEvent(key, name, incident.id, Does.OPEN, now), now)

    def _catch_up(self, key: str, incident_id: int, now: datetime) -> bool:
        with self._store.write() as tx:
            incident = tx.incidents.lock(incident_id)
            ticket, section = tx.tickets.get(key), None
            if ticket is None or not ticket.counts:
                return False
            if self._is_over_before(tx, ticket, incident):
                tx.tickets.drop_untried(key)
                tx.tickets.drop(key)
                return False
            news = sorted((e for e in tx.incidents.timeline(incident_id) if e.id > ticket.seen), key=lambda e: e.id)
            section = self._sections.get(ticket.name)
            for event in _events(ticket, section, incident, news, now) if section else ():
                if event.does is Does.MOVE:
                    tx.tickets.drop_untried(key, Does.MOVE)
                tx.tickets.put(event, now)
            seen = news[-1].id if news else ticket.seen
            tx.tickets.save(replace(ticket, told=incident.state, seen=seen))
            return True

    def _is_over_before(self, tx: Transaction, ticket: Ticket, incident: Incident) -> bool:
        """By itself nothing is opened for what is over, unless that was tried."""
        if incident.state.is_active or ticket.by or ticket.state is not TicketState.WANTED:
            return False
        return bool(tx.tickets.drop_untried(ticket.key, Does.OPEN))

    # -- telling

    def work(self) -> bool:
        """Does one thing to one ticket. True when there was something."""
        now = self._clock.now()
        with self._store.write() as tx:
            event = tx.tickets.claim(now, now + CLAIMED_FOR)
            if event is None:
                return False
            ticket = tx.tickets.get(event.key)
            is_moot = ticket is None or not (ticket.counts if event.does is Does.OPEN else ticket.ticket)
            if is_moot:
                tx.tickets.done(event)
        if ticket is None or is_moot:
            return True
        try:
            filed = self._do(event, ticket)
        except Gone as error:
            self._lost(event, error, now)
        except ConnectorError as error:
            self._not_done(event, error, now)
        else:
            self._done(event, filed, now)
        return True

    def _do(self, event: TicketEvent, ticket: Ticket) -> Filed | None:
        section, desk = self._sections.get(event.name), self._desks.get(event.name)
        if section is None or desk is None:
            raise ConnectorError("it is not set up any more", permanent=True, connector=f"tickets.{event.name}")
        page = self._reading.incident(event.incident_id)
        with self._store.read() as tx:
            names = names_of(tx, page, ())
        entry = next((one for one in page.timeline if one.id == event.entry), None)
        match event.does:
            case Does.OPEN:
                title, text = self._opening(section, page, names)
                return desk.open(event.key, section.target, title, text, event.incident_id)
            case Does.COMMENT if entry is not None:
                said = self._said(desk, entry, page, names)
                desk.write(f"{event.key}-{entry.id}", section.target, ticket.ticket, said)
            case Does.MOVE if event.state is not None and event.state.value in section.states:
                said = self._said(desk, entry, page, names) if entry and not desk.is_public else ""
                state = section.states[event.state.value]  # type: ignore[index]
                desk.move(f"{event.key}-{event.id}", section.target, ticket.ticket, state, said)
        return None

    def _opening(self, section: TicketSettings, page: IncidentPage, names: Mapping[str, str]) -> tuple[str, str]:
        with self._store.read() as tx:
            facts = trouble_of(tx, page.incident).facts
        own = filled({"title": section.title, "text": section.text}, facts)
        for place in ("title", "text"):
            if place not in own:
                words = f"{place}: not all that it names is known of {page.incident.key}"
                raise ConnectorError(words, permanent=True, connector=f"tickets.{section.connector}")
        return own["title"] or self._words.title(page), own["text"] or self._words.text(page, names)

    def _said(self, desk: Desk, entry: TimelineEntry, page: IncidentPage, names: Mapping[str, str]) -> str:
        if desk.is_public:
            return dict(entry.facts).get("text", "")
        return self._words.moment(entry, page, names)

    def _done(self, event: TicketEvent, filed: Filed | None, now: datetime) -> None:
        with self._store.write() as tx:
            incident = tx.incidents.lock(event.incident_id)
            ticket = tx.tickets.get(event.key)
            tx.tickets.done(event)
            if ticket is None:
                return
            by = ticket.by or Person(TICKETS, ticket.name).key
            if filed is None:
                what = {Does.COMMENT: "ticket.commented", Does.MOVE: "ticket.moved"}[event.does]
                facts = {"state": event.state.value} if event.state else {}
                note(tx, now, Person(TICKETS, ticket.name).key, what, incident.key, ticket=ticket.ticket, **facts)
            elif ticket.state is TicketState.WANTED:
                opened = replace(ticket, state=TicketState.OPEN, ticket=filed.name, link=filed.link, error="")
                tx.tickets.save(opened)
                add_line(
                    tx, incident, "ticket_opened", now, ticket.by, ticket=filed.name, name=ticket.name, link=filed.link
                )
                note(tx, now, by, "ticket.opened", incident.key, name=ticket.name, ticket=filed.name)
                tell_incident(tx, incident, now)

    def _not_done(self, event: TicketEvent, error: ConnectorError, now: datetime) -> None:
        log.warning("%s of the ticket %s could not be done: %s", event.does, event.key, error)
        if may_be_tried_again(error, event.put_at, now):
            wait = wait_after(event.attempts)
            if event.does is Does.OPEN:
                wait = max(wait, _OPENED_AGAIN_AFTER)
            with self._store.write() as tx:
                tx.tickets.later(event, now + wait, str(error))
            return
        with self._store.write() as tx:
            incident = tx.incidents.lock(event.incident_id)
            ticket = tx.tickets.get(event.key)
            tx.tickets.give_up(event, str(error))
            if ticket is None:
                return
            said = str(error)[:_ERROR_MAX]
            if event.does is Does.OPEN:
                tx.tickets.drop_untried(event.key)
                tx.tickets.save(replace(ticket, state=TicketState.REFUSED, error=said))
            facts = {"ticket": ticket.ticket, "name": ticket.name, "does": event.does.value, "error": said}
            add_line(tx, incident, "ticket_failed", now, **facts)
            note(tx, now, Person(TICKETS, ticket.name).key, "ticket.refused", incident.key, **facts)
            tell_incident(tx, incident, now)

    def _lost(self, event: TicketEvent, error: Gone, now: datetime) -> None:
        """Nothing more is told to it; another one is opened when somebody wants it."""
        log.warning("the ticket %s is gone: %s", event.key, error)
        with self._store.write() as tx:
            incident = tx.incidents.lock(event.incident_id)
            ticket = tx.tickets.get(event.key)
            tx.tickets.give_up(event, str(error))
            if ticket is None or ticket.state is TicketState.LOST:
                return
            tx.tickets.drop_untried(event.key)
            tx.tickets.save(replace(ticket, state=TicketState.LOST, error=str(error)[:_ERROR_MAX]))
            add_line(tx, incident, "ticket_lost", now, ticket=ticket.ticket, name=ticket.name)
            note(tx, now, Person(TICKETS, ticket.name).key, "ticket.lost", incident.key, ticket=ticket.ticket)
            tell_incident(tx, incident, now)


def _is_due(section: TicketSettings, incident: Incident, now: datetime) -> bool:
    """One is opened by itself now."""
    if section.opened != "by_itself" or incident.severity not in section.severities or not incident.state.is_active:
        return False
    since = incident.reopened_at or incident.opened_at
    return is_for(section, incident) and now >= since + timedelta(minutes=section.delay_minutes)


def _events(
    ticket: Ticket, section: TicketSettings, incident: Incident, news: Sequence[TimelineEntry], now: datetime
) -> list[TicketEvent]:
    """What the ticket is told. It is written to before it is closed, and opened again before it is written to."""

    def event(does: Does, entry: int, state: IncidentState | None = None) -> TicketEvent:
        return TicketEvent(ticket.key, ticket.name, incident.id, does, now, entry, state)

    comments = [event(Does.COMMENT, one.id) for one in news if _SAID.get(one.kind) in section.comments]
    if incident.state is ticket.told or incident.state.value not in section.states:
        return comments
    steps = [one.id for one in news if _SAID.get(one.kind) == "steps"]
    move = event(Does.MOVE, steps[-1] if steps else 0, incident.state)
    return [move, *comments] if incident.state.is_active else [*comments, move]
