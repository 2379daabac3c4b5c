"""What does a person see? The workspace, a channel and a transcript as the page and the tests read them."""

import re
from bisect import bisect_right

from bot.workspace.core import Core
from bot.workspace.normal import fallback_text
from bot.workspace.refusal import ApiRefusal, Json
from bot.workspace.team import kind_of
from bot.workspace.viewbook import elements_of

_PAGE_MAX = 200


def state(core: Core, user: Json) -> Json:
    info = core.team.info
    return {
        "simulation": True,
        "team": {key: info[key] for key in ("id", "name", "domain")},
        "me": user["id"],
        "users": [shown_user(core, other) for other in core.team.users.values()],
        "channels": [
            shown_channel(core, user["id"], c) for c in core.team.channels.values() if core.team.can_see(c, user["id"])
        ],
        "commands": _commands(core),
        "shortcuts": _shortcuts(core),
        "apps": [_app(core, app) for app in core.team.apps.values()],
        "views": core.views.stack(user["id"]),
        "groups": [{key: g[key] for key in ("id", "handle", "name")} for g in core.team.groups.values()],
        "now": core.now().isoformat(),
        "is_held": core.time.is_held,
        "faults": core.faults.listed(),
    }


def shown_user(core: Core, user: Json) -> Json:
    initials = "".join(word[0] for word in user["real_name"].split()[:2]).upper() or "?"
    shown = {key: user[key] for key in ("id", "name", "real_name", "is_bot", "deleted", "color", "tz")}
    return {**shown, "avatar_initials": initials}


def shown_channel(core: Core, me: str, channel: Json) -> Json:
    channel_id = channel["id"]
    stamps = core.log.history(channel_id)
    last_read = (core.team.reads.get(f"{channel_id}/{me}") or {}).get("ts", "")
    unread = stamps[bisect_right(stamps, last_read) :] if last_read else stamps
    heard = [message for ts in unread if (message := core.log.get(channel_id, ts)) and message.get("user") != me]
    shown: Json = {
        "id": channel_id,
        "name": channel.get("name", ""),
        "kind": kind_of(channel),
        "is_member": core.team.is_member(channel_id, me),
        "is_archived": bool(channel.get("is_archived")),
        "topic": (channel.get("topic") or {}).get("value", ""),
        "purpose": (channel.get("purpose") or {}).get("value", ""),
        "unread": len(heard),
        "mentions": sum(_addresses(message, me, channel) for message in heard),
        "last_ts": stamps[-1] if stamps else None,
        "last_read": last_read or None,
        "members": core.team.members_of(channel_id),
        "bookmarks": [row for row in core.team.bookmarks.values() if row["channel_id"] == channel_id],
    }
    if kind_of(channel) == "im":
        shown["user"] = next((other for other in shown["members"] if other != me), me)
    return shown


def _addresses(message: Json, me: str, channel: Json) -> bool:
    text = message.get("text", "")
    return (
        kind_of(channel) in ("im", "mpim") or f"<@{me}" in text or bool(re.search(r"<!(here|channel|everyone)", text))
    )


def _commands(core: Core) -> list[Json]:
    return [
        {
            "command": command["command"],
            "description": command.get("description", ""),
            "usage_hint": command.get("usage_hint", ""),
            "app": app["name"],
        }
        for app in core.team.apps.values()
        for command in app["commands"]
    ]


def _shortcuts(core: Core) -> list[Json]:
    return [
        {"type": s["type"], "name": s["name"], "callback_id": s["callback_id"], "app_id": app["id"]}
        for app in core.team.apps.values()
        for s in app["shortcuts"]
    ]


def _app(core: Core, app: Json) -> Json:
    shown = {"id": app["id"], "name": app["name"], "bot_user": app["bot_user"], "home_tab": app["home_tab"]}
    return {**shown, "connected": core.delivery.is_reachable(app)}


def messages(core: Core, user: Json, channel_name: str, thread_ts: str, before: str, limit: int) -> Json:
    """Messages oldest first; the person's ephemeral ones stand among them."""
    channel = core.team.channel(channel_name, seen_by=user["id"])
    if thread_ts:
        stamps = [thread_ts, *core.log.thread(channel["id"], thread_ts)]
    else:
        stamps = core.log.history(channel["id"])
    if before:
        stamps = [ts for ts in stamps if ts < before]
    page = stamps[-max(1, min(limit, _PAGE_MAX)) :]
    found = [message for ts in page if (message := core.log.get(channel["id"], ts))]
    if thread_ts and not found:
        raise ApiRefusal("thread_not_found")
    whispers = [m for m in core.log.whispers(channel["id"], user["id"]) if (m.get("thread_ts") or "") == thread_ts]
    first = page[0] if page and len(page) < len(stamps) else ""
    found += [m for m in whispers if m["ts"] >= first and (not before or m["ts"] < before)]
    return {"messages": sorted(found, key=lambda message: str(message["ts"])), "has_more": len(page) < len(stamps)}


def transcript(core: Core, channel_name: str) -> str:
    """A channel as plain text: one line a message, replies indented below their parent."""
    channel = core.team.channel(channel_name)
    lines = []
    for ts in core.log.history(channel["id"]):
        message = core.log.get(channel["id"], ts)
        if message is not None and message.get("subtype") != "thread_broadcast":
            lines.append(_line(core, message, ""))
            replies = (core.log.get(channel["id"], reply) for reply in core.log.thread(channel["id"], ts))
            lines += [_line(core, reply, "    ") for reply in replies if reply]
    return "\n".join(lines) + ("\n" if lines else "")


def _line(core: Core, message: Json, indent: str) -> str:
    user = core.team.users.get(message.get("user", ""))
    name = user["name"] if user else message.get("username", "app")
    is_person = "client_msg_id" in message
    text = message.get("text", "") if is_person else words_of(message)
    return f"{indent}{name}: {text}"


def words_of(message: Json) -> str:
    """All words of a message that a person reads: its blocks' if it has any, with `[buttons]`, else its text."""
    blocks = message.get("blocks") or []
    buttons = [
        element["text"]["text"] for block in blocks for element in elements_of(block) if element["type"] == "button"
    ]
    words = fallback_text(blocks) or str(message.get("text", ""))
    return " ".join([words, *(f"[{button}]" for button in buttons)])
