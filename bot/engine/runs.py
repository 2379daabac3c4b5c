"""How does an action come about? Asked with its plan, approved by another, done by `engine.working`, then verified.

The outside world is only touched between transactions: to plan before the first, to execute between claiming a run and
recording what came of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.actions.model import Action, ActionKind, Plan, Run, RunState, StepRecord, Verdict, binding
from bot.actions.policy import Decision, Policy
from bot.actions.policy import Verdict as Allowed
from bot.clock import Clock
from bot.engine.catalogue import Catalogue
from bot.engine.incidents import channel_for
from bot.engine.locking import Locks
from bot.engine.ports import Store, Transaction
from bot.engine.second_factor import SecondFactors
from bot.engine.telling import card_of_run, note, tell_loudly, tell_of_run, tell_run, tell_verdict
from bot.engine.verifying import Verifying
from bot.engine.watching import Watching
from bot.engine.working import Worker
from bot.errors import InputError, Refused, Stale
from bot.people import Person, remedy
from bot.settings import Settings

_NOTE_MAX = 300
_SUMMARY_PARTS_MAX = 10


@dataclass(frozen=True, slots=True)
class Wish:
    """What someone wants done. `action` is its name, where that is known. `break_glass`: without a second person, past
    a freeze or a lock; `reason` must then say why."""

    kind: ActionKind
    service: str
    parameters: Mapping[str, str]
    environment: str = ""
    action: str = ""
    incident: int = 0
    channel: str = ""
    reason: str = ""
    break_glass: bool = False


class Runs:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: Settings,
        policy: Policy,
        catalogue: Catalogue,
        locks: Locks,
        worker: Worker,
        watching: Watching,
        verifying: Verifying,
        second_factors: SecondFactors,
    ) -> None:
        self._store, self._clock, self._settings = store, clock, settings
        self._policy, self._catalogue, self._locks = policy, catalogue, locks
        self._worker, self._watching, self._verifying = worker, watching, verifying
        self._second_factors = second_factors
        self.take_over, self.work, self.offers = worker.take_over, worker.work, catalogue.offers

    # -- asking

    def plan(self, wish: Wish, by: Person) -> tuple[Action, Plan]:
        """What would be done; nothing is stored."""
        action = self._chosen(wish)
        self._must_be_allowed(wish, by, action)
        _, plan, _ = self._planned(action, wish)
        return action, plan

    def ask(
        self,
        kind: ActionKind,
        service: str,
        parameters: Mapping[str, str],
        by: Person,
        *,
        incident: int = 0,
        channel: str = "",
        action: str = "",
    ) -> Run:
        """As `request`, for a wish of few words."""
        wish = Wish(kind, service, parameters, action=action, incident=incident, channel=channel)
        return self.request(wish, by)

    def request(self, wish: Wish, by: Person, *, code: str = "") -> Run:
        """Plans and stores a run that waits for its approval. Takes as long as the backend takes to plan.

        `code`: of the person's authenticator, where breaking the glass needs one."""
        action = self._chosen(wish)
        decision = self._must_be_allowed(wish, by, action)
        if wish.break_glass and action.step_up:
            self._second_factors.check(by, code)
        return self._request(action, wish, by, decision)

    def by_rule(self, wish: Wish, rule: str, claim: Callable[[Transaction, Run], None]) -> Run:
        """The same for a remedy, which the settings let ask; what needs a yes waits for it. `claim` is called in the
        transaction that stores the run, and undoes it by raising."""
        action = self._chosen(wish)
        decision = self._policy.may_remedy(action)
        return self._request(action, replace(wish, break_glass=False), remedy(rule), decision, claim)

    def foreseen(self, wish: Wish) -> Plan:
        """What a remedy would do; nothing is stored."""
        return self._planned(self._chosen(wish), wish)[1]

    def _request(
        self,
        action: Action,
        wish: Wish,
        by: Person,
        decision: Decision,
        claim: Callable[[Transaction, Run], None] | None = None,
    ) -> Run:
        with self._store.read() as tx:
            self._must_be_free(tx, action, wish, by)
        parameters, plan, plans = self._planned(action, wish)
        now = self._clock.now()
        with self._store.write() as tx:
            self._must_be_free(tx, action, wish, by)
            wanted = self._new_run(action, parameters, plan, plans, by, wish, now)
            run = tx.runs.add(wanted)
            if run is None:
                raise _in_progress(tx, wanted)
            if claim is not None:
                claim(tx, run)
            facts = {"action": action.name, "plan": plan.summary, "bound_to": run.bound_to}
            note(tx, now, by.key, "run.asked", card_of_run(run.id), **facts)
            if run.state is RunState.APPROVED:
                note(tx, now, by.key, "run.approved", card_of_run(run.id), reason=decision.reason, why=run.break_glass)
            tell_of_run(tx, run, "run_asked", now, by.key)
            if run.break_glass:
                tell_loudly(tx, run, self._settings.slack.channel, now)
            return run

    def again(self, run_id: int, by: Person) -> Run:
        """The same wish once more, planned on the world as it is now."""
        with self._store.read() as tx:
            run = tx.runs.get(run_id)
        if not run.state.is_over:
            raise Stale("run_not_over", run=str(run_id), state=run.state)
        return self.request(_wish_of(run, self._own_parameters(run)), by)

    def undo(self, run_id: int, by: Person) -> Run:
        """Back to the version before the run: the offer when it did not help."""
        with self._store.read() as tx:
            run = tx.runs.get(run_id)
        if not run.can_be_undone:
            raise Stale("run_not_undoable", run=str(run_id), state=run.state)
        asked = {p.name for p in self._catalogue.get(run.action).parameters if p.is_asked}
        back = {"version": run.plan.before} if "version" in asked else {}
        return self.request(_wish_of(run, {**self._own_parameters(run), **back} if back else {}), by)

    def _chosen(self, wish: Wish) -> Action:
        return self._catalogue.choose(wish.kind, wish.service, wish.environment, wish.action)

    def _must_be_allowed(self, wish: Wish, by: Person, action: Action) -> Decision:
        decision = self._policy.may_ask(by, action, break_glass=wish.break_glass)
        if decision.verdict is Allowed.REFUSED:
            raise Refused(decision.reason, roles=", ".join(action.may_ask))
        if wish.break_glass and not wish.reason.strip():
            raise InputError("breaking the glass needs a reason: because …", place="reason")
        return decision

    def _must_be_free(self, tx: Transaction, action: Action, wish: Wish, by: Person) -> None:
        """Neither frozen, nor locked by another, nor being acted on: two runs at a time would race each other."""
        closed = self._locks.closed(tx, action.environment, action.service, by.key, self._clock.now())
        if closed is not None and not wish.break_glass:
            raise closed
        holder = tx.runs.holder_of(action.locks)
        if holder is not None:
            raise Refused("run_in_progress", run=str(holder.id), state=holder.state.value)

    def _planned(self, action: Action, wish: Wish) -> tuple[dict[str, str], Plan, tuple[Plan, ...]]:
        parameters = self._catalogue.accept(action, wish.parameters, self._clock.now())
        plans = tuple(self._catalogue.executor(step).plan(step, parameters) for step in action.steps)
        return parameters, plans[0] if len(plans) == 1 else _together(plans), plans

    def _new_run(
        self,
        action: Action,
        parameters: Mapping[str, str],
        plan: Plan,
        plans: tuple[Plan, ...],
        by: Person,
        wish: Wish,
        now: datetime,
    ) -> Run:
        steps = zip(action.steps, plans, strict=True)
        secrets = self._catalogue.secrets_digest(action)
        reason = " ".join(wish.reason.split())[:_NOTE_MAX]
        run = Run(
            action=action.name,
            kind=action.kind,
            service=action.service,
            parameters=parameters,
            plan=plan,
            asked_by=by.key,
            asked_at=now,
            expires_at=now + timedelta(minutes=self._settings.actions[action.name].approval_minutes),
            bound_to=binding(action, parameters, plan, plans if action.parts else (), secrets),
            approvals_needed=0 if wish.break_glass else action.approvals,
            incident=wish.incident,
            channel=wish.channel or channel_for(self._settings, action.service),
            environment=action.environment,
            locks=action.locks,
            steps=tuple(StepRecord(step.kind, step.connector, made) for step, made in steps),
            break_glass=reason if wish.break_glass else "",
            note=reason,
            may_approve=action.may_approve,
        )
        if run.approvals_needed == 0:
            return replace(run, state=RunState.APPROVED, approved_at=now)
        return run

    def _own_parameters(self, run: Run) -> dict[str, str]:
        """Without those the settings fix: they may have changed."""
        asked = {p.name for p in self._catalogue.get(run.action).parameters if p.is_asked}
        return {name: value for name, value in run.parameters.items() if name in asked}

    # -- deciding

    def asks_for_code(self, run_id: int, by: Person) -> bool:
        """Whether this person has to say a code to approve it. Raises `Refused` when they may not approve it at all."""
        with self._store.read() as tx:
            run = tx.runs.get(run_id)
        self._must_approve(run, by)
        action = self._catalogue.known(run.action)
        return action is not None and action.step_up and run.state is RunState.ASKED

    def approve(self, run_id: int, by: Person, *, code: str = "") -> Run:
        """`code`: of the person's authenticator, where the action needs one. It is used up, whatever comes of it."""
        stepped_up = self.asks_for_code(run_id, by)
        if stepped_up:
            self._second_factors.check(by, code)
        now = self._clock.now()
        with self._store.write() as tx:
            run = tx.runs.lock(run_id)
            self._must_approve(run, by)
            closed = self._locks.closed(tx, run.environment, run.service, run.asked_by, now)
            if closed is not None:
                raise closed
            approved = tx.runs.save(run.approve(by.key, now), expected_state=run.state)
            step_up = {"step_up": "totp"} if stepped_up else {}
            note(tx, now, by.key, "run.approved", card_of_run(run_id), bound_to=run.bound_to, **step_up)
            tell_of_run(tx, approved, "run_approved", now, by.key)
            return approved

    def _must_approve(self, run: Run, by: Person) -> None:
        decision = self._policy.may_approve(by, run)
        if decision.verdict is Allowed.REFUSED:
            raise Refused(decision.reason, run=str(run.id), roles=", ".join(run.may_approve))

    def cancel(self, run_id: int, by: Person) -> Run:
        """Before it runs it is off; while it runs, its worker stops it as soon as it looks."""
        now = self._clock.now()
        with self._store.write() as tx:
            run = tx.runs.lock(run_id)
            decision = self._policy.may_cancel(by, run)
            if decision.verdict is Allowed.REFUSED:
                raise Refused(decision.reason, run=str(run_id))
            cancelled = run.cancel(by.key, now)
            if cancelled.is_stopping:
                tx.runs.stop(run_id, by.key)
                note(tx, now, by.key, "run.stopping", card_of_run(run_id))
                tell_of_run(tx, cancelled, "run_stopping", now, by.key)
                return cancelled
            cancelled = tx.runs.save(cancelled, expected_state=run.state)
            note(tx, now, by.key, "run.cancelled", card_of_run(run_id))
            tell_of_run(tx, cancelled, "run_cancelled", now, by.key)
            return cancelled

    # -- afterwards

    def watch(self) -> None:
        """By the clock: lets unanswered requests expire, looks at the actions' own checks, and says whether a finished
        run helped."""
        now = self._clock.now()
        with self._store.write() as tx:
            for found in tx.runs.in_state(RunState.ASKED):
                if now >= found.expires_at:
                    self._expire(tx, found.id, now)
        self._look()
        now = self._clock.now()
        with self._store.write() as tx:
            for run in tx.runs.in_state(RunState.VERIFYING):
                has_check = self._verifying.has_check(run.action)
                verdict = self._watching.verdict_on(tx, run, now, own_check=has_check)
                if verdict is not None:
                    self._conclude(tx, run, verdict, now)

    def _look(self) -> None:
        """At the checks of what was done; outside of any transaction, for it can take its time."""
        with self._store.read() as tx:
            due = [run for run in tx.runs.in_state(RunState.VERIFYING) if self._verifying.is_due(run)]
        looks = self._verifying.look_at([run.action for run in due]) if due else {}
        for found in due:
            look = looks.get(found.action)
            if look is None:
                continue
            with self._store.write() as tx:
                run = tx.runs.lock(found.id)
                if run.state is not RunState.VERIFYING or not self._verifying.is_due(run):
                    continue
                seen = tx.runs.save(run.looked(look), expected_state=RunState.VERIFYING)
                if not run.looks or run.looks[-1].is_right != look.is_right:
                    tell_run(tx, seen, look.at)

    def _expire(self, tx: Transaction, run_id: int, now: datetime) -> None:
        run = tx.runs.lock(run_id)
        if run.state is RunState.ASKED:
            expired = tx.runs.save(run.expire(now), expected_state=RunState.ASKED)
            tell_of_run(tx, expired, "run_expired", now)

    def _conclude(self, tx: Transaction, run: Run, verdict: Verdict, now: datetime) -> None:
        verified = tx.runs.save(run.verified(verdict, now), expected_state=RunState.VERIFYING)
        note(tx, now, "tocsin", "run.verified", card_of_run(run.id), verdict=verdict.value)
        tell_of_run(tx, verified, "run_verified", now, verdict=verdict.value)
        if verdict in (Verdict.NO_EFFECT, Verdict.WORSE) and not run.incident:
            tell_verdict(tx, verified, now)
        if verdict is Verdict.RECOVERED and run.incident:
            self._watching.recovered(tx, run, now)


def _together(plans: tuple[Plan, ...]) -> Plan:
    """The plans of several steps as one to be shown; each step keeps its own."""
    numbered = [f"{n}. {plan.summary}" for n, plan in enumerate(plans[:_SUMMARY_PARTS_MAX], start=1)]
    return Plan(
        summary="; ".join(numbered),
        before=plans[0].before,
        after=plans[0].after,
        diff="\n".join(plan.diff for plan in plans if plan.diff),
        world="",
        commands=tuple(command for plan in plans for command in plan.commands),
    )


def _wish_of(run: Run, parameters: Mapping[str, str]) -> Wish:
    return Wish(run.kind, run.service, parameters, run.environment, run.action, run.incident, run.channel, run.note)


def _in_progress(tx: Transaction, wanted: Run) -> Refused:
    holder = tx.runs.holder_of(wanted.locks)
    state = holder.state.value if holder else RunState.ASKED.value
    return Refused("run_in_progress", run=str(holder.id) if holder else "", state=state)
