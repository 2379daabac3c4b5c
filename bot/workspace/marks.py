"""What happens when somebody reacts to or pins a message? Used by the Web API and by the people's side."""

import re

from bot.workspace.core import Core
from bot.workspace.events import emit
from bot.workspace.postings import change
from bot.workspace.refusal import ApiRefusal, Json

REACTIONS_MAX = 50  # different emoji on one message; Slack names the errors too_many_emoji / too_many_reactions
PINS_MAX = 100
_EMOJI = re.compile(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?")


def react(core: Core, channel: Json, message: Json, name: str, user: str) -> None:
    name = name.strip(":")
    if not _EMOJI.fullmatch(name):
        raise ApiRefusal("invalid_name")
    reactions = [dict(reaction) for reaction in message.get("reactions", [])]
    mine = next((reaction for reaction in reactions if reaction["name"] == name), None)
    if mine is not None and user in mine["users"]:
        raise ApiRefusal("already_reacted")
    if mine is None:
        if len(reactions) >= REACTIONS_MAX:
            raise ApiRefusal("too_many_emoji")
        reactions.append({"name": name, "users": [user], "count": 1})
    else:
        mine.update(users=[*mine["users"], user], count=mine["count"] + 1)
    message["reactions"] = reactions
    change(core, channel, message, message, tell_apps=False)
    _tell(core, channel, message, "reaction_added", name, user)


def unreact(core: Core, channel: Json, message: Json, name: str, user: str) -> None:
    name = name.strip(":")
    reactions = [dict(reaction) for reaction in message.get("reactions", [])]
    mine = next((reaction for reaction in reactions if reaction["name"] == name), None)
    if mine is None or user not in mine["users"]:
        raise ApiRefusal("no_reaction")
    mine.update(users=[other for other in mine["users"] if other != user], count=mine["count"] - 1)
    message["reactions"] = [reaction for reaction in reactions if reaction["count"]]
    if not message["reactions"]:
        del message["reactions"]
    change(core, channel, message, message, tell_apps=False)
    _tell(core, channel, message, "reaction_removed", name, user)


def _tell(core: Core, channel: Json, message: Json, kind: str, name: str, user: str) -> None:
    event: Json = {
        "type": kind,
        "user": user,
        "reaction": name,
        "item": {"type": "message", "channel": channel["id"], "ts": message["ts"]},
    }
    if message.get("user"):
        event["item_user"] = message["user"]
    emit(core, event, channel=channel)


def pins_of(core: Core, channel: str) -> list[Json]:
    """The pinned messages of a channel, the latest pin first."""
    row = core.team.meta.get(f"pins/{channel}")
    return list(row["pins"]) if row else []


def pin(core: Core, channel: Json, message: Json, user: str) -> None:
    pins = pins_of(core, channel["id"])
    if any(pinned["ts"] == message["ts"] for pinned in pins):
        raise ApiRefusal("already_pinned")
    if len(pins) >= PINS_MAX:
        raise ApiRefusal("too_many_pins")
    created = int(core.now().timestamp())
    core.team.meta.put(
        f"pins/{channel['id']}", {"pins": [{"ts": message["ts"], "user": user, "created": created}, *pins]}
    )
    message["pinned_to"] = [channel["id"]]
    message["pinned_info"] = {"channel": channel["id"], "pinned_by": user, "pinned_ts": created}
    change(core, channel, message, message, tell_apps=False)
    _tell_pin(core, channel, message, "pin_added", user)


def unpin(core: Core, channel: Json, message: Json, user: str) -> None:
    pins = pins_of(core, channel["id"])
    left = [pinned for pinned in pins if pinned["ts"] != message["ts"]]
    if len(left) == len(pins):
        raise ApiRefusal("no_pin")
    core.team.meta.put(f"pins/{channel['id']}", {"pins": left})
    message.pop("pinned_to", None)
    message.pop("pinned_info", None)
    change(core, channel, message, message, tell_apps=False)
    _tell_pin(core, channel, message, "pin_removed", user)


def _tell_pin(core: Core, channel: Json, message: Json, kind: str, user: str) -> None:
    item = {
        "type": "message",
        "created": int(core.now().timestamp()),
        "created_by": user,
        "channel": channel["id"],
        "message": dict(message),
    }
    event = {"type": kind, "user": user, "channel_id": channel["id"], "item": item, "item_user": message.get("user")}
    emit(core, {**event, "pin_count": len(pins_of(core, channel["id"]))}, channel=channel)
