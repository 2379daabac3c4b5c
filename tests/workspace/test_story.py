"""Can an unmodified Bolt app live its ordinary life here? Commands, buttons and forms, as a person tells it."""

from typing import Any

import httpx
import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond, AsyncSay
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace import Workspace
from bot.workspace.person import NotSeen, Refusal, Slack

FORM = {
    "type": "modal",
    "callback_id": "why",
    "title": {"type": "plain_text", "text": "Why roll back?"},
    "submit": {"type": "plain_text", "text": "Ask"},
    "blocks": [
        {
            "type": "input",
            "block_id": "reason",
            "label": {"type": "plain_text", "text": "Reason"},
            "element": {"type": "plain_text_input", "action_id": "text"},
        }
    ],
}
CARD: list[dict[str, Any]] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "Roll back *checkout*?"}},
    {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "action_id": "approve",
                "text": {"type": "plain_text", "text": "Approve"},
                "value": "run-1",
            }
        ],
    },
]


def rollback(app: AsyncApp) -> None:
    """A small app: a command opens a form, the form posts a card, the card's button answers in the thread."""

    @app.command("/rollback")
    async def command(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack(f"Rolling back {body['text']}: one question first")
        await client.views_open(trigger_id=body["trigger_id"], view={**FORM, "private_metadata": body["channel_id"]})

    @app.view("why")
    async def submitted(ack: AsyncAck, view: dict[str, Any], client: AsyncWebClient) -> None:
        reason = view["state"]["values"]["reason"]["text"]["value"]
        if reason == "because":
            await ack(response_action="errors", errors={"reason": "That is no reason"})
            return
        await ack()
        await client.chat_postMessage(channel=view["private_metadata"], text=f"Roll back? {reason}", blocks=CARD)

    @app.action("approve")
    async def approved(ack: AsyncAck, body: dict[str, Any], say: AsyncSay, respond: AsyncRespond) -> None:
        await ack()
        await say(text=f"{body['actions'][0]['value']} approved", thread_ts=body["message"]["ts"])
        await respond(text="Approved", replace_original=True)


async def test_a_command_a_form_and_a_button_work_with_an_unmodified_bolt_app(app: AsyncApp, slack: Slack) -> None:
    rollback(app)
    ana, ben = slack.as_("ana"), slack.as_("ben")
    await ana.in_("#incidents").types("/rollback checkout")
    await ana.in_("#incidents").expects_ephemeral("Rolling back checkout")
    await ana.form().expects_error("Please complete this required field.")
    await ana.form().fill(reason="because").expects_error("That is no reason")
    await ana.form().fill(reason="p99 doubled").submit()
    await ana.form().expects_closed()
    await ben.in_("#incidents").message("Roll back *checkout*?").press("Approve")
    await ben.in_("#incidents").message("Approved").expects_thread_reply("run-1 approved")


async def test_an_ephemeral_message_is_seen_by_one_person_only(app: AsyncApp, slack: Slack) -> None:
    rollback(app)
    await slack.as_("ana").in_("#incidents").types("/rollback checkout")
    await slack.as_("ana").in_("#incidents").expects_ephemeral("Rolling back")
    assert await slack.as_("ben").in_("#incidents").messages() == []


async def test_a_command_nobody_listens_to_says_so_to_the_person(workspace: Workspace, slack: Slack) -> None:
    ana = slack.as_("ana").in_("#incidents")
    with pytest.raises(Refusal, match="dispatch_failed"):
        await ana.types("/rollback checkout")
    await ana.expects_ephemeral("/rollback failed with the error “dispatch_failed”")


async def test_what_does_not_come_is_reported_with_what_is_there(workspace: Workspace) -> None:
    async with Slack(workspace.page_url, patience_s=0.2) as slack:
        ana = slack.as_("ana").in_("#incidents")
        await ana.types("hello there")
        with pytest.raises(NotSeen, match="hello there"):
            await ana.expects_message("recovered")


async def test_typed_text_and_command_text_arrive_escaped_as_slack_sends_them(app: AsyncApp, slack: Slack) -> None:
    heard: list[str] = []

    @app.command("/echo")
    async def echo(ack: AsyncAck, body: dict[str, Any]) -> None:
        heard.append(body["text"])
        await ack()

    await slack.as_("ana").in_("#incidents").types("/echo a < b & c")
    await slack.as_("ana").in_("#incidents").types("a < b & <!channel>")
    assert heard == ["a &lt; b &amp; c"]
    assert (await slack.as_("ana").in_("#incidents").messages())[-1]["text"] == "a &lt; b &amp; &lt;!channel&gt;"


async def test_a_form_with_a_file_reports_whole_file_objects(app: AsyncApp, workspace: Workspace, slack: Slack) -> None:
    got: list[dict[str, Any]] = []
    element = {"type": "file_input", "action_id": "file"}
    blocks = [
        {"type": "input", "block_id": "plot", "label": {"type": "plain_text", "text": "Plot"}, "element": element}
    ]

    @app.command("/attach")
    async def attach(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view={**FORM, "callback_id": "files", "blocks": blocks})

    @app.view("files")
    async def taken(ack: AsyncAck, view: dict[str, Any]) -> None:
        await ack()
        got.extend(view["state"]["values"]["plot"]["file"]["files"])

    ana = slack.as_("ana")
    async with httpx.AsyncClient(base_url=workspace.page_url, trust_env=False) as http:
        form = {"user": workspace.users["ana"]}
        kept = (await http.post("/_workspace/upload", data=form, files={"file": ("p99.csv", b"1,2")})).json()["file"]
    await ana.in_("#incidents").types("/attach")
    await ana.form().fill(plot=[kept]).submit()
    assert [(file["id"], file["name"], file["size"]) for file in got] == [(kept, "p99.csv", 3)]


async def test_an_ephemeral_message_can_be_dismissed(app: AsyncApp, slack: Slack) -> None:
    rollback(app)
    ana = slack.as_("ana").in_("#incidents")
    await ana.types("/rollback checkout")
    seen = await ana.expects_ephemeral("Rolling back")
    await slack.as_("ana").act("dismiss", channel=await ana.id(), ts=seen["ts"])
    assert await ana.messages() == []


async def test_a_home_is_published_when_it_is_opened_and_its_buttons_work(
    app: AsyncApp, workspace: Workspace, slack: Slack
) -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "Nothing is on fire"}}, CARD[1]]

    @app.event("app_home_opened")
    async def opened(event: dict[str, Any], client: AsyncWebClient) -> None:
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    @app.action("approve")
    async def approved(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        assert body["container"]["type"] == "view"
        await client.chat_postMessage(channel=body["user"]["id"], text="approved from the home")

    await slack.as_("ana").home().expects("Nothing is on fire")
    await slack.as_("ana").home().press("Approve")
    await slack.as_("ana").in_("@tocsin").message("approved from the home").found()
