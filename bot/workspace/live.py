"""Who is looking? The open pages of people, and what they are told as it happens."""

import asyncio
from collections import defaultdict

from aiohttp import web

from bot.workspace.refusal import Json

_BACKLOG = 1000  # messages a slow page may lag behind before it is dropped


class Live:
    """Every open page of every person; each has a queue so that a slow page slows nobody."""

    def __init__(self) -> None:
        self._pages: dict[str, set[asyncio.Queue[Json | None]]] = defaultdict(set)

    def tell(self, user: str, event: Json) -> None:
        for queue in list(self._pages.get(user, ())):
            if queue.qsize() >= _BACKLOG:
                self._pages[user].discard(queue)
                queue.put_nowait(None)
            else:
                queue.put_nowait(event)

    def tell_all(self, event: Json) -> None:
        for user in list(self._pages):
            self.tell(user, event)

    async def serve(self, request: web.Request, user: str) -> web.WebSocketResponse:
        """Hold one page's socket until it goes away. What the page sends is ignored."""
        socket = web.WebSocketResponse(heartbeat=20.0)
        await socket.prepare(request)
        queue: asyncio.Queue[Json | None] = asyncio.Queue()
        self._pages[user].add(queue)
        sender = asyncio.create_task(self._send(socket, queue))
        try:
            async for _ in socket:
                pass
        finally:
            self._pages[user].discard(queue)
            sender.cancel()
        return socket

    def close(self) -> None:
        for queues in self._pages.values():
            for queue in queues:
                queue.put_nowait(None)

    @staticmethod
    async def _send(socket: web.WebSocketResponse, queue: asyncio.Queue[Json | None]) -> None:
        while (event := await queue.get()) is not None:
            await socket.send_json(event)
        await socket.close()
