"""What is a silence, and what is a planned maintenance?"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.signals.model import Signal

LENGTH_MAX = timedelta(days=30)
MATCHERS_MAX = 10
FIELDS = ("service", "kind", "fingerprint", "source", "severity", "title")


@dataclass(frozen=True, slots=True)
class Matcher:
    """`field` is one of `FIELDS`, "entity:KIND" or "attribute:NAME"; `value` is compared whole, and as the beginning
    when it ends in "*"."""

    field: str
    value: str

    def matches(self, signal: Signal) -> bool:
        return any(self._fits(value) for value in _values(signal, self.field))

    def _fits(self, value: str) -> bool:
        return value.startswith(self.value[:-1]) if self.value.endswith("*") else value == self.value


@dataclass(frozen=True, slots=True)
class Silence:
    """Mutes what fits all `matchers`, from `since` until `until`. One without matchers mutes nothing."""

    matchers: tuple[Matcher, ...]
    by: str
    reason: str
    since: datetime
    until: datetime
    id: int = 0

    def mutes(self, signal: Signal, now: datetime) -> bool:
        if not self.matchers or not self.since <= now < self.until:
            return False
        return all(matcher.matches(signal) for matcher in self.matchers)


@dataclass(frozen=True, slots=True)
class Hidden:
    """One problem that was muted: how often, and by what. `reason` is one of `muting.REASONS`, `subject` names the
    silence, window or incident."""

    reason: str
    subject: str
    fingerprint: str
    service: str
    kind: str
    severity: str
    title: str
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class MaintenanceWindow:
    """Planned work on `services`: what begins in it is expected."""

    services: frozenset[str]
    reason: str
    since: datetime
    until: datetime
    id: int = 0

    def mutes(self, signal: Signal) -> bool:
        return signal.service in self.services and self.since <= signal.began_at < self.until


def _values(signal: Signal, field: str) -> tuple[str, ...]:
    kind, _, name = field.partition(":")
    if kind == "entity":
        return tuple(value for entity, value in signal.entities if entity == name)
    if kind == "attribute":
        return (signal.attributes[name],) if name in signal.attributes else ()
    return (str(getattr(signal, field)),) if field in FIELDS else ()
