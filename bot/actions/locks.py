"""Is an environment closed right now: locked by a person, or frozen by the settings?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Lock:
    """Held by a person until they let go or `until`. `name` is "production" or "production/checkout". `serial` is
    another one for every lock ever taken: a button carries it, so that an old one does not open a newer lock."""

    name: str
    by: str
    reason: str
    at: datetime
    until: datetime | None = None
    serial: int = 0

    def holds(self, now: datetime) -> bool:
        return self.until is None or now < self.until

    def covers(self, environment: str, service: str) -> bool:
        return self.name in (environment, f"{environment}/{service}")


@dataclass(frozen=True, slots=True)
class Freeze:
    """Nothing is to be changed in `environments` ("*": in none of them): from `starts` until `ends`, or every week on
    `days` between `from_time` and `to_time` in `zone`; a night that begins on one of the days (22:00 to 06:00) lasts
    into the next."""

    name: str
    environments: tuple[str, ...]
    reason: str = ""
    starts: datetime | None = None
    ends: datetime | None = None
    days: tuple[str, ...] = ()
    from_time: time = time(0)
    to_time: time = time(23, 59, 59, 999_999)
    zone: str = "UTC"

    def holds(self, environment: str, now: datetime) -> bool:
        if environment not in self.environments and "*" not in self.environments:
            return False
        if (self.starts and now < self.starts) or (self.ends and now >= self.ends):
            return False
        local = now.astimezone(ZoneInfo(self.zone))
        at, today, yesterday = local.time(), local.weekday(), (local.weekday() - 1) % 7
        if self.from_time <= self.to_time:
            return self._is_on(today) and self.from_time <= at <= self.to_time
        return (self._is_on(today) and at >= self.from_time) or (self._is_on(yesterday) and at <= self.to_time)

    def _is_on(self, weekday: int) -> bool:
        return not self.days or WEEKDAYS[weekday] in self.days


def closing_lock(locks: Iterable[Lock], environment: str, service: str, by: str, now: datetime) -> Lock | None:
    """The lock of somebody else that keeps `by` from acting on the service."""
    covering = (lock for lock in locks if lock.covers(environment, service) and lock.holds(now))
    return next((lock for lock in covering if lock.by != by), None)


def closing_freeze(freezes: Iterable[Freeze], environment: str, now: datetime) -> Freeze | None:
    return next((freeze for freeze in freezes if freeze.holds(environment, now)), None)
