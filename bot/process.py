"""What runs in a process of Tocsin, and how does it start and stop?

`tocsin run` has every part in one process; `web`, `worker` and `clock` have theirs. Every part is a task on one event
loop; when one fails, all stop, and the process says why. Only this module imports `handlers`.
"""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import uvicorn
from pydantic import SecretStr
from slack_bolt.async_app import AsyncApp
from starlette.applications import Starlette

from bot.asking.rounds import asks, rounds
from bot.clock import SystemClock
from bot.engine.whole import Engine
from bot.errors import SettingsError, StoreError, TocsinError
from bot.lock import only_one
from bot.main import build_engine, open_store
from bot.scheduling import Leadership, lead, while_leading
from bot.settings import Settings, SlackSettings
from bot.slack.client import SlackSide, sign_in
from bot.slack.courier import Courier
from bot.slack.render import Renderer
from bot.slack.rooms import RoomKeeper
from bot.slack.usergroups import keep_usergroups
from bot.stream import open_bus
from bot.stream.bus import Bus
from bot.stream.consume import consume
from bot.workspace import Workspace
from handlers import bolt_app
from handlers.http import application
from handlers.http.body import Room
from handlers.http.hooks import seal_for
from handlers.http.incidents import IncidentRoutes
from handlers.http.logs import LogIntake
from handlers.http.oncall import OncallRoutes
from handlers.http.tally import Tally
from handlers.syslog import SyslogIntake

log = logging.getLogger(__name__)

Say = Callable[[str], None]
Beside = Callable[["Running"], Awaitable[int]]

LEDGER_EVERY_S = 2.0
WORK_POLL_S = 0.5
"""How often a worker looks for an approved run."""
OUTSIDE_POLL_S = 1.0
"""How often pagers and tickets are looked after."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Which parts this process has: HTTP and Slack in; mining, messages and runs; the schedule."""

    web: bool = True
    worker: bool = True
    clock: bool = True

    @property
    def is_embedded(self) -> bool:
        return self.web and self.worker and self.clock


@dataclass(frozen=True, slots=True)
class Running:
    """What stands beside a running Tocsin (the demo, its player) needs to know of it."""

    engine: Engine
    http_url: str
    workspace: Workspace | None


async def serve(
    settings: Settings, parts: Parts, *, say: Say, workspace_port: int = 8320, beside: Beside | None = None
) -> int:
    """Runs `parts` until SIGINT or SIGTERM, or until `beside` returns, whose exit code it then gives."""
    stop = _stopped_by_signals()
    async with AsyncExitStack() as stack:
        if parts.is_embedded:
            stack.enter_context(only_one(settings.data_dir))
        workspace: Workspace | None = None
        if settings.slack.bot_token is None:
            _refuse_workspace_beside_others(parts)
            workspace = await stack.enter_async_context(_workspace(settings, workspace_port))
            settings = settings.model_copy(update={"slack": _slack_of(workspace, settings.slack)})
            say(f"Channel  {workspace.page_url}  (your own workspace: no Slack token is set)")
        slack = await sign_in(settings.slack, base_url=workspace.base_url if workspace else settings.slack.api_url)
        store = await asyncio.to_thread(open_store, settings, make=parts.is_embedded)
        stack.callback(store.close)
        engine = build_engine(settings, clock=SystemClock(), store=store, team=slack.team)
        bus = open_bus(settings, engine)
        if bus is not None:
            stack.callback(bus.close)
        tasks: list[Awaitable[Any]] = []
        http_url = ""
        if parts.web:
            app = bolt_app(slack, engine)
            tally = Tally()
            http_url = await stack.enter_async_context(_http(settings, engine, bus, slack, app, tally))
            say(f"Ingest   {http_url}/v1/ingest/SERVICE")
            stack.callback(engine.ledger.flush)
            intake = LogIntake(engine, settings, bus, Room(0), tally)
            syslog = SyslogIntake(intake, settings.syslog)
            for address in await stack.enter_async_context(syslog.listening()):
                say(f"Syslog   {address}")
            tasks += [syslog.run(), _keep_ledger(engine)]
            if asks(settings):
                asking = Leadership(store, engine.clock, _holder(parts), "asking")
                tasks.append(while_leading(asking, partial(rounds, engine, intake.pulled)))
            if slack.app_token:
                tasks.append(slack.listen(app))
        if parts.worker:
            holder = _holder(parts)
            leadership = Leadership(store, engine.clock, holder, "courier")
            tasks += [
                _work(engine, holder, own=parts.is_embedded),
                _tell_outside("pagers", engine.pagers.work, bool(engine.settings.pagers)),
                _tell_outside("tickets", engine.tickets.work, bool(engine.settings.tickets)),
                while_leading(leadership, partial(_speak, engine, slack)),
            ]
            if engine.usergroups.named:
                tasks.append(keep_usergroups(engine.usergroups, slack.client))
            if bus is not None:
                tasks.append(consume(bus, engine, holder))
        if parts.clock:
            tasks.append(lead(engine, _holder(parts)))
        return await _until_done(tasks, stop, beside(Running(engine, http_url, workspace)) if beside else None)


async def _until_done(tasks: list[Awaitable[Any]], stop: asyncio.Event, story: Awaitable[int] | None) -> int:
    """Waits for the first of: a signal, the end of the story, the failure of a part. Then stops everything."""
    running = [asyncio.ensure_future(task) for task in tasks]
    stopping = asyncio.ensure_future(stop.wait())
    ending = [asyncio.ensure_future(story)] if story is not None else []
    everything = [*running, stopping, *ending]
    try:
        done, _ = await asyncio.wait(everything, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        return ending[0].result() if ending and ending[0] in done else 0
    finally:
        for task in everything:
            task.cancel()
        await asyncio.gather(*everything, return_exceptions=True)


def _stopped_by_signals() -> asyncio.Event:
    """Set by the first Ctrl-C or SIGTERM; a second one ends the process at once, as usual."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def end(number: signal.Signals) -> None:
        stop.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end, number)
    return stop


async def _work(engine: Engine, holder: str, *, own: bool) -> None:
    """Does approved runs, one after the other, for ever. `own`: no other process can have this holder's name."""
    if own:
        await asyncio.to_thread(engine.runs.take_over, holder)
    while True:
        try:
            worked = await asyncio.to_thread(engine.runs.work, holder)
        except StoreError as error:
            log.error("cannot look for approved runs: %s", error)
            worked = False
        if not worked:
            await asyncio.sleep(WORK_POLL_S)


async def _speak(engine: Engine, slack: SlackSide) -> None:
    """The courier, and beside it what looks after the incidents' own channels."""
    await asyncio.gather(Courier(engine, slack.client).run(), RoomKeeper(engine, slack.client).run())


async def _tell_outside(whom: str, work: Callable[[], bool], is_set_up: bool) -> None:
    """Tells `whom` what waits for them, one thing after the other, for ever."""
    while True:
        try:
            told = is_set_up and await asyncio.to_thread(work)
        except StoreError as error:
            log.error("cannot look for what %s are to be told: %s", whom, error)
            told = False
        if not told:
            await asyncio.sleep(OUTSIDE_POLL_S)


async def _keep_ledger(engine: Engine) -> None:
    """Writes down who sends what, every few seconds."""
    while True:
        await asyncio.sleep(LEDGER_EVERY_S)
        try:
            await asyncio.to_thread(engine.ledger.flush)
        except StoreError as error:
            log.error("cannot write down who sends what: %s", error)


def _holder(parts: Parts) -> str:
    return "embedded" if parts.is_embedded else f"{socket.gethostname()}:{os.getpid()}"


# -- the local workspace


@asynccontextmanager
async def _workspace(settings: Settings, port: int) -> AsyncIterator[Workspace]:
    workspace = Workspace(state_path=settings.data_dir / "workspace.db")
    try:
        await workspace.start(port=port)
    except OSError as error:
        raise SettingsError(
            [f"--workspace-port: cannot listen on 127.0.0.1:{port} ({error.strerror}); choose another port"]
        ) from error
    try:
        yield workspace
    finally:
        await workspace.stop()


def _slack_of(workspace: Workspace, slack: SlackSettings) -> SlackSettings:
    """On the local workspace everybody may act, unless the settings say who."""
    return slack.model_copy(
        update={
            "bot_token": SecretStr(workspace.bot_token),
            "app_token": SecretStr(workspace.app_token),
            "operators": slack.operators or ("*",),
        }
    )


def _refuse_workspace_beside_others(parts: Parts) -> None:
    if not parts.is_embedded:
        raise SettingsError(
            ["slack.bot_token: several processes need a Slack they share; set SLACK_BOT_TOKEN, or use: tocsin run"]
        )


# -- HTTP


class _Server(uvicorn.Server):
    """Leaves the signals to `_stopped_by_signals`."""

    def capture_signals(self) -> Any:
        return nullcontext()


@asynccontextmanager
async def _http(
    settings: Settings, engine: Engine, bus: Bus | None, slack: SlackSide, app: AsyncApp, tally: Tally
) -> AsyncIterator[str]:
    """Serves logs and changes in (and Slack's own calls, without Socket Mode); gives the URL."""
    listening = _listen(settings.http.host, settings.http.port)
    more = [*IncidentRoutes(engine, settings, Renderer()).routes(), *OncallRoutes(engine, settings).routes()]
    seal = seal_for(settings)
    asgi: Starlette = application(engine, settings, bus=bus, tally=tally, more=more, seal=seal)
    if not slack.app_token:
        asgi.mount("/slack", slack.http_app(app))
    config = uvicorn.Config(asgi, log_level="warning", access_log=False, lifespan="off", proxy_headers=False)
    server = _Server(config)
    serving = asyncio.ensure_future(server.serve(sockets=[listening]))
    host, port = listening.getsockname()[:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        await serving
        listening.close()
        if seal is not None:
            seal.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise SettingsError(
            [f"http.port: cannot listen on {host}:{port} ({error.strerror}); choose another with --port"]
        ) from error


__all__ = ["Parts", "Running", "TocsinError", "serve"]
