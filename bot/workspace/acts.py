"""What can a person at the screen do? Every `do` of `POST /_workspace/act`."""

import re
from collections.abc import Awaitable, Callable

from bot.workspace import channels, interactions, marks, postings
from bot.workspace.core import Core
from bot.workspace.refusal import ApiRefusal, Json
from bot.workspace.team import kind_of

Act = Callable[[Core, Json, Json], Awaitable[Json]]
_COMMAND = re.compile(r"(/[^\s/]\S*)\s*(.*)", re.DOTALL)


async def act(core: Core, body: Json) -> Json:
    """Do it. Raises ApiRefusal with a name for what cannot be done."""
    user = core.team.user(str(body.get("user", "")))
    doing = ACTS.get(str(body.get("do")))
    if doing is None:
        raise ApiRefusal("unknown_act", known=sorted(ACTS))
    answer = {"ok": True, **await doing(core, user, body)}
    if body.get("token"):
        core.live.tell(user["id"], {"type": "ack", "token": body["token"]})
    return answer


def _channel(core: Core, user: Json, body: Json, *, member: bool = True) -> Json:
    channel = core.team.channel(str(body.get("channel", "")), seen_by=user["id"])
    if member and not core.team.is_member(channel["id"], user["id"]):
        raise ApiRefusal("not_in_channel")
    return channel


def _message(core: Core, channel: Json, body: Json) -> Json:
    return core.log.need(channel["id"], str(body.get("ts") or body.get("message_ts") or ""))


async def post(core: Core, user: Json, body: Json) -> Json:
    channel, text = _channel(core, user, body), str(body.get("text", ""))
    typed = _COMMAND.fullmatch(text)
    if typed:
        command, rest = typed.groups()
        return await interactions.run_command(core, user, channel, command, rest.strip(), body.get("thread_ts"))
    if channel.get("is_archived"):
        raise ApiRefusal("is_archived")
    if not text.strip() and not body.get("blocks"):
        raise ApiRefusal("no_text")
    message = postings.person_message(core, user["id"], mentions(core, text), body.get("blocks"))
    posted = postings.post(
        core, channel, message, thread_ts=body.get("thread_ts"), broadcast=bool(body.get("broadcast"))
    )
    _read_up_to(core, channel["id"], user["id"], posted["ts"])
    return {"ts": posted["ts"], "message": posted}


def mentions(core: Core, text: str) -> str:
    """`@ben` as `<@U…>`, `#general` as `<#C…>`, `@here` as `<!here>`, as Slack's composer makes them."""

    def resolve(match: re.Match[str]) -> str:
        sigil, name = match.groups()
        if sigil == "@" and name in ("here", "channel", "everyone"):
            return f"<!{name}>"
        if sigil == "@":
            user = core.team.user_named(name)
            return f"<@{user['id']}>" if user else match.group()
        channel = next((c for c in core.team.channels.values() if c.get("name") == name), None)
        return f"<#{channel['id']}|{name}>" if channel else match.group()

    return re.sub(r"(?<![\w<|&])([@#])([\w.-]*\w)", resolve, text)


async def command(core: Core, user: Json, body: Json) -> Json:
    name, text = str(body.get("command", "")), str(body.get("text", ""))
    return await interactions.run_command(core, user, _channel(core, user, body), name, text, body.get("thread_ts"))


async def press(core: Core, user: Json, body: Json) -> Json:
    return await interactions.press(core, user, body)


async def options(core: Core, user: Json, body: Json) -> Json:
    return await interactions.load_options(core, user, body)


async def submit_view(core: Core, user: Json, body: Json) -> Json:
    return await interactions.submit(core, user, str(body.get("view_id")), body.get("state_values") or {})


async def close_view(core: Core, user: Json, body: Json) -> Json:
    return await interactions.close(core, user, str(body.get("view_id")), clear=bool(body.get("clear")))


async def shortcut(core: Core, user: Json, body: Json) -> Json:
    return await interactions.shortcut(core, user, body)


async def react(core: Core, user: Json, body: Json) -> Json:
    channel = _channel(core, user, body)
    marks.react(core, channel, _message(core, channel, body), str(body.get("name", "")), user["id"])
    return {}


async def unreact(core: Core, user: Json, body: Json) -> Json:
    channel = _channel(core, user, body)
    marks.unreact(core, channel, _message(core, channel, body), str(body.get("name", "")), user["id"])
    return {}


async def pin(core: Core, user: Json, body: Json) -> Json:
    channel = _channel(core, user, body)
    marks.pin(core, channel, _message(core, channel, body), user["id"])
    return {}


async def unpin(core: Core, user: Json, body: Json) -> Json:
    channel = _channel(core, user, body)
    marks.unpin(core, channel, _message(core, channel, body), user["id"])
    return {}


async def edit(core: Core, user: Json, body: Json) -> Json:
    channel = _channel(core, user, body)
    message = _message(core, channel, body)
    if message.get("user") != user["id"]:
        raise ApiRefusal("cant_update_message")
    previous = dict(message)
    fresh = postings.person_message(core, user["id"], mentions(core, str(body.get("text", ""))))
    message.update(text=fresh["text"], blocks=fresh["blocks"], edited={"user": user["id"], "ts": core.ts()})
    postings.change(core, channel, message, previous)
    return {}


async def delete(core: Core, user: Json, body: Json) -> Json:
    channel = _channel(core, user, body)
    message = _message(core, channel, body)
    if message.get("user") != user["id"]:
        raise ApiRefusal("cant_delete_message")
    postings.delete(core, channel, message["ts"])
    return {}


async def open_home(core: Core, user: Json, body: Json) -> Json:
    """With `quiet` the home is only looked at: the app is not told."""
    app = core.team.app(str(body.get("app_id", "")))
    return (
        {"view": core.views.home(app["id"], user["id"])}
        if body.get("quiet")
        else interactions.open_home(core, user, app)
    )


async def open_dm(core: Core, user: Json, body: Json) -> Json:
    others = [core.team.user(str(other))["id"] for other in body.get("user_ids", ())]
    known = core.team.direct_channel([user["id"], *others], core.now(), create=False)
    channel = known or core.team.direct_channel([user["id"], *others], core.now())
    if known is None:
        core.live.tell_all({"type": "channels"})
    return {"channel": (channel or {}).get("id")}


async def join(core: Core, user: Json, body: Json) -> Json:
    channel = _channel(core, user, body, member=False)
    if kind_of(channel) != "channel":
        raise ApiRefusal("method_not_supported_for_channel_type")
    if channel["is_archived"]:
        raise ApiRefusal("is_archived")
    if not core.team.is_member(channel["id"], user["id"]):
        channels.join(core, channel, user["id"])
    return {}


async def leave(core: Core, user: Json, body: Json) -> Json:
    channel = _channel(core, user, body)
    if channel.get("is_general"):
        raise ApiRefusal("cant_leave_general")
    channels.leave(core, channel, user["id"])
    return {}


async def create_channel(core: Core, user: Json, body: Json) -> Json:
    name = str(body.get("name", "")).removeprefix("#")
    return {"channel": channels.create(core, name, user["id"], is_private=bool(body.get("is_private")))["id"]}


async def invite(core: Core, user: Json, body: Json) -> Json:
    channel = _channel(core, user, body)
    for other in body.get("users", ()):
        if not core.team.is_member(channel["id"], core.team.user(str(other))["id"]):
            channels.join(core, channel, str(other), inviter=user["id"])
    return {}


async def dismiss(core: Core, user: Json, body: Json) -> Json:
    """Forget an ephemeral message."""
    channel = _channel(core, user, body)
    ts = str(body.get("ts", ""))
    core.log.unwhisper(channel["id"], user["id"], ts)
    core.live.tell(user["id"], {"type": "ephemeral_deleted", "channel": channel["id"], "ts": ts})
    return {}


async def read(core: Core, user: Json, body: Json) -> Json:
    channel = _channel(core, user, body)
    _read_up_to(core, channel["id"], user["id"], str(body.get("ts", "")))
    return {}


def _read_up_to(core: Core, channel: str, user: str, ts: str) -> None:
    core.team.reads.put(f"{channel}/{user}", {"ts": ts})


ACTS: dict[str, Act] = {
    "post": post,
    "command": command,
    "press": press,
    "options": options,
    "submit_view": submit_view,
    "close_view": close_view,
    "shortcut": shortcut,
    "react": react,
    "unreact": unreact,
    "pin": pin,
    "unpin": unpin,
    "edit": edit,
    "delete": delete,
    "open_home": open_home,
    "open_dm": open_dm,
    "join": join,
    "leave": leave,
    "create_channel": create_channel,
    "invite": invite,
    "read": read,
    "dismiss": dismiss,
}
