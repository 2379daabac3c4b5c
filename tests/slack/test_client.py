"""Does Tocsin come into Slack, stay there, and hear both over Socket Mode and over HTTP?"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import Mount

from bot.errors import ConnectorError, SettingsError
from bot.settings import SlackSettings
from bot.slack.client import sign_in
from bot.workspace import Workspace
from handlers import bolt_app
from tests.slack.stage import Stage


async def test_signing_in_says_who_and_where_tocsin_is() -> None:
    async with Stage(listening=False) as stage:
        assert stage.side.team == stage.workspace.core.team.id
        assert stage.side.user == stage.workspace.users["tocsin"]


@pytest.mark.parametrize("token", ["xoxb-wrong", ""])
async def test_a_wrong_token_is_a_clear_error(token: str) -> None:
    async with Workspace() as workspace:
        with pytest.raises(SettingsError, match=r"slack\.bot_token: Slack does not take it"):
            await sign_in(SlackSettings(bot_token=SecretStr(token)), base_url=workspace.base_url)


async def test_a_wrong_app_token_ends_listening_with_a_clear_error() -> None:
    async with Stage(listening=False) as stage:
        side = await sign_in(
            SlackSettings(bot_token=SecretStr(stage.workspace.bot_token), app_token=SecretStr("xapp-wrong")),
            base_url=stage.workspace.base_url,
        )
        with pytest.raises(SettingsError, match=r"slack\.app_token: Slack does not take it"):
            await side.listen(bolt_app(side, stage.engine))


async def test_without_slack_the_error_may_pass() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ConnectorError) as caught:
        await sign_in(SlackSettings(bot_token=SecretStr("xoxb-1")), base_url=f"http://127.0.0.1:{port}/api/")
    assert not caught.value.permanent


async def test_a_connection_that_went_silent_is_made_anew(caplog: pytest.LogCaptureFixture) -> None:
    """Half open: nothing comes any more, and nothing says so. slack_sdk alone takes 15 to 20 s to notice."""
    async with Stage(listening=False) as stage:
        app = bolt_app(stage.side, stage.engine)
        stage._run(stage.side.listen(app, silent_max_s=4))
        await stage._connected()
        sockets, app_id = stage.workspace.core.sockets, stage.workspace.app["id"]
        sockets.half_open(app_id)
        async with asyncio.timeout(25):
            while [link.is_half_open for link in sockets.links(app_id)] != [False]:
                await asyncio.sleep(0.05)
        assert "nothing came over Socket Mode" in caplog.text
        ana = stage.people.as_("ana").in_("#incidents")
        await ana.types("/tocsin status")
        await ana.expects_ephemeral("Nothing is open")


async def test_slack_asks_to_reconnect_and_nothing_is_missed() -> None:
    async with Stage() as stage:
        ana = stage.people.as_("ana").in_("#incidents")
        await stage.workspace.core.sockets.disconnect(stage.workspace.app["id"], "refresh_requested")
        await asyncio.sleep(0.3)
        await ana.types("/tocsin help")
        await ana.expects_ephemeral("lets you fix it from the message")


@contextlib.asynccontextmanager
async def served(app: Starlette) -> AsyncIterator[str]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    serving = asyncio.ensure_future(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
        listening.close()


async def test_over_http_signed_requests_are_answered_and_unsigned_ones_refused() -> None:
    async with Stage(listening=False) as stage:
        app = Starlette(routes=[Mount("/slack", stage.side.http_app(bolt_app(stage.side, stage.engine)))])
        async with served(app) as url:
            await stage.workspace.set_request_url(f"{url}/slack/events")
            ana = stage.people.as_("ana").in_("#incidents")
            await ana.types("/tocsin incidents")
            await ana.expects_ephemeral("Nothing is open")
            answer = await stage.people._http.post(f"{url}/slack/events", data={"command": "/tocsin"})
            assert answer.status_code == 401
