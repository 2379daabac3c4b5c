"""Do clients not written by us live here? slack-bolt sync over HTTP and Socket Mode, and the official Node packages."""

import asyncio
import json
import shutil
import subprocess
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from slack_bolt import Ack, App, BoltRequest, Say
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp, AsyncSay
from slack_sdk import WebClient
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler

from bot.workspace import Workspace
from bot.workspace.person import Slack
from tests.conftest import missing
from tests.workspace.conftest import client_of

Json = dict[str, Any]
PACKAGES = ("@slack/bolt@4.7.3", "@slack/web-api@7.19.0", "@slack/socket-mode@2.0.7")
INSTALL_S = 240


def sync_app(workspace: Workspace) -> App:
    app = App(
        client=WebClient(token=workspace.bot_token, base_url=workspace.base_url),
        signing_secret=workspace.signing_secret,
    )

    @app.command("/rollback")
    def command(ack: Ack, body: Json) -> None:
        ack(f"Rolling back {body['text']}")

    @app.message("ping")
    def ping(message: Json, say: Say) -> None:
        say(text="pong", thread_ts=message["ts"])

    return app


async def talk(slack: Slack) -> None:
    ana = slack.as_("ana").in_("#incidents")
    await ana.types("/rollback checkout")
    await ana.expects_ephemeral("Rolling back checkout")
    await ana.types("ping")
    await ana.message("ping").expects_thread_reply("pong")


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the built-in client leaves its socket to the collector
async def test_synchronous_bolt_lives_over_its_default_socket_mode_client(workspace: Workspace, slack: Slack) -> None:
    app = await asyncio.to_thread(sync_app, workspace)
    handler = SocketModeHandler(app, workspace.app_token)
    await asyncio.to_thread(handler.connect)
    try:
        await talk(slack)
    finally:
        await asyncio.to_thread(handler.close)


@contextmanager
def plain_http(app: App) -> Iterator[str]:
    """Synchronous Bolt behind the standard library's server."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            answer = app.dispatch(BoltRequest(body=body, headers={key: [value] for key, value in self.headers.items()}))
            self.send_response(answer.status)
            for key, values in answer.headers.items():
                for value in values:
                    self.send_header(key, value)
            self.end_headers()
            self.wfile.write((answer.body or "").encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


async def test_synchronous_bolt_lives_over_http(workspace: Workspace, slack: Slack) -> None:
    app = await asyncio.to_thread(sync_app, workspace)
    with plain_http(app) as url:
        await workspace.set_request_url(url)
        await talk(slack)


async def test_the_aiohttp_client_comes_back_after_a_refresh_a_reset_and_a_429(
    workspace: Workspace, slack: Slack
) -> None:
    client = client_of(workspace)
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=2))
    app = AsyncApp(client=client)

    @app.message("ping")
    async def ping(message: Json, say: AsyncSay) -> None:
        await say(text="pong", thread_ts=message["ts"])

    handler = AsyncSocketModeHandler(app, workspace.app_token)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    ana = slack.as_("ana").in_("#incidents")
    try:
        for disturbance in ("refresh", "429", "reset"):
            if disturbance == "refresh":
                await workspace.core.sockets.disconnect(workspace.app["id"], "refresh_requested")
            elif disturbance == "429":
                workspace.fault("ratelimited", method="chat.postMessage", times=1, retry_after=1)
            else:
                workspace.core.sockets.reset(workspace.app["id"])
            await until_connected(workspace)
            await ana.types(f"ping after {disturbance}")
            await ana.message(f"ping after {disturbance}").expects_thread_reply("pong")
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]


async def until_connected(workspace: Workspace) -> None:
    for _ in range(600):
        if workspace.core.sockets.is_connected(workspace.app["id"]):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the app did not come back within 30 s")


@pytest.fixture(scope="session")
def node_packages() -> Path:
    """The official packages from npm, outside the tree, installed once and kept."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        missing("no node and npm on this machine")
    place = Path(tempfile.gettempdir()) / ("tocsin-npm-" + "-".join(PACKAGES).replace("/", "_").replace("@", ""))
    if not (place / "node_modules").is_dir():
        install(place)
    return place


def install(place: Path) -> None:
    fresh = Path(tempfile.mkdtemp(prefix="tocsin-npm-"))
    (fresh / "package.json").write_text("{}")
    options = ("--no-audit", "--no-fund", "--ignore-scripts", "--cache", str(fresh / "cache"))
    try:
        subprocess.run(
            ["npm", "install", *options, *PACKAGES], cwd=fresh, check=True, capture_output=True, timeout=INSTALL_S
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        missing(f"npm could not install {', '.join(PACKAGES)}: {error}")
    try:
        fresh.rename(place)
    except OSError:  # another worker was first
        shutil.rmtree(fresh)


@asynccontextmanager
async def node(workspace: Workspace, packages: Path, life: str) -> AsyncIterator[str]:
    """The Node app as its own process; gives what it says when it is ready."""
    script = Path(__file__).with_name("life.cjs")
    process = await asyncio.create_subprocess_exec(
        "node", str(script), str(packages), life, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(workspace.facts()).encode())
    process.stdin.close()
    try:
        async with asyncio.timeout(60):
            while not (line := (await process.stdout.readline()).decode()).startswith("ready"):
                assert line or process.returncode is None, "the Node app ended before it was ready"
        yield line.removeprefix("ready").strip()
    finally:
        process.kill()
        await process.wait()


async def roll_back(slack: Slack) -> None:
    ana, ben = slack.as_("ana"), slack.as_("ben")
    await ana.in_("#incidents").types("/rollback checkout")
    await ana.in_("#incidents").expects_ephemeral("Rolling back checkout")
    await ana.form().fill(reason="because").expects_error("That is no reason")
    await ana.form().fill(reason="p99 doubled").submit()
    await ben.in_("#incidents").message("Roll back *checkout*?").press("Approve")
    await ben.in_("#incidents").message("Roll back *checkout*?").expects_thread_reply("run-1 approved")


async def test_node_bolt_lives_its_ordinary_life_over_socket_mode(workspace: Workspace, node_packages: Path) -> None:
    async with node(workspace, node_packages, "bolt"), Slack(workspace.page_url, patience_s=30) as slack:
        await roll_back(slack)
        ana = slack.as_("ana").in_("#incidents")
        await ana.types("plot")
        assert (await ana.expects_message("p99.csv"))["files"][0]["size"] == 7
        workspace.fault("ratelimited", method="chat.postMessage", times=1, retry_after=1)
        await ana.types("ping after 429")
        await ana.message("ping after 429").expects_thread_reply("pong")
        await workspace.core.sockets.disconnect(workspace.app["id"], "refresh_requested")
        await until_connected(workspace)
        await ana.types("ping after refresh")
        await ana.message("ping after refresh").expects_thread_reply("pong")


async def test_node_bolt_lives_over_signed_http(workspace: Workspace, node_packages: Path) -> None:
    async with node(workspace, node_packages, "http") as url, Slack(workspace.page_url, patience_s=30) as slack:
        await workspace.set_request_url(url)
        await roll_back(slack)


async def test_the_bare_node_socket_mode_and_web_clients_work(workspace: Workspace, node_packages: Path) -> None:
    async with node(workspace, node_packages, "socket"), Slack(workspace.page_url, patience_s=30) as slack:
        ana = slack.as_("ana").in_("#incidents")
        await ana.types("hello")
        await ana.expects_message("heard hello")
