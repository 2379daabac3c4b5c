"""When is each address looked at and each log system asked?"""

import asyncio
import logging
import ssl
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import httpx
from pydantic import SecretStr

from bot.asking.alertmanager import AlertmanagerSilences
from bot.asking.answered import TIMEOUT_S
from bot.asking.elasticsearch import ElasticsearchPuller
from bot.asking.follow import Follow, Take
from bot.asking.kubernetes import KubernetesPuller
from bot.asking.loki import LokiPuller
from bot.asking.probe import look
from bot.asking.pulled import Puller
from bot.engine.whole import Engine
from bot.errors import ConnectorError, SettingsError, StoreError
from bot.settings import PullSettings, Settings

log = logging.getLogger(__name__)

PAUSE_S_MAX = 600.0
TakeOf = Callable[[str], Take]
"""The name of a `[pull.NAME]` → how its records are counted."""
PULLERS: dict[str, Callable[[str, PullSettings, httpx.Client], Puller]] = {
    "loki": LokiPuller,
    "elasticsearch": ElasticsearchPuller,
    "kubernetes": KubernetesPuller,
}


def asks(settings: Settings) -> bool:
    """Is there anybody to ask?"""
    return bool(settings.uptime or settings.pull or _in_step(settings))


def _in_step(settings: Settings) -> list[str]:
    return [name for name, source in settings.sources.items() if source.silences_url]


async def rounds(engine: Engine, take_of: TakeOf) -> None:
    """All of them, each at its own pace, until cancelled."""
    tasks: list[Coroutine[Any, Any, None]] = [_watch(engine, name) for name in engine.settings.uptime]
    tasks += [_follow(engine, name, take_of(name)) for name in engine.settings.pull]
    tasks += [_keep_in_step(engine, name) for name in _in_step(engine.settings)]
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
    with client_of(settings.url, settings.token, settings.headers, settings.ca_file) as client:
        puller = PULLERS[settings.type](name, settings, client)
        follow = Follow(name, puller, take, engine.store, engine.clock)
        await _repeated(lambda: follow.once()[1], settings.every_s)


async def _keep_in_step(engine: Engine, name: str) -> None:
    settings = engine.settings.sources[name]
    with client_of(settings.silences_url, settings.silences_token, {}) as client:
        there = AlertmanagerSilences(name, settings, client)
        await _repeated(lambda: engine.in_step.look(name, there), settings.silences_every_s)


async def _repeated(ask: Callable[[], object], every_s: float) -> None:
    """Asks for ever: at once again when there is more, and ever later while it fails."""
    pause_s = every_s
    while True:
        try:
            pause_s = 0.0 if await asyncio.to_thread(ask) else every_s
        except (ConnectorError, StoreError) as error:
            pause_s = min(PAUSE_S_MAX, max(every_s, pause_s * 2))
            log.error("%s; asking again in %.0f s", error, pause_s)
        await asyncio.sleep(pause_s)


def client_of(url: str, token: SecretStr | None, headers: Mapping[str, str], ca_file: str = "") -> httpx.Client:
    """`ca_file`: the authority to trust instead of the usual ones. Raises `SettingsError` when it cannot be read."""
    try:
        verify = ssl.create_default_context(cafile=ca_file) if ca_file else True
    except OSError as error:
        raise SettingsError([f"ca_file: {ca_file} cannot be read ({error.strerror or error})"]) from error
    secret = {"Authorization": f"Bearer {token.get_secret_value()}"} if token is not None else {}
    return httpx.Client(base_url=url, headers={**headers, **secret}, timeout=TIMEOUT_S, trust_env=False, verify=verify)
