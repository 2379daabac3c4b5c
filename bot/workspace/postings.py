"""What follows from saying something? A message is kept, shown on the pages, told to the apps."""

import copy

from bot.workspace.core import Core
from bot.workspace.events import emit_message
from bot.workspace.normal import fallback_text, rich_text, stored_blocks
from bot.workspace.refusal import Json

TEXT_MAX = 40_000  # "Slack will truncate messages containing more than 40,000 characters" (chat.postMessage)
_NOT_IN_EVENTS = (
    "reply_count",
    "reply_users",
    "reply_users_count",
    "latest_reply",
    "is_locked",
    "subscribed",
    "pinned_to",
)


def bot_message(core: Core, app: Json, said: Json) -> Json:
    """A message of an app's bot from checked arguments (`text`, `blocks`, `attachments`, `metadata`, …)."""
    blocks = stored_blocks(said.get("blocks") or [], core.ids)
    message: Json = {
        "user": app["bot_user"],
        "type": "message",
        "ts": "",
        "bot_id": app["bot_id"],
        "app_id": app["id"],
        "text": (said.get("text") or fallback_text(blocks))[:TEXT_MAX],
        "team": core.team.id,
        "bot_profile": bot_profile(core, app),
    }
    if said.get("username"):
        message.update(subtype="bot_message", username=said["username"])
        del message["user"]
    icons = {key.removeprefix("icon_"): said[key] for key in ("icon_emoji", "icon_url") if said.get(key)}
    if icons:
        message["icons"] = icons
    if blocks:
        message["blocks"] = blocks
    if said.get("attachments"):
        message["attachments"] = stored_attachments(core, said["attachments"])
    if said.get("metadata"):
        message["metadata"] = said["metadata"]
    return message


def person_message(core: Core, user: str, text: str, blocks: list[Json] | None = None) -> Json:
    return {
        "user": user,
        "type": "message",
        "ts": "",
        "client_msg_id": core.ids.uuid(),
        "text": text,
        "team": core.team.id,
        "blocks": blocks or rich_text(text, core.ids),
    }


def stored_attachments(core: Core, attachments: list[Json]) -> list[Json]:
    stored = []
    for number, attachment in enumerate(attachments, start=1):
        kept = {"id": number, **copy.deepcopy(attachment)}
        if kept.get("blocks"):
            kept["blocks"] = stored_blocks(kept["blocks"], core.ids)
        kept.setdefault("fallback", attachment.get("text") or "[no preview available]")
        stored.append(kept)
    return stored


def bot_profile(core: Core, app: Json) -> Json:
    return {
        "id": app["bot_id"],
        "deleted": False,
        "name": app["name"],
        "updated": app["created"],
        "app_id": app["id"],
        "user_id": app["bot_user"],
        "icons": {f"image_{size}": f"{core.root_url}/_workspace/icon/{app['id']}" for size in (36, 48, 72)},
        "team_id": core.team.id,
    }


def post(core: Core, channel: Json, message: Json, *, thread_ts: str | None = None, broadcast: bool = False) -> Json:
    """Say it: give the message its timestamp, keep it, show it, tell the apps."""
    message["ts"] = core.ts()
    if thread_ts:
        parent = core.log.get(channel["id"], thread_ts)
        thread_ts = str(parent.get("thread_ts", thread_ts)) if parent else thread_ts
        message["thread_ts"] = thread_ts
        root = core.log.get(channel["id"], thread_ts)
        if root is not None and root.get("user"):
            message["parent_user_id"] = root["user"]
        if broadcast:
            message["subtype"] = "thread_broadcast"
            message["root"] = {key: value for key, value in (root or {}).items() if key != "metadata"}
    core.log.add(channel["id"], message)
    core.show(channel["id"], {"type": "message", "channel": channel["id"], "message": message})
    if thread_ts:
        show_changed(core, channel, thread_ts)
    emit_message(core, channel, without_metadata(message))
    return message


def change(core: Core, channel: Json, message: Json, previous: Json, *, tell_apps: bool = True) -> None:
    """Keep a message that was changed in place; `previous` is what it was."""
    core.log.save(channel["id"], message)
    core.show(channel["id"], {"type": "message_changed", "channel": channel["id"], "message": message})
    if tell_apps:
        ts = core.ts()
        event = {
            "type": "message",
            "subtype": "message_changed",
            "message": without_metadata(message),
            "previous_message": without_metadata(previous),
            "hidden": True,
            "ts": ts,
        }
        emit_message(core, channel, event)


def delete(core: Core, channel: Json, ts: str) -> None:
    previous = copy.deepcopy(core.log.need(channel["id"], ts))
    thread_ts = previous.get("thread_ts")
    core.log.remove(channel["id"], ts)
    core.show(channel["id"], {"type": "message_deleted", "channel": channel["id"], "ts": ts})
    grave = core.log.get(channel["id"], ts)
    if grave is not None:
        core.show(channel["id"], {"type": "message_changed", "channel": channel["id"], "message": grave})
    if thread_ts and thread_ts != ts:
        show_changed(core, channel, thread_ts)
    event = {
        "type": "message",
        "subtype": "message_deleted",
        "previous_message": without_metadata(previous),
        "hidden": True,
        "deleted_ts": ts,
        "ts": core.ts(),
    }
    emit_message(core, channel, event)


def whisper(core: Core, channel: str, user: str, message: Json) -> Json:
    """Show a message to one person only. Nobody else is told, no event is sent."""
    message["ts"] = core.ts()
    message["ephemeral"] = True
    message["is_ephemeral"] = True
    core.log.whisper(channel, user, message)
    core.live.tell(user, {"type": "ephemeral", "channel": channel, "message": message})
    return message


def system_message(core: Core, channel: Json, subtype: str, user: str, text: str, **more: object) -> Json:
    message: Json = {"subtype": subtype, "user": user, "text": text, "type": "message", "ts": "", **more}
    return post(core, channel, message)


def show_changed(core: Core, channel: Json, ts: str) -> None:
    message = core.log.get(channel["id"], ts)
    if message is not None:
        core.show(channel["id"], {"type": "message_changed", "channel": channel["id"], "message": message})


def without_metadata(message: Json) -> Json:
    """A message as events and plain history show it."""
    return {key: value for key, value in message.items() if key not in ("metadata", *_NOT_IN_EVENTS)}
