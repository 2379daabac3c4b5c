"""What exactly does Slack send an app for a command, a press, a form, a shortcut? Shapes as recorded from Slack."""

from bot.workspace.core import Core
from bot.workspace.refusal import Json
from bot.workspace.team import kind_of
from bot.workspace.tickets import ResponseTicket

_NAMELESS = {"im": "directmessage", "mpim": "mpdm", "private": "privategroup"}


def channel_name(channel: Json) -> str:
    kind = kind_of(channel)
    return str(channel["name"]) if kind == "channel" else _NAMELESS[kind]


def response_url(core: Core, app: Json, ticket: ResponseTicket, kind: str) -> str:
    return f"{core.root_url}/{kind}{core.tickets.response(ticket)}"


def command(core: Core, app: Json, channel: Json, user: Json, name: str, text: str) -> Json:
    ticket = ResponseTicket(app["id"], user["id"], channel["id"], core.now())
    return {
        "token": app["verification_token"],
        "team_id": core.team.id,
        "team_domain": core.team.info["domain"],
        "channel_id": channel["id"],
        "channel_name": channel_name(channel),
        "user_id": user["id"],
        "user_name": user["name"],
        "command": name,
        "text": text,
        "api_app_id": app["id"],
        "is_enterprise_install": "false",
        "response_url": response_url(core, app, ticket, "commands"),
        "trigger_id": core.tickets.trigger(app["id"], user["id"]),
    }


def _common(core: Core, app: Json, user: Json, kind: str) -> Json:
    return {
        "type": kind,
        "user": {"id": user["id"], "username": user["name"], "name": user["name"], "team_id": core.team.id},
        "api_app_id": app["id"],
        "token": app["verification_token"],
        "team": {"id": core.team.id, "domain": core.team.info["domain"]},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def press_in_message(
    core: Core, app: Json, user: Json, channel: Json, message: Json, action: Json, state: Json
) -> Json:
    is_ephemeral = bool(message.get("ephemeral"))
    ticket = ResponseTicket(
        app["id"], user["id"], channel["id"], core.now(), message["ts"], is_ephemeral, message.get("thread_ts")
    )
    payload = {
        **_common(core, app, user, "block_actions"),
        "container": _message_container(channel, message),
        "trigger_id": core.tickets.trigger(app["id"], user["id"]),
        "channel": {"id": channel["id"], "name": channel_name(channel)},
        "message": shown_message(message),
        "state": {"values": state},
        "response_url": response_url(core, app, ticket, "actions"),
        "actions": [action],
    }
    if is_ephemeral:
        del payload["message"]
    return payload


def _message_container(channel: Json, message: Json) -> Json:
    container = {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": channel["id"],
        "is_ephemeral": bool(message.get("ephemeral")),
    }
    if message.get("thread_ts"):
        container["thread_ts"] = message["thread_ts"]
    return container


def shown_message(message: Json) -> Json:
    return {key: value for key, value in message.items() if key not in ("ephemeral", "is_ephemeral")}


def press_in_view(core: Core, app: Json, user: Json, view: Json, action: Json) -> Json:
    return {
        **_common(core, app, user, "block_actions"),
        "container": {"type": "view", "view_id": view["id"]},
        "trigger_id": core.tickets.trigger(app["id"], user["id"], view["id"]),
        "view": dict(view),
        "actions": [action],
    }


def view_submission(core: Core, app: Json, user: Json, view: Json) -> Json:
    return {
        **_common(core, app, user, "view_submission"),
        "trigger_id": core.tickets.trigger(app["id"], user["id"], view["id"]),
        "view": dict(view),
        "response_urls": _response_urls(core, app, user, view),
    }


def _response_urls(core: Core, app: Json, user: Json, view: Json) -> list[Json]:
    """One for each conversation select with `response_url_enabled`."""
    urls = []
    for block in view["blocks"]:
        element = block.get("element", {})
        if element.get("response_url_enabled"):
            value = view["state"]["values"].get(block["block_id"], {}).get(element["action_id"], {})
            channel = value.get("selected_conversation") or value.get("selected_channel")
            if channel:
                ticket = ResponseTicket(app["id"], user["id"], channel, core.now())
                url = response_url(core, app, ticket, "app")
                about = {"block_id": block["block_id"], "action_id": element["action_id"]}
                urls.append({**about, "channel_id": channel, "response_url": url})
    return urls


def view_closed(core: Core, app: Json, user: Json, view: Json, *, is_cleared: bool) -> Json:
    return {**_common(core, app, user, "view_closed"), "view": dict(view), "is_cleared": is_cleared}


def global_shortcut(core: Core, app: Json, user: Json, callback_id: str) -> Json:
    payload = _common(core, app, user, "shortcut")
    payload["user"] = {"id": user["id"], "username": user["name"], "team_id": core.team.id}
    del payload["api_app_id"]
    return {
        **payload,
        "action_ts": core.ts(),
        "callback_id": callback_id,
        "trigger_id": core.tickets.trigger(app["id"], user["id"]),
    }


def message_shortcut(core: Core, app: Json, user: Json, channel: Json, message: Json, callback_id: str) -> Json:
    ticket = ResponseTicket(app["id"], user["id"], channel["id"], core.now(), None, False, message.get("thread_ts"))
    payload = _common(core, app, user, "message_action")
    del payload["api_app_id"]
    payload["user"] = {"id": user["id"], "username": user["name"], "name": user["name"], "team_id": core.team.id}
    return {
        **payload,
        "action_ts": core.ts(),
        "channel": {"id": channel["id"], "name": channel_name(channel)},
        "callback_id": callback_id,
        "trigger_id": core.tickets.trigger(app["id"], user["id"]),
        "response_url": response_url(core, app, ticket, "app"),
        "message_ts": message["ts"],
        "message": shown_message(message),
    }


def suggestion(core: Core, app: Json, user: Json, place: Json, block_id: str, action_id: str, value: str) -> Json:
    """`place` has `view`, or `channel` and `message`."""
    payload = {
        **_common(core, app, user, "block_suggestion"),
        "block_id": block_id,
        "action_id": action_id,
        "value": value,
    }
    if "view" in place:
        return {**payload, "container": {"type": "view", "view_id": place["view"]["id"]}, "view": dict(place["view"])}
    channel, message = place["channel"], place["message"]
    return {
        **payload,
        "container": _message_container(channel, message),
        "channel": {"id": channel["id"], "name": channel_name(channel)},
        "message": shown_message(message),
    }
