"""What can be looked at? One read each, giving the page that a template words."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.actions.model import ActionKind, RunState
from bot.actions.model import Verdict as Found
from bot.actions.policy import Policy, Verdict
from bot.changes.model import ChangeKind
from bot.clock import Clock
from bot.engine.digests import Digests
from bot.engine.ledger import Sender, senders_of
from bot.engine.living import leaders_of, life_of, tasks_of, tickets_offered
from bot.engine.oncall import Oncall, handover_of
from bot.engine.pages import (
    ActionOffer,
    CallPage,
    HomePage,
    IncidentPage,
    IncidentsPage,
    LinePage,
    PlotPage,
    ReviewPage,
    RunPage,
    SimilarLine,
    StatusPage,
    SuspectLine,
    ToldPage,
)
from bot.engine.ports import Notice, Store, Transaction
from bot.engine.runbooks import Runbooks
from bot.engine.runs import Runs
from bot.engine.services import service_lines
from bot.engine.showing import impact_of, most_telling, names_of, suspect_lines
from bot.engine.telling import card_of_incident
from bot.engine.updates import still_promised
from bot.errors import Moot, NotFound
from bot.incidents.life import Ticket
from bot.incidents.model import Incident
from bot.incidents.similar import resembling
from bot.people import Person
from bot.settings import Settings
from bot.signals.model import Signal

_RECENT = timedelta(days=7)
_HOME_SHOWN = 20
_CHANGES_BEFORE = timedelta(hours=6)
_CHANGES_MAX = 50
_SIMILAR_OVER = timedelta(days=90)
_SIMILAR_LOOKED_AT = 50


class Reading:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: Settings,
        runs: Runs,
        digests: Digests,
        runbooks: Runbooks,
        oncall: Oncall,
    ) -> None:
        self._store, self._clock, self._settings = store, clock, settings
        self._runs, self._digests, self._runbooks, self._oncall = runs, digests, runbooks, oncall

    def page(self, notice: Notice) -> object:
        """The page for a notice, as things stand now."""
        match notice.template:
            case "incident" if notice.facts.get("room"):
                return self._seen_from_room(int(notice.facts["incident"]))
            case "incident" | "tasks":
                return self.incident(int(notice.facts["incident"]))
            case "run":
                return self.run(int(notice.facts["run"]))
            case "plot":
                return self._plot(int(notice.facts["incident"]))
            case "review" | "review_html":
                return self.review(int(notice.facts["incident"]), str(notice.facts["by"]))
            case "told":
                return self._told(notice)
            case "runbook":
                return self._runbooks.page(str(notice.facts["runbook"]), int(notice.facts["incident"]))
            case "digest" | "digest_noise" | "digest_more":
                return self._digests.page_of(notice.facts)
            case "digest_health":
                return self._digests.health_of(notice.facts)
            case "page":
                return self._call(int(notice.facts["page"]))
            case "handover":
                return handover_of(notice.facts)
            case _:
                return self._line(notice)

    def _call(self, page_id: int) -> CallPage:
        with self._store.read() as tx:
            asked = tx.calls.page(page_id)
            posted = tx.outbox.posted(card_of_incident(asked.incident_id))
        section = self._settings.escalation.get(asked.policy)
        steps = len(section.steps) if section else 1
        turns = steps * (section.repeat + 1) if section else asked.turn + 1
        page, channel = self.incident(asked.incident_id), posted.channel if posted else ""
        return CallPage(page, asked, asked.turn % steps + 1, steps, channel, is_worse=asked.turn >= turns)

    def review(self, incident_id: int, by: str = "") -> ReviewPage:
        page = self.incident(incident_id)
        incident = page.incident
        until = incident.resolved_at or self._clock.now()
        with self._store.read() as tx:
            changes = tx.changes.between(incident.began_at - _CHANGES_BEFORE, until)[-_CHANGES_MAX:]
            return ReviewPage(page, tuple(changes), by, names_of(tx, page, changes))

    def _plot(self, incident_id: int) -> PlotPage:
        with self._store.read() as tx:
            signal = most_telling(tx.signals.of(incident_id))[0]
        return PlotPage(signal, self._clock.now(), self._settings.detection.window_s)

    def incident(self, incident_id: int) -> IncidentPage:
        now = self._clock.now()
        with self._store.read() as tx:
            incident = tx.incidents.get(incident_id)
            signals = tx.signals.of(incident_id)
            suspects = suspect_lines(tx, incident_id)
            life = life_of(tx, incident, self._settings.incidents.lead)
            return IncidentPage(
                incident=incident,
                now=now,
                signals=most_telling(signals),
                signal_count=len(signals),
                suspects=_worth_showing(suspects, incident, signals),
                runs=tuple(tx.runs.of(incident_id)),
                offer=self._offer(incident, suspects),
                timeline=tuple(tx.incidents.timeline(incident_id)),
                link=f"{self._settings.http.public_url}/incidents/{incident_id}"
                if self._settings.http.public_url
                else "",
                similar=_similar(tx, incident, signals, now),
                impact=impact_of(signals),
                life=life,
                runbooks=self._runbooks.of(tx, incident),
                tickets_offered=tickets_offered(self._settings.tickets, incident, life.tickets),
            )

    def run(self, run_id: int) -> RunPage:
        with self._store.read() as tx:
            run = tx.runs.get(run_id)
            incident = tx.incidents.get(run.incident) if run.incident else None
            return RunPage(run, self._clock.now(), incident)

    def incidents(self) -> IncidentsPage:
        now = self._clock.now()
        with self._store.read() as tx:
            recent = [i for i in tx.incidents.recent(now - _RECENT) if not i.state.is_active]
            return IncidentsPage(now, tuple(tx.incidents.active()), tuple(recent))

    def meant(self, channel: str, *, only_here: bool = False) -> int | None:
        """The incident that somebody in this channel speaks of: the one whose own channel it is; else the only open one
        told here; else (unless `only_here`) the only open one at all. None when it could be several."""
        with self._store.read() as tx:
            room = tx.rooms.at(channel)
            if room is not None:
                return room.incident_id
            if only_here:
                return None
            active = tx.incidents.active()
            cards = {incident.id: tx.outbox.posted(card_of_incident(incident.id)) for incident in active}
            here = [number for number, card in cards.items() if card is not None and card.channel == channel]
            found = here or [incident.id for incident in active]
            return found[0] if len(found) == 1 else None

    def status(self) -> StatusPage:
        now = self._clock.now()
        with self._store.read() as tx:
            active = tx.incidents.active()
            return StatusPage(
                now=now,
                services=service_lines(tx, self._settings, now),
                active=tuple(active),
                waiting_runs=tuple(tx.runs.in_state(RunState.ASKED, RunState.APPROVED, RunState.RUNNING)),
                outbox_waiting=tx.outbox.waiting(),
                tickets=_tickets(tx, active),
            )

    def home(self, person: Person, policy: Policy) -> HomePage:
        now = self._clock.now()
        oncall, my_shifts = self._oncall.page().schedules, self._oncall.mine(person)
        with self._store.read() as tx:
            active = tx.incidents.active()
            with_role = tx.roles.of_person(person.key, [i.id for i in active])
            mine = [i for i in active if person.key in (i.acknowledged_by, i.declared_by) or i.id in with_role]
            runs = tx.runs.in_state(RunState.ASKED, RunState.APPROVED, RunState.RUNNING)
            mine_to_say = [
                run
                for run in runs
                if run.state is RunState.ASKED and policy.may_approve(person, run).verdict is Verdict.ALLOWED
            ]
            return HomePage(
                now=now,
                mine=tuple(mine),
                others=tuple(i for i in active if i not in mine),
                for_my_yes=tuple(mine_to_say),
                waiting_runs=tuple(run for run in runs if run not in mine_to_say),
                recent=tuple(i for i in tx.incidents.recent(now - _RECENT) if not i.state.is_active),
                services=service_lines(tx, self._settings, now),
                may_act=policy.may_act_on_incidents(person).verdict is Verdict.ALLOWED,
                subscriptions=tuple(tx.subscriptions.of(person.user)),
                oncall=oncall,
                my_shifts=my_shifts,
                tasks=tasks_of(tx, person),
                leaders=leaders_of(tx, active[-_HOME_SHOWN:] + mine, self._settings.incidents.lead),
                senders=tuple(sorted(senders_of(tx, now), key=_noteworthy)),
            )

    def _line(self, notice: Notice) -> LinePage:
        with self._store.read() as tx:
            incident_id, run_id = int(notice.facts.get("incident", 0)), int(notice.facts.get("run", 0) or 0)
            incident = tx.incidents.get(incident_id) if incident_id else None
            if incident is not None and notice.facts.get("kind") == "reminded":
                _must_still_be_promised(tx, incident, int(notice.facts["update"]))
            run = tx.runs.get(run_id) if run_id else None
            return LinePage(notice.facts, incident, run, self._clock.now())

    def _seen_from_room(self, incident_id: int) -> IncidentPage:
        page = self.incident(incident_id)
        with self._store.read() as tx:
            card = tx.outbox.posted(card_of_incident(incident_id))
        return replace(page, life=replace(page.life, elsewhere=card.channel if card else ""))

    def _told(self, notice: Notice) -> ToldPage:
        page = self.incident(int(notice.facts["incident"]))
        with self._store.read() as tx:
            card = tx.outbox.posted(card_of_incident(page.incident.id))
        return ToldPage(notice.facts, page, card.channel if card else "")

    def _offer(self, incident: Incident, suspects: Sequence[SuspectLine]) -> ActionOffer | None:
        """What undoes the first suspected change that can be undone, while the incident lasts; else what runs the
        failed pipeline again."""
        if not incident.state.is_active:
            return None
        for line in suspects:
            if line.change is None or line.suspect.verdict == "rejected" or line.word == "nearby":
                continue
            offers = self._runs.offers(line.change.service, _UNDONE_BY.get(line.change.kind, ActionKind.ROLLBACK))
            if offers and not offers[0].missing_connector:
                return offers[0]
        again = self._runs.offers(incident.service, ActionKind.RERUN)
        return again[0] if again and not again[0].missing_connector else None


def _tickets(tx: Transaction, incidents: Sequence[Incident]) -> dict[int, tuple[Ticket, ...]]:
    found = tx.tickets.of_each([incident.id for incident in incidents])
    return {number: tuple(one for one in tickets if one.counts) for number, tickets in found.items()}


def _must_still_be_promised(tx: Transaction, incident: Incident, update_id: int) -> None:
    """Between deciding and telling the incident may have ended, or the update may have come."""
    if not still_promised(tx, incident, update_id):
        raise Moot(f"the update {update_id} of {incident.key} is no longer waited for")


_UNDONE_BY = {
    ChangeKind.MODEL_VERSION: ActionKind.MODEL_ROLLBACK,
    ChangeKind.PIPELINE_RUN: ActionKind.RERUN,
}


def _worth_showing(
    suspects: Sequence[SuspectLine], incident: Incident, signals: Sequence[Signal]
) -> tuple[SuspectLine, ...]:
    """That trouble in one service alone began there goes without saying, unless its state explains it."""
    if len({signal.service for signal in signals}) > 1:
        return tuple(suspects)
    return tuple(
        line
        for line in suspects
        if line.suspect.kind != "service"
        or line.suspect.subject != incident.service
        or any(reason == "condition" for reason, _ in line.suspect.because)
    )


def _similar(tx: Transaction, incident: Incident, signals: Sequence[Signal], now: datetime) -> tuple[SimilarLine, ...]:
    """Those that had the same problems before it, with what helped then."""
    same = tx.signals.of_fingerprints({s.fingerprint for s in signals}, now - _SIMILAR_OVER)
    candidates = sorted({i for i, _ in same if i and i < incident.id})[-_SIMILAR_LOOKED_AT:]
    found = []
    for incident_id, likeness, shared in resembling(signals, tx.signals.of_each(candidates)):
        other = tx.incidents.get(incident_id)
        helped = next((run for run in reversed(tx.runs.of(incident_id)) if run.verdict is Found.RECOVERED), None)
        confirmed = [s.label for s in tx.incidents.suspects(incident_id) if s.verdict == "confirmed"]
        found.append(SimilarLine(other, likeness, shared, helped, confirmed[0] if confirmed else ""))
    return tuple(found)


def _noteworthy(sender: Sender) -> tuple[bool, int, str]:
    return not sender.is_silent, -sender.use.lines, sender.use.service


def find_incident(key: str) -> int:
    """The id in "INC-12", "inc12" or "12". Raises `NotFound`."""
    digits = key.strip().upper().removeprefix("INC").removeprefix("-")
    if not digits.isascii() or not digits.isdigit():
        raise NotFound("incident", key)
    return int(digits)
