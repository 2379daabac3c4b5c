"""What does the app do that the end-to-end tests talk to? An ordinary slack-bolt app, small, nothing of Tocsin."""

import asyncio
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond, AsyncSay
from slack_sdk.web.async_client import AsyncWebClient

from tests.workspace_page.messages import actions, button, field, form, mrkdwn, option, plain

Json = dict[str, Any]
SERVICES = ("checkout", "cart", "catalogue")
MANIFEST: Json = {
    "features": {
        "bot_user": {"display_name": "Tocsin"},
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True},
        "slash_commands": [
            {"command": "/rollback", "description": "Roll a service back", "usage_hint": "<service>"},
            {"command": "/slow", "description": "Answers too late"},
            {"command": "/services", "description": "Pick a service"},
        ],
        "shortcuts": [
            {"name": "Declare incident", "type": "global", "callback_id": "declare", "description": "Declare one"},
            {"name": "Add to incident", "type": "message", "callback_id": "add", "description": "Add this"},
        ],
    },
    "oauth_config": {
        "scopes": {
            "bot": [
                *("app_mentions:read", "channels:history", "channels:read", "chat:write", "commands", "files:write"),
                *("groups:read", "im:history", "im:read", "im:write", "pins:write", "reactions:read", "users:read"),
            ]
        }
    },
    "settings": {
        "event_subscriptions": {"bot_events": ["app_home_opened", "app_mention", "message.im", "reaction_added"]},
        "interactivity": {"is_enabled": True},
        "socket_mode_enabled": True,
    },
}
CONFIRM: Json = {
    "title": plain("Roll back checkout?"),
    "text": mrkdwn("1.4.2 → *1.4.1*"),
    "confirm": plain("Roll back"),
    "deny": plain("Keep it"),
}


def why_form(channel: str) -> Json:
    reason = field("reason", "Reason", {"type": "plain_text_input", "action_id": "text"})
    severity = {"type": "static_select", "action_id": "pick", "options": [option("Critical"), option("Major")]}
    view = form(
        "", "Why roll back?", [reason, field("severity", "Severity", severity), actions(button("More", "more"))]
    )
    del view["id"]
    return {**view, "callback_id": "why", "private_metadata": channel}


def card(reason: str) -> list[Json]:
    words = {"type": "section", "text": mrkdwn(f"Roll back *checkout*? {reason}")}
    buttons = (
        button("Approve", "approve", style="primary"),
        button("Roll back now", "now", style="danger", confirm=CONFIRM),
    )
    return [words, actions(*buttons, block_id="decide")]


def teach(app: AsyncApp) -> None:
    """Gives the app all its listeners."""
    _commands(app)
    _forms(app)
    _buttons(app)
    _events(app)


def _commands(app: AsyncApp) -> None:
    @app.command("/rollback")
    async def rollback(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
        await ack(f"One question about {body['text'] or 'it'} first")
        await client.views_open(trigger_id=body["trigger_id"], view=why_form(body["channel_id"]))

    @app.command("/slow")
    async def slow(ack: AsyncAck) -> None:
        await asyncio.sleep(3.6)
        await ack("too late")

    @app.command("/services")
    async def services(ack: AsyncAck, say: AsyncSay) -> None:
        await ack()
        select = {
            "type": "external_select",
            "action_id": "service",
            "min_query_length": 1,
            "placeholder": plain("Service"),
        }
        day = {"type": "datepicker", "action_id": "day"}
        overflow = {"type": "overflow", "action_id": "more_of", "options": [option("Silence"), option("Explain")]}
        await say(text="Pick", blocks=[actions(select, day, overflow, block_id="picks")])

    @app.options("service")
    async def service_options(ack: AsyncAck, payload: Json) -> None:
        await ack(options=[option(name) for name in SERVICES if name.startswith(payload["value"])])


def _forms(app: AsyncApp) -> None:
    @app.view("why")
    async def submitted(ack: AsyncAck, view: Json, client: AsyncWebClient) -> None:
        reason = view["state"]["values"]["reason"]["text"]["value"]
        if reason == "because":
            await ack(response_action="errors", errors={"reason": "That is no reason"})
            return
        await ack()
        await client.chat_postMessage(
            channel=view["private_metadata"], text=f"Roll back? {reason}", blocks=card(reason)
        )

    @app.action("more")
    async def more(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
        await ack()
        view = why_form(body["view"]["private_metadata"])
        ticket = field("ticket", "Ticket", {"type": "plain_text_input", "action_id": "text"}, optional=True)
        view["blocks"] = [*view["blocks"][:2], ticket]
        await client.views_update(view_id=body["view"]["id"], hash=body["view"]["hash"], view=view)


def _buttons(app: AsyncApp) -> None:
    @app.action("approve")
    async def approve(ack: AsyncAck, body: Json, say: AsyncSay, respond: AsyncRespond) -> None:
        await ack()
        await say(text=f"<@{body['user']['id']}> approved", thread_ts=body["message"]["ts"])
        await respond(text="Approved :white_check_mark:", replace_original=True)

    @app.action("now")
    async def now(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await respond(text="Only people on call may do that", response_type="ephemeral", replace_original=False)

    @app.action("service")
    @app.action("day")
    @app.action("more_of")
    async def picked(ack: AsyncAck, payload: Json, say: AsyncSay) -> None:
        await ack()
        value = payload.get("selected_date") or payload["selected_option"]["value"]
        await say(f"picked {value}")

    @app.action("refresh")
    async def refresh(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
        await ack()
        await client.views_publish(user_id=body["user"]["id"], view=home("refreshed"))


def home(state: str) -> Json:
    words = {"type": "section", "text": mrkdwn(f"Your incidents, *{state}*"), "accessory": button("Refresh", "refresh")}
    return {"type": "home", "blocks": [words]}


def _events(app: AsyncApp) -> None:
    @app.event("app_home_opened")
    async def opened(event: Json, client: AsyncWebClient) -> None:
        if event.get("tab") == "home":
            await client.views_publish(user_id=event["user"], view=home("just opened"))

    @app.event("app_mention")
    async def mentioned(event: Json, say: AsyncSay) -> None:
        await say(f"You called, <@{event['user']}>?")

    @app.event("message")
    async def direct(event: Json, say: AsyncSay) -> None:
        if event.get("channel_type") == "im":
            await say(f"You said: {event['text']}")

    @app.event("reaction_added")
    async def reacted(event: Json, client: AsyncWebClient) -> None:
        if event["reaction"] == "eyes":
            await client.pins_add(channel=event["item"]["channel"], timestamp=event["item"]["ts"])

    @app.shortcut("declare")
    async def declare(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
        await ack()
        view = {
            "type": "modal",
            "title": plain("Declared"),
            "blocks": [{"type": "section", "text": plain("Stay calm")}],
        }
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.shortcut("add")
    async def add(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
        await ack()
        said = body["message"]["text"]
        await client.chat_postEphemeral(channel=body["channel"]["id"], user=body["user"]["id"], text=f"Added: {said}")
