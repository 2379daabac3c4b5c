"""When is each address looked at and each log system asked?"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import httpx

from bot.asking.answered import TIMEOUT_S
from bot.asking.elasticsearch import ElasticsearchPuller
from bot.asking.follow import Follow, Take
from bot.asking.loki import LokiPuller
from bot.asking.probe import look
from bot.asking.pulled import Puller
from bot.engine.whole import Engine
from bot.errors import ConnectorError, StoreError
from bot.settings import PullSettings

log = logging.getLogger(__name__)

PAUSE_S_MAX = 600.0
TakeOf = Callable[[str], Take]
"""The name of a `[pull.NAME]` → how its records are counted."""
PULLERS: dict[str, Callable[[str, PullSettings, httpx.Client], Puller]] = {
    "loki": LokiPuller,
    "elasticsearch": ElasticsearchPuller,
}


async def rounds(engine: Engine, take_of: TakeOf) -> None:
    """All of them, each at its own pace, until cancelled."""
    tasks: list[Coroutine[Any, Any, None]] = [_watch(engine, name) for name in engine.settings.uptime]
    tasks += [_follow(engine, name, take_of(name)) for name in engine.settings.pull]
    await asyncio.gather(asyncio.Event().wait(), *tasks)


async def _watch(engine: Engine, name: str) -> None:
    watched = engine.settings.uptime[name]
    while True:
        found = await look(watched, engine.clock)
        try:
            await asyncio.to_thread(engine.uptime.looked, name, found)
        except StoreError as error:
            log.error("uptime.%s: %s", name, error)
        await asyncio.sleep(watched.every_s)


async def _follow(engine: Engine, name: str, take: Take) -> None:
    settings = engine.settings.pull[name]
    with client_of(settings) as client:
        puller = PULLERS[settings.type](name, settings, client)
        follow = Follow(name, puller, take, engine.store, engine.clock)
        pause_s = float(settings.every_s)
        while True:
            try:
                _, is_full = await asyncio.to_thread(follow.once)
                pause_s = 0.0 if is_full else float(settings.every_s)
            except (ConnectorError, StoreError) as error:
                pause_s = min(PAUSE_S_MAX, max(settings.every_s, pause_s * 2))
                log.error("%s; asking again in %.0f s", error, pause_s)
            await asyncio.sleep(pause_s)


def client_of(settings: PullSettings) -> httpx.Client:
    headers = dict(settings.headers)
    if settings.token is not None:
        headers["Authorization"] = f"Bearer {settings.token.get_secret_value()}"
    return httpx.Client(base_url=settings.url, headers=headers, timeout=TIMEOUT_S, trust_env=False)
