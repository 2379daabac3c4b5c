"""Who is asked next when nobody answers? Policies of steps, and how far one has come with an incident.

The turns of a policy are its steps, one after the other, and again as often as it repeats: turn 4 of a policy with
three steps is its second step, the second time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.signals.severity import Severity


class Reach(StrEnum):
    """What a step names."""

    SCHEDULE = "schedule"
    PERSON = "person"
    GROUP = "group"
    CHANNEL = "channel"
    PAGER = "pager"


class Stop(StrEnum):
    """Why an escalation goes no further."""

    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    EXHAUSTED = "exhausted"


@dataclass(frozen=True, slots=True)
class Step:
    """`wait`: how long an answer is waited for before the next step. `severities`: only for these; all when empty."""

    reach: Reach
    name: str
    wait: timedelta
    severities: frozenset[Severity] = frozenset()

    def is_for(self, severity: Severity) -> bool:
        return not self.severities or severity in self.severities


@dataclass(frozen=True, slots=True)
class Policy:
    """`services`: of these; of all that no other policy names when empty. `repeat`: so often it begins again."""

    name: str
    steps: tuple[Step, ...]
    services: frozenset[str] = frozenset()
    severities: frozenset[Severity] = frozenset()
    repeat: int = 0
    asks_again: bool = True
    """Who its first step means is asked once more when what somebody is on already becomes worse."""

    @property
    def turns(self) -> int:
        return len(self.steps) * (self.repeat + 1)

    def step_of(self, turn: int) -> Step:
        return self.steps[turn % len(self.steps)]

    def turn_from(self, turn: int, severity: Severity) -> int | None:
        """The first turn from `turn` on whose step is for this severity; None when there is none left."""
        return next((t for t in range(turn, self.turns) if self.step_of(t).is_for(severity)), None)

    def turn_when_worse(self, severity: Severity) -> int | None:
        """Of being asked although somebody is on it: after all others, another one for each severity."""
        steps = [self.step_of(t) for t in range(len(self.steps))]
        fitting = [t for t, step in enumerate(steps) if step.is_for(severity) and step.reach is not Reach.PAGER]
        return self.turns + len(self.steps) * severity.rank + fitting[0] if fitting else None

    def turn_after_raise(self, turn: int, before: Severity, now: Severity) -> int:
        """Where it goes on when it became worse before `turn`: at the first step of the round that was left out."""
        done = max(turn - 1, 0)
        begin = done - done % len(self.steps)
        added = (t for t in range(begin, turn) if self.step_of(t).is_for(now) and not self.step_of(t).is_for(before))
        return next(added, turn)


@dataclass(frozen=True, slots=True)
class Escalation:
    """How far it has come with an incident since it was opened (or opened again, at `since`). `turn` is the next one,
    due at `due_at`; `stopped` says why there is none."""

    incident_id: int
    since: datetime
    policy: str
    severity: Severity
    turn: int
    due_at: datetime
    stopped: Stop | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One who was asked in a turn: a person (`Person.key`, or a name that nobody is known by), a channel, a pager."""

    incident_id: int
    since: datetime
    policy: str
    turn: int
    reach: Reach
    target: str
    at: datetime
    state: "PageState"
    id: int = 0


class PageState(StrEnum):
    TOLD = "told"
    UNREACHABLE = "unreachable"
    WITHDRAWN = "withdrawn"


def policy_for(policies: Sequence[Policy], service: str, severity: Severity) -> Policy | None:
    """The first that names the service and is for the severity, else the first for all services."""
    fitting = [p for p in policies if not p.severities or severity in p.severities]
    named = (p for p in fitting if service in p.services)
    usual = (p for p in fitting if not p.services)
    return next(named, None) or next(usual, None)
