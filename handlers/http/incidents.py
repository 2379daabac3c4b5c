"""What can a program do with incidents, and what can a person see of them in a browser?

GET  /v1/incidents               ?state=active|resolved &limit=…      those of the last days
GET  /v1/incidents/{key}         one, with signals, suspects, runs and timeline
POST /v1/incidents               {"service", "title", "severity"}     declares one
POST /v1/incidents/{key}/{step}  acknowledge, resolve {"note"}, reopen, not-a-problem
GET  /v1/incidents/{key}/review  a draft of its review, in Markdown
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
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.engine.pages import IncidentPage, SuspectLine
from bot.engine.reading import find_incident
from bot.engine.whole import Engine
from bot.errors import InputError, NotFound, Refused, Stale, TocsinError
from bot.incidents.model import Incident, TimelineEntry
from bot.people import Person
from bot.settings import Settings
from bot.signals.model import Signal
from bot.signals.severity import Severity
from bot.slack.render import Renderer
from handlers.http.access import admit
from handlers.http.answers import answer
from handlers.http.living import LivingRoutes, life_json

API = "api"
BODY_BYTES_MAX = 64 << 10
LISTED_MAX = 500
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
            Route("/v1/incidents/{key}/review", self.review, methods=["GET"]),
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
        return answer({"incidents": [_incident(incident) for incident in found[:limit]]})

    async def one(self, request: Request) -> Response:
        admit(request, self.settings.http)
        key = request.path_params["key"]
        return await self._done(lambda: self._whole(self.engine.reading.incident(find_incident(key))))

    async def review(self, request: Request) -> Response:
        self._admit_reader(request)
        try:
            page = await asyncio.to_thread(
                lambda: self.engine.reading.review(find_incident(request.path_params["key"]))
            )
        except NotFound as error:
            raise HTTPException(404, str(error)) from error
        return PlainTextResponse(
            self.renderer.render_markdown("review", page), headers=PAGE_HEADERS, media_type="text/markdown"
        )

    async def declare(self, request: Request) -> Response:
        by, wanted = self._sender(request), await _object(request)
        service, title = _text(wanted, "service"), _text(wanted, "title")
        severity = _severity(_text(wanted, "severity", Severity.MAJOR.value))
        if not service:
            raise InputError("name the service that is in trouble", place="service")
        return await self._done(
            lambda: _incident(self.engine.incidents.declare(by, service, title, severity)), status=201
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
        return await self._done(lambda: _incident(steps[step](find_incident(key))))

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
            **_incident(page.incident),
            "signals": [_signal(signal) for signal in page.signals],
            "signal_count": page.signal_count,
            "suspects": [_suspect(line) for line in page.suspects],
            "runs": [
                {"id": r.id, "kind": r.kind, "service": r.service, "state": r.state, "verdict": r.verdict}
                for r in page.runs
            ],
            **life_json(page.life),
            "timeline": [
                {"at": entry.at, "kind": entry.kind, "by": entry.by, "said": self._said(entry, page)}
                for entry in page.timeline
            ],
        }

    def _said(self, entry: TimelineEntry, page: IncidentPage) -> str:
        """The moment in the words of the thread."""
        facts = dict(entry.facts)
        run = next((run for run in page.runs if str(run.id) == facts.get("run")), None)
        words: Any = self.renderer.terminal.get_template("happened.j2").module
        return str(words.happened(entry.kind, entry.by, facts, run))

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
        return HTMLResponse(self.renderer.render_page("incident", shown), headers=PAGE_HEADERS)

    def _admit_reader(self, request: Request) -> None:
        """A browser is asked for a password: one of the tokens, with any name."""
        try:
            admit(request, self.settings.http)
        except HTTPException as error:
            if error.status_code != 401:
                raise
            headers = {"WWW-Authenticate": 'Basic realm="Tocsin: any name, and a token as the password"'}
            raise HTTPException(401, error.detail, headers) from error


def _incident(incident: Incident) -> dict[str, Any]:
    return {
        "key": incident.key,
        "id": incident.id,
        "service": incident.service,
        "title": incident.title,
        "severity": incident.severity,
        "state": incident.state,
        "began_at": incident.began_at,
        "opened_at": incident.opened_at,
        "acknowledged_at": incident.acknowledged_at,
        "acknowledged_by": incident.acknowledged_by,
        "resolved_at": incident.resolved_at,
        "resolved_by": incident.resolved_by,
        "resolution": incident.resolution,
        "declared_by": incident.declared_by,
    }


def _signal(signal: Signal) -> dict[str, Any]:
    seen = signal.evidence
    return {
        "kind": signal.kind,
        "service": signal.service,
        "severity": signal.severity,
        "title": signal.title,
        "began_at": signal.began_at,
        "template": seen.template,
        "examples": seen.examples,
        "rate_before": seen.rate_before,
        "rate_now": seen.rate_now,
    }


def _suspect(line: SuspectLine) -> dict[str, Any]:
    suspect = line.suspect
    return {
        "kind": suspect.kind,
        "label": suspect.label,
        "likelihood": suspect.likelihood,
        "word": line.word,
        "because": dict(suspect.because),
        "verdict": suspect.verdict,
    }


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
