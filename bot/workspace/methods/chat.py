"""How does an app say, change and take back messages? The `chat.*` methods."""

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.workspace import postings
from bot.workspace.call import Call, Handler, page_of
from bot.workspace.events import emit_message
from bot.workspace.refusal import ApiRefusal, Json
from bot.workspace.team import kind_of
from bot.workspace.validate import check_attachments, check_blocks, check_totals, refuse_blocks

_ATTACHMENTS_MAX = 100
_METADATA_MAX = 8_000  # bytes of JSON; Slack names the error (metadata_too_large), not the number
_SCHEDULE_DAYS_MAX = 120
_SCHEDULE_BURST = 30  # "30 messages within a 5-minute window to the same channel"
_MARKDOWN_MAX = 12_000


def what_is_said(call: Call) -> Json:
    """The checked content of a message. Raises no_text, invalid_blocks, markdown_text_conflict, …"""
    said: Json = {name: call.get(name) for name in ("text", "username", "icon_emoji", "icon_url")}
    markdown = call.get("markdown_text")
    if markdown:
        if call.get("blocks") or call.get("text"):
            raise ApiRefusal("markdown_text_conflict")
        if len(markdown) > _MARKDOWN_MAX:
            raise ApiRefusal("msg_too_long")
        said.update(text=markdown, blocks=[{"type": "markdown", "text": markdown}])
    else:
        said["blocks"] = _blocks(call)
    said["attachments"] = _attachments(call)
    said["metadata"] = _metadata(call)
    if not (said["text"] or said["blocks"] or said["attachments"]):
        raise ApiRefusal("no_text")
    return said


def _blocks(call: Call) -> list[Json]:
    blocks = call.get("blocks")
    if blocks is None or blocks == []:
        return []
    if isinstance(blocks, str):
        raise ApiRefusal("invalid_blocks_format")
    if problems := check_blocks(blocks, surface="message"):
        raise refuse_blocks(problems)
    if refusal := check_totals(blocks):
        raise refusal
    return list(blocks)


def _attachments(call: Call) -> list[Json]:
    attachments = call.get("attachments")
    if not attachments:
        return []
    if not isinstance(attachments, list) or not all(isinstance(item, dict) for item in attachments):
        raise ApiRefusal("invalid_attachments")
    if len(attachments) > _ATTACHMENTS_MAX:
        raise ApiRefusal("too_many_attachments")
    if problems := check_attachments(attachments):
        raise refuse_blocks(problems)
    return attachments


def _metadata(call: Call) -> Json | None:
    metadata = call.get("metadata")
    if not metadata:
        return None
    if not isinstance(metadata, dict):
        raise ApiRefusal("invalid_metadata_format")
    kind, payload = metadata.get("event_type"), metadata.get("event_payload")
    if not isinstance(kind, str) or not kind or not isinstance(payload, dict):
        raise ApiRefusal("invalid_metadata_schema")
    if len(json.dumps(metadata, ensure_ascii=False).encode()) > _METADATA_MAX:
        raise ApiRefusal("metadata_too_large")
    return {key: metadata[key] for key in ("event_type", "event_payload", "entities") if key in metadata}


async def post_message(call: Call) -> Json:
    channel = target(call)
    message = postings.bot_message(call.core, call.app, what_is_said(call))
    thread_ts = _thread(call, channel)
    postings.post(call.core, channel, message, thread_ts=thread_ts, broadcast=bool(call.get("reply_broadcast")))
    return {"channel": channel["id"], "ts": message["ts"], "message": message}


def target(call: Call) -> Json:
    """Where a bot may post: a channel it is in, a public one with chat:write.public, or a person's direct messages."""
    reference = call.text("channel")
    if reference.startswith(("U", "W")) and reference in call.core.team.users:
        direct = call.core.team.direct_channel([call.user, reference], call.core.now())
        if direct is not None:
            return direct
    channel = call.core.team.channel(reference, seen_by=call.user)
    if channel.get("is_archived"):
        raise ApiRefusal("is_archived")
    if not call.core.team.is_member(channel["id"], call.user):
        is_public = kind_of(channel) == "channel"
        if not (is_public and "chat:write.public" in call.scopes and call.token_kind == "bot"):
            raise ApiRefusal("not_in_channel")
    return channel


def _thread(call: Call, channel: Json) -> str | None:
    """The thread to answer in; a timestamp that is no message posts to a thread of its own, as Slack does."""
    thread_ts = call.get("thread_ts")
    if not thread_ts:
        return None
    parent = call.core.log.get(channel["id"], str(thread_ts))
    if parent is None and not _is_ts(str(thread_ts)):
        raise ApiRefusal("invalid_thread_ts")
    if parent is not None and parent.get("subtype") in ("channel_join", "channel_leave", "tombstone"):
        raise ApiRefusal("cannot_reply_to_message")
    return str(thread_ts)


def _is_ts(text: str) -> bool:
    seconds, dot, fraction = text.partition(".")
    return bool(dot) and seconds.isdigit() and fraction.isdigit() and len(fraction) == 6


async def post_ephemeral(call: Call) -> Json:
    channel = target(call)
    user = call.text("user")
    if user not in call.core.team.members_of(channel["id"]):
        raise ApiRefusal("user_not_in_channel")
    message = postings.bot_message(call.core, call.app, what_is_said(call))
    if call.get("thread_ts"):
        message["thread_ts"] = call.text("thread_ts")
    postings.whisper(call.core, channel["id"], user, message)
    return {"message_ts": message["ts"]}


async def me_message(call: Call) -> Json:
    channel = target(call)
    message = postings.bot_message(call.core, call.app, {"text": call.text("text")})
    message["subtype"] = "me_message"
    postings.post(call.core, channel, message)
    return {"channel": channel["id"], "ts": message["ts"]}


async def update(call: Call) -> Json:
    channel = call.core.team.channel(call.text("channel"), seen_by=call.user)
    message = _own(call, channel, "cant_update_message")
    if len(call.text("text")) > postings.TEXT_MAX:
        raise ApiRefusal("msg_too_long")
    said = what_is_said(call) if _changes_words(call) else None
    metadata = _metadata(call)
    if said is None and metadata is None:
        raise ApiRefusal("no_text")
    previous = dict(message)
    if said is not None:
        _reword(call, message, said)
    if metadata is not None:
        message["metadata"] = metadata
    elif call.get("metadata") == {}:
        message.pop("metadata", None)
    message["edited"] = {"user": call.user, "ts": call.core.ts()}
    postings.change(call.core, channel, message, previous)
    return {"channel": channel["id"], "ts": message["ts"], "text": message["text"], "message": message}


def _changes_words(call: Call) -> bool:
    return any(call.get(name) is not None for name in ("text", "blocks", "attachments", "markdown_text"))


def _reword(call: Call, message: Json, said: Json) -> None:
    """Text without blocks drops the old blocks; attachments stay unless they are sent (chat.update, "Ephemeral…")."""
    fresh = postings.bot_message(call.core, call.app, said)
    message["text"] = fresh["text"]
    if "blocks" in fresh:
        message["blocks"] = fresh["blocks"]
    else:
        message.pop("blocks", None)
    if call.get("attachments") is not None:
        message.pop("attachments", None)
        if "attachments" in fresh:
            message["attachments"] = fresh["attachments"]


async def delete(call: Call) -> Json:
    channel = call.core.team.channel(call.text("channel"), seen_by=call.user)
    message = _own(call, channel, "cant_delete_message")
    postings.delete(call.core, channel, message["ts"])
    return {"channel": channel["id"], "ts": call.text("ts")}


def _own(call: Call, channel: Json, error: str) -> Json:
    message = call.core.log.need(channel["id"], call.text("ts"))
    if message.get("subtype") == "tombstone":
        raise ApiRefusal("message_not_found")
    if message.get("bot_id") != call.app["bot_id"]:
        raise ApiRefusal(error)
    return message


async def get_permalink(call: Call) -> Json:
    channel = call.core.team.channel(call.text("channel"), seen_by=call.user)
    ts = call.text("message_ts")
    message = call.core.log.need(channel["id"], ts)
    link = f"{call.core.root_url}/archives/{channel['id']}/p{ts.replace('.', '')}"
    thread_ts = message.get("thread_ts")
    if thread_ts and thread_ts != ts:
        link += f"?thread_ts={thread_ts}&cid={channel['id']}"
    return {"channel": channel["id"], "permalink": link}


async def schedule(call: Call) -> Json:
    channel = target(call)
    said = what_is_said(call)
    post_at = datetime.fromtimestamp(call.get("post_at"), UTC)
    now = call.core.now()
    if post_at <= now:
        raise ApiRefusal("time_in_past")
    if post_at > now + timedelta(days=_SCHEDULE_DAYS_MAX):
        raise ApiRefusal("time_too_far")
    stamp = int(post_at.timestamp())
    rows = call.core.team.scheduled.values()
    if sum(row["channel_id"] == channel["id"] and abs(row["post_at"] - stamp) < 300 for row in rows) >= _SCHEDULE_BURST:
        raise ApiRefusal("restricted_too_many")
    row = {
        "id": call.core.ids.id("Q"),
        "channel_id": channel["id"],
        "post_at": stamp,
        "date_created": int(now.timestamp()),
        "text": said["text"] or "",
        "said": copy.deepcopy(said),
        "app_id": call.app["id"],
        "thread_ts": call.get("thread_ts"),
        "broadcast": bool(call.get("reply_broadcast")),
    }
    call.core.team.scheduled.put(row["id"], row)
    preview = postings.bot_message(call.core, call.app, said)
    preview.update(type="delayed_message")
    del preview["ts"]
    return {"channel": channel["id"], "scheduled_message_id": row["id"], "post_at": row["post_at"], "message": preview}


async def delete_scheduled(call: Call) -> Json:
    channel = call.core.team.channel(call.text("channel"), seen_by=call.user)
    row = call.core.team.scheduled.get(call.text("scheduled_message_id"))
    if row is None or row["channel_id"] != channel["id"] or row["app_id"] != call.app["id"]:
        raise ApiRefusal("invalid_scheduled_message_id")
    call.core.team.scheduled.drop(row["id"])
    return {}


async def list_scheduled(call: Call) -> Json:
    rows = [row for row in call.core.team.scheduled.values() if row["app_id"] == call.app["id"]]
    if call.get("channel"):
        channel = call.core.team.channel(call.text("channel"), seen_by=call.user)
        rows = [row for row in rows if row["channel_id"] == channel["id"]]
    oldest, latest = float(call.get("oldest", 0) or 0), float(call.get("latest", 0) or 0)
    rows = [row for row in rows if row["post_at"] >= oldest and (not latest or row["post_at"] <= latest)]
    page, cursor = page_of(sorted(rows, key=lambda row: int(row["post_at"])), call)
    shown = ("id", "channel_id", "post_at", "date_created", "text")
    return {
        "scheduled_messages": [{key: row[key] for key in shown} for row in page],
        "response_metadata": {"next_cursor": cursor},
    }


async def unfurl(call: Call) -> Json:
    unfurls: Any = call.get("unfurls")
    if not isinstance(unfurls, dict):
        raise ApiRefusal("invalid_unfurls_format" if unfurls else "missing_unfurls")
    channel = call.core.team.channel(call.text("channel"), seen_by=call.user)
    message = call.core.log.get(channel["id"], call.text("ts"))
    if message is None:
        raise ApiRefusal("cannot_find_message")
    previous = dict(message)
    unfurled = [{"from_url": url, **card, "is_app_unfurl": True} for url, card in unfurls.items()]
    message["attachments"] = postings.stored_attachments(call.core, unfurled)
    postings.change(call.core, channel, message, previous, tell_apps=False)
    emit_message(call.core, channel, {"type": "message", "subtype": "message_changed", "message": message,
                                      "previous_message": previous, "hidden": True, "ts": call.core.ts()})  # fmt: skip
    return {}


HANDLERS: dict[str, Handler] = {
    "chat.postMessage": post_message,
    "chat.postEphemeral": post_ephemeral,
    "chat.meMessage": me_message,
    "chat.update": update,
    "chat.delete": delete,
    "chat.getPermalink": get_permalink,
    "chat.scheduleMessage": schedule,
    "chat.deleteScheduledMessage": delete_scheduled,
    "chat.scheduledMessages.list": list_scheduled,
    "chat.unfurl": unfurl,
}
