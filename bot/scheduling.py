"""When is what done? The engine's jobs on APScheduler, run by the one process that holds the lease.

APScheduler is only the alarm clock: what is due is decided from the database, so that a double firing, a missed one, a
restart or the night the clocks change does no harm.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from bot.clock import Clock
from bot.engine.ports import Store
from bot.engine.whole import Engine
from bot.errors import StoreError

log = logging.getLogger(__name__)

LEASE_NAME = "schedule"
LEASE_FOR = timedelta(seconds=9)
RENEW_EVERY_S = 3.0
WATCH_EVERY_S = 10


def scheduler_of(engine: Engine) -> AsyncIOScheduler:
    """The jobs, not started: checks after each window, runs, audit, digests by the minute, upkeep by the hour."""
    scheduler = AsyncIOScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
    )
    window_s, grace_s = engine.settings.detection.window_s, engine.settings.detection.grace_s
    _every(scheduler, "checks", lambda: _check(engine), window_s, offset_s=grace_s)
    _every(scheduler, "runs", engine.runs.watch, min(5, window_s))
    _every(scheduler, "runbooks", engine.runbooks.offer, 5)
    _every(scheduler, "remedies", engine.remedies.run, 5)
    _every(scheduler, "audit", engine.audit.seal, 10)
    _every(scheduler, "digests", engine.digests.send_due, 30)
    _every(scheduler, "updates", engine.updates.remind, 15)
    _every(scheduler, "watch", engine.watched.run, WATCH_EVERY_S, offset_s=1)
    _every(scheduler, "points", engine.watched.drop_old, 3600, offset_s=900)
    _every(scheduler, "upkeep", engine.upkeep.run, 3600, offset_s=600)
    _every(scheduler, "calls", lambda: _call(engine), 5, offset_s=2)
    _every(scheduler, "tickets", engine.tickets.run, 5, offset_s=3)
    _every(scheduler, "calendars", engine.oncall.refresh, 30, offset_s=3)
    _every(scheduler, "events", engine.events.keep, 30)
    _every(scheduler, "heartbeats", engine.uptime.check_heartbeats, 30)
    _every(scheduler, "rhythms", engine.rhythms.run, 30, offset_s=10)
    _every(scheduler, "mixes", engine.mixes.run, 60, offset_s=40)
    _every(scheduler, "sessions", engine.sessions.run, 30, offset_s=25)
    _every(scheduler, "pipelines", engine.pipelines.run, 60, offset_s=20)
    _every(scheduler, "events.tidy", engine.events.tidy, 3600, offset_s=900)
    _every(scheduler, "in_step.tidy", engine.in_step.tidy, 3600, offset_s=960)
    scheduler.add_listener(_complain, EVENT_JOB_ERROR)
    return scheduler


def _check(engine: Engine) -> None:
    engine.checks.run()
    engine.runs.watch()


def _call(engine: Engine) -> None:
    engine.escalations.run()
    engine.pagers.run()
    engine.oncall.tell_handovers()


def _every(
    scheduler: AsyncIOScheduler, name: str, job: Callable[[], object], seconds: float, offset_s: float = 0
) -> None:
    """On the multiples of `seconds` since the epoch, plus `offset_s`: windows close on them."""

    async def in_thread() -> None:
        await asyncio.to_thread(job)

    start = datetime.fromtimestamp(offset_s % seconds, UTC)
    scheduler.add_job(in_thread, IntervalTrigger(seconds=seconds, start_date=start, timezone=UTC), id=name, name=name)


def _complain(event: JobExecutionEvent) -> None:
    log.error("the job %s failed, and is tried again at its next time", event.job_id, exc_info=event.exception)


class Leadership:
    """Holds a lease while it can: of several processes, one runs the schedule, and one the courier."""

    def __init__(self, store: Store, clock: Clock, holder: str, lease: str = LEASE_NAME) -> None:
        self._store, self._clock, self._holder, self._lease = store, clock, holder, lease

    async def renew(self) -> bool:
        """True while this process leads; False too when the database cannot be asked."""
        try:
            return await asyncio.to_thread(self._renew)
        except StoreError as error:
            log.error("cannot renew the lease of the %s: %s", self._lease, error)
            return False

    async def release(self) -> None:
        await asyncio.to_thread(self._release)

    def _renew(self) -> bool:
        now = self._clock.now()
        with self._store.write() as tx:
            return tx.leases.take(self._lease, self._holder, now, now + LEASE_FOR) is not None

    def _release(self) -> None:
        with self._store.write() as tx:
            tx.leases.release(self._lease, self._holder)


async def lead(engine: Engine, holder: str) -> None:
    """Runs the schedule whenever this process leads, until cancelled."""
    leadership = Leadership(engine.store, engine.clock, holder)
    scheduler = scheduler_of(engine)
    scheduler.start(paused=True)
    try:
        while True:
            leads = await leadership.renew()
            (scheduler.resume if leads else scheduler.pause)()
            await asyncio.sleep(RENEW_EVERY_S)
    finally:
        scheduler.shutdown(wait=False)
        await leadership.release()


async def while_leading(leadership: Leadership, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs `work` whenever this process holds the lease, until cancelled. What `work` raises ends it."""
    task: asyncio.Task[None] | None = None
    try:
        while True:
            leads = await leadership.renew()
            if leads and task is None:
                task = asyncio.create_task(work())
            if task is not None and task.done():
                task.result()
            if not leads and task is not None:
                task.cancel()
                task = None
            await asyncio.sleep(RENEW_EVERY_S)
    finally:
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await leadership.release()
