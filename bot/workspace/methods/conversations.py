"""Which channels are there, who is in them, what was said there? The `conversations.*` methods that read."""

from bot.workspace.call import Call, Handler, decode_cursor, encode_cursor, page_of
from bot.workspace.messages import between
from bot.workspace.refusal import ApiRefusal, Json
from bot.workspace.team import KINDS, kind_of

_HISTORY_MAX = 999
_SCOPE_OF_TYPE = {
    "public_channel": "channels:read",
    "private_channel": "groups:read",
    "im": "im:read",
    "mpim": "mpim:read",
}


def described(call: Call, channel: Json, *, members: bool = False) -> Json:
    """A channel as the caller sees it."""
    team = call.core.team
    shown = {**channel, "is_member": team.is_member(channel["id"], call.user)}
    if kind_of(channel) == "im":
        shown["user"] = next((user for user in team.members_of(channel["id"]) if user != call.user), call.user)
        del shown["is_member"]
    if members:
        shown["num_members"] = len(team.members_of(channel["id"]))
    return shown


def _types(call: Call) -> set[str]:
    types = {part.strip() for part in str(call.get("types", "public_channel")).split(",") if part.strip()}
    if not types or types - set(KINDS.values()):
        raise ApiRefusal("invalid_types")
    for kind in sorted(types):
        if _SCOPE_OF_TYPE[kind] not in call.scopes:
            raise call.missing_scope([_SCOPE_OF_TYPE[kind]])
    return types


def _listed(call: Call, *, only_of: str | None) -> list[Json]:
    types = _types(call)
    team = call.core.team
    channels = [c for c in team.channels.values() if KINDS[kind_of(c)] in types and team.can_see(c, call.user)]
    if only_of is not None:
        channels = [channel for channel in channels if team.is_member(channel["id"], only_of)]
    if call.get("exclude_archived"):
        channels = [channel for channel in channels if not channel.get("is_archived")]
    return channels


async def list_channels(call: Call) -> Json:
    page, cursor = page_of(_listed(call, only_of=None), call)
    return {
        "channels": [described(call, channel, members=kind_of(channel) != "im") for channel in page],
        "response_metadata": {"next_cursor": cursor},
    }


async def of_user(call: Call) -> Json:
    user = call.text("user") or call.user
    call.core.team.user(user)
    page, cursor = page_of(_listed(call, only_of=user), call)
    return {
        "channels": [described(call, channel) for channel in page],
        "response_metadata": {"next_cursor": cursor},
    }


async def info(call: Call) -> Json:
    channel = call.channel()
    shown = described(call, channel, members=bool(call.get("include_num_members")))
    row = call.core.team.reads.get(f"{channel['id']}/{call.user}")
    if row is not None or shown.get("is_member"):
        shown["last_read"] = (row or {}).get("ts", "0000000000.000000")
    return {"channel": shown}


async def members(call: Call) -> Json:
    channel = call.channel()
    page, cursor = page_of(call.core.team.members_of(channel["id"]), call)
    return {"members": page, "response_metadata": {"next_cursor": cursor}}


async def history(call: Call) -> Json:
    channel = call.channel(member=True)
    oldest, latest = _bounds(call)
    inclusive = bool(call.get("inclusive"))
    if call.text("cursor"):
        latest, inclusive = decode_cursor(call.text("cursor"), "next_ts"), True
    stamps = between(call.core.log.history(channel["id"]), oldest, latest, inclusive=inclusive)
    limit = _limit(call)
    if oldest and not latest:
        page, rest = stamps[:limit][::-1], stamps[limit:]  # with only `oldest`, Slack counts from the oldest
        next_ts = ""
    else:
        page, rest = stamps[::-1][:limit], stamps[: max(0, len(stamps) - limit)]
        next_ts = rest[-1] if rest else ""
    answer: Json = {
        "messages": [_message(call, channel, ts) for ts in page],
        "has_more": bool(rest),
        "pin_count": sum(1 for ts in stamps if (call.core.log.get(channel["id"], ts) or {}).get("pinned_to")),
        "channel_actions_ts": None,
        "channel_actions_count": 0,
    }
    if next_ts:
        answer["response_metadata"] = {"next_cursor": encode_cursor("next_ts", next_ts)}
    return answer


async def replies(call: Call) -> Json:
    channel = call.channel(member=True)
    ts = call.text("ts")
    root = call.core.log.get(channel["id"], ts)
    if root is None:
        raise ApiRefusal("thread_not_found")
    root_ts = str(root.get("thread_ts", ts))
    oldest, latest = _bounds(call)
    if call.text("cursor"):
        oldest, inclusive = decode_cursor(call.text("cursor"), "next_ts"), True
    else:
        inclusive = bool(call.get("inclusive"))
    stamps = between(call.core.log.thread(channel["id"], root_ts), oldest, latest, inclusive=inclusive)
    limit = _limit(call)
    page = stamps[:limit]
    answer: Json = {
        "messages": [
            _message(call, channel, stamp) for stamp in [root_ts, *page] if call.core.log.get(channel["id"], stamp)
        ],
        "has_more": len(stamps) > limit,
    }
    if len(stamps) > limit:
        answer["response_metadata"] = {"next_cursor": encode_cursor("next_ts", stamps[limit])}
    return answer


def _bounds(call: Call) -> tuple[str, str]:
    bounds = []
    for name in ("oldest", "latest"):
        value = call.text(name)
        if value in ("", "0"):
            bounds.append("")
            continue
        try:
            seconds, _, fraction = value.partition(".")
            bounds.append(f"{int(seconds)}.{(fraction + '000000')[:6]}")
        except ValueError as error:
            raise ApiRefusal(f"invalid_ts_{name}") from error
    return bounds[0], bounds[1]


def _limit(call: Call) -> int:
    limit = int(call.get("limit", 100) or 100)
    if limit < 0:
        raise ApiRefusal("invalid_limit")
    return min(limit, _HISTORY_MAX)


def _message(call: Call, channel: Json, ts: str) -> Json:
    message = dict(call.core.log.need(channel["id"], ts))
    if not call.get("include_all_metadata"):
        message.pop("metadata", None)
    return message


async def mark(call: Call) -> Json:
    channel = call.channel(member=True)
    call.core.team.reads.put(f"{channel['id']}/{call.user}", {"ts": call.text("ts")})
    return {}


HANDLERS: dict[str, Handler] = {
    "conversations.list": list_channels,
    "conversations.info": info,
    "conversations.members": members,
    "conversations.history": history,
    "conversations.replies": replies,
    "conversations.mark": mark,
    "users.conversations": of_user,
}
