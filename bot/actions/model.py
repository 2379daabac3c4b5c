"""What is an action, its plan, its approval and its run?

asked → approved → running → verifying → succeeded
  │        │          │          └──────→ failed
  └────────┴──────────┴→ cancelled, expired, failed

A run has one step or several, each done by one connector under a key of its own (`Run.key_of`).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.actions.parameters import Parameter
from bot.errors import Stale


class ActionKind(StrEnum):
    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    RERUN = "rerun"
    BACKFILL = "backfill"
    TRIGGER = "trigger"
    MODEL_PROMOTE = "model_promote"
    MODEL_ROLLBACK = "model_rollback"
    RESTART = "restart"
    SCALE = "scale"
    COMMAND = "command"
    CALL = "call"


LOOKS_MAX = 200
"""Of an action's own check that a run keeps, the newest."""

OPERATORS = "operators"
"""The role of everybody who may act."""


@dataclass(frozen=True, slots=True)
class Part:
    """One step of an action of several: a kind, done by a connector to its target."""

    kind: ActionKind
    connector: str
    target: Mapping[str, str] = field(default_factory=dict)
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """One thing Tocsin can do, as the configuration declares it. `target` is what it acts on, for its connector.
    `may_ask`, `may_approve`: names of roles. `lock`: what nobody else may act on meanwhile. `parts`: its steps, when
    it has several; then `connector` is ''."""

    name: str
    kind: ActionKind
    service: str
    connector: str
    target: Mapping[str, str] = field(default_factory=dict)
    environment: str = "production"
    approvals: int = 1
    verify_minutes: int = 5
    parameters: tuple[Parameter, ...] = ()
    parts: tuple[Part, ...] = ()
    may_ask: tuple[str, ...] = (OPERATORS,)
    may_approve: tuple[str, ...] = (OPERATORS,)
    timeout: timedelta = timedelta(hours=1)
    lock: str = ""
    step_up: bool = False
    """Who says yes, or breaks the glass, says a code of their authenticator, too."""

    @property
    def steps(self) -> tuple["Action", ...]:
        """What its executors are given, one after the other."""
        if not self.parts:
            return (self,)
        return tuple(
            replace(self, kind=part.kind, connector=part.connector, target=part.target, parts=()) for part in self.parts
        )

    @property
    def locks(self) -> str:
        """What only one run at a time may act on."""
        return self.lock or f"{self.environment}/{self.service}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do. `before`/`after` are versions; `diff` is text; `world` names the state it was made from
    (a commit id): when the world has another one at execution, the approval no longer fits."""

    summary: str
    before: str
    after: str
    diff: str
    world: str
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """What an executor did. `version` is what runs now, `reference` names the effect (a commit id)."""

    version: str
    previous: str
    reference: str
    summary: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """What an executor set going and the backend now does. `reference` is all that is needed to follow it."""

    reference: str
    summary: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: `done` of `total` (0: nobody knows), the backend's word for it, the end of its log."""

    done: int = 0
    total: int = 0
    state: str = ""
    tail: str = ""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step of a run. `attempted`: its executor was called, so who takes over asks it first what became of it."""

    kind: ActionKind
    connector: str
    plan: Plan
    attempted: bool = False
    started: Started | None = None
    done: Done | None = None


class RunState(StrEnum):
    ASKED = "asked"
    APPROVED = "approved"
    RUNNING = "running"
    VERIFYING = "verifying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def is_over(self) -> bool:
        return self in _OVER


_OVER = frozenset({RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED, RunState.EXPIRED})


class Verdict(StrEnum):
    """What verification found. `WELL`: its own check was right before, and is."""

    RECOVERED = "recovered"
    WELL = "well"
    NO_EFFECT = "no_effect"
    WORSE = "worse"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True)
class Look:
    """One look at an action's own check. `is_right`: None when it could not be read. `value` should be between `low`
    and `high`, in `unit`; `what` is a key of what is wrong (of a check of a table, or "status", "contains", "away").
    `said` are the facts of it in the words of the source."""

    at: datetime
    is_right: bool | None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    what: str = ""
    said: str = ""

    @property
    def distance(self) -> float | None:
        """By how much the value is beyond its bounds."""
        if self.value is None:
            return None
        below = self.low - self.value if self.low is not None else 0.0
        above = self.value - self.high if self.high is not None else 0.0
        return max(0.0, below, above)


@dataclass(frozen=True, slots=True)
class Run:
    """One doing of an action. `bound_to` is the hash that an approval is given for; `fence` grows with each lease."""

    action: str
    kind: ActionKind
    service: str
    parameters: Mapping[str, str]
    plan: Plan
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    bound_to: str
    approvals_needed: int = 1
    state: RunState = RunState.ASKED
    incident: int = 0
    approved_by: tuple[str, ...] = ()
    approved_at: datetime | None = None
    started_at: datetime | None = None
    done_at: datetime | None = None
    finished_at: datetime | None = None
    result: str = ""
    error: str = ""
    verdict: Verdict | None = None
    verify_until: datetime | None = None
    cancelled_by: str = ""
    channel: str = ""
    environment: str = ""
    locks: str = ""
    steps: tuple[StepRecord, ...] = ()
    progress: Progress = Progress()
    tries: int = 0
    break_glass: str = ""
    may_approve: tuple[str, ...] = (OPERATORS,)
    note: str = ""
    looked_before: Look | None = None
    looks: tuple[Look, ...] = ()
    id: int = 0
    fence: int = 0

    @property
    def key(self) -> str:
        """The deterministic name handed to the backend, so that it can be asked "did you start this?". The digest
        keeps two installations (or one with a new database) apart that both have a run of this number."""
        digest = hashlib.sha256(f"{self.bound_to} {self.asked_at.isoformat()}".encode()).hexdigest()
        return f"tocsin-run-{self.id}-{digest[:8]}"

    def key_of(self, step: int) -> str:
        """The key of the step with this index."""
        return f"{self.key}-{step + 1}"

    @property
    def step(self) -> int:
        """The index of the first step that is not done; their number when all are."""
        return next((i for i, step in enumerate(self.steps) if step.done is None), len(self.steps))

    @property
    def is_stopping(self) -> bool:
        return self.state is RunState.RUNNING and bool(self.cancelled_by)

    @property
    def can_be_undone(self) -> bool:
        """Whether the version before is known, and it is over and did not help."""
        is_bad = self.verdict in (Verdict.NO_EFFECT, Verdict.WORSE)
        return is_bad and self.kind in _UNDONE_BY_VERSION and bool(self.plan.before) and len(self.steps) < 2

    def with_step(self, index: int, step: StepRecord) -> "Run":
        return replace(self, steps=(*self.steps[:index], step, *self.steps[index + 1 :]))

    def approve(self, by: str, at: datetime) -> "Run":
        self._must_be(RunState.ASKED)
        if at >= self.expires_at:
            raise Stale("run_expired", run=str(self.id))
        approvers = (*self.approved_by, by)
        if len(approvers) < self.approvals_needed:
            return replace(self, approved_by=approvers)
        return replace(self, approved_by=approvers, approved_at=at, state=RunState.APPROVED)

    def start(self, at: datetime) -> "Run":
        self._must_be(RunState.APPROVED)
        return replace(self, state=RunState.RUNNING, started_at=at)

    def done(self, result: str, at: datetime, verify_until: datetime) -> "Run":
        """The backend has done it; whether it helped is seen until `verify_until`."""
        self._must_be(RunState.RUNNING)
        return replace(self, state=RunState.VERIFYING, result=result, done_at=at, verify_until=verify_until)

    def looked(self, look: Look) -> "Run":
        """The action's own check, after it was done."""
        self._must_be(RunState.VERIFYING)
        return replace(self, looks=(*self.looks, look)[-LOOKS_MAX:])

    def verified(self, verdict: Verdict, at: datetime) -> "Run":
        self._must_be(RunState.VERIFYING)
        return replace(self, state=RunState.SUCCEEDED, verdict=verdict, finished_at=at)

    def fail(self, error: str, at: datetime) -> "Run":
        if self.state.is_over:
            raise Stale("run_over", run=str(self.id), state=self.state)
        return replace(self, state=RunState.FAILED, error=error, finished_at=at)

    def cancel(self, by: str, at: datetime) -> "Run":
        """Before it runs it is cancelled at once; while it runs, the worker that has it stops it."""
        if self.state is RunState.RUNNING and not self.cancelled_by:
            return replace(self, cancelled_by=by)
        if self.state not in (RunState.ASKED, RunState.APPROVED):
            raise Stale("run_not_cancellable", run=str(self.id), state=self.state)
        return replace(self, state=RunState.CANCELLED, cancelled_by=by, finished_at=at)

    def stopped(self, result: str, at: datetime) -> "Run":
        """It ran, and was stopped; `result` says how far it was."""
        self._must_be(RunState.RUNNING)
        return replace(self, state=RunState.CANCELLED, result=result, finished_at=at)

    def expire(self, at: datetime) -> "Run":
        self._must_be(RunState.ASKED)
        return replace(self, state=RunState.EXPIRED, finished_at=at)

    def _must_be(self, state: RunState) -> None:
        if self.state is not state:
            raise Stale("run_not_" + state, run=str(self.id), state=self.state)


_UNDONE_BY_VERSION = frozenset(
    {ActionKind.DEPLOY, ActionKind.ROLLBACK, ActionKind.MODEL_PROMOTE, ActionKind.MODEL_ROLLBACK}
)


def binding(
    action: Action, parameters: Mapping[str, str], plan: Plan, plans: Sequence[Plan] = (), secrets: str = ""
) -> str:
    """The hash an approval is bound to: the action with its targets, the parameters, and the plan with the state of
    the world it was made from, step by step. Any difference gives another hash. `secrets`: a digest of the values that
    are not shown."""
    facts = [
        action.name,
        [[step.kind, step.connector, sorted(step.target.items())] for step in action.steps],
        [action.environment, action.service, action.locks],
        sorted(parameters.items()),
        [[p.before, p.after, p.diff, p.world, list(p.commands)] for p in (plan, *plans)],
        secrets,
    ]
    return hashlib.sha256(json.dumps(facts, ensure_ascii=False).encode()).hexdigest()
