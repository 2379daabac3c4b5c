"""How does a job say that it is alive? GET or POST /v1/heartbeat/{name}, …/start, …/fail: any HTTP client will do."""

import asyncio
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.errors import NotFound
from bot.settings import Settings
from handlers.http.access import admit
from handlers.http.answers import answer, problem
from handlers.http.wanted import Engine

SAYINGS = ("", "start", "fail")


@dataclass(frozen=True, slots=True)
class Heartbeats:
    engine: Engine
    settings: Settings

    def routes(self) -> list[Route]:
        paths = ("/v1/heartbeat/{name}", "/v1/heartbeat/{name}/{said}")
        return [Route(path, self.beat, methods=["GET", "POST"]) for path in paths]

    async def beat(self, request: Request) -> Response:
        admit(request, self.settings.http)
        name, said = request.path_params["name"], request.path_params.get("said", "")
        if said not in SAYINGS:
            return problem(f"{said[:20]!r} is neither start nor fail", 404)
        try:
            await asyncio.to_thread(self.engine.uptime.beat, name, said)
        except NotFound as error:
            return problem(f"{error}; set it up under [heartbeats.{name[:50]}]", 404)
        return answer({"heartbeat": name, "heard": said or "done"})
