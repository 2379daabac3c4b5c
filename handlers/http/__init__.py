"""What comes in from machines? Log lines, alerts, changes, runs, over HTTP; and whether all is well goes out.

POST /v1/ingest/{service}   log lines: text, ndjson or a JSON array; gzip, zstd
POST /v1/changes            changes: a JSON object, an array or ndjson
POST …                      what other programs send, each in its own format (`bot.sources.registry`)
     /v1/incidents          incidents for programs, and as pages under /incidents
     /v1/oncall             who is on call
GET  /healthz /readyz       alive? ready?
GET  /metrics               counters for Prometheus
"""

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.engine.log_ports import LogBus
from bot.settings import Settings
from bot.sources.model import Kind
from bot.sources.registry import HOOKS, SOURCES
from handlers.http.about import About
from handlers.http.answers import HANDLERS
from handlers.http.body import Room
from handlers.http.changes import ChangeIntake
from handlers.http.elastic import WHO, Handshake
from handlers.http.health import Health
from handlers.http.heartbeats import Heartbeats
from handlers.http.hooks import Hooks, Seal
from handlers.http.ingest import Intake
from handlers.http.logs import LogIntake
from handlers.http.metrics import MetricIntake
from handlers.http.pace import Pace
from handlers.http.replies import elastic_answer
from handlers.http.tally import Tally
from handlers.http.wanted import Engine

ROOM_BODIES = 4
"""So many bodies of the greatest allowed size are held at once; more are told to wait."""


def application(
    engine: Engine,
    settings: Settings,
    *,
    bus: LogBus | None = None,
    tally: Tally | None = None,
    more: Sequence[Route] = (),
    seal: Seal | None = None,
) -> Starlette:
    """The routes over `engine`. With a `bus`, lines are answered when they are durable there, not when counted. `more`:
    the routes of `handlers.http.incidents`. `seal`: of `handlers.http.hooks.seal_for`."""
    tally = tally or Tally()
    room = Room(ROOM_BODIES * settings.http.body_mb_max << 20)
    intake = Intake(engine, settings, bus, room, tally)
    changes = ChangeIntake(engine, settings, room, tally)
    health = Health(engine, settings, bus, tally)
    logs = LogIntake(engine, settings, bus, room, tally)
    hooks = Hooks(engine, settings, room, tally, Pace(engine.clock.now), seal)
    metrics = MetricIntake(engine, settings, room, tally)
    routes = [
        Route("/", _pointer),
        Route("/v1/ingest/{service}", intake.post, methods=["POST"]),
        Route("/v1/changes", changes.post, methods=["POST"]),
        Route("/v1/metrics", metrics.post, methods=["POST"]),
        Route("/healthz", health.alive),
        Route("/readyz", health.ready),
        Route("/metrics", health.metrics),
        *log_routes(logs),
        *About(logs, hooks).routes(),
        *Heartbeats(engine, settings).routes(),
        *Handshake(settings).routes(),
        *hook_routes(hooks),
        *more,
    ]
    made = Starlette(routes=routes, exception_handlers=dict(HANDLERS))
    made.add_middleware(Counted, tally=tally)
    return made


def log_routes(intake: LogIntake) -> list[Route]:
    """The paths of the log formats that others speak; `lines` and `syslog` come in by other ways."""
    return [
        Route(route.path, intake.route(source), methods=[route.method])
        for source in SOURCES
        if source.kind is Kind.LOGS and source.name not in ("lines", "syslog")
        for route in source.paths
    ]


def hook_routes(hooks: Hooks) -> list[Route]:
    """The paths that senders insist on, then everybody else by name."""
    own = [
        Route(route.path, hooks.route(source), methods=[route.method]) for source in HOOKS for route in source.routes
    ]
    named = [Route(path, hooks.named, methods=["POST"]) for path in ("/v1/hooks/{name}", "/v1/hooks/{name}/{token}")]
    return [*own, *named]


async def _pointer(request: Request) -> Response:
    """For people who look, and for Elasticsearch's shippers, which ask here which version they talk to."""
    return elastic_answer(
        {
            **WHO,
            "tocsin": "reads your logs and tells your channel",
            "send": ["POST /v1/ingest/{service}", "POST /v1/changes"],
            "look": ["GET /healthz", "GET /readyz", "GET /metrics"],
            "docs": "docs/sources.md in the project: what can send, and how",
        },
        request.headers.get("accept", ""),
    )


class Counted:
    """Counts the answers by status."""

    def __init__(self, app: ASGIApp, tally: Tally) -> None:
        self.app, self.tally = app, tally

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.tally.answered(message["status"])
            await send(message)

        await self.app(scope, receive, counting)
