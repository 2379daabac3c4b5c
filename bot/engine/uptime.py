"""Did the heartbeat come, does the address answer? What should happen and does not is a signal, until it does.

A problem is told before it is remembered: after a crash in between it is told again, which is the same problem.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from apscheduler.triggers.cron import CronTrigger

from bot.clock import Clock
from bot.engine.events import Events
from bot.engine.ports import Store
from bot.engine.source_ports import Watched
from bot.errors import NotFound
from bot.settings import HeartbeatSettings, Settings, UptimeSettings
from bot.signals.model import Signal
from bot.sources.alerting import alert, ended
from bot.sources.model import Heard

HEARTBEAT, UPTIME = "heartbeat", "uptime"
FAILURES_MIN = 2
"""One failed look may be the network's; the second is told."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at an address found. `problem` is '' when all is well."""

    problem: str
    latency_ms: float | None = None
    certificate_days: float | None = None


class Uptime:
    def __init__(self, store: Store, clock: Clock, settings: Settings, events: Events) -> None:
        self._store, self._clock, self._settings, self._events = store, clock, settings, events

    # -- heartbeats

    def beat(self, name: str, said: str = "") -> None:
        """`said` is "" (done), "start" or "fail". Raises `NotFound`."""
        heartbeat = self._settings.heartbeats.get(name)
        if heartbeat is None:
            raise NotFound("heartbeat", name[:50], known=tuple(self._settings.heartbeats))
        now = self._clock.now()
        seen = self._watched(HEARTBEAT, name)
        if said == "start":
            self._remember(replace(seen, started_at=now))
        elif said == "fail":
            self._tell(HEARTBEAT, name, heartbeat, "it says that it failed", now)
            self._remember(replace(seen, down_since=seen.down_since or now, problem="failed"))
        else:
            if seen.down_since is not None:
                self._tell_end(HEARTBEAT, name, heartbeat.service, now)
            self._remember(replace(seen, last_at=now, started_at=None, down_since=None, problem=""))

    def check_heartbeats(self) -> None:
        """By the clock. A heartbeat that never came is awaited from when it was first looked for."""
        now = self._clock.now()
        for name, heartbeat in self._settings.heartbeats.items():
            seen = self._watched(HEARTBEAT, name)
            if seen.last_at is None:
                self._remember(replace(seen, last_at=now))
                continue
            due = due_at(heartbeat, seen.last_at)
            if now <= due or seen.down_since is not None:
                continue
            self._tell(HEARTBEAT, name, heartbeat, f"it was due at {due:%Y-%m-%d %H:%M} UTC", now)
            self._remember(replace(seen, down_since=now, problem="overdue"))

    # -- addresses

    def looked(self, name: str, look: Look) -> None:
        """Raises `NotFound`."""
        watched = self._settings.uptime.get(name)
        if watched is None:
            raise NotFound("address", name, known=tuple(self._settings.uptime))
        now, seen = self._clock.now(), self._watched(UPTIME, name)
        if not look.problem:
            if seen.down_since is not None:
                self._tell_end(UPTIME, name, watched.service, now)
            self._remember(Watched(UPTIME, name, now, latency_ms=look.latency_ms))
            return
        failures = seen.failures + 1
        if failures >= FAILURES_MIN:
            self._tell(UPTIME, name, watched, look.problem, now)
        down_since = seen.down_since or (now if failures >= FAILURES_MIN else None)
        self._remember(
            replace(seen, failures=failures, down_since=down_since, latency_ms=look.latency_ms, problem=look.problem)
        )

    # -- telling

    def _tell(
        self, kind: str, name: str, watched: HeartbeatSettings | UptimeSettings, problem: str, now: datetime
    ) -> None:
        self._events.hear(kind, Heard(signals=[_signal(kind, name, watched, problem, now)]))

    def _tell_end(self, kind: str, name: str, service: str, now: datetime) -> None:
        self._events.hear(kind, Heard(ended=[ended(kind, name, service or name, now, now)]))

    def _watched(self, kind: str, name: str) -> Watched:
        with self._store.read() as tx:
            return tx.sources.watched(kind, name) or Watched(kind, name)

    def _remember(self, watched: Watched) -> None:
        with self._store.write() as tx:
            tx.sources.set_watched(watched)


def due_at(heartbeat: HeartbeatSettings, last_at: datetime) -> datetime:
    """When the next one is late: its interval or cron time after the last, and the grace."""
    grace = timedelta(minutes=heartbeat.grace_minutes)
    if not heartbeat.cron:
        return last_at + timedelta(minutes=heartbeat.every_minutes) + grace
    trigger = CronTrigger.from_crontab(heartbeat.cron, timezone=heartbeat.timezone)
    due = trigger.get_next_fire_time(None, last_at + timedelta(seconds=1))
    return (due or last_at + timedelta(days=366)) + grace


def _signal(kind: str, name: str, watched: HeartbeatSettings | UptimeSettings, problem: str, now: datetime) -> Signal:
    title = f"{name} sent no heartbeat" if kind == HEARTBEAT else f"{name} does not answer as it should"
    return alert(
        kind,
        name,
        title=title,
        service=watched.service or name,
        severity=watched.severity,
        began_at=now,
        now=now,
        labels={"check": name},
        detail=problem,
        url=watched.url if isinstance(watched, UptimeSettings) else "",
    )
