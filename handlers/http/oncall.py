"""Who is on call, for programs?

GET /v1/oncall                    every schedule: who is on call now, and next; ?schedule=NAME (or a service) for one
GET /v1/oncall/{name}/shifts      ?since=…&until=… (ISO 8601; the next 14 days when left out), with the gaps

`until` is null, and a shift's own is cut, when it lasts for more than 35 days. People are Slack user ids after their
workspace's, as in `T0…/U0…`; a name from a calendar stays as it is written there.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.engine.pages import OncallLine
from bot.engine.whole import Engine
from bot.errors import InputError, NotFound
from bot.oncall.model import Shift
from bot.settings import Settings
from handlers.http.access import admit
from handlers.http.answers import answer

USUAL = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class OncallRoutes:
    engine: Engine
    settings: Settings

    def routes(self) -> list[Route]:
        return [
            Route("/v1/oncall", self.now, methods=["GET"]),
            Route("/v1/oncall/{name}/shifts", self.shifts, methods=["GET"]),
        ]

    async def now(self, request: Request) -> Response:
        admit(request, self.settings.http)
        page = await _found(lambda: self.engine.oncall.page(request.query_params.get("schedule", "")))
        return answer({"at": page.now, "schedules": [_line(line) for line in page.schedules]})

    async def shifts(self, request: Request) -> Response:
        admit(request, self.settings.http)
        since = _moment(request, "since") or self.engine.clock.now()
        until = _moment(request, "until") or since + USUAL
        page = await _found(lambda: self.engine.oncall.shifts(request.path_params["name"], since, until))
        gaps = [{"since": begin, "until": end} for begin, end in page.gaps]
        shown = [_shift(shift) for shift in page.shifts]
        return answer({"schedule": page.schedule, "timezone": page.zone, "shifts": shown, "gaps": gaps})


async def _found(read: Any) -> Any:
    try:
        return await asyncio.to_thread(read)
    except NotFound as error:
        raise HTTPException(404, str(error)) from error


def _line(line: OncallLine) -> dict[str, Any]:
    return {
        "schedule": line.name,
        "timezone": line.zone,
        "now": [_shift(shift) for shift in line.now],
        "until": line.until,
        "next": [_shift(shift) for shift in line.next],
        "overrides": [
            {"id": one.id, "person": one.person, "since": one.since, "until": one.until, "by": one.by,
             "reason": one.reason}
            for one in line.overrides
        ],
        "calendar_at": line.calendar_at,
        "calendar_problem": line.calendar_problem,
    }  # fmt: skip


def _shift(shift: Shift) -> dict[str, Any]:
    return {"person": shift.person, "since": shift.since, "until": shift.until, "layer": shift.layer}


def _moment(request: Request, name: str) -> datetime | None:
    given = request.query_params.get(name, "")
    if not given:
        return None
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        raise InputError(f"{given[:50]!r} is no time like 2026-11-21T08:00Z", place=name) from None
    if not 2000 <= found.year <= 2200:
        raise InputError("a year from 2000 to 2200 is expected", place=name)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
