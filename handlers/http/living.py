"""What can a program do with an incident while it lasts? Roles, updates, tasks: the engine calls of the commands.

POST /v1/incidents/{key}/roles       {"role", "person", "words"}   person: "T…/U…"; "" frees it, left out: the sender
POST /v1/incidents/{key}/updates     {"text", "next_minutes", "severity", "state"}
POST /v1/incidents/{key}/tasks       {"text", "owner", "follow_up"}
POST /v1/tasks/{id}                  {"done"} or {"owner"}
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.engine.pages import Life
from bot.engine.reading import find_incident
from bot.engine.whole import Engine
from bot.errors import InputError
from bot.incidents.life import Task
from bot.people import Person
from bot.signals.severity import Severity

T = TypeVar("T", bound=msgspec.Struct)
Wanted = Callable[[Request], Awaitable[dict[str, Any]]]
Done = Callable[..., Awaitable[Response]]


class RoleWanted(msgspec.Struct, forbid_unknown_fields=True):
    role: str = ""
    person: str | None = None
    words: str = ""


class UpdateWanted(msgspec.Struct, forbid_unknown_fields=True):
    text: str
    next_minutes: int | None = None
    severity: Severity | None = None
    state: Literal["goes_on", "resolved", "not_a_problem"] = "goes_on"


class TaskWanted(msgspec.Struct, forbid_unknown_fields=True):
    text: str
    owner: str = ""
    follow_up: bool = False


class TaskStep(msgspec.Struct, forbid_unknown_fields=True):
    done: bool | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class LivingRoutes:
    """`sender`, `wanted` and `done`: who sends, the JSON object of the body, and the answer of one engine call."""

    engine: Engine
    sender: Callable[[Request], Person]
    wanted: Wanted
    done: Done

    def routes(self) -> list[Route]:
        return [
            Route("/v1/incidents/{key}/roles", self.role, methods=["POST"]),
            Route("/v1/incidents/{key}/updates", self.update, methods=["POST"]),
            Route("/v1/incidents/{key}/tasks", self.add_task, methods=["POST"]),
            Route("/v1/tasks/{id:int}", self.task, methods=["POST"]),
        ]

    async def role(self, request: Request) -> Response:
        by, wanted = self.sender(request), _read(await self.wanted(request), RoleWanted)
        to = by if wanted.person is None else _person(wanted.person)

        def work() -> object:
            number = find_incident(request.path_params["key"])
            name = self.engine.roles.named(wanted.role) if wanted.role else self.engine.roles.lead
            self.engine.roles.arrange(number, {name: to}, by, wanted.words)
            return self._life(number)

        return await self.done(work)

    async def update(self, request: Request) -> Response:
        by, wanted = self.sender(request), _read(await self.wanted(request), UpdateWanted)
        minutes, ends = wanted.next_minutes, wanted.state if wanted.state != "goes_on" else ""
        if minutes is not None and not 1 <= minutes <= 24 * 60:
            raise InputError("a number from 1 to 1440 is expected", place="next_minutes")

        def work() -> object:
            number = find_incident(request.path_params["key"])
            next_in = timedelta(minutes=minutes) if minutes else None
            self.engine.updates.post(number, wanted.text, by, next_in=next_in, severity=wanted.severity, ends=ends)
            return self._life(number)

        return await self.done(work, status=201)

    async def add_task(self, request: Request) -> Response:
        by, wanted = self.sender(request), _read(await self.wanted(request), TaskWanted)

        def work() -> object:
            number = find_incident(request.path_params["key"])
            owner, later = _person(wanted.owner), wanted.follow_up
            return _task(self.engine.tasks.add(number, wanted.text, by, owner=owner, is_follow_up=later))

        return await self.done(work, status=201)

    async def task(self, request: Request) -> Response:
        by, wanted = self.sender(request), _read(await self.wanted(request), TaskStep)
        if (wanted.done is None) == (wanted.owner is None):
            raise InputError("either done or owner is expected")
        task_id = request.path_params["id"]
        if task_id >= 2**31:
            raise InputError("there is no such task", place="id")
        tasks = self.engine.tasks
        if wanted.owner is not None:
            owner = _person(wanted.owner)
            return await self.done(lambda: _task(tasks.assign(task_id, owner, by)))
        return await self.done(lambda: _task(tasks.finish(task_id, by) if wanted.done else tasks.undo(task_id, by)))

    def _life(self, number: int) -> dict[str, Any]:
        page = self.engine.reading.incident(number)
        return {"key": page.incident.key, "state": page.incident.state, **life_json(page.life)}


def life_json(life: Life) -> dict[str, Any]:
    """`roles`, `updates` (the oldest first), `tasks`, `tickets`, and the id of the incident's own `channel`, or ''."""
    return {
        "roles": [
            {"role": role.name, "person": role.person, "since": role.since, "by": role.by} for role in life.roles
        ],
        "updates": [
            {"at": u.at, "by": u.by, "text": u.text, "severity": u.severity, "next_by": u.promised_at}
            for u in life.updates
        ],
        "tasks": [_task(task) for task in life.tasks],
        "tickets": [{"name": t.name, "ticket": t.ticket, "link": t.link, "state": t.state} for t in life.tickets],
        "channel": life.room.channel if life.room is not None and life.room.is_open else "",
    }


def _task(task: Task) -> dict[str, str | int | bool | datetime | None]:
    return {
        "id": task.id,
        "incident": f"INC-{task.incident_id}",
        "text": task.text,
        "owner": task.owner,
        "follow_up": task.is_follow_up,
        "at": task.at,
        "by": task.by,
        "done_at": task.done_at,
        "done_by": task.done_by,
    }


def _read(given: dict[str, Any], kind: type[T]) -> T:
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise InputError(f"it does not fit: {error}") from error


def _person(key: str) -> Person | None:
    """ "T0123/U0123", as people are called in what is read here. None for ''."""
    if not key:
        return None
    team, _, user = key.partition("/")
    if not (team and user) or len(key) > 100 or not key.replace("/", "").isalnum() or not key.isascii():
        raise InputError(f"{key[:100]!r} is nobody; people are called like T0123ABC/U0123ABC", place="person")
    return Person.of(key)
