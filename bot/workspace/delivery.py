"""How does something reach an app, and what did the app answer? Over Socket Mode or signed HTTP, with Slack's patience.

Commands and interactions are asked once and have 3 s. Events are told in order and retried three times: at once, after
a minute, after five (docs.slack.dev/apis/events-api).
"""

import asyncio
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

import aiohttp

from bot.workspace.faults import Fault, Faults
from bot.workspace.identifiers import Identifiers
from bot.workspace.refusal import Json
from bot.workspace.sockets import Sockets
from bot.workspace.timing import Timekeeper

ACK_S = 3.0
RETRY_AFTER_S = (0.0, 60.0, 300.0)
_RETRIES_WAITING_MAX = 5000  # deliveries kept for a later attempt; beyond that a failed event is given up

Outcome = Literal["acked", "timeout", "unreachable", "http_error"]


@dataclass(frozen=True, slots=True)
class Ack:
    """What came back: `payload` is the decoded body of an acknowledgement (None if empty)."""

    outcome: Outcome
    payload: Any = None
    status: int = 0
    no_retry: bool = False

    @property
    def ok(self) -> bool:
        return self.outcome == "acked"

    @property
    def retry_reason(self) -> str:
        names = {"timeout": "http_timeout", "unreachable": "connection_failed", "http_error": "http_error"}
        return names.get(self.outcome, "unknown_error")


class Delivery:
    def __init__(self, time: Timekeeper, ids: Identifiers, sockets: Sockets, faults: Faults) -> None:
        self._time, self._ids, self._sockets, self._faults = time, ids, sockets, faults
        self._http: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._queues: dict[str, asyncio.Queue[Json]] = {}
        self._kept_back: Json | None = None
        self.outcomes: Counter[str] = Counter()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._http is not None:
            await self._http.close()

    def is_reachable(self, app: Json) -> bool:
        return self._sockets.is_connected(app["id"]) or bool(app["request_url"])

    async def ask(self, app: Json, kind: str, payload: Json, *, url: str | None = None) -> Ack:
        """Deliver a command (`slash_commands`) or an interaction (`interactive`) once and wait for its answer."""
        if self._faults.strike(kind, "drop"):
            await self._time.sleep(ACK_S)
            return Ack("timeout")
        if self._faults.strike(kind, "duplicate"):
            self.spawn(self._again(app, kind, payload, url))
        ack = await self._once(app, kind, payload, url=url)
        self.outcomes[f"{kind}:{ack.outcome}"] += 1
        return ack

    def tell(self, app: Json, event: Json) -> None:
        """Put an event (a whole `event_callback`) in line for the app."""
        queue = self._queues.get(app["id"])
        if queue is None:
            queue = self._queues[app["id"]] = asyncio.Queue()
            self.spawn(self._work(app, queue))
        if self._kept_back is not None:
            queue.put_nowait(event)
            queue.put_nowait(self._kept_back)
            self._kept_back = None
        elif self._faults.strike("events_api", "reorder"):
            self._kept_back = event
        else:
            queue.put_nowait(event)

    async def verify_url(self, app: Json, url: str) -> bool:
        """Slack's url_verification: does the URL echo a signed challenge?"""
        challenge = self._ids.secret(50)
        body = {"token": app["verification_token"], "challenge": challenge, "type": "url_verification"}
        ack = await self._post(app, url, json.dumps(body), "application/json", {})
        echoed = ack.payload.get("challenge") if isinstance(ack.payload, dict) else ack.payload
        return ack.ok and echoed == challenge

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _again(self, app: Json, kind: str, payload: Json, url: str | None) -> None:
        await self._once(app, kind, payload, url=url)

    async def _work(self, app: Json, queue: asyncio.Queue[Json]) -> None:
        while True:
            event = await queue.get()
            if self._faults.strike("events_api", "drop"):
                continue
            late = self._faults.strike("events_api", "late")
            twice = self._faults.strike("events_api", "duplicate") is not None
            started = asyncio.Event()
            self.spawn(self._persist(app, event, started, late=late, twice=twice))
            await started.wait()

    async def _persist(
        self, app: Json, event: Json, started: asyncio.Event, *, late: Fault | None, twice: bool
    ) -> None:
        try:
            if late is not None:
                started.set()
                await self._time.sleep(late.ms / 1000)
            ack = await self._once(app, "events_api", event, started=started)
            if twice:
                await self._once(app, "events_api", event, attempt=1, reason="timeout")
            await self._retry(app, event, ack)
        finally:
            started.set()

    async def _retry(self, app: Json, event: Json, ack: Ack) -> None:
        for attempt, pause_s in enumerate(RETRY_AFTER_S, start=1):
            self.outcomes[f"events_api:{ack.outcome}"] += 1
            if ack.ok or ack.no_retry or len(self._tasks) > _RETRIES_WAITING_MAX:
                return
            await self._time.sleep(pause_s)
            ack = await self._once(app, "events_api", event, attempt=attempt, reason=ack.retry_reason)
        self.outcomes[f"events_api:{ack.outcome}"] += 1

    async def _once(
        self,
        app: Json,
        kind: str,
        payload: Json,
        *,
        url: str | None = None,
        attempt: int = 0,
        reason: str = "",
        started: asyncio.Event | None = None,
    ) -> Ack:
        if self._sockets.is_connected(app["id"]) or not app["request_url"]:
            return await self._by_socket(app, kind, payload, attempt, reason, started)
        if started is not None:
            started.set()
        headers = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason} if attempt else {}
        target = url or app["request_url"]
        match kind:
            case "slash_commands":
                body = urlencode(
                    {key: str(value).lower() if isinstance(value, bool) else value for key, value in payload.items()}
                )
                return await self._post(app, target, body, "application/x-www-form-urlencoded", headers)
            case "interactive":
                body = urlencode({"payload": json.dumps(payload)})
                return await self._post(app, target, body, "application/x-www-form-urlencoded", headers)
        return await self._post(app, target, json.dumps(payload), "application/json", headers)

    async def _by_socket(
        self, app: Json, kind: str, payload: Json, attempt: int, reason: str, started: asyncio.Event | None
    ) -> Ack:
        envelope: Json = {
            "envelope_id": self._ids.uuid(),
            "payload": payload,
            "type": kind,
            "accepts_response_payload": kind != "events_api",
        }
        if kind == "events_api":
            envelope.update(retry_attempt=attempt, retry_reason=reason.removeprefix("http_"))
        answer = await self._sockets.send(app["id"], envelope)
        if started is not None:
            started.set()
        if answer is None:
            return Ack("unreachable")
        try:
            return Ack("acked", await self._time.within(answer, ACK_S))
        except TimeoutError:
            return Ack("timeout")

    async def _post(self, app: Json, url: str, body: str, content_type: str, headers: dict[str, str]) -> Ack:
        if self._http is None:
            self._http = aiohttp.ClientSession(trust_env=False)
        stamp = str(int(self._time.now().timestamp()))
        signed = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": sign(app["signing_secret"], stamp, body),
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            **headers,
        }
        try:
            return await self._time.within(self._exchange(url, body, signed), ACK_S)
        except TimeoutError:
            return Ack("timeout")
        except aiohttp.ClientError:
            return Ack("unreachable")

    async def _exchange(self, url: str, body: str, headers: dict[str, str]) -> Ack:
        if self._http is None:
            return Ack("unreachable")
        async with self._http.post(url, data=body.encode(), headers=headers, max_redirects=2) as answer:
            text = await answer.text()
            no_retry = answer.headers.get("x-slack-no-retry") == "1"
            if answer.status != 200:
                return Ack("http_error", text, answer.status, no_retry)
            return Ack("acked", _decode(text, answer.content_type), answer.status)


def sign(secret: str, stamp: str, body: str) -> str:
    """`v0=` HMAC-SHA256 of `v0:{stamp}:{body}` (docs.slack.dev/authentication/verifying-requests-from-slack)."""
    return "v0=" + hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()


def _decode(text: str, content_type: str) -> Any:
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
