"""What does the engine need to act? `bot/store` keeps runs and locks, `bot/connectors` fulfil `Executor`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from bot.actions.locks import Lock
from bot.actions.model import Action, ActionKind, Done, Plan, Progress, Run, Started
from bot.actions.parameters import Parameter
from bot.actions.remedies import Doing, Mode, Standing
from bot.actions.totp import Factor


class RunRows(Protocol):
    def add(self, run: Run) -> Run | None:
        """None when another run holds what this one would lock (`Run.locks`)."""
        ...

    def holder_of(self, locks: str) -> Run | None:
        """The run that is not over and holds it."""
        ...

    def lock(self, run_id: int) -> Run:
        """The run, and nobody else changes it until this transaction ends."""
        ...

    def stop(self, run_id: int, by: str) -> bool:
        """Asks the worker that has a running run to stop it. False when it does not run or was asked already."""
        ...

    def get(self, run_id: int) -> Run: ...
    def save(self, run: Run, *, expected_state: str, fence: int | None = None) -> Run:
        """Conditional: raises `Stale` when the row is not in `expected_state` (with `fence`)."""
        ...

    def claim(self, holder: str, now: datetime, until: datetime) -> Run | None:
        """The next approved run, or a running one whose lease ran out, now leased to `holder` with a higher fence."""
        ...

    def lease(self, run_id: int, fence: int, until: datetime) -> None: ...
    def release(self, holder: str, now: datetime) -> None: ...
    def of(self, incident_id: int) -> list[Run]: ...
    def in_state(self, *states: str) -> list[Run]: ...
    def between(self, since: datetime, until: datetime) -> list[Run]: ...


class LockRows(Protocol):
    def take(self, lock: Lock, now: datetime) -> Lock | None:
        """The lock with its serial; None when somebody holds one of that name."""
        ...

    def release(self, name: str, serial: int) -> bool:
        """False when that lock is gone or another one is in its place."""
        ...

    def all(self) -> list[Lock]: ...


class RemedyRows(Protocol):
    def lock(self, name: str) -> Standing:
        """What people said of it; nobody else acts for it until this transaction ends."""
        ...

    def standing(self, name: str) -> Standing: ...
    def stop(self, name: str, by: str, at: datetime) -> None: ...
    def resume(self, name: str, by: str, at: datetime) -> None: ...
    def add(self, name: str, doing: Doing) -> bool:
        """False when it was done for this incident in this mode already."""
        ...

    def has_done(self, name: str, incident: int, mode: Mode) -> bool: ...
    def past(self, name: str, mode: Mode, limit: int) -> list[Doing]:
        """The newest, the oldest of them first."""
        ...


class SecondFactorRows(Protocol):
    def lock(self, person: str) -> Factor | None:
        """The person's, and nobody else changes it until this transaction ends."""
        ...

    def save(self, person: str, factor: Factor) -> None: ...


class Executor(Protocol):
    """Does an action in an outside system. Every call has a timeout and raises `ConnectorError`."""

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        """What people say for this kind of action, beyond what the settings ask for."""
        ...

    def choices(self, action: Action, parameter: str) -> list[str]:
        """What a `live` parameter may be right now, the likeliest first."""
        ...

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        """What would happen; changes nothing."""
        ...

    def execute(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Done | Started:
        """Does it, or sets it going, at most once per `key`. Raises `WorldChanged` when the world is no longer as in
        `plan`."""
        ...

    def find(self, key: str, action: Action, plan: Plan | None = None) -> Done | Started | None:
        """Did you do this? Asked after a crash, before trying again. Raises a permanent `ConnectorError` when there is
        no way to know."""
        ...

    def follow(self, started: Started, action: Action) -> Progress | Done:
        """How far is it? Raises a permanent `ConnectorError` when it went wrong in the backend."""
        ...

    def cancel(self, started: Started, action: Action) -> None:
        """Stop it; no harm when it is over already."""
        ...
