"""How does an app listen without a public address? Socket Mode: hello, envelopes, acknowledgements, disconnects.

Source: docs.slack.dev/apis/events-api/using-socket-mode. At most ten connections of an app; an envelope goes to one.
"""

import asyncio
import json
import socket as sockets
import struct
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiohttp import WSMsgType, web

from bot.workspace.identifiers import Identifiers
from bot.workspace.refusal import Json
from bot.workspace.timing import Timekeeper

CONNECTIONS_MAX = 10
LIFE_S = 6 * 3600.0  # "every few hours"
DEBUG_LIFE_S = 360.0  # with debug_reconnects=true
WARNING_S = 10.0
PING_EVERY_S = 5.0
_TICKETS_KEPT = 1000


@dataclass(eq=False, slots=True)
class Link:
    """One open connection."""

    app_id: str
    number: int
    socket: web.WebSocketResponse
    transport: asyncio.BaseTransport | None
    waiting: dict[str, asyncio.Future[Any]] = field(default_factory=dict)
    is_half_open: bool = False

    async def send(self, frame: Json) -> None:
        if not self.is_half_open:
            await self.socket.send_str(json.dumps(frame, ensure_ascii=False))


class Sockets:
    def __init__(self, time: Timekeeper, ids: Identifiers, changed: Callable[[], None] = lambda: None) -> None:
        """`changed` is called when an app's connections come or go."""
        self._time, self._ids, self._changed = time, ids, changed
        self._tickets: dict[str, str] = {}
        self._links: dict[str, list[Link]] = defaultdict(list)
        self._silent: list[Link] = []
        self._turn = count()
        self._numbers = count(1)

    def ticket(self, app_id: str) -> str:
        """A single-use way in, as apps.connections.open hands out."""
        ticket = self._ids.uuid()
        self._tickets[ticket] = app_id
        while len(self._tickets) > _TICKETS_KEPT:
            del self._tickets[next(iter(self._tickets))]
        return ticket

    def is_connected(self, app_id: str) -> bool:
        return bool(self._links.get(app_id))

    def links(self, app_id: str) -> list[Link]:
        return list(self._links.get(app_id, ()))

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Hold one connection until it ends."""
        app_id = self._tickets.pop(request.query.get("ticket", ""), None)
        if app_id is None:
            return web.Response(status=403, text="invalid ticket")
        socket = web.WebSocketResponse(autoping=False, max_msg_size=4 * 1024 * 1024)
        await socket.prepare(request)
        link = Link(app_id, next(self._numbers), socket, request.transport)
        if len(self._links[app_id]) >= CONNECTIONS_MAX:
            await link.send(_disconnect("too_many_websockets"))
            await socket.close()
            return socket
        self._links[app_id].append(link)
        self._changed()
        life = DEBUG_LIFE_S if request.query.get("debug_reconnects") == "true" else LIFE_S
        keepers = [asyncio.create_task(work) for work in (self._refresh_after(link, life), self._ping(link))]
        try:
            await link.send(self._hello(link, life))
            await self._listen(link)
        finally:
            for keeper in keepers:
                keeper.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)
            self._forget(link)
        return socket

    async def send(self, app_id: str, envelope: Json) -> asyncio.Future[Any] | None:
        """Send to one connection of the app. Give back the future of its acknowledgement, or None if nobody listens."""
        for _ in range(len(self._links.get(app_id, ()))):
            links = self._links.get(app_id)
            if not links:
                return None
            link = links[next(self._turn) % len(links)]
            acknowledged: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            link.waiting[envelope["envelope_id"]] = acknowledged
            try:
                await link.send(envelope)
            except (ConnectionError, RuntimeError):
                self._forget(link)
                continue
            return acknowledged
        return None

    async def disconnect(self, app_id: str, reason: str) -> None:
        """Tell every connection to go (`warning` only announces it; `refresh_requested`, `link_disabled` close)."""
        await asyncio.gather(*(self._part(link, reason) for link in self.links(app_id)))

    def reset(self, app_id: str) -> None:
        """Break every connection without a goodbye."""
        for link in self.links(app_id):
            abort(link.transport)
            self._forget(link)

    def half_open(self, app_id: str) -> None:
        """Leave the connections standing, but hear and say nothing on them any more: not even a close is answered.
        After some seconds the server gives them up, as Slack does, and still says nothing."""
        for link in self.links(app_id):
            link.is_half_open = True
            self._silent.append(link)
            if isinstance(link.transport, asyncio.ReadTransport):
                link.transport.pause_reading()

    async def close(self) -> None:
        for app_id in list(self._links):
            for link in self.links(app_id):
                self._forget(link)
                if not link.is_half_open:
                    await link.socket.close()
        for link in self._silent:
            abort(link.transport)

    async def _listen(self, link: Link) -> None:
        async for message in link.socket:
            if link.is_half_open:
                continue
            if message.type == WSMsgType.PING:
                await link.socket.pong(message.data)
            elif message.type == WSMsgType.TEXT:
                self._acknowledge(link, message.data)

    def _acknowledge(self, link: Link, text: str) -> None:
        try:
            frame = json.loads(text)
        except ValueError:
            return
        waiting = link.waiting.pop(frame.get("envelope_id", ""), None) if isinstance(frame, dict) else None
        if waiting is not None and not waiting.done():
            waiting.set_result(frame.get("payload"))

    async def _ping(self, link: Link) -> None:
        """Slack pings its clients; some clients give up on a server that does not."""
        while True:
            await asyncio.sleep(PING_EVERY_S)
            if link.is_half_open:
                return self._forget(link)
            await link.socket.ping(b"Ping from the local workspace")

    async def _refresh_after(self, link: Link, life_s: float) -> None:
        await self._time.sleep(life_s - WARNING_S)
        await self._part(link, "warning")
        await self._time.sleep(WARNING_S)
        await self._part(link, "refresh_requested")

    async def _part(self, link: Link, reason: str) -> None:
        try:
            await link.send(_disconnect(reason))
            if reason != "warning":
                self._forget(link)
                await link.socket.close()
        except (ConnectionError, RuntimeError):
            self._forget(link)

    def _forget(self, link: Link) -> None:
        if link in self._links[link.app_id]:
            self._links[link.app_id].remove(link)
            self._changed()

    def _hello(self, link: Link, life_s: float) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._links[link.app_id]),
            "debug_info": {
                "host": "applink-local",
                "build_number": 1,
                "approximate_connection_time": int(life_s),
            },
            "connection_info": {"app_id": link.app_id},
        }


def _disconnect(reason: str) -> Json:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-local"}}


def abort(transport: asyncio.BaseTransport | None) -> None:
    """End a connection with a TCP reset: the other side sees ECONNRESET, not an orderly end."""
    if not isinstance(transport, asyncio.Transport) or transport.is_closing():
        return
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
