"""What does an app's answer to an interaction do? Command replies, response URLs, and what failure looks like."""

from typing import Any

from bot.workspace import postings
from bot.workspace.core import Core
from bot.workspace.delivery import Ack
from bot.workspace.refusal import ApiRefusal, Json, invalid_arguments
from bot.workspace.tickets import ResponseTicket
from bot.workspace.validate import check_attachments, check_blocks, refuse_blocks

SLACKBOT = "USLACKBOT"
_FAILURES = {"timeout": "operation_timeout", "unreachable": "dispatch_failed"}


def failure_name(ack: Ack) -> str:
    """Slack's name for why an app did not answer."""
    if ack.outcome == "http_error":
        return "http_service_error" if ack.status >= 500 else "http_client_error"
    return _FAILURES[ack.outcome]


def slackbot_says(core: Core, channel: str, user: str, text: str, *, level: str = "error") -> None:
    """Slackbot's "Only visible to you", and the same as a toast."""
    message = {"type": "message", "user": SLACKBOT, "username": "Slackbot", "text": text, "subtype": "bot_message"}
    postings.whisper(core, channel, user, {**message, "bot_id": "B01"})
    core.live.tell(user, {"type": "toast", "level": level, "text": text})


def checked_reply(payload: Any) -> Json:
    """The body of a command's acknowledgement or a response URL. Raises invalid_blocks, no_text, …"""
    body = {"text": payload} if isinstance(payload, str) else payload
    if not isinstance(body, dict):
        raise ApiRefusal("invalid_payload")
    blocks, attachments = body.get("blocks") or [], body.get("attachments") or []
    if problems := check_blocks(blocks):
        raise refuse_blocks(problems)
    if not isinstance(attachments, list):
        raise ApiRefusal("invalid_attachments")
    if problems := check_attachments(attachments):
        raise refuse_blocks(problems)
    if body.get("response_type", "ephemeral") not in ("ephemeral", "in_channel"):
        raise invalid_arguments("must be a valid enum value [json-pointer:/response_type]")
    if body.get("text") is not None and not isinstance(body["text"], str):
        raise invalid_arguments("must provide a string [json-pointer:/text]")
    return body


def respond(core: Core, ticket: ResponseTicket, payload: Any) -> None:
    """Do what a POST to a response URL (or a command's acknowledgement) asks for."""
    body = checked_reply(payload)
    channel = core.team.channel(ticket.channel)
    app = core.team.app(ticket.app_id)
    if body.get("delete_original"):
        _delete_original(core, ticket, channel)
        return
    if not (body.get("text") or body.get("blocks") or body.get("attachments")):
        raise ApiRefusal("no_text")
    if body.get("replace_original") and ticket.message_ts:
        _replace_original(core, ticket, channel, app, body)
        return
    message = postings.bot_message(core, app, body)
    thread_ts = body.get("thread_ts")
    if body.get("response_type", "ephemeral") == "in_channel":
        postings.post(core, channel, message, thread_ts=thread_ts)
        return
    if thread_ts or (ticket.is_ephemeral and ticket.thread_ts):
        message["thread_ts"] = thread_ts or ticket.thread_ts
    postings.whisper(core, channel["id"], ticket.user, message)


def _delete_original(core: Core, ticket: ResponseTicket, channel: Json) -> None:
    if not ticket.message_ts:
        raise ApiRefusal("message_not_found")
    if ticket.is_ephemeral:
        core.log.unwhisper(channel["id"], ticket.user, ticket.message_ts)
        core.live.tell(ticket.user, {"type": "ephemeral_deleted", "channel": channel["id"], "ts": ticket.message_ts})
    else:
        postings.delete(core, channel, ticket.message_ts)


def _replace_original(core: Core, ticket: ResponseTicket, channel: Json, app: Json, body: Json) -> None:
    fresh = postings.bot_message(core, app, body)
    if ticket.is_ephemeral:
        message = core.log.whispered(channel["id"], ticket.user, str(ticket.message_ts))
        if message is None:
            raise ApiRefusal("message_not_found")
        _replace_words(message, fresh)
        event = {"type": "ephemeral_changed", "channel": channel["id"], "message": dict(message)}
        core.live.tell(ticket.user, event)
        return
    message = core.log.need(channel["id"], str(ticket.message_ts))
    previous = dict(message)
    _replace_words(message, fresh)
    message["edited"] = {"user": app["bot_id"], "ts": core.ts()}
    postings.change(core, channel, message, previous)


def _replace_words(message: Json, fresh: Json) -> None:
    for key in ("text", "blocks", "attachments", "metadata"):
        if key in fresh:
            message[key] = fresh[key]
        elif key != "metadata":
            message.pop(key, None)
