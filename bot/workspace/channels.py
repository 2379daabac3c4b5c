"""What happens when a channel is made, joined, left, renamed or closed? Used by the Web API and the people's side."""

import re

from bot.workspace.core import Core
from bot.workspace.events import emit
from bot.workspace.postings import system_message
from bot.workspace.refusal import ApiRefusal, Json
from bot.workspace.team import channel_object, kind_of

NAME_MAX = 80
TOPIC_MAX = 250
_CHANNEL_TYPE = {"channel": "C", "private": "G", "im": "D", "mpim": "G"}


def check_name(core: Core, name: str) -> str:
    """A channel's name as Slack takes it. Raises invalid_name_*, name_taken."""
    if not name:
        raise ApiRefusal("invalid_name_required")
    if len(name) > NAME_MAX:
        raise ApiRefusal("invalid_name_maxlength")
    if not re.search(r"\w", name):
        raise ApiRefusal("invalid_name_punctuation")
    if name != name.lower() or not re.fullmatch(r"[^\s.,!?@#$%^&*()+={}\[\]|\\/:;\"'<>`~]+", name):
        raise ApiRefusal("invalid_name_specials")
    if any(c.get("name") == name for c in core.team.channels.values()):
        raise ApiRefusal("name_taken")
    return name


def create(core: Core, name: str, creator: str, *, is_private: bool) -> Json:
    check_name(core, name)
    kind = "private" if is_private else "channel"
    channel = channel_object(core.ids.id("C"), name, int(core.now().timestamp()), creator, kind=kind)
    channel["context_team_id"] = core.team.id
    channel["shared_team_ids"] = [core.team.id]
    core.team.channels.put(channel["id"], channel)
    core.team.set_members(channel["id"], [creator])
    if not is_private:
        brief = {key: channel[key] for key in ("id", "name", "created", "creator", "name_normalized", "is_channel")}
        emit(core, {"type": "channel_created", "channel": {**brief, "context_team_id": core.team.id}})
    join(core, channel, creator, announce_only=True)
    core.live.tell_all({"type": "channels"})
    return channel


def join(core: Core, channel: Json, user: str, *, inviter: str | None = None, announce_only: bool = False) -> None:
    if not announce_only:
        core.team.set_members(channel["id"], [*core.team.members_of(channel["id"]), user])
    kind = kind_of(channel)
    if kind in ("channel", "private"):
        subtype = "channel_join" if kind == "channel" else "group_join"
        more = {"inviter": inviter} if inviter else {}
        system_message(core, channel, subtype, user, f"<@{user}> has joined the {_word(kind)}", **more)
    event = {"type": "member_joined_channel", "user": user, "channel": channel["id"], "team": core.team.id}
    event["channel_type"] = _CHANNEL_TYPE[kind]
    emit(core, {**event, **({"inviter": inviter} if inviter else {})}, channel=channel)
    core.live.tell_all({"type": "channels"})


def leave(core: Core, channel: Json, user: str, *, kicked_by: str | None = None) -> None:
    kind = kind_of(channel)
    system_message(
        core,
        channel,
        "channel_leave" if kind == "channel" else "group_leave",
        user,
        f"<@{user}> has left the {_word(kind)}",
    )
    event = {"type": "member_left_channel", "user": user, "channel": channel["id"], "team": core.team.id}
    emit(core, {**event, "channel_type": _CHANNEL_TYPE[kind]}, channel=channel)
    core.team.set_members(channel["id"], [member for member in core.team.members_of(channel["id"]) if member != user])
    app = core.team.app_of_bot(user)
    if app is not None and kicked_by:
        left = {
            "type": "channel_left" if kind == "channel" else "group_left",
            "channel": channel["id"],
            "actor_id": kicked_by,
        }
        emit(core, left, only_app=app["id"])
    core.live.tell_all({"type": "channels"})


def rename(core: Core, channel: Json, name: str, user: str) -> None:
    check_name(core, name)
    old = channel["name"]
    channel.update(name=name, name_normalized=name, previous_names=[old, *channel["previous_names"]])
    core.team.channels.put(channel["id"], channel)
    system_message(
        core,
        channel,
        "channel_name",
        user,
        f'has renamed the channel from "{old}" to "{name}"',
        old_name=old,
        name=name,
    )
    brief = {"id": channel["id"], "name": name, "created": channel["created"]}
    emit(core, {"type": "channel_rename", "channel": brief}, channel=channel)
    core.live.tell_all({"type": "channels"})


def describe(core: Core, channel: Json, what: str, text: str, user: str) -> None:
    """Set the `topic` or the `purpose`. Raises too_long."""
    if len(text) > TOPIC_MAX:
        raise ApiRefusal("too_long")
    channel[what] = {"value": text, "creator": user, "last_set": int(core.now().timestamp())}
    core.team.channels.put(channel["id"], channel)
    label = "topic" if what == "topic" else "description"
    system_message(core, channel, f"channel_{what}", user, f"set the channel {label}: {text}", **{what: text})
    core.live.tell_all({"type": "channels"})


def archive(core: Core, channel: Json, user: str, *, closed: bool) -> None:
    words, kind = ("archived", "archive") if closed else ("un-archived", "unarchive")
    system_message(core, channel, f"channel_{kind}", user, f"{words} the channel")
    channel["is_archived"] = closed
    core.team.channels.put(channel["id"], channel)
    emit(core, {"type": f"channel_{kind}", "channel": channel["id"], "user": user}, channel=channel)
    core.live.tell_all({"type": "channels"})


def _word(kind: str) -> str:
    return "channel" if kind == "channel" else "group"
