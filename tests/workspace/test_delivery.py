"""Does it reach an app as Slack would? Socket Mode, signed HTTP, retries, triggers, response URLs, forms, faults."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import httpx
import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import HeldClock
from bot.errors import InputError
from bot.workspace import Workspace
from bot.workspace.delivery import sign
from bot.workspace.person import Refusal, Slack
from tests.workspace.conftest import client_of

Json = dict[str, Any]


class RawSocket:
    """A Socket Mode connection spoken by hand."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def next(self) -> Json:
        message = await asyncio.wait_for(self.socket.receive(), 10)
        assert message.type == aiohttp.WSMsgType.TEXT, message
        frame: Json = json.loads(message.data)
        return frame

    async def acknowledge(self, frame: Json, payload: Json | None = None) -> None:
        answer = {"envelope_id": frame["envelope_id"], **({"payload": payload} if payload is not None else {})}
        await self.socket.send_json(answer)


@asynccontextmanager
async def connected(workspace: Workspace, query: str = "") -> AsyncIterator[RawSocket]:
    client = AsyncWebClient(base_url=workspace.base_url)
    url = (await client.apps_connections_open(app_token=workspace.app_token))["url"]
    async with aiohttp.ClientSession() as session, session.ws_connect(url + query) as socket:
        yield RawSocket(socket)


async def test_socket_mode_says_hello_and_envelopes_are_acknowledged_with_a_payload(
    workspace: Workspace, slack: Slack
) -> None:
    async with connected(workspace) as raw:
        hello = await raw.next()
        assert hello["type"] == "hello"
        assert hello["num_connections"] == 1
        assert hello["connection_info"] == {"app_id": workspace.app["id"]}
        assert hello["debug_info"]["approximate_connection_time"] == 21600
        typing = asyncio.create_task(slack.as_("ana").in_("#incidents").types("/rollback checkout"))
        envelope = await raw.next()
        assert envelope["type"] == "slash_commands"
        assert envelope["accepts_response_payload"] is True
        assert envelope["payload"]["text"] == "checkout"
        await raw.acknowledge(envelope, {"text": "on it"})
        await typing
    await slack.as_("ana").in_("#incidents").expects_ephemeral("on it")


async def test_a_connection_ticket_works_once(workspace: Workspace) -> None:
    client = AsyncWebClient(base_url=workspace.base_url)
    url = (await client.apps_connections_open(app_token=workspace.app_token))["url"]
    async with aiohttp.ClientSession() as session, session.ws_connect(url):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)


async def test_the_eleventh_connection_is_one_too_many(workspace: Workspace) -> None:
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(base_url=workspace.base_url)
        held_open = []
        for number in range(1, 12):
            url = (await client.apps_connections_open(app_token=workspace.app_token))["url"]
            held_open.append(await session.ws_connect(url))
            frame = await held_open[-1].receive_json()
            if number <= 10:
                assert (frame["type"], frame["num_connections"]) == ("hello", number)
        assert frame["type"] == "disconnect"
        assert frame["reason"] == "too_many_websockets"


async def test_an_envelope_goes_to_one_of_several_connections(workspace: Workspace, slack: Slack) -> None:
    async with connected(workspace) as one, connected(workspace) as two:
        await one.next()
        await two.next()
        for number in range(4):
            await slack.as_("ana").in_("#incidents").types(f"message {number}")
        got = [asyncio.create_task(raw.next()) for raw in (one, two) for _ in range(1)]
        texts = {(await frame)["payload"]["event"]["text"] for frame in got}
        assert len(texts) == 2


@pytest.mark.parametrize("reason", ["warning", "refresh_requested", "link_disabled"])
async def test_disconnects_name_their_reason(workspace: Workspace, reason: str) -> None:
    async with connected(workspace) as raw:
        await raw.next()
        await workspace.core.sockets.disconnect(workspace.app["id"], reason)
        frame = await raw.next()
        assert (frame["type"], frame["reason"]) == ("disconnect", reason)
        if reason != "warning":
            assert (await raw.socket.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)


async def test_debug_reconnects_are_asked_to_refresh_after_six_minutes(held: Workspace, clock: HeldClock) -> None:
    async with connected(held, "&debug_reconnects=true") as raw:
        assert (await raw.next())["debug_info"]["approximate_connection_time"] == 360
        clock.advance(timedelta(seconds=350))
        assert (await raw.next())["reason"] == "warning"
        clock.advance(timedelta(seconds=10))
        assert (await raw.next())["reason"] == "refresh_requested"


async def test_an_unacknowledged_command_fails_after_three_seconds(workspace: Workspace, slack: Slack) -> None:
    async with connected(workspace) as raw:
        await raw.next()
        began = time.monotonic()
        with pytest.raises(Refusal, match="operation_timeout"):
            await slack.as_("ana").in_("#incidents").types("/rollback checkout")
        assert 2.9 < time.monotonic() - began < 8
    await slack.as_("ana").in_("#incidents").expects_ephemeral("/rollback failed with the error “operation_timeout”")


async def test_events_are_retried_at_once_after_a_minute_and_after_five(held: Workspace, clock: HeldClock) -> None:
    async with connected(held) as raw, Slack(held.page_url) as slack:
        await raw.next()
        await slack.as_("ana").in_("#incidents").types("hello")
        first = await raw.next()
        assert (first["type"], first["retry_attempt"], first["retry_reason"]) == ("events_api", 0, "")
        event_id = first["payload"]["event_id"]
        for attempt, pause in enumerate((3, 3 + 60, 3 + 300), start=1):
            clock.advance(timedelta(seconds=3))
            await asyncio.sleep(0.1)
            clock.advance(timedelta(seconds=pause - 3))
            again = await raw.next()
            assert (again["retry_attempt"], again["retry_reason"]) == (attempt, "timeout")
            assert again["payload"]["event_id"] == event_id


@asynccontextmanager
async def http_app(workspace: Workspace, app: AsyncApp) -> AsyncIterator[str]:
    """Bolt behind a URL, as in production without Socket Mode."""

    async def handle(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    server = web.Application()
    server.add_routes([web.post("/slack/events", handle)])
    runner = web.AppRunner(server, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    await runner.cleanup()


async def test_http_delivery_is_verified_signed_and_understood_by_bolt(workspace: Workspace, slack: Slack) -> None:
    app = AsyncApp(client=client_of(workspace), signing_secret=workspace.signing_secret)
    heard: list[Json] = []

    @app.command("/rollback")
    async def command(ack: AsyncAck, body: Json) -> None:
        heard.append(body)
        await ack({"text": "over http", "response_type": "in_channel"})

    @app.event("message")
    async def message(event: Json) -> None:
        heard.append(event)

    async with http_app(workspace, app) as url:
        await workspace.set_request_url(url)
        await slack.as_("ana").in_("#incidents").types("/rollback checkout")
        await slack.as_("ben").in_("#incidents").expects_message("over http")
        await slack.as_("ana").in_("#incidents").types("plain words")
        deadline = time.monotonic() + 5
        while not any(one.get("text") == "plain words" for one in heard) and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
    assert heard[0]["command"] == "/rollback"
    assert any(one.get("text") == "plain words" and one["channel_type"] == "channel" for one in heard)


async def test_a_url_that_does_not_echo_the_challenge_is_not_taken(workspace: Workspace) -> None:
    wrong = AsyncApp(client=client_of(workspace), signing_secret="another secret")
    async with http_app(workspace, wrong) as url:
        with pytest.raises(InputError, match="url_verification"):
            await workspace.set_request_url(url)


def test_our_signature_satisfies_the_verifier_of_slack_sdk() -> None:
    stamp = str(int(time.time()))
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": sign("s3cret", stamp, "a=b")}
    assert SignatureVerifier("s3cret").is_valid_request("a=b", headers)
    assert not SignatureVerifier("s3cret").is_valid_request("a=c", headers)


async def command_body(workspace: Workspace, slack: Slack, raw: RawSocket) -> Json:
    """Have Ana type a command and give back what the app got."""
    typing = asyncio.create_task(slack.as_("ana").in_("#incidents").types("/go"))
    frame = await raw.next()
    while frame["type"] != "slash_commands":
        frame = await raw.next()
    await raw.acknowledge(frame)
    await typing
    body: Json = frame["payload"]
    return body


MODAL = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "Why"},
    "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "because"}}],
}


async def view_error(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


async def test_a_trigger_works_once_and_for_three_seconds(held: Workspace, clock: HeldClock) -> None:
    client = client_of(held)
    async with connected(held) as raw, Slack(held.page_url) as slack:
        await raw.next()
        first = await command_body(held, slack, raw)
        await client.views_open(trigger_id=first["trigger_id"], view=MODAL)
        assert await view_error(client.views_open(trigger_id=first["trigger_id"], view=MODAL)) == "exchanged_trigger_id"
        second = await command_body(held, slack, raw)
        clock.advance(timedelta(seconds=3.1))
        assert await view_error(client.views_open(trigger_id=second["trigger_id"], view=MODAL)) == "expired_trigger_id"
        unknown = "1." * 2 + "0" * 32
        assert await view_error(client.views_open(trigger_id=unknown, view=MODAL)) == "invalid_trigger_id"


async def test_a_response_url_works_five_times_in_thirty_minutes(held: Workspace, clock: HeldClock) -> None:
    async with connected(held) as raw, Slack(held.page_url) as slack, httpx.AsyncClient(trust_env=False) as http:
        await raw.next()
        url = (await command_body(held, slack, raw))["response_url"]
        for number in range(5):
            assert (await http.post(url, json={"text": f"answer {number}"})).json() == {"ok": True}
        used = await http.post(url, json={"text": "too much"})
        assert (used.status_code, used.json()["error"]) == (404, "used_url")
        late = (await command_body(held, slack, raw))["response_url"]
        clock.advance(timedelta(minutes=31))
        expired = await http.post(late, json={"text": "too late"})
        assert (expired.status_code, expired.json()["error"]) == (404, "expired_url")
        bad = (await command_body(held, slack, raw))["response_url"]
        refused = await http.post(bad, json={"blocks": [{"type": "nonsense"}]})
        assert refused.json()["error"] == "invalid_blocks"


async def test_views_stack_three_high_and_a_stale_hash_conflicts(held: Workspace) -> None:
    client = client_of(held)
    async with connected(held) as raw, Slack(held.page_url) as slack:
        await raw.next()
        bodies = [await command_body(held, slack, raw) for _ in range(4)]
        opened = await client.views_open(trigger_id=bodies[0]["trigger_id"], view={**MODAL, "external_id": "one"})
        for body in bodies[1:3]:
            await client.views_push(trigger_id=body["trigger_id"], view=MODAL)
        push = client.views_push(trigger_id=bodies[3]["trigger_id"], view={**MODAL, "external_id": "one"})
        assert await view_error(push) == "push_limit_reached"
        view_id, old_hash = opened["view"]["id"], opened["view"]["hash"]
        await client.views_update(view_id=view_id, view=MODAL, hash=old_hash)
        stale = client.views_update(view_id=view_id, view=MODAL, hash=old_hash)
        assert await view_error(stale) == "hash_conflict"
        assert await view_error(client.views_update(view_id="V0NONE", view=MODAL)) == "not_found"


async def test_a_lost_answer_still_took_effect(workspace: Workspace, client: AsyncWebClient, slack: Slack) -> None:
    workspace.fault("reset", method="chat.postMessage", times=1, when="after")
    async with httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(httpx.TransportError):
            await http.post(
                f"{workspace.base_url}chat.postMessage",
                headers={"Authorization": f"Bearer {workspace.bot_token}"},
                data={"channel": "#incidents", "text": "did it arrive?"},
            )
    await slack.as_("ana").in_("#incidents").expects_message("did it arrive?")


@pytest.mark.parametrize(
    ("fault", "options", "status", "error"),
    [
        ("ratelimited", {"retry_after": 7}, 429, "ratelimited"),
        ("error", {"error": "fatal_error"}, 200, "fatal_error"),
        ("status", {"status": 503}, 503, None),
    ],
)
async def test_faults_answer_as_many_calls_as_they_are_told(
    workspace: Workspace, fault: str, options: Json, status: int, error: str | None
) -> None:
    workspace.fault(fault, method="chat.*", times=1, **options)
    async with httpx.AsyncClient(base_url=workspace.base_url, trust_env=False) as http:
        call = {
            "headers": {"Authorization": f"Bearer {workspace.bot_token}"},
            "data": {"channel": "#general", "text": "a"},
        }
        assert (await http.post("auth.test", headers=call["headers"])).json()["ok"] is True
        answer = await http.post("chat.postMessage", **call)  # type: ignore[arg-type]
        assert answer.status_code == status
        if error is not None:
            assert answer.json()["error"] == error
        if fault == "ratelimited":
            assert answer.headers["Retry-After"] == "7"
        assert (await http.post("chat.postMessage", **call)).json()["ok"] is True  # type: ignore[arg-type]


async def test_an_outage_ends_when_its_time_is_over(held: Workspace, clock: HeldClock) -> None:
    held.fault("outage", for_s=120)
    async with httpx.AsyncClient(base_url=held.base_url, trust_env=False) as http:
        with pytest.raises(httpx.TransportError):
            await http.post("api.test")
        clock.advance(timedelta(seconds=121))
        assert (await http.post("api.test")).json()["ok"] is True


async def test_events_come_twice_or_in_another_order_when_asked(workspace: Workspace, slack: Slack) -> None:
    async with connected(workspace) as raw:
        await raw.next()
        ana = slack.as_("ana").in_("#incidents")
        workspace.fault("duplicate", method="events_api", times=1)
        await ana.types("one")
        frames = [await raw.next()]
        await raw.acknowledge(frames[0])
        frames.append(await raw.next())
        assert frames[0]["payload"]["event_id"] == frames[1]["payload"]["event_id"]
        assert frames[1]["retry_attempt"] == 1
        await raw.acknowledge(frames[1])
        workspace.fault("reorder", method="events_api", times=1)
        await ana.types("two")
        await ana.types("three")
        assert [(await raw.next())["payload"]["event"]["text"] for _ in range(2)] == ["three", "two"]


async def test_a_half_open_socket_stays_silent(workspace: Workspace) -> None:
    async with connected(workspace) as raw:
        await raw.next()
        workspace.fault("half_open", times=1)
        await raw.socket.ping(b"are you there")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(raw.socket.receive(), 0.5)


async def test_an_options_load_is_answered_by_the_app(app: AsyncApp, client: AsyncWebClient, slack: Slack) -> None:
    @app.options("service")
    async def services(ack: AsyncAck, payload: Json) -> None:
        names = [name for name in ("checkout", "cart", "search") if payload["value"] in name]
        await ack(options=[{"text": {"type": "plain_text", "text": name}, "value": name} for name in names])

    @app.action("service")
    async def chosen(ack: AsyncAck, body: Json) -> None:
        await ack()
        name = body["actions"][0]["selected_option"]["value"]
        await client.chat_postMessage(channel=body["channel"]["id"], text=f"chose {name}")

    element = {"type": "external_select", "action_id": "service", "min_query_length": 0}
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "Which service?"}, "accessory": element}
    await client.chat_postMessage(channel="#incidents", text="Which service?", blocks=[section])
    ana = slack.as_("ana").in_("#incidents")
    await ana.message("Which service?").choose("cart", of="service")
    await ana.expects_message("chose cart")
