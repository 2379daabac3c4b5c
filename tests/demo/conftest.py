"""A receiver that takes the shop's lines and changes over real HTTP, and misbehaves when told to."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest_asyncio
from aiohttp import web

from bot.demo.pace import Pace

FAST = Pace(window_s=1, bad_deploy_after_s=0.5, next_bad_deploy_after_s=30, tick_s=0.1)
"""A minute takes three seconds, the two hours of past six minutes."""


@dataclass
class Receiver:
    """What Tocsin keeps of its promise: a batch whose key is known is answered and not counted again. `answers` are
    statuses for the next requests; with `loses` the next answers never arrive, though the batches are counted."""

    lines: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    changes: list[dict[str, str]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    repeated: int = 0
    answers: list[int] = field(default_factory=list)
    loses: int = 0
    is_away: bool = False
    authorizations: set[str] = field(default_factory=set)
    url: str = ""

    def count(self, service: str) -> int:
        return len(self.lines.get(service, []))

    def messages(self, service: str, containing: str = "") -> list[str]:
        return [line["message"] for line in self.lines.get(service, []) if containing in line["message"]]

    async def take(self, request: web.Request) -> web.Response:
        body = await request.text()
        key = request.headers["Idempotency-Key"]
        self.authorizations.add(request.headers.get("Authorization", ""))
        if self.is_away:
            return web.Response(status=503, headers={"Retry-After": "1"})
        if self.answers:
            return web.Response(status=self.answers.pop(0))
        if key in self.keys:
            self.repeated += 1
        else:
            self.keys.add(key)
            self._keep(request.match_info.get("service", ""), [json.loads(line) for line in body.splitlines()])
        if self.loses and request.transport:
            self.loses -= 1
            request.transport.abort()
        return web.json_response({"accepted": 1})

    def _keep(self, service: str, records: list[dict[str, str]]) -> None:
        if not service:
            known = {change["key"] for change in self.changes}
            self.changes += [record for record in records if record["key"] not in known]
        else:
            self.lines.setdefault(service, []).extend(records)


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application(client_max_size=64 << 20)
    app.router.add_post("/v1/ingest/{service}", made.take)
    app.router.add_post("/v1/changes", made.take)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()
