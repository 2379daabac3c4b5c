"""Where do the end-to-end tests take place? The real workspace server and a real Bolt app, in a thread of their own."""

import asyncio
import threading
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace import Workspace
from tests.workspace_page.sample_app import MANIFEST, teach

T = TypeVar("T")
PATIENCE_S = 20


class World:
    """A workspace and an app connected to it. Everything async runs in the world's own loop; `do` waits for it."""

    def __init__(self, state_path: Path | None = None, manifest: Mapping[str, Any] = MANIFEST) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self._state_path, self._manifest = state_path, manifest
        self._handler: Any = None
        self.workspace = self._make()
        self.do(self.workspace.start())

    def _make(self) -> Workspace:
        async def make() -> Workspace:
            return Workspace(state_path=self._state_path, manifest=self._manifest)

        return self.do(make())

    def do(self, doing: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(doing, self.loop).result(PATIENCE_S)

    @property
    def client(self) -> AsyncWebClient:
        """The bot's own client, for what the app does unasked."""
        return AsyncWebClient(token=self.workspace.bot_token, base_url=self.workspace.base_url)

    def connect_app(self) -> None:
        async def connect() -> None:
            app = AsyncApp(client=self.client)
            teach(app)
            self._handler = AsyncSocketModeHandler(app, self.workspace.app_token)
            await self._handler.connect_async()

        self.do(connect())

    def disconnect_app(self) -> None:
        if self._handler is not None:
            self.do(self._handler.close_async())
            self._handler = None

    def restart_server(self) -> None:
        """Stops the server and starts another one on the same port with the same state."""
        port = int(self.workspace.page_url.rstrip("/").rpartition(":")[2])
        self.do(self.workspace.stop())
        self.workspace = self._make()
        self.do(self.workspace.start(port=port))

    def page(self, person: str = "ana", channel: str = "incidents") -> str:
        facts = self.workspace
        return f"{facts.page_url}?user={facts.users[person]}&channel={facts.channels[channel]}"

    def end(self) -> None:
        self.disconnect_app()
        self.do(self.workspace.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()
