"""Who does an approved run, and how is every step of it done exactly once?

A worker claims a run (lease and fence), does at most one call of its current step, records what came of it, and lets
go; a run that the backend is busy with is looked at again a moment later by any worker. Before a step's executor is
first called, that is written down; whoever takes over asks the executor "did you do this?" before anything else. Who
lost the lease records nothing. The outside world is never touched inside a transaction.
"""

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from bot.actions.model import (
    Action,
    ActionKind,
    Done,
    Progress,
    Run,
    RunState,
    Started,
    StepRecord,
    binding,
)
from bot.changes.model import Change, ChangeKind
from bot.clock import Clock
from bot.engine.action_ports import Executor
from bot.engine.catalogue import Catalogue
from bot.engine.locking import Locks
from bot.engine.ports import Store, Transaction
from bot.engine.telling import card_of_run, note, tell_of_run, tell_run
from bot.engine.verifying import Verifying
from bot.errors import ConnectorError, InputError, NotFound, Refused, Stale, StoreError, TocsinError
from bot.logs.redact import Redactor
from bot.people import TOCSIN

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=3)
"""How long a worker may be silent before another one asks the backend what became of its run."""

RETRY_AFTER = timedelta(seconds=15)
FOLLOW_EVERY = timedelta(seconds=2)
FOLLOW_SELDOM = timedelta(seconds=30)
"""How often a run is looked at that has just begun, and one that goes on for long (a pull request waits for hours, and
GitHub answers 5,000 questions an hour). It is also how long such a run may take to hear that it shall stop."""
TRIES_MAX = 5
TAIL_MAX = 1_500
ERROR_MAX = 600

Outcome = Done | Started | Progress


class Worker:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        catalogue: Catalogue,
        locks: Locks,
        redactor: Redactor,
        verifying: Verifying,
    ) -> None:
        self._store, self._clock, self._verifying = store, clock, verifying
        self._catalogue, self._locks, self._redactor = catalogue, locks, redactor

    def take_over(self, holder: str) -> None:
        with self._store.write() as tx:
            tx.runs.release(holder, self._clock.now())

    def work(self, holder: str) -> bool:
        """Claims one run and does its next call. True when there was one."""
        run = self._claim(holder)
        if run is None:
            return False
        if run.state is not RunState.RUNNING:
            return True
        try:
            with self._kept(run):
                self._advance(run)
        except Stale:
            log.warning("run %s was taken over by another worker; what comes of it is recorded there", run.id)
        return True

    # -- one call

    def _claim(self, holder: str) -> Run | None:
        now = self._clock.now()
        with self._store.write() as tx:
            claimed = tx.runs.claim(holder, now, now + LEASE)
            if claimed is None or claimed.state is RunState.RUNNING:
                return claimed
            closed = self._locks.closed(tx, claimed.environment, claimed.service, claimed.asked_by, now)
            if closed is not None and not claimed.break_glass:
                failed = claimed.fail(closed.reason, now)
                failed = tx.runs.save(failed, expected_state=RunState.APPROVED, fence=claimed.fence)
                note(tx, now, TOCSIN.user, "run.failed", card_of_run(claimed.id), error=closed.reason)
                tell_of_run(tx, failed, "run_failed", now, error=closed.reason)
                return failed
            run = tx.runs.save(claimed.start(now), expected_state=RunState.APPROVED, fence=claimed.fence)
            note(tx, now, TOCSIN.user, "run.started", card_of_run(run.id), holder=holder)
            tell_of_run(tx, run, "run_started", now)
            return run

    def _advance(self, run: Run) -> None:
        try:
            action = self._approved_action(run)
            step = action.steps[run.step]
            executor = self._catalogue.executor(step)
            if run.is_stopping:
                self._stop(run, step, executor)
            elif self._is_late(run, action):
                self._give_up(run, step, executor)
            else:
                run = self._compared(run)
                self._record(run, self._call(run, step, executor))
        except (ConnectorError, Refused, NotFound, InputError) as error:
            self._record_failure(run, error)
        except (StoreError, Stale):
            raise
        except Exception as error:  # one connector's mistake must not end the work on all other runs
            log.exception("run %s: its connector failed in a way it should not", run.id)
            words = f"the connector failed in a way it should not ({type(error).__name__}); the log has the details"
            self._record_failure(run, ConnectorError(words, permanent=False))

    def _approved_action(self, run: Run) -> Action:
        """The action as the settings have it, if it is still the approved one."""
        action = self._catalogue.get(run.action)
        plans = [record.plan for record in run.steps] if action.parts else []
        secrets = self._catalogue.secrets_digest(action)
        if binding(action, run.parameters, run.plan, plans, secrets) != run.bound_to:
            raise Refused("changed_since_approval", action=run.action)
        return action

    def _call(self, run: Run, step: Action, executor: Executor) -> Outcome:
        record, key = run.steps[run.step], run.key_of(run.step)
        if record.started is not None:
            return executor.follow(record.started, step)
        if record.attempted:
            found = executor.find(key, step, record.plan)
            if found is not None:
                return found
        else:
            self._save(run.with_step(run.step, replace(record, attempted=True)))
        return executor.execute(key, step, self._told(run, step), record.plan)

    def _compared(self, run: Run) -> Run:
        """With how the action's own check is before anything is done, to compare with afterwards."""
        is_new = run.step == 0 and run.steps and not run.steps[0].attempted
        return replace(run, looked_before=self._verifying.look(run.action)) if is_new else run

    def _told(self, run: Run, step: Action) -> Mapping[str, str]:
        people = {"requested_by": run.asked_by, "approved_by": ", ".join(run.approved_by)}
        incident = {"incident": str(run.incident)} if run.incident else {}
        return {**run.parameters, **self._catalogue.secrets(step), **people, **incident}

    def _is_late(self, run: Run, action: Action) -> bool:
        return run.started_at is not None and self._clock.now() >= run.started_at + action.timeout

    # -- stopping

    def _stop(self, run: Run, step: Action, executor: Executor) -> None:
        """A step that is done is done, and is recorded; one that is under way is stopped."""
        outcome = self._halt(run, step, executor)
        if isinstance(outcome, Done):
            run = run.with_step(run.step, replace(run.steps[run.step], done=outcome))
            if run.step == len(run.steps):
                self._finish(run)
                return
        now = self._clock.now()
        with self._store.write() as tx:
            stopped = tx.runs.save(run.stopped("", now), expected_state=RunState.RUNNING, fence=run.fence)
            self._add_changes(tx, stopped, now)
            note(tx, now, run.cancelled_by, "run.stopped", card_of_run(run.id), steps_done=str(run.step))
            tell_of_run(tx, stopped, "run_stopped", now, run.cancelled_by)

    def _give_up(self, run: Run, step: Action, executor: Executor) -> None:
        outcome = self._halt(run, step, executor)
        if isinstance(outcome, Done):
            self._record(run, outcome)
        else:
            self._record_failure(run, Refused("timed_out"))

    def _halt(self, run: Run, step: Action, executor: Executor) -> Done | None:
        record = run.steps[run.step]
        going: Done | Started | None = record.started
        if going is None and record.attempted:
            going = executor.find(run.key_of(run.step), step, record.plan)
        if isinstance(going, Started):
            executor.cancel(going, step)
            return None
        return going

    # -- recording

    def _record(self, run: Run, outcome: Outcome) -> None:
        index, record = run.step, run.steps[run.step]
        if isinstance(outcome, Done):
            run = replace(run.with_step(index, replace(record, done=outcome)), tries=0)
            if run.step == len(run.steps):
                self._finish(run)
            else:
                self._save(replace(run, progress=Progress()), tell=True, again_in=timedelta())
        elif isinstance(outcome, Started):
            run = run.with_step(index, replace(record, attempted=True, started=outcome))
            self._save(replace(run, tries=0), tell=True, again_in=FOLLOW_EVERY)
        else:
            shown = replace(outcome, tail=self._shown(outcome.tail))
            again_in = follow_in(self._clock.now() - run.started_at if run.started_at else timedelta())
            self._save(replace(run, progress=shown, tries=0), tell=shown != run.progress, again_in=again_in)

    def _save(self, run: Run, *, tell: bool = False, again_in: timedelta | None = None) -> None:
        now = self._clock.now()
        with self._store.write() as tx:
            tx.runs.save(run, expected_state=RunState.RUNNING, fence=run.fence)
            if again_in is not None:
                tx.runs.lease(run.id, run.fence, now + again_in)
            if tell:
                tell_run(tx, run, now)

    def _finish(self, run: Run) -> None:
        now = self._clock.now()
        minutes = self._catalogue.get(run.action).verify_minutes
        said = "; ".join(record.done.summary for record in run.steps if record.done)
        with self._store.write() as tx:
            finished = run.done(said, now, now + timedelta(minutes=minutes))
            finished = tx.runs.save(finished, expected_state=RunState.RUNNING, fence=run.fence)
            self._add_changes(tx, finished, now)
            reference = ", ".join(record.done.reference for record in run.steps if record.done)
            note(tx, now, TOCSIN.user, "run.done", card_of_run(run.id), reference=reference)
            tell_of_run(tx, finished, "run_finished", now, result=said)

    def _record_failure(self, run: Run, error: TocsinError) -> None:
        """A passing fault leaves the run to be claimed again soon; a lasting one ends it. While the backend is at it, a
        fault in looking is never the end of it: the run's own timeout is."""
        now = self._clock.now()
        is_going = run.step < len(run.steps) and run.steps[run.step].started is not None
        passing = isinstance(error, ConnectorError) and not error.permanent
        if passing and (run.tries + 1 < TRIES_MAX or is_going):
            log.warning("run %s failed for now, tried again in %s: %s", run.id, RETRY_AFTER, self._shown(str(error)))
            fresh = self._fresh(run)
            self._save(replace(fresh, tries=run.tries + 1), again_in=RETRY_AFTER)
            return
        reason = error.reason if isinstance(error, Refused) else self._shown(str(error))[:ERROR_MAX]
        with self._store.write() as tx:
            fresh = tx.runs.get(run.id)
            failed = replace(fresh.fail(reason, now), fence=run.fence)
            failed = tx.runs.save(failed, expected_state=RunState.RUNNING, fence=run.fence)
            self._add_changes(tx, failed, now)
            note(tx, now, TOCSIN.user, "run.failed", card_of_run(run.id), error=reason)
            tell_of_run(tx, failed, "run_failed", now, error=reason)

    def _fresh(self, run: Run) -> Run:
        """As the row has it: a step may have been marked as attempted since it was claimed."""
        with self._store.read() as tx:
            return replace(tx.runs.get(run.id), fence=run.fence)

    def _add_changes(self, tx: Transaction, run: Run, now: datetime) -> None:
        """Every finished step is a change, and so a suspect tomorrow."""
        for index, record in enumerate(run.steps):
            if record.done is not None:
                tx.changes.add(_change_of(run, run.key_of(index), record, record.done, now))

    def _shown(self, text: str) -> str:
        return self._redactor.redact(text[-TAIL_MAX:])

    @contextmanager
    def _kept(self, run: Run) -> Iterator[None]:
        """Renews the lease while a call takes long."""
        over = threading.Event()

        def renew() -> None:
            while not over.wait(LEASE.total_seconds() / 3):
                try:
                    with self._store.write() as tx:
                        tx.runs.lease(run.id, run.fence, self._clock.now() + LEASE)
                except StoreError as error:
                    log.warning("cannot renew the lease of run %s: %s", run.id, error)

        keeper = threading.Thread(target=renew, name=f"lease-{run.id}", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()


def follow_in(going: timedelta) -> timedelta:
    """When a run that has been going for so long is looked at again: a fortieth of it, within limits."""
    return min(max(going / 40, FOLLOW_EVERY), FOLLOW_SELDOM)


_CHANGE_KIND = {
    ActionKind.DEPLOY: ChangeKind.DEPLOY,
    ActionKind.ROLLBACK: ChangeKind.ROLLBACK,
    ActionKind.RERUN: ChangeKind.PIPELINE_RUN,
    ActionKind.BACKFILL: ChangeKind.PIPELINE_RUN,
    ActionKind.TRIGGER: ChangeKind.PIPELINE_RUN,
    ActionKind.MODEL_PROMOTE: ChangeKind.MODEL_VERSION,
    ActionKind.MODEL_ROLLBACK: ChangeKind.MODEL_VERSION,
    ActionKind.RESTART: ChangeKind.CONFIG,
    ActionKind.SCALE: ChangeKind.CONFIG,
    ActionKind.COMMAND: ChangeKind.CONFIG,
    ActionKind.CALL: ChangeKind.CONFIG,
}


def _change_of(run: Run, key: str, record: StepRecord, done: Done, at: datetime) -> Change:
    """The key is the backend's, so that the report of the same change by the backend's own webhook is not a second
    one."""
    return Change(
        key=(done.reference or key)[:200],
        kind=_CHANGE_KIND[record.kind],
        service=run.service,
        at=at,
        version=done.version[:200],
        previous=done.previous[:200],
        by=run.asked_by,
        summary=done.summary,
        link=done.link,
        environment=run.environment,
        source="tocsin",
        attributes={"run": str(run.id)},
    )
