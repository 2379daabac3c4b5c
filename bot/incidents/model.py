"""What is an incident, and which steps can its life take?

    open → acknowledged → resolved → reopened (→ acknowledged …)

Every step gives a new value and raises `Stale` when it does not fit the state.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.errors import Stale
from bot.signals.severity import Severity

BY_PERSON = "by_person"
"""The severity is what a person said: it does not rise by itself any more."""


class IncidentState(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    REOPENED = "reopened"

    @property
    def is_active(self) -> bool:
        return self is not IncidentState.RESOLVED


class Resolution(StrEnum):
    """Why an incident ended."""

    BY_PERSON = "by_person"
    QUIET = "quiet"
    RECOVERED = "recovered"
    NOT_A_PROBLEM = "not_a_problem"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Incident:
    """`id` is 0 until stored. Times are aware UTC; people are `Person.key`s. `version` grows with each stored step."""

    service: str
    title: str
    severity: Severity
    began_at: datetime
    opened_at: datetime
    last_signal_at: datetime
    state: IncidentState = IncidentState.OPEN
    severity_reason: str = ""
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    resolved_at: datetime | None = None
    resolved_by: str = ""
    resolution: Resolution | None = None
    reopened_at: datetime | None = None
    declared_by: str = ""
    channel: str = ""
    merged_into: int = 0
    id: int = 0
    version: int = 0

    @property
    def key(self) -> str:
        return f"INC-{self.id}"

    def acknowledge(self, by: str, at: datetime) -> "Incident":
        if self.state is IncidentState.ACKNOWLEDGED:
            raise Stale("already_acknowledged", incident=self.key, by=self.acknowledged_by)
        self._must_be_active()
        first = self.acknowledged_at or at
        return replace(self, state=IncidentState.ACKNOWLEDGED, acknowledged_by=by, acknowledged_at=first)

    def resolve(self, by: str, at: datetime, resolution: Resolution) -> "Incident":
        """Ends it. A person who does has taken note of it: that counts as acknowledged, if nobody had before."""
        self._must_be_active()
        noted = at if resolution in (Resolution.BY_PERSON, Resolution.NOT_A_PROBLEM) else None
        return replace(
            self,
            state=IncidentState.RESOLVED,
            acknowledged_at=self.acknowledged_at or noted,
            resolved_at=at,
            resolved_by=by,
            resolution=resolution,
        )

    def reopen(self, at: datetime) -> "Incident":
        if self.state.is_active:
            raise Stale("not_resolved", incident=self.key)
        return replace(
            self,
            state=IncidentState.REOPENED,
            reopened_at=at,
            resolved_at=None,
            resolved_by="",
            resolution=None,
            acknowledged_by="",
        )

    def joined_by(self, at: datetime, severity: Severity, reason: str) -> "Incident":
        """A further signal, seen `at`: the latest counts, and the severity only rises by itself."""
        grown = replace(self, last_signal_at=max(self.last_signal_at, at))
        if severity.rank < self.severity.rank and self.severity_reason != BY_PERSON:
            return replace(grown, severity=severity, severity_reason=reason)
        return grown

    def part_of(self, other: int) -> "Incident":
        return replace(self, merged_into=other)

    def begun_by(self, at: datetime) -> "Incident":
        """It began earlier than thought."""
        return replace(self, began_at=min(self.began_at, at))

    def graded(self, severity: Severity, reason: str) -> "Incident":
        """As people say."""
        self._must_be_active()
        return replace(self, severity=severity, severity_reason=reason)

    def time_to_detect(self) -> timedelta:
        return self.opened_at - self.began_at

    def time_to_acknowledge(self) -> timedelta | None:
        return self.acknowledged_at - self.opened_at if self.acknowledged_at else None

    def time_to_resolve(self) -> timedelta | None:
        return self.resolved_at - self.opened_at if self.resolved_at else None

    def _must_be_active(self) -> None:
        if not self.state.is_active:
            raise Stale("already_resolved", incident=self.key, by=self.resolved_by)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A likely cause. `likelihood` is 0..1; `because` are reason keys with their figures, worded by templates."""

    kind: str  # "change" | "template" | "service"
    subject: str  # change id, template id or service name
    label: str
    likelihood: float
    because: tuple[tuple[str, str], ...] = ()
    verdict: str = ""  # "" | "confirmed" | "rejected"


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One thing that happened. `kind` is worded by a template from `facts`; `by` is a `Person.key` or ''."""

    at: datetime
    kind: str
    by: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    id: int = 0
