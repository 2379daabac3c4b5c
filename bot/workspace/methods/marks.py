"""How does an app react, pin and bookmark? The `reactions.*`, `pins.*` and `bookmarks.*` methods."""

from bot.workspace import marks
from bot.workspace.call import Call, Handler, page_of
from bot.workspace.refusal import ApiRefusal, Json

_TITLE_MAX, _LINK_MAX = 256, 2048


def _message(call: Call, channel: Json, *, none: str = "no_item_specified") -> Json:
    ts = call.text("timestamp")
    if not ts:
        raise ApiRefusal(none)
    seconds, dot, fraction = ts.partition(".")
    if not (dot and seconds.isdigit() and fraction.isdigit()):
        raise ApiRefusal("bad_timestamp")
    return call.core.log.need(channel["id"], ts)


def _channel(call: Call) -> Json:
    if not call.text("channel"):
        raise ApiRefusal("no_item_specified")
    return call.core.team.channel(call.text("channel"), seen_by=call.user)


async def add_reaction(call: Call) -> Json:
    channel = _channel(call)
    if channel["is_archived"]:
        raise ApiRefusal("is_archived")
    marks.react(call.core, channel, _message(call, channel), call.text("name"), call.user)
    return {}


async def remove_reaction(call: Call) -> Json:
    channel = _channel(call)
    marks.unreact(call.core, channel, _message(call, channel), call.text("name"), call.user)
    return {}


async def get_reactions(call: Call) -> Json:
    channel = _channel(call)
    message = _message(call, channel)
    return {
        "type": "message",
        "channel": channel["id"],
        "message": {**message, "permalink": _link(call, channel, message)},
    }


async def list_reactions(call: Call) -> Json:
    user = call.text("user") or call.user
    call.core.team.user(user)
    items = [
        {"type": "message", "channel": channel["id"], "message": message}
        for channel in call.core.team.channels.values()
        if call.core.team.can_see(channel, call.user)
        for ts in call.core.log.history(channel["id"])
        if (message := call.core.log.get(channel["id"], ts))
        and any(user in reaction["users"] for reaction in message.get("reactions", ()))
    ]
    page, cursor = page_of(items[::-1], call)
    return {"items": page, "response_metadata": {"next_cursor": cursor}}


def _link(call: Call, channel: Json, message: Json) -> str:
    return f"{call.core.root_url}/archives/{channel['id']}/p{message['ts'].replace('.', '')}"


async def add_pin(call: Call) -> Json:
    channel = _member_channel(call)
    marks.pin(call.core, channel, _message(call, channel), call.user)
    return {}


async def remove_pin(call: Call) -> Json:
    channel = _member_channel(call)
    marks.unpin(call.core, channel, _message(call, channel), call.user)
    return {}


def _member_channel(call: Call) -> Json:
    channel = _channel(call)
    if not call.core.team.is_member(channel["id"], call.user):
        raise ApiRefusal("not_in_channel")
    return channel


async def list_pins(call: Call) -> Json:
    channel = _channel(call)
    items = []
    for pinned in marks.pins_of(call.core, channel["id"]):
        message = call.core.log.get(channel["id"], pinned["ts"])
        if message is not None:
            shown = {**message, "permalink": _link(call, channel, message)}
            about = {"channel": channel["id"], "created": pinned["created"], "created_by": pinned["user"]}
            items.append({"type": "message", **about, "message": shown})
    return {"items": items}


def _bookmark_channel(call: Call) -> Json:
    return call.core.team.channel(call.text("channel_id"), seen_by=call.user)


async def add_bookmark(call: Call) -> Json:
    channel = _bookmark_channel(call)
    if call.text("type") != "link":
        raise ApiRefusal("invalid_bookmark_type")
    title, link = call.text("title"), call.text("link")
    if not title or len(title) > _TITLE_MAX:
        raise ApiRefusal("invalid_arguments")
    if not link.startswith(("http://", "https://", "mailto:")) or len(link) > _LINK_MAX:
        raise ApiRefusal("invalid_link")
    now = int(call.core.now().timestamp())
    row: Json = {
        "id": call.core.ids.id("Bk"),
        "channel_id": channel["id"],
        "title": title,
        "link": link,
        "emoji": call.get("emoji"),
        "icon_url": None,
        "type": "link",
        "entity_id": None,
        "date_created": now,
        "date_updated": 0,
        "rank": "U",
        "last_updated_by_user_id": call.user,
        "last_updated_by_team_id": call.core.team.id,
        "shortcut_id": None,
        "app_id": call.app["id"],
        "app_action_id": None,
    }
    call.core.team.bookmarks.put(row["id"], row)
    call.core.live.tell_all({"type": "channels"})
    return {"bookmark": row}


def _bookmark(call: Call) -> Json:
    channel = _bookmark_channel(call)
    row = call.core.team.bookmarks.get(call.text("bookmark_id"))
    if row is None or row["channel_id"] != channel["id"]:
        raise ApiRefusal("not_found")
    return row


async def edit_bookmark(call: Call) -> Json:
    row = _bookmark(call)
    row.update({name: call.get(name) for name in ("title", "link", "emoji") if call.get(name) is not None})
    row.update(date_updated=int(call.core.now().timestamp()), last_updated_by_user_id=call.user)
    call.core.team.bookmarks.put(row["id"], row)
    call.core.live.tell_all({"type": "channels"})
    return {"bookmark": row}


async def remove_bookmark(call: Call) -> Json:
    call.core.team.bookmarks.drop(_bookmark(call)["id"])
    call.core.live.tell_all({"type": "channels"})
    return {}


async def list_bookmarks(call: Call) -> Json:
    channel = _bookmark_channel(call)
    return {"bookmarks": [row for row in call.core.team.bookmarks.values() if row["channel_id"] == channel["id"]]}


HANDLERS: dict[str, Handler] = {
    "reactions.add": add_reaction,
    "reactions.remove": remove_reaction,
    "reactions.get": get_reactions,
    "reactions.list": list_reactions,
    "pins.add": add_pin,
    "pins.remove": remove_pin,
    "pins.list": list_pins,
    "bookmarks.add": add_bookmark,
    "bookmarks.edit": edit_bookmark,
    "bookmarks.remove": remove_bookmark,
    "bookmarks.list": list_bookmarks,
}
