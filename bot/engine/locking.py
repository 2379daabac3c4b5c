"""What is closed to changes, and who closes and opens it? Locks of people, freezes of the settings."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bot.actions.locks import Freeze, Lock, closing_freeze, closing_lock
from bot.actions.moments import later
from bot.actions.policy import Policy, Verdict
from bot.clock import Clock
from bot.engine.ports import Notice, Store, Transaction
from bot.engine.telling import note
from bot.errors import InputError, NotFound, Refused, Stale
from bot.people import Person
from bot.settings import FreezeSettings, Settings

_REASON_MAX = 200


class Locks:
    def __init__(self, store: Store, clock: Clock, settings: Settings, policy: Policy) -> None:
        self._store, self._clock, self._settings, self._policy = store, clock, settings, policy
        self._freezes = tuple(_freeze(name, section) for name, section in settings.freezes.items())
        self._zone = ZoneInfo(settings.digest.timezone)

    @property
    def environments(self) -> tuple[str, ...]:
        return tuple(sorted({action.environment for action in self._settings.actions.values()} | {"production"}))

    def lock(self, name: str, by: Person, reason: str = "", until: str = "") -> Lock:
        """Takes the lock `production` or `production/checkout`. Raises `Refused("locked")` when somebody has it."""
        self._must_be_allowed(by)
        now = self._clock.now()
        self._must_exist(name)
        ends = later(until, now, self._zone) if until else None
        if until and ends is None:
            raise InputError(
                f"{until[:50]!r} is no time to come; say it like 18:00, 2h or 2026-11-21T08:00Z", place="until"
            )
        wanted = Lock(name, by.key, " ".join(reason.split())[:_REASON_MAX], now, ends)
        with self._store.write() as tx:
            taken = tx.locks.take(wanted, now)
            if taken is None:
                raise _refused(next(lock for lock in tx.locks.all() if lock.name == name))
            note(tx, now, by.key, "lock.taken", name, reason=wanted.reason, serial=str(taken.serial))
            self._tell(tx, "locked", taken, by, now)
            return taken

    def unlock(self, by: Person, name: str = "", *, serial: int = 0) -> Lock:
        """Lets go of the lock called `name`, or of the very one with `serial`: an old button opens no newer lock."""
        self._must_be_allowed(by)
        now = self._clock.now()
        with self._store.write() as tx:
            holding = [lock for lock in tx.locks.all() if lock.holds(now)]
            held = next((lock for lock in holding if serial in (0, lock.serial) and name in ("", lock.name)), None)
            if held is None and serial:
                raise Stale("changed_meanwhile", lock=str(serial))
            if held is None:
                raise NotFound("lock", name, known=[lock.name for lock in holding])
            if not tx.locks.release(held.name, held.serial):
                raise Stale("changed_meanwhile", lock=held.name)
            note(tx, now, by.key, "lock.released", held.name, held_by=held.by, serial=str(held.serial))
            self._tell(tx, "unlocked", held, by, now)
            return held

    def held(self) -> Sequence[Lock]:
        now = self._clock.now()
        with self._store.read() as tx:
            return [lock for lock in tx.locks.all() if lock.holds(now)]

    def frozen(self) -> Sequence[Freeze]:
        now = self._clock.now()
        return [f for f in self._freezes if any(f.holds(environment, now) for environment in self.environments)]

    def closed(self, tx: Transaction, environment: str, service: str, by: str, now: datetime) -> Refused | None:
        """Why nothing may be done to the service now by `by`, or None."""
        frozen = closing_freeze(self._freezes, environment, now)
        if frozen is not None:
            return Refused("frozen", environment=environment, freeze=frozen.name, why=frozen.reason)
        lock = closing_lock(tx.locks.all(), environment, service, by, now)
        return _refused(lock) if lock is not None else None

    def _tell(self, tx: Transaction, kind: str, lock: Lock, by: Person, now: datetime) -> None:
        facts = {"kind": kind, "by": by.key, "lock": lock.name, "held_by": lock.by, "reason": lock.reason}
        facts["until"] = lock.until.isoformat() if lock.until else ""
        tx.outbox.put(Notice(f"lock:{lock.serial}:{kind}", "line", self._settings.slack.channel, facts), now)

    def _must_be_allowed(self, by: Person) -> None:
        decision = self._policy.may_lock(by)
        if decision.verdict is Verdict.REFUSED:
            raise Refused(decision.reason)

    def _must_exist(self, name: str) -> None:
        environment, _, service = name.partition("/")
        services = {a.service for a in self._settings.actions.values() if a.environment == environment}
        if environment not in self.environments:
            raise NotFound("environment", environment, known=self.environments)
        if service and service not in services:
            raise NotFound("service", service, known=sorted(services))


def _refused(lock: Lock) -> Refused:
    until = lock.until.isoformat() if lock.until else ""
    return Refused("locked", lock=lock.name, by=lock.by, why=lock.reason, until=until)


def _freeze(name: str, section: FreezeSettings) -> Freeze:
    return Freeze(
        name=name,
        environments=section.environments,
        reason=section.reason,
        starts=section.starts.astimezone(UTC) if section.starts else None,
        ends=section.ends.astimezone(UTC) if section.ends else None,
        days=section.days,
        from_time=section.from_time,
        to_time=section.to_time,
        zone=section.timezone,
    )
