"""What do the page and the tests talk to? The person-side API below `/_workspace/`."""

import json
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from bot.errors import InputError
from bot.workspace import acts, page_state, postings
from bot.workspace.core import Core
from bot.workspace.filing import FILE_BYTES_MAX, keep_bytes, new_file, share
from bot.workspace.refusal import ApiRefusal, Json

STATIC = Path(__file__).parent / "static"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
_POLICY = "default-src 'self'; img-src 'self' data: https: http:; "
_POLICY += "style-src 'self' 'unsafe-inline'; connect-src 'self' ws: wss:"


class PageApi:
    def __init__(self, core: Core, local_only: bool) -> None:
        self._core, self._local_only = core, local_only

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self._index),
            web.get("/_workspace/static/{path:.+}", self._static),
            web.get("/_workspace/icon/{id}", self._icon),
            web.get("/_workspace/state", self._state),
            web.get("/_workspace/messages", self._messages),
            web.get("/_workspace/ws", self._socket),
            web.post("/_workspace/act", self._act),
            web.post("/_workspace/upload", self._upload),
            web.get("/_workspace/faults", self._faults),
            web.post("/_workspace/faults", self._set_faults),
            web.post("/_workspace/clock", self._clock),
            web.get("/_workspace/calls", self._calls),
            web.get("/_workspace/transcript", self._transcript),
            web.post("/_workspace/apps", self._configure_app),
        ]

    def guard(self, request: web.Request) -> None:
        """Refuse a foreign page that reaches for this server through a browser (Origin) or a rebound name (Host)."""
        host = request.headers.get("Host", "")
        name = urlsplit(f"//{host}").hostname or ""
        if self._local_only and name not in _LOOPBACK:
            raise ApiRefusal("host_not_local", status=403)
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != host:
            raise ApiRefusal("cross_origin", status=403)

    async def _index(self, _: web.Request) -> web.StreamResponse:
        return _file("index.html")

    async def _static(self, request: web.Request) -> web.StreamResponse:
        return _file(request.match_info["path"])

    async def _icon(self, request: web.Request) -> web.StreamResponse:
        app = self._core.team.apps.get(request.match_info["id"])
        letter = (app["name"] if app else self._core.team.info["name"])[:1].upper()
        svg = (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 72 72">'
            '<rect width="72" height="72" rx="14" fill="#4a154b"/>'
            '<text x="36" y="50" font-size="40" font-family="sans-serif" fill="#fff" text-anchor="middle">'
            f"{_plain(letter)}</text></svg>"
        )
        return web.Response(text=svg, content_type="image/svg+xml")

    async def _state(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(page_state.state(self._core, self._who(request)))

    def _who(self, request: web.Request) -> Json:
        """The person asked for, by id or name; without one, the first person of the workspace."""
        asked = request.query.get("user", "")
        if not asked:
            return next(user for user in self._core.team.users.values() if not user["is_bot"])
        found = self._core.team.user_named(asked)
        if found is None:
            raise ApiRefusal("user_not_found")
        return found

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        limit = int(query["limit"]) if query.get("limit", "").isdigit() else 100
        channel, thread, before = (query.get(name, "") for name in ("channel", "thread_ts", "before"))
        return web.json_response(page_state.messages(self._core, self._who(request), channel, thread, before, limit))

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        return await self._core.live.serve(request, self._who(request)["id"])

    async def _act(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(await acts.act(self._core, await _body(request)))

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        """multipart: `file`, `user`, and `channel` (without it the file is only kept), `thread_ts`, `text`."""
        form = await request.post()
        part = form.get("file")
        if not isinstance(part, web.FileField):
            raise ApiRefusal("no_file_data")
        data = part.file.read(FILE_BYTES_MAX + 1)
        if len(data) > FILE_BYTES_MAX:
            raise ApiRefusal("file_upload_size_restricted")
        user = self._core.team.user(str(form.get("user", "")))
        file = new_file(self._core, part.filename, len(data), user["id"])
        file["is_complete"] = True
        keep_bytes(self._core, file, data)
        if not form.get("channel"):
            return web.json_response({"ok": True, "file": file["id"]})
        channel = self._core.team.channel(str(form["channel"]), seen_by=user["id"])
        message = postings.person_message(self._core, user["id"], str(form.get("text", "")))
        message["subtype"] = "file_share"
        posted = share(self._core, channel, [file], message, str(form.get("thread_ts", "")) or None)
        return web.json_response({"ok": True, "ts": posted["ts"], "file": file["id"]})

    async def _faults(self, _: web.Request) -> web.StreamResponse:
        return web.json_response({"faults": self._core.faults.listed()})

    async def _set_faults(self, request: web.Request) -> web.StreamResponse:
        """`{"kind": …, options}` adds one; `{"clear": true | id}` removes; `{"disconnect": reason}` and
        `{"rate_limits": "real" | "generous"}` act at once."""
        body = await _body(request)
        if "clear" in body:
            self._core.faults.clear(None if body["clear"] is True else int(body["clear"]))
        elif "disconnect" in body:
            for app in self._core.team.apps.values():
                await self._core.sockets.disconnect(app["id"], str(body["disconnect"]))
        elif "rate_limits" in body:
            self._core.limits.is_real = body["rate_limits"] == "real"
        else:
            kind = str(body.pop("kind", ""))
            self.strike(kind, body)
        listed = self._core.faults.listed()
        self._core.live.tell_all({"type": "faults", "faults": listed})
        return web.json_response({"ok": True, "faults": listed})

    def strike(self, kind: str, options: Json) -> None:
        """Switch a fault on; those of open sockets also take effect at once."""
        try:
            self._core.faults.add(kind, **options)
        except (InputError, TypeError) as error:
            raise ApiRefusal("invalid_fault", detail=str(error)) from error
        for app in self._core.team.apps.values():
            if kind in ("outage", "reset") and options.get("method", "*") in ("*", "socket"):
                self._core.sockets.reset(app["id"])
            elif kind == "half_open":
                self._core.sockets.half_open(app["id"])

    async def _clock(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request)
        time = self._core.time
        if body.get("hold"):
            time.hold()
        if "advance_s" in body:
            if not isinstance(body["advance_s"], int | float) or body["advance_s"] < 0:
                raise ApiRefusal("invalid_advance")
            time.advance(float(body["advance_s"]))
        if body.get("release"):
            time.release()
        return web.json_response({"ok": True, "now": time.now().isoformat(), "is_held": time.is_held})

    async def _calls(self, request: web.Request) -> web.StreamResponse:
        since = request.query.get("since", "0")
        return web.json_response({"calls": self._core.calls.since(int(since) if since.isdigit() else 0)})

    async def _transcript(self, request: web.Request) -> web.StreamResponse:
        text = page_state.transcript(self._core, request.query.get("channel", ""))
        return web.Response(text=text, content_type="text/plain")

    async def _configure_app(self, request: web.Request) -> web.StreamResponse:
        """`{app_id, request_url}`: HTTP delivery to this URL once it passed url_verification; null takes it back."""
        body = await _body(request)
        app = self._core.team.app(str(body.get("app_id", "")))
        url = body.get("request_url")
        if url and not await self._core.delivery.verify_url(app, str(url)):
            raise ApiRefusal("url_verification_failed")
        app["request_url"] = url
        self._core.team.apps.put(app["id"], app)
        self._core.live.tell_all({"type": "channels"})
        return web.json_response({"ok": True})


async def _body(request: web.Request) -> Json:
    try:
        body = json.loads(await request.text())
    except ValueError as error:
        raise ApiRefusal("invalid_json", status=400) from error
    if not isinstance(body, dict):
        raise ApiRefusal("json_not_object", status=400)
    return body


def _file(name: str) -> web.StreamResponse:
    path = (STATIC / name).resolve()
    if not path.is_relative_to(STATIC.resolve()) or not path.is_file():
        raise web.HTTPNotFound
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    kind = _TYPES.get(path.suffix, "application/octet-stream")
    return web.Response(
        body=path.read_bytes(), content_type=kind, charset="utf-8" if kind.startswith("text") else None, headers=headers
    )


def _plain(letter: str) -> str:
    return letter if letter.isalnum() else "?"
