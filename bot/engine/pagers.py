"""How do pagers stay in step with incidents, both ways?

What a pager knows of an incident is a row. It is told only what it does not know yet; what it says itself is written
down there first, so that it is never said back. Events wait in a table, in order, until they are told.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from bot.clock import Clock
from bot.engine.calling_ports import Pager, PagerAlert, PagerEvent, Told
from bot.engine.incidents import Incidents
from bot.engine.ports import Store, Transaction
from bot.engine.telling import add_line
from bot.engine.trying import CLAIMED_FOR, may_be_tried_again, wait_after
from bot.errors import ConnectorError, Refused, Stale
from bot.incidents.model import Incident, IncidentState
from bot.oncall.escalation import PageState, Reach
from bot.people import Person
from bot.settings import Settings
from bot.sources.model import PAGER_KEY, PagerSaid, Saying

log = logging.getLogger(__name__)

PAGER = "pager"
"""The team of what acts for a pager: `Person("pager", "main")`."""
_ERROR_MAX = 300
SAID = "pager.said"


class Pagers:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: Settings,
        incidents: Incidents,
        pagers: Mapping[str, Pager],
        team: str,
    ) -> None:
        self._store, self._clock, self._settings, self._incidents = store, clock, settings, incidents
        self._pagers, self._team = pagers, team

    # -- outward

    def trigger(self, tx: Transaction, pager: str, incident: Incident, since: datetime, now: datetime) -> None:
        """Once for each time that the incident is open."""
        if any(one.pager == pager and one.since == since for one in tx.pagers.alerts(incident.id)):
            return
        key = f"{PAGER_KEY}{incident.key}/{int(since.timestamp())}/{pager}"
        if tx.pagers.add_alert(PagerAlert(key, pager, incident.id, since, Told.TRIGGER)):
            tx.pagers.put(PagerEvent(key, pager, incident.id, Told.TRIGGER, now), now)

    def run(self) -> int:
        """By the clock: puts what pagers do not know yet into their outbox. Returns how much that was."""
        now = self._clock.now()
        with self._store.read() as tx:
            found = [one for one in tx.pagers.open_alerts() if _is_behind(one, tx.incidents.get(one.incident_id))]
        return sum(self._catch_up(alert, now) for alert in found)

    def _catch_up(self, seen: PagerAlert, now: datetime) -> bool:
        with self._store.write() as tx:
            incident = tx.incidents.lock(seen.incident_id)
            alert = tx.pagers.alert(seen.key)
            if alert is None or not _is_behind(alert, incident):
                return False
            wanted, waiting = _wanted(alert, incident), tx.pagers.drop_waiting(alert.key)
            if any(event.action is Told.TRIGGER and not event.attempts for event, _ in waiting):
                tx.pagers.save_alert(replace(alert, state=Told.RESOLVE))  # it never heard of it, and need not
                return False
            due_at = max([now, *(at for event, at in waiting if event.attempts)])
            tx.pagers.put(PagerEvent(alert.key, alert.pager, incident.id, wanted, now), due_at)
            tx.pagers.save_alert(replace(alert, state=wanted))
            return True

    def work(self) -> bool:
        """Tells one pager one thing. True when there was something."""
        now = self._clock.now()
        with self._store.write() as tx:
            event = tx.pagers.claim(now, now + CLAIMED_FOR)
            if event is None:
                return False
            incident = tx.incidents.get(event.incident_id)
        try:
            self._tell(event, incident)
        except ConnectorError as error:
            self._not_told(event, error, now)
        else:
            with self._store.write() as tx:
                tx.pagers.told(event)
        return True

    def _tell(self, event: PagerEvent, incident: Incident) -> None:
        pager = self._pagers.get(event.pager)
        if pager is None:
            raise ConnectorError("it is not set up any more", permanent=True, connector=event.pager)
        base = self._settings.http.public_url
        pager.tell(event, incident, f"{base}/incidents/{incident.id}" if base else "")

    def _not_told(self, event: PagerEvent, error: ConnectorError, now: datetime) -> None:
        log.warning("%s of %s could not be told: %s", event.action, event.key, error)
        if may_be_tried_again(error, event.put_at, now):
            wait = wait_after(event.attempts)
            with self._store.write() as tx:
                tx.pagers.later(event, now + wait, str(error))
            return
        with self._store.write() as tx:
            incident = tx.incidents.lock(event.incident_id)
            tx.pagers.give_up(event, str(error))
            add_line(
                tx, incident, "pager_failed", now, pager=event.pager, action=event.action.value,
                error=str(error)[:_ERROR_MAX],
            )  # fmt: skip
            if event.action is Told.TRIGGER:
                _go_on_without(tx, event, now)

    # -- inward

    def hear(self, said: Iterable[PagerSaid]) -> int:
        """What people did at the pager, done here. Returns how much was news; what we caused ourselves is none."""
        return sum(self._hear(one) for one in said)

    def _hear(self, said: PagerSaid) -> bool:
        with self._store.write() as tx:
            alert = tx.pagers.alert(said.key)
            if alert is None or (alert.heard_at is not None and said.at < alert.heard_at):
                return False
            if tx.records.has_happened(SAID, _event_key(said)):
                return False
            incident = tx.incidents.get(alert.incident_id)
            known = _KNOWN.get(said.saying)
            if known is not None and known.rank > alert.state.rank:  # first: what it says is not said back
                alert = replace(alert, state=known)
                tx.pagers.save_alert(alert)
        is_news = self._do(said, alert, incident)
        with self._store.write() as tx:
            incident, latest = tx.incidents.get(alert.incident_id), tx.pagers.alert(said.key) or alert
            heard = replace(latest, heard_at=said.at, link=said.link or latest.link)
            if said.saying is Saying.REOPENED and is_news:
                heard = replace(heard, since=incident.reopened_at or incident.opened_at, state=Told.TRIGGER)
            tx.pagers.save_alert(heard)
            tx.records.once(SAID, _event_key(said), self._clock.now())
        return is_news

    def _do(self, said: PagerSaid, alert: PagerAlert, incident: Incident) -> bool:
        """The same engine call as by a button. False when it is so already, or it is about an earlier time."""
        if (incident.reopened_at or incident.opened_at) != alert.since:
            return False
        try:
            match said.saying:
                case Saying.ACKNOWLEDGED:
                    self._as(said, alert, lambda by: self._incidents.acknowledge(incident.id, by))
                case Saying.RESOLVED:
                    self._as(said, alert, lambda by: self._incidents.resolve(incident.id, by))
                case Saying.REOPENED:
                    self._as(said, alert, lambda by: self._incidents.reopen(incident.id, by))
                case Saying.ESCALATED | Saying.UNACKNOWLEDGED if incident.state.is_active:
                    self._note(said, alert)
                case _:
                    return False
        except (Stale, Refused) as error:
            log.info("%s at %s changes nothing: %s", said.saying, alert.pager, error)
            return False
        return True

    def _as(self, said: PagerSaid, alert: PagerAlert, step: Callable[[Person], Incident]) -> None:
        """Who it was, when the settings say who that is here and they may; else the pager, which its secret vouches
        for."""
        section = self._settings.pagers.get(alert.pager)
        user = section.people.get(said.by_id, "") if section else ""
        if user:
            try:
                step(Person(self._team, user))
                return
            except Refused:
                log.info("%s acknowledged at %s is not among those who may act here", user, alert.pager)
        step(Person(PAGER, alert.pager))

    def _note(self, said: PagerSaid, alert: PagerAlert) -> None:
        now = self._clock.now()
        with self._store.write() as tx:
            incident = tx.incidents.lock(alert.incident_id)
            facts = {"pager": alert.pager, "to": said.to[:200]}
            add_line(tx, incident, f"pager_{said.saying.value}", now, **facts)


_KNOWN: Mapping[Saying, Told] = {Saying.ACKNOWLEDGED: Told.ACKNOWLEDGE, Saying.RESOLVED: Told.RESOLVE}


def _event_key(said: PagerSaid) -> str:
    return (said.id or f"{said.key}:{said.saying}:{said.at.isoformat()}")[:200]


def _wanted(alert: PagerAlert, incident: Incident) -> Told:
    """What the pager should know. An incident that was opened again meanwhile was resolved for this alert."""
    if (incident.reopened_at or incident.opened_at) != alert.since or not incident.state.is_active:
        return Told.RESOLVE
    return Told.ACKNOWLEDGE if incident.state is IncidentState.ACKNOWLEDGED else Told.TRIGGER


def _is_behind(alert: PagerAlert, incident: Incident) -> bool:
    return _wanted(alert, incident).rank > alert.state.rank


def _go_on_without(tx: Transaction, event: PagerEvent, now: datetime) -> None:
    """Nobody is woken by this pager: the next step is due at once."""
    alert, at = tx.pagers.alert(event.key), tx.calls.escalation(event.incident_id)
    if alert is None or at is None or at.since != alert.since:
        return
    pages = tx.calls.pages(event.incident_id, at.since)
    mine = [page for page in pages if page.reach is Reach.PAGER and page.target == event.pager]
    for page in mine:
        tx.calls.set_page(page.id, PageState.UNREACHABLE)
    if at.stopped is None and mine and mine[-1].turn == max(page.turn for page in pages):
        tx.calls.save_escalation(replace(at, due_at=now))
