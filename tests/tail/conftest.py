"""A Tocsin to send to, which can be told to refuse."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.settings import Settings
from handlers.http import application
from tests.http.conftest import Heard


@dataclass(slots=True)
class Receiver:
    """The real routes, before which `refusals` stand: (status, Retry-After) of the next answers. `drop_after` answers
    are lost on the way: the batch was taken, and the sender does not know."""

    app: ASGIApp
    heard: Heard
    refusals: list[tuple[int, str]] = field(default_factory=list)
    answers_lost: int = 0
    url: str = ""

    @property
    def lines(self) -> list[str]:
        return self.heard.ingest.texts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.refusals:
            status, retry_after = self.refusals.pop(0)
            headers = [(b"retry-after", retry_after.encode())] if retry_after else []
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": b'{"error": "not now"}'})
            return
        if self.answers_lost:
            self.answers_lost -= 1

            async def lose(_: object) -> None:
                return None

            await self.app(scope, receive, lose)
            await send({"type": "http.response.start", "status": 502, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await self.app(scope, receive, send)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    heard = Heard()
    made = Receiver(application(heard, Settings()), heard)
    config = uvicorn.Config(made, log_level="critical", lifespan="off", proxy_headers=False)
    server = uvicorn.Server(config)
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        made.url = "http://127.0.0.1:{1}".format(*listening.getsockname())
        thread = threading.Thread(target=asyncio.run, args=(server.serve([listening]),))
        thread.start()
        try:
            yield made
        finally:
            server.should_exit = True
            thread.join(10)
