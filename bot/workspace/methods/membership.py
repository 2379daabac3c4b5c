"""How does an app make, join, name and close channels? The `conversations.*` methods that change something."""

from bot.workspace import channels
from bot.workspace.call import Call, Handler
from bot.workspace.methods.conversations import described
from bot.workspace.refusal import ApiRefusal, Json
from bot.workspace.team import kind_of

_MPIM_MAX = 8


def _real_channel(call: Call) -> Json:
    """A channel that can be archived, joined, renamed: not a direct message."""
    channel = call.channel()
    if kind_of(channel) in ("im", "mpim"):
        raise ApiRefusal("method_not_supported_for_channel_type")
    return channel


async def create(call: Call) -> Json:
    is_private = bool(call.get("is_private"))
    needed = ["groups:write"] if is_private else ["channels:manage"]
    if not call.scopes & {*needed, *(() if is_private else ("channels:write",))}:
        raise call.missing_scope(needed)
    channel = channels.create(call.core, call.text("name"), call.user, is_private=is_private)
    return {"channel": described(call, channel)}


async def join(call: Call) -> Json:
    channel = call.core.team.channel(call.text("channel"), seen_by=call.user)
    if kind_of(channel) in ("im", "mpim"):
        raise ApiRefusal("method_not_supported_for_channel_type")
    if channel["is_archived"]:
        raise ApiRefusal("is_archived")
    answer: Json = {}
    if call.core.team.is_member(channel["id"], call.user):
        answer = {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
    else:
        channels.join(call.core, channel, call.user)
    return {"channel": described(call, channel), **answer}


async def leave(call: Call) -> Json:
    channel = _real_channel(call)
    if channel["is_general"]:
        raise ApiRefusal("cant_leave_general")
    if not call.core.team.is_member(channel["id"], call.user):
        return {"not_in_channel": True}
    channels.leave(call.core, channel, call.user)
    return {}


async def invite(call: Call) -> Json:
    channel = _real_channel(call)
    if channel["is_archived"]:
        raise ApiRefusal("is_archived")
    if not call.core.team.is_member(channel["id"], call.user):
        raise ApiRefusal("not_in_channel")
    users = [user for user in call.text("users").split(",") if user]
    if not users:
        raise ApiRefusal("no_user")
    problems = [error for user in users if (error := _uninvitable(call, channel, user))]
    if problems and (len(problems) == len(users) or not call.get("force")):
        raise ApiRefusal(problems[0]["error"], errors=problems)
    for user in users:
        if _uninvitable(call, channel, user) is None:
            channels.join(call.core, channel, user, inviter=call.user)
    return {"channel": described(call, channel), **({"errors": problems} if problems else {})}


def _uninvitable(call: Call, channel: Json, user: str) -> Json | None:
    error = None
    if user not in call.core.team.users:
        error = "user_not_found"
    elif user == call.user:
        error = "cant_invite_self"
    elif call.core.team.is_member(channel["id"], user):
        error = "already_in_channel"
    return {"user": user, "ok": False, "error": error} if error else None


async def kick(call: Call) -> Json:
    channel = _real_channel(call)
    user = call.text("user")
    call.core.team.user(user)
    if channel["is_general"]:
        raise ApiRefusal("cant_kick_from_general")
    if user == call.user:
        raise ApiRefusal("cant_kick_self")
    if not call.core.team.is_member(channel["id"], user):
        raise ApiRefusal("not_in_channel")
    channels.leave(call.core, channel, user, kicked_by=call.user)
    return {"errors": {}}


async def archive(call: Call) -> Json:
    channel = _real_channel(call)
    if channel["is_archived"]:
        raise ApiRefusal("already_archived")
    if channel["is_general"]:
        raise ApiRefusal("cant_archive_general")
    if not call.core.team.is_member(channel["id"], call.user):
        raise ApiRefusal("not_in_channel")
    channels.archive(call.core, channel, call.user, closed=True)
    return {}


async def unarchive(call: Call) -> Json:
    """With a bot token Slack refuses: an archived channel has no bots in it (docs.slack.dev calls it a bug)."""
    channel = _real_channel(call)
    if not channel["is_archived"]:
        raise ApiRefusal("not_archived")
    if call.token_kind == "bot":
        raise ApiRefusal("not_in_channel")
    channels.archive(call.core, channel, call.user, closed=False)
    return {}


async def rename(call: Call) -> Json:
    channel = _real_channel(call)
    _need_open_membership(call, channel)
    channels.rename(call.core, channel, call.text("name"), call.user)
    return {"channel": described(call, channel)}


async def set_topic(call: Call) -> Json:
    return _describe(call, "topic")


async def set_purpose(call: Call) -> Json:
    return _describe(call, "purpose")


def _describe(call: Call, what: str) -> Json:
    channel = call.channel()
    _need_open_membership(call, channel)
    channels.describe(call.core, channel, what, call.text(what), call.user)
    return {"channel": described(call, channel)}


def _need_open_membership(call: Call, channel: Json) -> None:
    if channel["is_archived"]:
        raise ApiRefusal("is_archived")
    if not call.core.team.is_member(channel["id"], call.user):
        raise ApiRefusal("not_in_channel")


async def open_direct(call: Call) -> Json:
    if call.get("channel"):
        channel = call.channel()
        if kind_of(channel) not in ("im", "mpim"):
            raise ApiRefusal("method_not_supported_for_channel_type")
        return _opened(call, channel, already=True)
    users = [user for user in call.text("users").split(",") if user]
    if not users:
        raise ApiRefusal("users_list_not_supplied")
    if len(users) > _MPIM_MAX:
        raise ApiRefusal("too_many_users")
    for user in users:
        call.core.team.user(user)
    scope = "im:write" if len(users) == 1 else "mpim:write"
    if scope not in call.scopes:
        raise call.missing_scope([scope])
    found = call.core.team.direct_channel([call.user, *users], call.core.now(), create=False)
    if found is not None:
        return _opened(call, found, already=True)
    if call.get("prevent_creation"):
        raise ApiRefusal("channel_not_found")
    made = call.core.team.direct_channel([call.user, *users], call.core.now())
    if made is None:
        raise ApiRefusal("channel_not_found")
    call.core.live.tell_all({"type": "channels"})
    return _opened(call, made, already=False)


def _opened(call: Call, channel: Json, *, already: bool) -> Json:
    shown = described(call, channel) if call.get("return_im") else {"id": channel["id"]}
    return {"channel": shown, **({"no_op": True, "already_open": True} if already else {})}


async def close(call: Call) -> Json:
    channel = call.channel()
    if kind_of(channel) not in ("im", "mpim"):
        raise ApiRefusal("method_not_supported_for_channel_type")
    return {}


HANDLERS: dict[str, Handler] = {
    "conversations.create": create,
    "conversations.join": join,
    "conversations.leave": leave,
    "conversations.invite": invite,
    "conversations.kick": kick,
    "conversations.archive": archive,
    "conversations.unarchive": unarchive,
    "conversations.rename": rename,
    "conversations.setTopic": set_topic,
    "conversations.setPurpose": set_purpose,
    "conversations.open": open_direct,
    "conversations.close": close,
}
