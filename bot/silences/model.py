"""What is a silence, and what is a planned maintenance?"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.signals.model import Signal

LENGTH_MAX = timedelta(days=30)
MATCHERS_MAX = 10
FIELDS = ("service", "kind", "fingerprint", "source", "severity", "title")


@dataclass(frozen=True, slots=True)
class Matcher:
    """`field` is one of `FIELDS`, "entity:KIND" or "attribute:NAME"; `value` is compared whole, and as the beginning
    when it ends in "*". Another `sign` (`!=`, `=~`, `!~`) is of a silence made elsewhere, and fits nothing here."""

    field: str
    value: str
    sign: str = "="

    def matches(self, signal: Signal) -> bool:
        return self.sign == "=" and any(self.fits(value) for value in _values(signal, self.field))

    def fits(self, value: str) -> bool:
        return value.startswith(self.value[:-1]) if self.value.endswith("*") else value == self.value


@dataclass(frozen=True, slots=True)
class Silence:
    """Mutes what fits all `matchers`, from `since` until `until`. One without matchers mutes nothing.

    `origin` names the source where it was made, "" for here. One from elsewhere is applied there, before anything is
    sent; here it is known and counted.
    """

    matchers: tuple[Matcher, ...]
    by: str
    reason: str
    since: datetime
    until: datetime
    id: int = 0
    origin: str = ""
    ended_by: str = ""
    """Who ended it before its time."""

    @property
    def key(self) -> str:
        """What the audit and decisions call it."""
        return f"silence:{self.id}"

    def mutes(self, signal: Signal, now: datetime) -> bool:
        if self.origin or not self.matchers or not self.since <= now < self.until:
            return False
        return all(matcher.matches(signal) for matcher in self.matchers)


class Untold(StrEnum):
    """Why a silence is not made in another system, too."""

    NOT_ALERTS = "not_alerts"
    NOT_FIRING = "not_firing"
    NO_LABEL = "no_label"
    TOO_WIDE = "too_wide"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Copy:
    """A silence as another system has it: `copy_id` is its name there, "" while it has none, for `problem`."""

    silence_id: int
    source: str
    copy_id: str = ""
    problem: Untold | None = None


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
