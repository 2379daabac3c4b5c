"""What does the page draw when it is given exactly this? A server that speaks only the page's side of the contract.

It keeps the messages it is told to show, answers acts from a table and records them. The tests of drawing use it, so
that they need neither an app nor the local workspace's server; the tests of behaviour use the real server instead.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

import bot.workspace

Json = dict[str, Any]
PATIENCE_S = 8.0
STATIC = Path(bot.workspace.__file__).parent / "static"

ANA, BEN, BOT = "U0ANA", "U0BEN", "U0BOT"
INCIDENTS, RANDOM, WITH_BEN, WITH_BOT = "C0INC", "C0RND", "D0BEN", "D0BOT"


def user(user_id: str, handle: str, real_name: str, color: str, *, is_bot: bool = False) -> Json:
    initials = "".join(word[0] for word in real_name.split()[:2]).upper()
    return {
        "id": user_id,
        "name": handle,
        "real_name": real_name,
        "is_bot": is_bot,
        "deleted": False,
        "color": color,
        "avatar_initials": initials,
        "tz": "Europe/Berlin",
    }


def channel(channel_id: str, name: str, kind: str, **extra: Any) -> Json:
    plain: Json = {"is_member": True, "is_archived": False, "topic": "", "purpose": ""}
    return {"id": channel_id, "name": name, "kind": kind, **plain, "unread": 0, "mentions": 0, "last_ts": "0", **extra}


class Stage:
    """The state the page is shown, and what it did. Change `messages` before a page opens, or `tell` it live."""

    def __init__(self) -> None:
        self.users = [
            user(ANA, "ana", "Ana García", "9f69e7"),
            user(BEN, "ben", "Ben Okafor", "2b6836"),
            user(BOT, "tocsin", "Tocsin", "e7392d", is_bot=True),
        ]
        self.channels = [
            channel(INCIDENTS, "incidents", "channel", topic="What burns :fire:", purpose="Where Tocsin tells us."),
            channel(RANDOM, "random", "channel", unread=3, mentions=1),
            channel(WITH_BEN, "", "im", user=BEN),
            channel(WITH_BOT, "", "im", user=BOT),
        ]
        self.commands: list[Json] = [
            {"command": "/tocsin", "description": "Ask Tocsin", "usage_hint": "[help | open | status]", "app": "A0TOC"},
            {"command": "/rollback", "description": "Roll a service back", "usage_hint": "<service>", "app": "A0TOC"},
        ]
        self.shortcuts: list[Json] = [
            {"type": "global", "name": "Declare incident", "callback_id": "declare", "app_id": "A0TOC"},
            {"type": "message", "name": "Add to incident", "callback_id": "add", "app_id": "A0TOC"},
        ]
        self.messages: dict[str, list[Json]] = {}
        self.answers: dict[str, Callable[[Json], Json]] = {}
        self.acts: list[Json] = []
        self.home: Json | None = None
        self.address = ""
        self._sockets: set[web.WebSocketResponse] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def tell(self, event: Mapping[str, Any]) -> None:
        """Sends `event` to every open page; callable from the test's thread."""
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(self._tell(dict(event)), self._loop).result(5)

    def did(self, what: str, count: int = 0) -> list[Json]:
        """All acts of this kind; waits until there are at least `count`."""
        give_up = time.monotonic() + PATIENCE_S
        while len(found := [act for act in self.acts if act["do"] == what]) < count and time.monotonic() < give_up:
            time.sleep(0.02)
        return found

    def cut_connections(self) -> None:
        """Cuts every page's WebSocket as a lost network does."""
        assert self._loop is not None

        async def cut() -> None:
            for socket in list(self._sockets):
                await socket.close()

        asyncio.run_coroutine_threadsafe(cut(), self._loop).result(5)

    async def _tell(self, event: Json) -> None:
        for socket in list(self._sockets):
            await socket.send_json(event)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/", self._page)
        app.router.add_static("/_workspace/static/", STATIC)
        app.router.add_get("/_workspace/state", self._state)
        app.router.add_get("/_workspace/messages", self._messages)
        app.router.add_get("/_workspace/ws", self._socket)
        app.router.add_post("/_workspace/act", self._act)
        app.router.add_get("/_workspace/faults", self._faults)
        app.router.add_post("/_workspace/faults", self._faults)
        return app

    async def _page(self, _: web.Request) -> web.FileResponse:
        return web.FileResponse(STATIC / "index.html")

    async def _state(self, request: web.Request) -> web.Response:
        apps = [{"id": "A0TOC", "name": "Tocsin", "bot_user": BOT, "bot_id": "B0TOC", "connected": True}]
        return web.json_response(
            {
                "simulation": True,
                "team": {"id": "T1", "name": "Northwind", "domain": "northwind"},
                "me": request.query.get("user") or ANA,
                "users": self.users,
                "channels": self.channels,
                "commands": self.commands,
                "shortcuts": self.shortcuts,
                "apps": apps,
                "now": 0,
                "faults": [],
            }
        )

    async def _messages(self, request: web.Request) -> web.Response:
        every = self.messages.get(request.query["channel"], [])
        thread = request.query.get("thread_ts")
        shown = [m for m in every if in_list(m, thread)]
        if before := request.query.get("before"):
            shown = [m for m in shown if float(m["ts"]) < float(before)]
        limit = int(request.query.get("limit", "100"))
        return web.json_response({"messages": shown[-limit:], "has_more": len(shown) > limit})

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.add(socket)
        async for message in socket:
            if message.type is WSMsgType.ERROR:
                break
        self._sockets.discard(socket)
        return socket

    async def _act(self, request: web.Request) -> web.Response:
        act: Json = await request.json()
        self.acts.append(act)
        make = self.answers.get(act["do"])
        answer: Json = make(act) if make is not None else {"ok": True}
        if act["do"] == "open_home" and self.home is not None:
            answer = {"ok": True, "view": self.home}
        if token := act.get("token"):
            await self._tell({"type": "ack", "token": token})
        return web.json_response(answer)

    async def _faults(self, request: web.Request) -> web.Response:
        if request.method == "POST":
            self.acts.append({"do": "faults", **(await request.json())})
        return web.json_response({"ok": True, "faults": []})


def in_list(message: Json, thread: str | None) -> bool:
    if thread is not None:
        return thread in (message["ts"], message.get("thread_ts"))
    return message.get("thread_ts", message["ts"]) == message["ts"] or message.get("subtype") == "thread_broadcast"


@contextmanager
def raised(stage: Stage) -> Iterator[Stage]:
    """Serves the stage on a loopback port in a thread of its own while the block runs."""
    started = threading.Event()
    stop: list[Callable[[], object]] = []

    async def serve() -> None:
        runner = web.AppRunner(stage.app(), shutdown_timeout=0.5)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        loop = asyncio.get_running_loop()
        stage._loop = loop
        host, port = runner.addresses[0][:2]
        stage.address = f"http://{host}:{port}"
        done = asyncio.Event()
        stop.append(lambda: loop.call_soon_threadsafe(done.set))
        started.set()
        await done.wait()
        for socket in list(stage._sockets):
            await socket.close()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert started.wait(10), "the stage did not start"
    try:
        yield stage
    finally:
        stop[0]()
        thread.join(10)
