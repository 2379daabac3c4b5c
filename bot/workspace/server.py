"""How does the local workspace run? One aiohttp server: Web API, Socket Mode, response URLs, files and the page."""

import asyncio
import base64
import ipaddress
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from bot.clock import Clock, SystemClock
from bot.errors import InputError
from bot.workspace import postings, responses
from bot.workspace.api import Api, break_request
from bot.workspace.core import CallRecord, Core
from bot.workspace.delivery import Delivery
from bot.workspace.faults import Faults
from bot.workspace.filing import keep_bytes, shown_file
from bot.workspace.identifiers import Identifiers
from bot.workspace.journal import Journal
from bot.workspace.limits import RateLimiter
from bot.workspace.live import Live
from bot.workspace.messages import MessageLog
from bot.workspace.page_api import PageApi
from bot.workspace.refusal import ApiRefusal, Json
from bot.workspace.seed import CHANNELS, PEOPLE, Person, add_app, apply_manifest, found
from bot.workspace.sockets import Sockets
from bot.workspace.team import Team
from bot.workspace.tickets import Tickets
from bot.workspace.timing import Timekeeper
from bot.workspace.viewbook import ViewBook

log = logging.getLogger(__name__)
_BODY_MAX = 60_000_000
_SCHEDULE_EVERY_S = 1.0
_CODE_LIFE_S = 600


class Workspace:
    """A Slack-compatible workspace on this machine.

    `state_path` keeps everything across restarts and kills; `manifest` (an app manifest as a mapping) gives the app its
    commands, shortcuts, scopes and events, without one it may do and hears everything; `strict` refuses unknown
    arguments too. Raises InputError when the state is in use or damaged.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        state_path: Path | str | None = None,
        strict: bool = True,
        *,
        manifest: Mapping[str, Any] | None = None,
        people: Sequence[Person] = PEOPLE,
        channels: Sequence[str] = CHANNELS,
        app_name: str = "Tocsin",
        seed: str | None = None,
        real_rate_limits: bool = False,
    ) -> None:
        self.core = _core(clock or SystemClock(), Path(state_path) if state_path else None, strict, seed)
        self.core.limits.is_real = real_rate_limits
        team = self.core.team
        if team.meta.get("team") is None:
            found(team, self.core.now(), people, channels, app_name)
        if manifest is not None:
            apply_manifest(self.app, manifest)
            team.apps.put(self.app["id"], self.app)
        self._api = Api(self.core)
        self._page: PageApi | None = None
        self._runner: web.AppRunner | None = None
        self._schedule: asyncio.Task[None] | None = None

    @property
    def app(self) -> Json:
        """The first installed app."""
        return self.core.team.apps.values()[0]

    @property
    def base_url(self) -> str:
        """For slack_sdk's `base_url`; ends in `/api/`."""
        return f"{self.core.root_url}/api/"

    @property
    def page_url(self) -> str:
        return f"{self.core.root_url}/"

    @property
    def bot_token(self) -> str:
        return str(self.app["bot_token"])

    @property
    def app_token(self) -> str:
        return str(self.app["app_token"])

    @property
    def signing_secret(self) -> str:
        return str(self.app["signing_secret"])

    @property
    def channels(self) -> dict[str, str]:
        """Channel names (without `#`) to ids."""
        return {c["name"]: c["id"] for c in self.core.team.channels.values() if c.get("name")}

    @property
    def users(self) -> dict[str, str]:
        """Handles of people and bots to ids."""
        return {user["name"]: user["id"] for user in self.core.team.users.values()}

    def facts(self) -> Json:
        """What an app needs to be pointed here, as `tocsin workspace --json` prints it."""
        return {
            "page": self.page_url,
            "base_url": self.base_url,
            "bot_token": self.bot_token,
            "app_token": self.app_token,
            "signing_secret": self.signing_secret,
            "channels": self.channels,
            "users": self.users,
        }

    def add_app(self, name: str, manifest: Mapping[str, Any] | None = None) -> Json:
        """Install another app; give back its row with tokens and secrets."""
        return add_app(self.core.team, name, int(self.core.now().timestamp()), manifest)

    async def set_request_url(self, url: str | None, app_id: str | None = None) -> None:
        """Deliver over HTTP to `url` (which must echo a url_verification) instead of Socket Mode. Raises InputError."""
        app = self.core.team.app(app_id or self.app["id"])
        if url is not None and not await self.core.delivery.verify_url(app, url):
            raise InputError("the URL did not answer Slack's url_verification with its challenge", place=url)
        app["request_url"] = url
        self.core.team.apps.put(app["id"], app)

    async def start(self, host: str = "127.0.0.1", port: int = 0, *, allow_remote: bool = False) -> None:
        """Listen. Only loopback unless `allow_remote`. Raises InputError for another host without it."""
        if not allow_remote and not _is_loopback(host):
            raise InputError(f"the workspace has no passwords, so it only listens on loopback (not {host})")
        self._page = PageApi(self.core, local_only=not allow_remote)
        self._runner = web.AppRunner(
            self._application(), access_log=None, handler_cancellation=True, shutdown_timeout=1.0
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        bound = self._runner.addresses[0][1]
        self.core.root_url = f"http://{f'[{host}]' if ':' in host else host}:{bound}"
        self._schedule = asyncio.create_task(self._post_scheduled())
        log.info("the local workspace (a simulation of Slack) listens on %s", self.page_url)

    async def stop(self) -> None:
        if self._schedule is not None:
            self._schedule.cancel()
            await asyncio.gather(self._schedule, return_exceptions=True)
        await self.core.sockets.close()
        self.core.live.close()
        await self.core.delivery.close()
        if self._runner is not None:
            await self._runner.cleanup()
        self.core.journal.close()

    async def __aenter__(self) -> "Workspace":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def fault(self, kind: str, **options: Any) -> None:
        """Switch a fault on (see bot.workspace.faults). Raises ApiRefusal `invalid_fault`."""
        (self._page or PageApi(self.core, local_only=True)).strike(kind, options)

    def _application(self) -> web.Application:
        app = web.Application(client_max_size=_BODY_MAX, middlewares=[self._middleware])
        page = self._page or PageApi(self.core, local_only=True)
        app.add_routes(page.routes())
        app.add_routes(
            [
                web.route("*", "/api/{method}", self._api.serve),
                web.get("/link/", self._link),
                web.post("/upload/v1/{key}", self._receive_file),
                web.get("/files-pri/{id}/{name}", self._send_file),
                web.get("/oauth/v2/authorize", self._authorize),
                web.get("/archives/{channel}/{message}", self._permalink),
            ]
        )
        for kind in ("commands", "actions", "app"):
            app.add_routes([web.post(f"/{kind}/{{app_id}}/{{number}}/{{secret}}", self._respond)])
        return app

    @web.middleware
    async def _middleware(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            if self._page is not None and (request.path.startswith("/_workspace") or request.path == "/"):
                self._page.guard(request)
            return await handler(request)
        except ApiRefusal as refusal:
            return web.json_response(refusal.answer(), status=refusal.status, headers=refusal.headers)

    async def _link(self, request: web.Request) -> web.StreamResponse:
        fault = self.core.faults.strike("socket", "outage", "reset")
        if fault is not None:
            return await break_request(request, fault)
        return await self.core.sockets.serve(request)

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        fault = self.core.faults.strike("response_url", "outage", "reset", "status")
        if fault is not None:
            return await break_request(request, fault)
        path = "/" + request.path.split("/", 2)[2]
        text = await request.text()
        if request.content_type == "application/x-www-form-urlencoded":
            text = str((await request.post()).get("payload", ""))
        try:
            payload = json.loads(text)
        except ValueError as error:
            raise ApiRefusal("invalid_payload", status=400) from error
        ticket = self.core.tickets.use_response(path)
        responses.respond(self.core, ticket, payload)
        self.core.calls.add("response_url", payload, {"ok": True}, self.core.now())
        return web.json_response({"ok": True})

    async def _receive_file(self, request: web.Request) -> web.StreamResponse:
        key = request.match_info["key"]
        file = next((row for row in self.core.team.files.values() if row.get("upload_key") == key), None)
        if file is None:
            return web.Response(status=404, text="not found")
        if request.content_type == "multipart/form-data":
            parts = [part for part in (await request.post()).values() if isinstance(part, web.FileField)]
            data = parts[0].file.read() if parts else b""
        else:
            data = await request.read()
        if len(data) != file["size"]:
            return web.Response(status=400, text=f"expected {file['size']} bytes, got {len(data)}")
        keep_bytes(self.core, file, data)
        return web.Response(text=f"OK - {len(data)}")

    async def _send_file(self, request: web.Request) -> web.StreamResponse:
        file = self.core.team.files.get(request.match_info["id"].rpartition("-")[2])
        if file is None or file["data"] is None:
            raise web.HTTPNotFound
        name = shown_file(self.core, file)["name"].replace('"', "")
        kind = file["mimetype"] if file["mimetype"].startswith("image/") else "application/octet-stream"
        shown = "attachment" if request.query.get("download") or kind == "image/svg+xml" else "inline"
        headers = {"Content-Disposition": f'{shown}; filename="{name}"', "X-Content-Type-Options": "nosniff"}
        return web.Response(body=base64.b64decode(file["data"]), content_type=kind, headers=headers)

    async def _authorize(self, request: web.Request) -> web.StreamResponse:
        """The install page of OAuth v2: here everybody agrees at once and is sent back with a code."""
        query = request.query
        app = next((a for a in self.core.team.apps.values() if a["client_id"] == query.get("client_id")), None)
        if app is None or not query.get("redirect_uri"):
            return web.Response(status=400, text="invalid client_id or missing redirect_uri")
        user = next(user for user in self.core.team.users.values() if not user["is_bot"])
        code = self.core.ids.hex(64)
        row = {
            "app_id": app["id"],
            "user": user["id"],
            "scopes": [scope for scope in query.get("scope", "").split(",") if scope],
            "user_scopes": [scope for scope in query.get("user_scope", "").split(",") if scope],
            "redirect_uri": query["redirect_uri"],
            "expires": self.core.now().timestamp() + _CODE_LIFE_S,
        }
        self.core.team.codes.put(code, row)
        glue = "&" if "?" in query["redirect_uri"] else "?"
        raise web.HTTPFound(
            f"{query['redirect_uri']}{glue}{urlencode({'code': code, 'state': query.get('state', '')})}"
        )

    async def _permalink(self, request: web.Request) -> web.StreamResponse:
        """A message's link leads to the page, at the message."""
        channel, stamp = request.match_info["channel"], request.match_info["message"].removeprefix("p")
        raise web.HTTPFound(f"/#{channel}/{stamp[:-6]}.{stamp[-6:]}")

    async def _post_scheduled(self) -> None:
        """Post what chat.scheduleMessage put aside when its time has come."""
        while True:
            now = self.core.now().timestamp()
            for row in sorted(self.core.team.scheduled.values(), key=lambda row: int(row["post_at"])):
                if row["post_at"] <= now:
                    self.core.team.scheduled.drop(row["id"])
                    self._post_row(row)
            await self.core.time.sleep(_SCHEDULE_EVERY_S)

    def _post_row(self, row: Json) -> None:
        """What can no longer be posted (an archived channel) is dropped, as in Slack."""
        try:
            app, channel = self.core.team.app(row["app_id"]), self.core.team.channel(row["channel_id"])
        except ApiRefusal as refusal:
            log.warning("a scheduled message was dropped: %s", refusal.error)
            return
        if not channel.get("is_archived"):
            message = postings.bot_message(self.core, app, row["said"])
            postings.post(self.core, channel, message, thread_ts=row["thread_ts"], broadcast=bool(row["broadcast"]))


def _core(clock: Clock, state_path: Path | None, strict: bool, seed: str | None) -> Core:
    time, journal = Timekeeper(clock), Journal(state_path)
    message_log = MessageLog(journal)
    ids = Identifiers(f"{seed}:{message_log.last_ts()}" if seed is not None else None)
    ids.not_before(message_log.last_ts())
    live = Live()
    faults, sockets = Faults(time), Sockets(time, ids, lambda: live.tell_all({"type": "channels"}))
    return Core(
        time=time,
        journal=journal,
        ids=ids,
        team=Team(journal, ids),
        log=message_log,
        live=live,
        faults=faults,
        tickets=Tickets(time, ids),
        sockets=sockets,
        delivery=Delivery(time, ids, sockets, faults),
        limits=RateLimiter(time),
        views=ViewBook(journal, ids),
        calls=CallRecord(),
        strict=strict,
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
