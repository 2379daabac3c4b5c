"""How does Tocsin come into Slack? Signing in, and what Slack sends: over Socket Mode, or over HTTP.

The aiohttp client of Socket Mode is the one that comes back soonest after a reset (slack_sdk's default stalls for a
minute); a watchdog makes a new connection when neither a frame nor a pong came for too long.
"""

import asyncio
import logging
from dataclasses import dataclass

from aiohttp import WSMessage
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.errors import ConnectorError, SettingsError
from bot.settings import SlackSettings
from bot.slack.refusals import CALL_ERRORS, Follow, refusal_of

log = logging.getLogger(__name__)

SLACK_URL = "https://slack.com/api/"
TIMEOUT_S = 15
PING_EVERY_S = 10.0
SILENT_MAX_S = 60.0
"""Pongs come every few seconds, so a minute without a sign of life is a dead connection."""


@dataclass(frozen=True, slots=True)
class SlackSide:
    """Signed in to one workspace. `team` and `user` are the workspace's id and Tocsin's own user there."""

    client: AsyncWebClient
    team: str
    user: str
    app_token: str = ""
    signing_secret: str = ""

    async def listen(self, app: AsyncApp, *, silent_max_s: float = SILENT_MAX_S) -> None:
        """Takes what Slack sends over Socket Mode to `app`, until cancelled. Raises `SettingsError` for a bad token."""
        handler = AsyncSocketModeHandler(app, self.app_token, ping_interval=PING_EVERY_S)
        try:
            await _connect(handler)
            await _watch(handler.client, silent_max_s)
        finally:
            await handler.close_async()  # type: ignore[no-untyped-call]

    def http_app(self, app: AsyncApp) -> Starlette:
        """Takes what Slack sends by HTTP to `app`; to be mounted at `/slack`, so that the URL is `/slack/events`."""
        handler = AsyncSlackRequestHandler(app)

        async def events(request: Request) -> Response:
            return await handler.handle(request)

        return Starlette(routes=[Route("/events", events, methods=["POST"])])


async def sign_in(settings: SlackSettings, *, base_url: str = "") -> SlackSide:
    """Who is Tocsin here? Raises `SettingsError` for a token Slack does not take, `ConnectorError` if it is away."""
    client = web_client(settings, base_url=base_url)
    try:
        found = await client.auth_test()
    except CALL_ERRORS as error:
        refusal = refusal_of(error)
        if refusal.follow in (Follow.MEND_ACCESS, Follow.GIVE_UP):
            raise SettingsError([f"slack.bot_token: Slack does not take it ({refusal.error})"]) from error
        raise ConnectorError(refusal.error, permanent=False, connector="slack") from error
    secret = settings.signing_secret.get_secret_value() if settings.signing_secret else ""
    app_token = settings.app_token.get_secret_value() if settings.app_token else ""
    return SlackSide(client, str(found["team_id"]), str(found["user_id"]), app_token, secret)


def web_client(settings: SlackSettings, *, base_url: str = "") -> AsyncWebClient:
    """Repeats by itself what met a lost connection or a 429: for reading and answering. What must not happen twice goes
    through `bot.slack.wire`."""
    return AsyncWebClient(
        token=settings.bot_token.get_secret_value() if settings.bot_token else None,
        base_url=base_url or SLACK_URL,
        timeout=TIMEOUT_S,
        retry_handlers=[AsyncConnectionErrorRetryHandler(), AsyncRateLimitErrorRetryHandler(max_retry_count=1)],
    )


async def _connect(handler: AsyncSocketModeHandler) -> None:
    """The library would try a bad token for ever; the first address is asked for here, so that it is reported."""
    client = handler.client
    while client.wss_uri is None:
        try:
            client.wss_uri = await client.issue_new_wss_url()
        except CALL_ERRORS as error:
            refusal = refusal_of(error)
            if isinstance(error, SlackApiError) and refusal.follow in (Follow.MEND_ACCESS, Follow.GIVE_UP):
                raise SettingsError([f"slack.app_token: Slack does not take it ({refusal.error})"]) from error
            log.warning("Slack cannot be reached for Socket Mode (%s); trying again", refusal.error)
            await asyncio.sleep(max(5.0, refusal.after.total_seconds()))
    await handler.connect_async()  # type: ignore[no-untyped-call]


async def _watch(client: SocketModeClient, silent_max_s: float) -> None:
    """Makes a new connection when the present one has been silent for too long."""
    loop = asyncio.get_running_loop()
    alive_at, pong = loop.time(), client.last_ping_pong_time

    async def frame(_: WSMessage) -> None:
        nonlocal alive_at
        alive_at = loop.time()

    client.on_message_listeners.append(frame)
    while True:
        await asyncio.sleep(min(5.0, silent_max_s / 4))
        if client.last_ping_pong_time not in (None, pong):
            alive_at, pong = loop.time(), client.last_ping_pong_time
        if loop.time() - alive_at <= silent_max_s:
            continue
        log.warning("nothing came over Socket Mode for %.0f s; connecting anew", loop.time() - alive_at)
        alive_at = loop.time()
        try:
            await client.connect_to_new_endpoint(force=True)
        except CALL_ERRORS as error:
            log.warning("cannot connect anew: %s", refusal_of(error).error)
