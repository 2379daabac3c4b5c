"""What if the process dies at the n-th step? A fuse that burns through at a chosen step, and what it guards."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from bot.actions.model import Action, ActionKind, Done, Plan, Progress, Started
from bot.actions.parameters import Parameter
from bot.engine.action_ports import Executor
from bot.store.database import Database, SqlTransaction


class Killed(BaseException):
    """The process is gone: nothing in the program may catch this."""


class Fuse:
    """Burns through at step `at`; `steps` says how many there were."""

    def __init__(self, at: int = 0) -> None:
        self.at, self.steps = at, 0

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.at:
            raise Killed


class FusedDatabase(Database):
    """Dies before a transaction, at its end before the commit, or right after the commit."""

    def __init__(self, url: str, fuse: Fuse) -> None:
        super().__init__(url)
        self._fuse = fuse

    @contextmanager
    def write(self) -> Iterator[SqlTransaction]:
        self._fuse.step()
        with super().write() as tx:
            yield tx
            self._fuse.step()
        self._fuse.step()


class FusedExecutor:
    """Dies before the outside world is asked, or after it has done its part."""

    def __init__(self, executor: Executor, fuse: Fuse) -> None:
        self._executor, self._fuse = executor, fuse

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        return self._executor.parameters(kind)

    def choices(self, action: Action, parameter: str) -> list[str]:
        return self._executor.choices(action, parameter)

    def follow(self, started: Started, action: Action) -> Progress | Done:
        return self._executor.follow(started, action)

    def cancel(self, started: Started, action: Action) -> None:
        self._executor.cancel(started, action)

    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan:
        return self._executor.plan(action, parameters)

    def execute(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Done | Started:
        self._fuse.step()
        done = self._executor.execute(key, action, parameters, plan)
        self._fuse.step()
        return done

    def find(self, key: str, action: Action, plan: Plan | None = None) -> Done | Started | None:
        self._fuse.step()
        return self._executor.find(key, action, plan)
