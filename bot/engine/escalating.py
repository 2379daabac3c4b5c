"""Who is asked about an incident that nobody has acknowledged, and who next?

What is due is read from the database. One look at an incident is one transaction under its lock: the pages of a turn,
what is told of them, and when the next turn is due commit together or not at all. A page's key (incident, since when it
is open, policy, turn, who) keeps anybody from being asked twice, also by two processes and after a restart.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.engine.calling_schedules import policies_of
from bot.engine.muting import Muting
from bot.engine.oncall import Oncall
from bot.engine.pagers import Pagers
from bot.engine.ports import Notice, Store, Transaction
from bot.engine.telling import add_line, tell_channel
from bot.engine.usergroups import Usergroups
from bot.errors import InputError
from bot.incidents.model import Incident, IncidentState
from bot.oncall.escalation import Escalation, Page, PageState, Policy, Reach, Step, Stop, policy_for
from bot.oncall.model import is_slack_user
from bot.settings import Settings
from bot.silences.muting import is_muted

_WAITS = (IncidentState.OPEN, IncidentState.REOPENED)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Whom a step means: `targets` as pages name them; `lacking`: why there is nobody."""

    targets: tuple[str, ...]
    lacking: str = ""


class Escalations:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: Settings,
        oncall: Oncall,
        groups: Usergroups,
        pagers: Pagers,
        muting: Muting,
    ) -> None:
        self._store, self._clock, self._settings = store, clock, settings
        self._oncall, self._groups, self._pagers, self._muting = oncall, groups, pagers, muting
        self._policies = policies_of(settings.escalation)
        self._delays = {name: timedelta(minutes=p.delay_minutes) for name, p in settings.escalation.items()}

    def run(self) -> int:
        """By the clock: looks at every incident about which there is something to do. Returns how many there were."""
        if not self._policies:
            return 0
        now = self._clock.now()
        found = self._due(now)
        for incident_id in found:
            self.look(incident_id)
        return len(found)

    def look(self, incident_id: int) -> None:
        """Brings an incident's pages up to where they should be now."""
        now = self._clock.now()
        with self._store.write() as tx:
            incident = tx.incidents.lock(incident_id)
            known = tx.calls.escalation(incident_id)
            if incident.state in _WAITS:
                self._go_on(tx, incident, known, now)
                return
            if known is not None and known.stopped in (None, Stop.EXHAUSTED):
                self._stop(tx, incident, known, _stop_of(incident), now)
            if incident.state is IncidentState.ACKNOWLEDGED:
                self._keep_grade(tx, incident, now)

    def _due(self, now: datetime) -> list[int]:
        with self._store.read() as tx:
            known = {one.incident_id: one for one in tx.calls.escalations()}
            active = {incident.id: incident for incident in tx.incidents.active()}
            told = tx.calls.told_pages(list(known))
            failed = tx.outbox.failed([key_of_page(page) for page in told])
        lost = {page.incident_id for page in told if key_of_page(page) in failed}
        found = [i.id for i in active.values() if self._is_due(i, known.get(i.id), now) or i.id in lost]
        ended = [one.incident_id for one in known.values() if one.incident_id not in active]
        return sorted({*found, *ended})

    def _is_due(self, incident: Incident, known: Escalation | None, now: datetime) -> bool:
        if incident.state not in _WAITS:
            is_asking = known is not None and known.stopped in (None, Stop.EXHAUSTED)
            return is_asking or known is None or not _is_graded_so(known, incident)
        if known is None or known.since != open_since(incident) or known.severity is not incident.severity:
            return True
        return known.stopped is None and known.due_at <= now

    # -- one incident

    def _go_on(self, tx: Transaction, incident: Incident, known: Escalation | None, now: datetime) -> None:
        policy = policy_for(self._policies, incident.service, incident.severity)
        if known is None or known.since != open_since(incident):
            at = self._began(incident, policy, now)
        else:
            at = self._regraded(known, incident, policy, now)
            at = self._without_lost(tx, incident, at, now)
        while at.stopped is None and at.due_at <= now:
            reason = self._held_by(tx, incident, now)
            if reason:
                self._say_held(tx, incident, at, reason, now)
                break
            at = self._take_turn(tx, incident, at, now)
        tx.calls.save_escalation(at)

    def _began(self, incident: Incident, policy: Policy | None, now: datetime) -> Escalation:
        """Without a policy there is nobody to ask, unless it becomes worse."""
        name = policy.name if policy else ""
        due_at = max(now, open_since(incident) + self._delays.get(name, timedelta()))
        stopped = None if policy else Stop.EXHAUSTED
        return Escalation(incident.id, open_since(incident), name, incident.severity, 0, due_at, stopped)

    def _regraded(self, at: Escalation, incident: Incident, policy: Policy | None, now: datetime) -> Escalation:
        """Worse: another policy begins at its first step, the same one goes on at the step that was left out until
        now. Less bad: it goes on as it was, or ends when nobody is to be asked about the like."""
        is_known = at.policy in {one.name for one in self._policies}
        if at.severity is incident.severity and is_known:
            return at
        graded = replace(at, severity=incident.severity)
        if policy is None:
            return replace(graded, stopped=Stop.EXHAUSTED)
        if not is_known:
            return replace(graded, policy=policy.name, turn=0, due_at=now, stopped=None)
        if not incident.severity.rank < at.severity.rank:
            return graded
        if policy.name != at.policy:
            return replace(graded, policy=policy.name, turn=0, due_at=now, stopped=None)
        turn = policy.turn_after_raise(at.turn, at.severity, incident.severity)
        return graded if turn == at.turn else replace(graded, turn=turn, due_at=now, stopped=None)

    def _without_lost(self, tx: Transaction, incident: Incident, at: Escalation, now: datetime) -> Escalation:
        """Who could not be told is said; when nobody of the last turn could, the next one is due at once."""
        pages = [page for page in tx.calls.pages(incident.id, at.since) if page.policy == at.policy]
        told = [page for page in pages if page.state is PageState.TOLD]
        failed = tx.outbox.failed([key_of_page(page) for page in told])
        lost = [page for page in told if key_of_page(page) in failed]
        for page in lost:
            tx.calls.set_page(page.id, PageState.UNREACHABLE)
            add_line(tx, incident, "unreachable", now, person=page.target)
        latest = [page for page in pages if page.turn == max(p.turn for p in pages)]
        is_reached = any(page.state is PageState.TOLD and page not in lost for page in latest)
        return at if not lost or is_reached or at.stopped else replace(at, due_at=now)

    # -- worse, although somebody is on it

    def _keep_grade(self, tx: Transaction, incident: Incident, now: datetime) -> None:
        """How bad it was when somebody took it, and whenever that changes; when it becomes worse, who is on call is
        asked once."""
        at = tx.calls.escalation(incident.id)
        if at is None or at.since != open_since(incident):
            tx.calls.save_escalation(replace(self._began(incident, None, now), stopped=Stop.ACKNOWLEDGED))
            return
        if at.severity is incident.severity:
            return
        if incident.severity.rank < at.severity.rank:
            self._ask_again(tx, incident, at, now)
        tx.calls.save_escalation(replace(at, severity=incident.severity))

    def _ask_again(self, tx: Transaction, incident: Incident, at: Escalation, now: datetime) -> None:
        policy = policy_for(self._policies, incident.service, incident.severity)
        turn = policy.turn_when_worse(incident.severity) if policy and policy.asks_again else None
        if policy is None or turn is None or self._held_by(tx, incident, now):
            return
        step, graded_by = policy.step_of(turn), _graded_by(tx, incident)
        graded = replace(at, policy=policy.name)
        targets = [target for target in self._meant(tx, incident, step, now).targets if target != graded_by]
        made = [page for target in targets if (page := self._ask(tx, incident, graded, turn, step, target, now))]
        reached = ",".join(page.target for page in made if page.state is PageState.TOLD)
        if reached:
            facts = {"old": at.severity.value, "new": incident.severity.value, "targets": reached}
            add_line(tx, incident, "paged_again", now, reach=step.reach.value, **facts)

    # -- one turn

    def _take_turn(self, tx: Transaction, incident: Incident, at: Escalation, now: datetime) -> Escalation:
        policy = next(one for one in self._policies if one.name == at.policy)
        turn = policy.turn_from(at.turn, at.severity)
        if turn is None:
            self._say_nobody_answers(tx, incident, at, now)
            return replace(at, turn=policy.turns, stopped=Stop.EXHAUSTED)
        step = policy.step_of(turn)
        asked = self._meant(tx, incident, step, now)
        made = [page for target in asked.targets if (page := self._ask(tx, incident, at, turn, step, target, now))]
        reached = [page for page in made if page.state is PageState.TOLD]
        if asked.lacking:
            facts = {"name": step.name, "incident_key": incident.key, "service": incident.service}
            tell_channel(tx, incident, asked.lacking, f"{incident.id}:{at.since.timestamp():.0f}:{turn}", now, **facts)
        if reached:
            targets = ",".join(page.target for page in reached)
            add_line(tx, incident, "paged", now, reach=step.reach.value, targets=targets, schedule=step.name)
        return replace(at, turn=turn + 1, due_at=now + step.wait if reached else now)

    def _ask(
        self, tx: Transaction, incident: Incident, at: Escalation, turn: int, step: Step, target: str, now: datetime
    ) -> Page | None:
        """None when they were asked in this turn before."""
        can_be = step.reach in (Reach.CHANNEL, Reach.PAGER) or is_slack_user(target.rpartition("/")[2])
        state = PageState.TOLD if can_be else PageState.UNREACHABLE
        wanted = Page(incident.id, at.since, at.policy, turn, step.reach, target, now, state)
        page = tx.calls.add_page(wanted)
        if page is None:
            return None
        if not can_be:
            add_line(tx, incident, "unknown_person", now, person=target, schedule=step.name)
        elif step.reach is Reach.PAGER:
            self._pagers.trigger(tx, step.name, incident, at.since, now)
        else:
            tell_page(tx, page, now)
        return page

    def _meant(self, tx: Transaction, incident: Incident, step: Step, now: datetime) -> _Asked:
        match step.reach:
            case Reach.SCHEDULE:
                return self._on_call(tx, step.name, now)
            case Reach.PERSON:
                return _Asked((self._oncall.key_of(step.name),))
            case Reach.GROUP:
                members = self._groups.members(tx, step.name)
                return _Asked(tuple(map(self._oncall.key_of, members)), "" if members else "nobody_in_group")
            case _:
                return _Asked((step.name,))

    def _on_call(self, tx: Transaction, name: str, now: datetime) -> _Asked:
        try:
            people = tuple(map(self._oncall.key_of, self._oncall.people(tx, name, now)))
        except InputError:
            people = ()
        return _Asked(people, "" if people else "nobody_on_call")

    # -- holding and stopping

    def _held_by(self, tx: Transaction, incident: Incident, now: datetime) -> str:
        """What mutes all that the incident shows; then nobody is asked until it no longer does."""
        signals = tx.signals.of(incident.id)
        silences, windows = tx.silences.since(now), self._muting.windows(tx, now)
        muted = [is_muted(signal, silences, windows, now) for signal in signals]
        if muted and all(one is not None for one in muted):
            return max(one.reason for one in muted if one is not None)
        worked_on = {service for w in windows if w.since <= now < w.until for service in w.services}
        return "maintenance" if signals and all(signal.service in worked_on for signal in signals) else ""

    def _say_held(self, tx: Transaction, incident: Incident, at: Escalation, reason: str, now: datetime) -> None:
        if tx.records.once("escalation.held", f"{incident.id}:{at.since.timestamp():.0f}:{at.turn}", now):
            add_line(tx, incident, "paging_held", now, reason=reason)

    def _say_nobody_answers(self, tx: Transaction, incident: Incident, at: Escalation, now: datetime) -> None:
        facts = {"incident_key": incident.key, "service": incident.service}
        key = f"{incident.id}:{at.since.timestamp():.0f}:{at.policy}:{at.severity}"
        tell_channel(tx, incident, "nobody_answers", key, now, **facts)

    def _stop(self, tx: Transaction, incident: Incident, at: Escalation, stop: Stop, now: datetime) -> None:
        """Everybody who was asked sees that it is over for them; who was not told yet never is."""
        for page in tx.calls.pages(incident.id, at.since):
            if page.reach is Reach.PAGER or page.state is not PageState.TOLD:
                continue
            key = key_of_page(page)
            if tx.outbox.withdraw(key):
                tx.calls.set_page(page.id, PageState.WITHDRAWN)
            elif key not in tx.outbox.failed([key]):
                tell_page(tx, page, now)
        tx.calls.save_escalation(replace(at, stopped=stop))


def key_of_page(page: Page) -> str:
    return f"page:{page.id}"


def tell_page(tx: Transaction, page: Page, now: datetime) -> None:
    """A message to the person or channel, kept up to date."""
    to = page.target if page.reach is Reach.CHANNEL else page.target.rpartition("/")[2]
    tx.outbox.put(Notice(key_of_page(page), "page", to, {"page": page.id}, card=True), now)


def open_since(incident: Incident) -> datetime:
    """Since when somebody has been waited for."""
    return incident.reopened_at or incident.opened_at


def _stop_of(incident: Incident) -> Stop:
    return Stop.ACKNOWLEDGED if incident.state is IncidentState.ACKNOWLEDGED else Stop.RESOLVED


def _is_graded_so(known: Escalation, incident: Incident) -> bool:
    return known.since == open_since(incident) and known.severity is incident.severity


def _graded_by(tx: Transaction, incident: Incident) -> str:
    """Who said how bad it is, when that was the last thing said of it: they know."""
    said = [entry for entry in tx.incidents.timeline(incident.id) if entry.kind in ("graded", "updated", "severity")]
    return said[-1].by if said else ""
