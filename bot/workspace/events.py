"""Which apps hear about what happened? Wraps an event as Slack's `event_callback` and hands it to the delivery."""

import base64
import json

from bot.workspace.core import Core
from bot.workspace.refusal import Json
from bot.workspace.team import kind_of

_CHANNEL_TYPE = {"channel": "channel", "private": "group", "im": "im", "mpim": "mpim"}
_SUBSCRIPTION = {"channel": "message.channels", "private": "message.groups", "im": "message.im", "mpim": "message.mpim"}


def emit(core: Core, event: Json, *, channel: Json | None = None, only_app: str | None = None) -> None:
    """Tell every app that subscribed and, for what happens in a channel, whose bot is in it."""
    event.setdefault("event_ts", core.ts())
    for app in core.team.apps.values():
        if only_app is not None and app["id"] != only_app:
            continue
        if channel is not None and not core.team.is_member(channel["id"], app["bot_user"]):
            continue
        if _subscribed(app, event, channel):
            core.delivery.tell(app, wrap(core, app, event))


def emit_message(core: Core, channel: Json, event: Json) -> None:
    """A `message` event (with any subtype) and, where a bot is addressed, its `app_mention`."""
    kind = kind_of(channel)
    event = {**event, "channel": channel["id"], "channel_type": _CHANNEL_TYPE[kind]}
    event.setdefault("event_ts", event["ts"])
    emit(core, event, channel=channel)
    if kind == "im" or event.get("subtype") not in (None, "thread_broadcast", "file_share", "bot_message"):
        return
    for app in core.team.apps.values():
        if f"<@{app['bot_user']}" in event.get("text", "") and event.get("user") != app["bot_user"]:
            mention = {key: value for key, value in event.items() if key not in ("channel_type", "subtype")}
            emit(core, {**mention, "type": "app_mention"}, channel=channel, only_app=app["id"])


def wrap(core: Core, app: Json, event: Json) -> Json:
    """The outer event object, as recorded from Slack."""
    context = {"et": event["type"], "tid": core.team.id, "aid": app["id"], "cid": event.get("channel", "")}
    encoded = base64.urlsafe_b64encode(json.dumps(context).encode()).decode().rstrip("=")
    return {
        "token": app["verification_token"],
        "team_id": core.team.id,
        "context_team_id": core.team.id,
        "context_enterprise_id": None,
        "api_app_id": app["id"],
        "event": event,
        "type": "event_callback",
        "event_id": core.ids.id("Ev"),
        "event_time": int(float(event["event_ts"])),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": core.team.id,
                "user_id": app["bot_user"],
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{encoded}",
    }


def _subscribed(app: Json, event: Json, channel: Json | None) -> bool:
    if app["events"] is None:
        return True
    name = event["type"]
    if name == "message" and channel is not None:
        name = _SUBSCRIPTION[kind_of(channel)]
    return name in app["events"]
