"""What do connectors have in common whose backend is set going and then followed?

A connector of this kind answers five questions (`plan`, `_begin`, `_search`, `_look`, `_stop`) and gets from them what
an `Executor` promises: asked again with the same key it finds what it began; what is over is told with its end.
"""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from bot.actions.model import Action, ActionKind, Done, Plan, Progress, Started
from bot.actions.parameters import Parameter
from bot.connectors._web import Named, Problem

WHY_MAX = 400
UUID_LENGTH = 36
Place = TypeVar("Place", bound=Named)
VERSION = Parameter("version", required=True)


@dataclass(frozen=True, slots=True)
class Job:
    """What the backend makes of it. `state`: its own word; `why`: what went wrong; `id`: '' while it has none."""

    id: str
    state: str
    is_over: bool = False
    is_well: bool = False
    done: int = 0
    total: int = 0
    tail: str = ""
    why: str = ""
    link: str = ""
    version: str = ""


class JobExecutor(ABC, Generic[Place]):
    """Fulfils `bot.engine.action_ports.Executor`."""

    OVER: ClassVar[frozenset[int]] = frozenset({409})
    """The refusals that mean, when it is to be stopped: it is over already."""

    def __init__(self, web: Place) -> None:
        self._web = web

    def parameters(self, kind: ActionKind) -> tuple[Parameter, ...]:
        return (VERSION,) if kind is ActionKind.DEPLOY else ()

    def choices(self, action: Action, parameter: str) -> list[str]:
        return []

    @abstractmethod
    def plan(self, action: Action, parameters: Mapping[str, str]) -> Plan: ...

    def execute(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Done | Started:
        for one in action.parameters:
            if one.secret and parameters.get(one.name):
                self._web.keep_secret(parameters[one.name])
        job = self._search(key, action, plan)
        return self._started(key, action, job or self._begin(key, action, parameters, plan))

    def find(self, key: str, action: Action, plan: Plan | None = None) -> Done | Started | None:
        job = self._search(key, action, plan)
        return self._started(key, action, job) if job else None

    def follow(self, started: Started, action: Action) -> Progress | Done:
        known = json.loads(started.reference)
        job = self._job_of(known, action)
        if job is None:
            return self._unlisted(action)
        if not job.is_over:
            return Progress(job.done, job.total, job.state.replace("_", " "), job.tail)
        what = self._called(action, job)
        if not job.is_well:
            words = ": ".join(filter(None, (what, job.state.replace("_", " "), job.why)))
            raise self._web.problem(words[:WHY_MAX])
        reference = f"{self._web.name}:{known['key']}"
        return Done(job.version, "", reference, self._success(what, job), _https(job.link))

    def cancel(self, started: Started, action: Action) -> None:
        job = self._job_of(json.loads(started.reference), action)
        if job is None:
            raise self._web.problem("it is not listed yet; it cannot be stopped", permanent=False)
        if job.is_over:
            return
        try:
            self._stop(job, action)
        except Problem as problem:
            if problem.status not in self.OVER:
                raise

    @abstractmethod
    def _title(self, action: Action) -> str:
        """What a job of this action is called."""

    @abstractmethod
    def _begin(self, key: str, action: Action, parameters: Mapping[str, str], plan: Plan) -> Job:
        """Sets it going, so that `_search` finds it by its key."""

    @abstractmethod
    def _search(self, key: str, action: Action, plan: Plan | None) -> Job | None:
        """The job that was begun with this key. When a job without an id is followed, there is no plan."""

    @abstractmethod
    def _look(self, id_: str, action: Action) -> Job: ...

    @abstractmethod
    def _stop(self, job: Job, action: Action) -> None: ...

    def _called(self, action: Action, job: Job) -> str:
        return f"{self._title(action)} {_short(job.id)}".strip()

    def _success(self, what: str, job: Job) -> str:
        return f"{what} succeeded"

    def _unlisted(self, action: Action) -> Progress:
        """It was begun and is not found."""
        return Progress(0, 0, "not listed yet")

    def _job_of(self, known: Mapping[str, str], action: Action) -> Job | None:
        return self._look(known["id"], action) if known["id"] else self._search(known["key"], action, None)

    def _started(self, key: str, action: Action, job: Job) -> Started:
        reference = json.dumps({"key": key, "id": job.id})
        return Started(reference, f"{self._title(action)} is running", _https(job.link))


def problems_of(target: Mapping[str, str], needed: Mapping[str, str], optional: Mapping[str, str]) -> list[str]:
    """What is wrong with a target, whose settings match these regular expressions."""
    known = {**needed, **optional}
    problems = [f"target.{name}: there is no such setting" for name in sorted(set(target) - set(known))]
    for name, pattern in known.items():
        value = target.get(name, "")
        if not value and name in needed:
            problems.append(f"target.{name}: say which")
        if value and not re.fullmatch(pattern, value, re.ASCII):
            problems.append(f"target.{name}: {value!r} does not look like one")
    return problems


def asked_for(action: Action, parameters: Mapping[str, str]) -> dict[str, str]:
    """The values of the action's own parameters."""
    return {p.name: parameters[p.name] for p in action.parameters if p.name in parameters}


def shown(values: Mapping[str, str]) -> str:
    return "\n".join(f"{name} = {value}" for name, value in values.items())


def _short(id_: str) -> str:
    return id_[:8] if len(id_) == UUID_LENGTH and id_.count("-") == 4 else id_


def _https(link: str) -> str:
    return link if link.startswith("https://") else ""
