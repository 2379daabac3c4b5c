"""What do the workspace's tests share? A running workspace, a person in front of it, a Bolt app."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import HeldClock
from bot.workspace import Workspace
from bot.workspace.person import Slack

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock(NOON)


@pytest_asyncio.fixture
async def workspace() -> AsyncIterator[Workspace]:
    made = Workspace()
    await made.start()
    yield made
    await made.stop()


@pytest_asyncio.fixture
async def held(clock: HeldClock) -> AsyncIterator[Workspace]:
    """A workspace whose time stands still until `clock` is moved."""
    made = Workspace(clock)
    await made.start()
    yield made
    await made.stop()


@pytest_asyncio.fixture
async def slack(workspace: Workspace) -> AsyncIterator[Slack]:
    async with Slack(workspace.page_url) as made:
        yield made


@pytest.fixture
def client(workspace: Workspace) -> AsyncWebClient:
    return client_of(workspace)


def client_of(workspace: Workspace, token: str | None = None) -> AsyncWebClient:
    return AsyncWebClient(token=token or workspace.bot_token, base_url=workspace.base_url)


@pytest_asyncio.fixture
async def app(workspace: Workspace, client: AsyncWebClient) -> AsyncIterator[AsyncApp]:
    """An unmodified Bolt app that is connected over Socket Mode; add listeners to it in the test."""
    made = AsyncApp(client=client)
    handler = AsyncSocketModeHandler(made, workspace.app_token)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    yield made
    await handler.close_async()  # type: ignore[no-untyped-call]
