"""Does the Web API refuse as Slack does? Tokens, scopes, arguments, membership, rates, and what the calls do."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import HeldClock
from bot.workspace import Workspace
from bot.workspace.method_rules import METHOD_RULES
from bot.workspace.methods import HANDLERS
from bot.workspace.person import Slack
from tests.conftest import shared_data
from tests.workspace.conftest import client_of

Json = dict[str, Any]


@pytest_asyncio.fixture
async def http(workspace: Workspace) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=workspace.base_url, trust_env=False) as made:
        yield made


def bearer(workspace: Workspace) -> dict[str, str]:
    return {"Authorization": f"Bearer {workspace.bot_token}"}


async def error_of(call: Any) -> Json:
    with pytest.raises(SlackApiError) as caught:
        await call
    answer: Json = caught.value.response.data
    return answer


def test_every_rule_agrees_with_the_published_method_table() -> None:
    published = json.loads(shared_data("slack", "slack_web_api_methods.json").read_text())
    for rule in METHOD_RULES.values():
        theirs = published[rule.name]
        assert rule.verb == theirs["http"], rule.name
        assert rule.reads_json == theirs["json"], rule.name
        assert rule.tier == (theirs["tier"] or "t5"), rule.name
        assert set(rule.scopes) == set(theirs["scope"].get("bot", [])), rule.name
        assert {a.name for a in rule.arguments} == set(theirs["args"]) - {"token"}, rule.name
        assert {a.name for a in rule.arguments if a.required} == set(theirs["required"]) - {"token"}, rule.name
        for argument in rule.arguments:
            alternatives = theirs["args"][argument.name].get("anyOf") or [theirs["args"][argument.name]]
            values = tuple(str(value) for one in alternatives for value in one.get("enum", ()))
            assert argument.kind == "json" or argument.values == values, (rule.name, argument.name)


def test_every_method_of_the_table_is_answered() -> None:
    assert set(HANDLERS) == set(METHOD_RULES)


async def test_auth_test_tells_who_and_lists_the_scopes(workspace: Workspace, client: AsyncWebClient) -> None:
    answer = await client.auth_test()
    assert answer["user_id"] == workspace.users["tocsin"]
    assert answer["bot_id"].startswith("B")
    assert "chat:write" in answer.headers["x-oauth-scopes"]


@pytest.mark.parametrize(
    ("token", "error"), [("", "not_authed"), ("xoxb-1-2-wrong", "invalid_auth"), ("app", "not_allowed_token_type")]
)
async def test_tokens_are_checked(http: httpx.AsyncClient, workspace: Workspace, token: str, error: str) -> None:
    used = workspace.app_token if token == "app" else token
    headers = {"Authorization": f"Bearer {used}"} if used else {}
    answer = (await http.post("conversations.list", headers=headers)).json()
    assert answer == {"ok": False, "error": error}


async def test_connections_open_takes_the_app_token_from_the_header_only(
    http: httpx.AsyncClient, workspace: Workspace
) -> None:
    in_form = (await http.post("apps.connections.open", data={"token": workspace.app_token})).json()
    assert in_form["error"] == "not_authed"
    with_bot = (await http.post("apps.connections.open", headers=bearer(workspace))).json()
    assert with_bot["error"] == "not_allowed_token_type"


async def test_a_missing_scope_is_named_with_what_is_there(workspace: Workspace, client: AsyncWebClient) -> None:
    workspace.app["scopes"] = ["chat:write", "channels:read"]
    answer = await error_of(client.reactions_add(channel="C1", name="eyes", timestamp="1.000001"))
    assert answer == {
        "ok": False,
        "error": "missing_scope",
        "needed": "reactions:write",
        "provided": "channels:read,chat:write",
    }
    listed = await error_of(client.conversations_list(types="public_channel,private_channel"))
    assert (listed["error"], listed["needed"]) == ("missing_scope", "groups:read")


async def test_an_unknown_method_is_said_to_be_unknown(http: httpx.AsyncClient) -> None:
    assert (await http.post("chat.shout")).json() == {
        "ok": False,
        "error": "unknown_method",
        "req_method": "chat.shout",
    }


async def test_arguments_are_checked_and_all_problems_listed(http: httpx.AsyncClient, workspace: Workspace) -> None:
    answer = (await http.post("conversations.info", headers=bearer(workspace), data={"chanel": "C1"})).json()
    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] invalid additional property: chanel [json-pointer:/chanel]",
        "[ERROR] missing required field: channel",
    ]
    wrong = {"channel": "C1", "user": "U1", "parse": "loudly", "text": "a"}
    answer = (await http.post("chat.postEphemeral", headers=bearer(workspace), data=wrong)).json()
    assert answer["response_metadata"]["messages"] == ["[ERROR] must be a valid enum value [json-pointer:/parse]"]


async def test_json_is_not_read_where_only_a_form_is_taken(http: httpx.AsyncClient, workspace: Workspace) -> None:
    channel = workspace.channels["general"]
    answer = (await http.post("conversations.info", headers=bearer(workspace), json={"channel": channel})).json()
    assert answer["response_metadata"]["messages"] == ["[ERROR] missing required field: channel"]
    good = (await http.post("conversations.info", headers=bearer(workspace), data={"channel": channel})).json()
    assert good["channel"]["name"] == "general"


async def test_json_without_a_charset_is_warned_about(http: httpx.AsyncClient, workspace: Workspace) -> None:
    answer = (
        await http.post("chat.postMessage", headers=bearer(workspace), json={"channel": "#general", "text": "a"})
    ).json()
    assert answer["warning"] == "missing_charset"
    assert answer["response_metadata"]["warnings"] == ["missing_charset"]


async def test_lenient_workspaces_ignore_unknown_arguments() -> None:
    async with Workspace(strict=False) as workspace:
        answer = await client_of(workspace).api_call("auth.test", params={"surprise": "1"})
        assert answer["ok"] is True


async def test_membership_and_archives_are_respected(
    workspace: Workspace, client: AsyncWebClient, slack: Slack
) -> None:
    private = (await slack.as_("ana").act("create_channel", name="secret", is_private=True))["channel"]
    assert (await error_of(client.chat_postMessage(channel=private, text="a")))["error"] == "channel_not_found"
    public = (await slack.as_("ana").act("create_channel", name="ours"))["channel"]
    assert (await error_of(client.conversations_history(channel=public)))["error"] == "not_in_channel"
    workspace.app["scopes"] = [scope for scope in workspace.app["scopes"] if scope != "chat:write.public"]
    assert (await error_of(client.chat_postMessage(channel=public, text="a")))["error"] == "not_in_channel"
    await client.conversations_join(channel=public)
    await client.chat_postMessage(channel=public, text="a")
    await client.conversations_archive(channel=public)
    assert (await error_of(client.chat_postMessage(channel=public, text="a")))["error"] == "is_archived"


async def test_history_pages_with_cursors_and_hides_replies(client: AsyncWebClient, workspace: Workspace) -> None:
    channel = workspace.channels["incidents"]
    stamps = [str((await client.chat_postMessage(channel=channel, text=f"m{n}"))["ts"]) for n in range(5)]
    await client.chat_postMessage(channel=channel, text="reply", thread_ts=stamps[0])
    seen: list[str] = []
    async for page in await client.conversations_history(channel=channel, limit=2):
        seen += [message["text"] for message in page["messages"]]
    assert seen == ["m4", "m3", "m2", "m1", "m0"]
    replies = await client.conversations_replies(channel=channel, ts=stamps[0])
    assert [message["text"] for message in replies["messages"]] == ["m0", "reply"]
    assert replies["messages"][0]["reply_count"] == 1
    since = await client.conversations_history(channel=channel, oldest=stamps[3])
    assert [message["text"] for message in since["messages"]] == ["m4"]
    assert (await error_of(client.conversations_replies(channel=channel, ts="1.000001")))["error"] == "thread_not_found"


async def test_metadata_is_checked_kept_and_shown_when_asked_for(client: AsyncWebClient, workspace: Workspace) -> None:
    channel = workspace.channels["incidents"]
    metadata = {"event_type": "notice", "event_payload": {"key": "i-1"}}
    await client.chat_postMessage(channel=channel, text="a", metadata=metadata)
    plain = await client.conversations_history(channel=channel)
    assert "metadata" not in plain["messages"][0]
    told = await client.conversations_history(channel=channel, include_all_metadata=True)
    assert told["messages"][0]["metadata"] == metadata
    bad = await error_of(client.chat_postMessage(channel=channel, text="a", metadata={"event_type": "x"}))
    assert bad["error"] == "invalid_metadata_schema"
    large = {"event_type": "x", "event_payload": {"a": "x" * 9000}}
    assert (await error_of(client.chat_postMessage(channel=channel, text="a", metadata=large)))[
        "error"
    ] == "metadata_too_large"


async def test_text_without_blocks_drops_the_old_blocks_on_update(client: AsyncWebClient, workspace: Workspace) -> None:
    channel = workspace.channels["incidents"]
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "old"}}
    ts = str((await client.chat_postMessage(channel=channel, text="a", blocks=[section]))["ts"])
    answer = await client.chat_update(channel=channel, ts=ts, text="new")
    assert "blocks" not in answer["message"]
    assert answer["message"]["edited"]["user"] == workspace.users["tocsin"]
    assert (await error_of(client.chat_update(channel=channel, ts="1.000001", text="a")))[
        "error"
    ] == "message_not_found"


async def test_only_own_messages_are_updated_and_deleted(
    client: AsyncWebClient, workspace: Workspace, slack: Slack
) -> None:
    channel = workspace.channels["incidents"]
    ts = (await slack.as_("ana").in_("#incidents").types("mine"))["ts"]
    assert (await error_of(client.chat_update(channel=channel, ts=ts, text="a")))["error"] == "cant_update_message"
    assert (await error_of(client.chat_delete(channel=channel, ts=ts)))["error"] == "cant_delete_message"


async def test_empty_messages_and_wrong_blocks_have_their_own_errors(client: AsyncWebClient) -> None:
    assert (await error_of(client.api_call("chat.postMessage", json={"channel": "#general", "text": ""})))[
        "error"
    ] == "no_text"
    garbled = await error_of(client.api_call("chat.postMessage", data={"channel": "#general", "blocks": "[{"}))
    assert garbled["error"] == "invalid_blocks_format"
    both = client.api_call("chat.postMessage", json={"channel": "#general", "text": "a", "markdown_text": "b"})
    assert (await error_of(both))["error"] == "markdown_text_conflict"
    assert (await error_of(client.chat_postMessage(channel="#nowhere", text="a")))["error"] == "channel_not_found"


async def test_ephemeral_messages_cannot_be_found_by_the_api(client: AsyncWebClient, workspace: Workspace) -> None:
    channel, ana = workspace.channels["incidents"], workspace.users["ana"]
    ts = str((await client.chat_postEphemeral(channel=channel, user=ana, text="only you"))["message_ts"])
    assert (await client.conversations_history(channel=channel))["messages"] == []
    assert (await error_of(client.chat_update(channel=channel, ts=ts, text="b")))["error"] == "message_not_found"
    nobody = client.chat_postEphemeral(channel=channel, user="U0NOBODY", text="a")
    assert (await error_of(nobody))["error"] == "user_not_in_channel"


async def test_reactions_pins_and_bookmarks_refuse_repetition(client: AsyncWebClient, workspace: Workspace) -> None:
    channel = workspace.channels["incidents"]
    ts = str((await client.chat_postMessage(channel=channel, text="a"))["ts"])
    await client.reactions_add(channel=channel, timestamp=ts, name="eyes")
    again = client.reactions_add(channel=channel, timestamp=ts, name="eyes")
    assert (await error_of(again))["error"] == "already_reacted"
    await client.pins_add(channel=channel, timestamp=ts)
    assert (await error_of(client.pins_add(channel=channel, timestamp=ts)))["error"] == "already_pinned"
    assert [item["message"]["ts"] for item in (await client.pins_list(channel=channel))["items"]] == [ts]
    mark = await client.bookmarks_add(channel_id=channel, title="Run", type="link", link="https://example.com")
    assert (await client.bookmarks_list(channel_id=channel))["bookmarks"][0]["id"] == mark["bookmark"]["id"]
    bad = client.bookmarks_add(channel_id=channel, title="Run", type="link", link="ftp")
    assert (await error_of(bad))["error"] == "invalid_link"


async def test_channel_names_and_topics_have_slacks_limits(client: AsyncWebClient, workspace: Workspace) -> None:
    for name, error in {
        "x" * 81: "invalid_name_maxlength",
        "Upper": "invalid_name_specials",
        "a b": "invalid_name_specials",
        "": "invalid_name_required",
        "--": "invalid_name_punctuation",
        "general": "name_taken",
    }.items():
        assert (await error_of(client.conversations_create(name=name)))["error"] == error, name
    long = client.conversations_setTopic(channel=workspace.channels["general"], topic="x" * 251)
    assert (await error_of(long))["error"] == "too_long"


async def test_a_file_takes_two_steps_and_appears_in_the_channel(client: AsyncWebClient, workspace: Workspace) -> None:
    channel = workspace.channels["incidents"]
    done = await client.files_upload_v2(
        channel=channel, content=b"p99,12\n", filename="p99.csv", title="p99", initial_comment="the numbers"
    )
    message = (await client.conversations_history(channel=channel))["messages"][0]
    assert message["text"] == "the numbers"
    assert message["files"][0]["id"] == done["file"]["id"]
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.get(message["files"][0]["url_private"])).content == b"p99,12\n"


async def test_tiers_answer_429_with_retry_after_when_they_are_switched_on(held: Workspace, clock: HeldClock) -> None:
    held.core.limits.is_real = True
    client = client_of(held)
    for _ in range(20):
        await client.conversations_list()
    with pytest.raises(SlackApiError) as caught:
        await client.conversations_list()
    response = caught.value.response
    assert (response.status_code, response["error"]) == (429, "ratelimited")
    assert int(response.headers["Retry-After"]) == 60
    clock.advance(timedelta(seconds=60))
    assert (await client.conversations_list())["ok"] is True


async def test_a_channel_takes_a_short_burst_and_then_one_message_a_second(held: Workspace, clock: HeldClock) -> None:
    held.core.limits.is_real = True
    client = client_of(held)
    for number in range(5):
        await client.chat_postMessage(channel="#general", text=str(number))
    with pytest.raises(SlackApiError, match="ratelimited"):
        await client.chat_postMessage(channel="#general", text="too fast")
    await client.chat_postMessage(channel="#incidents", text="another channel goes on")
    clock.advance(timedelta(seconds=1))
    await client.chat_postMessage(channel="#general", text="in time")


async def test_scheduled_messages_come_when_their_time_has_come(held: Workspace, clock: HeldClock) -> None:
    client, channel = client_of(held), held.channels["general"]
    now = int(clock.now().timestamp())
    past = client.chat_scheduleMessage(channel=channel, text="a", post_at=now - 1)
    assert (await error_of(past))["error"] == "time_in_past"
    far = client.chat_scheduleMessage(channel=channel, text="a", post_at=now + 121 * 86400)
    assert (await error_of(far))["error"] == "time_too_far"
    await client.chat_scheduleMessage(channel=channel, text="good morning", post_at=now + 3600)
    async with Slack(held.page_url) as slack:
        assert await slack.as_("ana").in_("#general").messages() == []
        clock.advance(timedelta(hours=1))
        await slack.as_("ana").in_("#general").expects_message("good morning")
    assert (await client.chat_scheduledMessages_list())["scheduled_messages"] == []


async def test_oauth_installs_with_a_code_that_works_once(workspace: Workspace) -> None:
    app = workspace.app
    async with httpx.AsyncClient(trust_env=False) as http:
        query = {"client_id": app["client_id"], "scope": "chat:write,commands", "redirect_uri": "https://app.test/back"}
        answer = await http.get(f"{workspace.page_url}oauth/v2/authorize", params={**query, "state": "s1"})
    assert answer.status_code == 302
    back = httpx.URL(answer.headers["location"])
    assert back.params["state"] == "s1"
    code = {"code": back.params["code"]}
    async with httpx.AsyncClient(base_url=workspace.base_url, trust_env=False) as http:
        basic = (app["client_id"], app["client_secret"])
        wrong = (await http.post("oauth.v2.access", data=code, auth=(app["client_id"], "no"))).json()
        assert wrong["error"] == "bad_client_secret"
        installed = (await http.post("oauth.v2.access", data=code, auth=basic)).json()
        assert installed["scope"] == "chat:write,commands"
        assert installed["access_token"] == workspace.bot_token
        assert (await http.post("oauth.v2.access", data=code, auth=basic)).json()["error"] == "invalid_code"


async def test_the_server_listens_on_loopback_only_unless_told_and_refuses_foreign_pages(workspace: Workspace) -> None:
    with pytest.raises(Exception, match="loopback"):
        await Workspace().start("0.0.0.0")
    async with httpx.AsyncClient(base_url=workspace.page_url, trust_env=False) as http:
        foreign = await http.post("/_workspace/act", json={}, headers={"Origin": "https://evil.example"})
        assert (foreign.status_code, foreign.json()["error"]) == (403, "cross_origin")
        rebound = await http.get("/_workspace/state", headers={"Host": "evil.example"})
        assert (rebound.status_code, rebound.json()["error"]) == (403, "host_not_local")
