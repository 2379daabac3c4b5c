"""What can a program do with incidents, and what can a person see of them in a browser?

GET  /v1/incidents               ?state=active|resolved &limit=…      those of the last days
GET  /v1/incidents/{key}         one, with signals, suspects, runs and timeline
POST /v1/incidents               {"service", "title", "severity"}     declares one
POST /v1/incidents/{key}/{step}  acknowledge, resolve {"note"}, reopen, not-a-problem
GET  /v1/incidents/{key}/review  a draft of its review: Markdown, HTML or JSON, by Accept or .md, .html, .json
GET  /incidents, /incidents/{id} the same to read, as pages

Whoever sends is known by its token's name: `api/NAME` acts when it is among `slack.operators`, like any person.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bot.engine.exports import incident_json, review_json, signal_json, suspect_json, timeline_json
from bot.engine.pages import IncidentPage
from bot.engine.reading import find_incident
from bot.engine.whole import Engine
from bot.errors import InputError, NotFound, Refused, Stale, TocsinError
from bot.incidents.model import Incident
from bot.people import Person
from bot.settings import Settings
from bot.signals.severity import Severity
from bot.slack.render import Renderer
from handlers.http.access import admit
from handlers.http.answers import answer
from handlers.http.living import LivingRoutes, life_json

API = "api"
BODY_BYTES_MAX = 64 << 10
LISTED_MAX = 500
REVIEW_TYPES = {"md": "text/markdown", "html": "text/html", "json": "application/json"}
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class IncidentRoutes:
    engine: Engine
    settings: Settings
    renderer: Renderer

    def routes(self) -> list[Route]:
        return [
            Route("/v1/incidents", self.list, methods=["GET"]),
            Route("/v1/incidents", self.declare, methods=["POST"]),
            Route("/v1/incidents/{key}", self.one, methods=["GET"]),
            *(
                Route(f"/v1/incidents/{{key}}/review{ending}", self.review, methods=["GET"])
                for ending in ("", *(f".{name}" for name in REVIEW_TYPES))
            ),
            *LivingRoutes(self.engine, self._sender, _object, self._done).routes(),
            Route("/v1/incidents/{key}/{step}", self.step, methods=["POST"]),
            Route("/incidents", self.list_page, methods=["GET"]),
            Route("/incidents/{key}", self.page, methods=["GET"]),
        ]

    # -- for programs

    async def list(self, request: Request) -> Response:
        admit(request, self.settings.http)
        state, limit = request.query_params.get("state", ""), _limit(request)
        if state not in ("", "active", "resolved"):
            raise InputError(f"{state[:50]!r} is neither active nor resolved", place="state")
        page = await asyncio.to_thread(self.engine.reading.incidents)
        found = [*(page.active if state != "resolved" else ()), *(page.recent if state != "active" else ())]
        return answer({"incidents": [incident_json(incident) for incident in found[:limit]]})

    async def one(self, request: Request) -> Response:
        admit(request, self.settings.http)
        key = request.path_params["key"]
        return await self._done(lambda: self._whole(self.engine.reading.incident(find_incident(key))))

    async def review(self, request: Request) -> Response:
        """In the format that the address ends with, else the one that is accepted, else Markdown."""
        self._admit_reader(request)
        ending = request.url.path.rpartition("/review")[2]
        wanted = ending.removeprefix(".") or _accepted(request.headers.get("accept", ""))
        try:
            made = await asyncio.to_thread(self._review, request.path_params["key"], wanted)
        except NotFound as error:
            raise HTTPException(404, str(error)) from error
        if isinstance(made, str):
            return Response(made, headers=PAGE_HEADERS, media_type=REVIEW_TYPES[wanted])
        return answer(made, headers=PAGE_HEADERS)

    def _review(self, key: str, wanted: str) -> str | dict[str, Any]:
        page = self.engine.reading.review(find_incident(key))
        if wanted == "json":
            return review_json(page, self.renderer.moment, page.names)
        if wanted == "html":
            return self.renderer.render_page("review", page, page.names)
        return self.renderer.render_markdown("review", page, page.names)

    async def declare(self, request: Request) -> Response:
        by, wanted = self._sender(request), await _object(request)
        service, title = _text(wanted, "service"), _text(wanted, "title")
        severity = _severity(_text(wanted, "severity", Severity.MAJOR.value))
        if not service:
            raise InputError("name the service that is in trouble", place="service")
        return await self._done(
            lambda: incident_json(self.engine.incidents.declare(by, service, title, severity)), status=201
        )

    async def step(self, request: Request) -> Response:
        by, wanted = self._sender(request), await _object(request)
        key, step, note = request.path_params["key"], request.path_params["step"], _text(wanted, "note")
        incidents = self.engine.incidents
        steps: dict[str, Callable[[int], Incident]] = {
            "acknowledge": lambda id: incidents.acknowledge(id, by),
            "resolve": lambda id: incidents.resolve(id, by, note),
            "reopen": lambda id: incidents.reopen(id, by),
            "not-a-problem": lambda id: incidents.not_a_problem(id, by),
        }
        if step not in steps:
            raise HTTPException(404, f"there is no step {step[:50]!r}; there are {', '.join(steps)}")
        return await self._done(lambda: incident_json(steps[step](find_incident(key))))

    def _sender(self, request: Request) -> Person:
        return Person(API, admit(request, self.settings.http))

    async def _done(self, work: Callable[[], object], status: int = 200) -> Response:
        """The answer of one engine call; what it refuses is said in the words that people read in Slack."""
        try:
            return answer(await asyncio.to_thread(work), status)
        except Refused as error:
            return self._problem("refused", error, 403, error.reason)
        except Stale as error:
            return self._problem("stale", error, 409, error.reason)
        except NotFound as error:
            return answer({"error": str(error)}, 404)

    def _problem(self, template: str, error: TocsinError, status: int, reason: str) -> Response:
        said = self.renderer.render(f"replies/{template}", error).text
        return answer({"error": " ".join(said.split()), "reason": reason}, status)

    def _whole(self, page: IncidentPage) -> dict[str, Any]:
        return {
            **incident_json(page.incident),
            "signals": [signal_json(signal) for signal in page.signals],
            "signal_count": page.signal_count,
            "suspects": [suspect_json(line) for line in page.suspects],
            "runs": [
                {"id": r.id, "kind": r.kind, "service": r.service, "state": r.state, "verdict": r.verdict}
                for r in page.runs
            ],
            **life_json(page.life),
            "timeline": timeline_json(page, self.renderer.moment),
        }

    # -- for people

    async def list_page(self, request: Request) -> Response:
        self._admit_reader(request)
        page = await asyncio.to_thread(self.engine.browsing.incidents)
        return HTMLResponse(self.renderer.render_page("incidents", page), headers=PAGE_HEADERS)

    async def page(self, request: Request) -> Response:
        self._admit_reader(request)
        try:
            shown = await asyncio.to_thread(
                lambda: self.engine.browsing.incident(find_incident(request.path_params["key"]))
            )
        except NotFound as error:
            raise HTTPException(404, str(error)) from error
        return HTMLResponse(self.renderer.render_page("incident", shown, shown.names), headers=PAGE_HEADERS)

    def _admit_reader(self, request: Request) -> None:
        """A browser is asked for a password: one of the tokens, with any name."""
        try:
            admit(request, self.settings.http)
        except HTTPException as error:
            if error.status_code != 401:
                raise
            headers = {"WWW-Authenticate": 'Basic realm="Tocsin: any name, and a token as the password"'}
            raise HTTPException(401, error.detail, headers) from error


def _accepted(header: str) -> str:
    """The first format of a review that an Accept header names, else Markdown."""
    kinds = [part.partition(";")[0].strip().lower() for part in header.split(",")]
    return next((name for kind in kinds for name, own in REVIEW_TYPES.items() if kind == own), "md")


def _limit(request: Request) -> int:
    given = request.query_params.get("limit", "100")
    if not (given.isascii() and given.isdigit() and 1 <= int(given[:6]) <= LISTED_MAX):
        raise InputError(f"a number from 1 to {LISTED_MAX} is expected", place="limit")
    return int(given)


async def _object(request: Request) -> dict[str, Any]:
    """The JSON object of the body; {} when there is none."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise HTTPException(413, f"at most {BODY_BYTES_MAX >> 10} kB are read")
    if not body.strip():
        return {}
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"the body is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise InputError("a JSON object is expected")
    return found


def _text(wanted: dict[str, Any], name: str, default: str = "") -> str:
    value = wanted.get(name, default)
    if not isinstance(value, str):
        raise InputError("a text is expected", place=name)
    return value.replace("\0", "").encode("utf-8", "replace").decode()[:1_000]


def _severity(given: str) -> Severity:
    try:
        return Severity(given)
    except ValueError:
        raise InputError(f"{given[:50]!r} is none of {', '.join(Severity)}", place="severity") from None
