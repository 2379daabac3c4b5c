"""What happens when a person types a command, presses a button, sends a form? The app is asked; they see."""

import re
from typing import Any

from bot.workspace import payloads, postings, responses
from bot.workspace.core import Core
from bot.workspace.elements import action_of, find_element, state_of
from bot.workspace.events import emit
from bot.workspace.filing import shown_file
from bot.workspace.formcheck import form_errors
from bot.workspace.refusal import ApiRefusal, Json
from bot.workspace.tickets import ResponseTicket
from bot.workspace.validate import check_view

TROUBLE = "We had some trouble connecting. Try again?"
_NO_COMMAND = (
    "{command} is not a valid command. In Slack, all messages that start with the “/” command are interpreted as "
    "commands. "
    "If you are trying to send a message and not run a command, try preceding the “/” with a blank space."
)


def app_for_command(core: Core, command: str) -> tuple[Json, Json] | None:
    """The app that owns a command and the command's entry; an app without a manifest takes every command."""
    apps = core.team.apps.values()
    for app in apps:
        for known in app["commands"]:
            if known["command"] == command:
                return app, known
    free = next((app for app in apps if not app["has_manifest"]), None)
    return (free, {"command": command}) if free else None


async def run_command(core: Core, user: Json, channel: Json, command: str, text: str, thread_ts: str | None) -> Json:
    found = app_for_command(core, command)
    if found is None:
        responses.slackbot_says(core, channel["id"], user["id"], _NO_COMMAND.format(command=f"`{command}`"))
        return {"ok": False, "error": "unknown_command"}
    if thread_ts:
        responses.slackbot_says(core, channel["id"], user["id"], f"{command} is not supported in threads. Sorry!")
        return {"ok": False, "error": "not_supported_in_threads"}
    app, known = found
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if known.get("should_escape"):
        text = escaped(core, text)
    payload = payloads.command(core, app, channel, user, command, text)
    ack = await core.delivery.ask(app, "slash_commands", payload, url=known.get("url"))
    error = responses.failure_name(ack) if not ack.ok else None
    if ack.ok and ack.payload not in (None, "", {}):
        error = _command_reply(core, app, user, channel, f"{command} {text}".strip(), ack.payload)
    if error:
        responses.slackbot_says(core, channel["id"], user["id"], f"{command} failed with the error “{error}”")
        return {"ok": False, "error": error}
    return {"ok": True}


def _command_reply(core: Core, app: Json, user: Json, channel: Json, typed: str, payload: Any) -> str | None:
    ticket = ResponseTicket(app["id"], user["id"], channel["id"], core.now())
    try:
        body = responses.checked_reply(payload)
        if body.get("response_type") == "in_channel":
            spoken = postings.person_message(core, user["id"], typed)
            spoken["ts"] = core.ts()
            core.log.add(channel["id"], spoken)
            core.show(channel["id"], {"type": "message", "channel": channel["id"], "message": spoken})
        responses.respond(core, ticket, {key: value for key, value in body.items() if key != "replace_original"})
    except ApiRefusal:
        return "invalid_command_response"
    return None


def escaped(core: Core, text: str) -> str:
    """`@ana` and `#general` as `<@U…|ana>` and `<#C…|general>` (the manifest's should_escape)."""

    def resolve(match: re.Match[str]) -> str:
        sigil, name = match.groups()
        if sigil == "@":
            user = core.team.user_named(name)
            return f"<@{user['id']}|{user['name']}>" if user else match.group()
        channel = next((c for c in core.team.channels.values() if c.get("name") == name), None)
        return f"<#{channel['id']}|{name}>" if channel else match.group()

    return re.sub(r"(?<![\w<])([@#])([\w.-]+)", resolve, text)


def find_place(core: Core, user: Json, done: Json) -> Json:
    """What a press refers to: `{view}`, or `{channel, message}`. Raises view_not_found, message_not_found."""
    if done.get("view_id"):
        found = core.views.find(str(done["view_id"]))
        if found is None or found[1] != user["id"]:
            raise ApiRefusal("view_not_found")
        return {"view": found[0]}
    channel = core.team.channel(str(done.get("channel", "")), seen_by=user["id"])
    ts = str(done.get("message_ts", ""))
    message = core.log.whispered(channel["id"], user["id"], ts) or core.log.get(channel["id"], ts)
    if message is None:
        raise ApiRefusal("message_not_found")
    return {"channel": channel, "message": message}


def _blocks_of(message: Json) -> list[Json]:
    attached = [block for attachment in message.get("attachments", ()) for block in attachment.get("blocks", ())]
    return [*message.get("blocks", ()), *attached]


async def press(core: Core, user: Json, done: Json) -> Json:
    """A button, select, picker, checkbox … was used in a message, a form or a home."""
    place = find_place(core, user, done)
    holder = place.get("view") or place["message"]
    blocks = place["view"]["blocks"] if "view" in place else _blocks_of(place["message"])
    block_id, action_id = str(done.get("block_id")), str(done.get("action_id"))
    element = find_element(blocks, block_id, action_id)
    if element is None or "app_id" not in holder:
        raise ApiRefusal("element_not_found")
    app = core.team.app(holder["app_id"])
    action = action_of(element, block_id, done, core.ts())
    state = state_of(blocks, done.get("state_values") or {})
    _note(state, block_id, action)
    if "view" in place:
        place["view"]["state"] = {"values": state}
        payload = payloads.press_in_view(core, app, user, place["view"], action)
    else:
        payload = payloads.press_in_message(core, app, user, place["channel"], place["message"], action, state)
    ack = await core.delivery.ask(app, "interactive", payload)
    if ack.ok:
        return {"ok": True}
    core.live.tell(user["id"], {"type": "toast", "level": "error", "text": TROUBLE})
    return {"ok": False, "error": responses.failure_name(ack)}


def _note(state: Json, block_id: str, action: Json) -> None:
    """The press itself is the newest state of its element."""
    value = state.get(block_id, {}).get(action["action_id"])
    if value is not None:
        value.update({key: action[key] for key in value if key in action})


async def load_options(core: Core, user: Json, done: Json) -> Json:
    """Ask the app for the options of an external select (reference/interaction-payloads/block_suggestion-payload)."""
    place = find_place(core, user, done)
    holder = place.get("view") or place["message"]
    app = core.team.app(holder["app_id"])
    block_id, action_id = str(done.get("block_id")), str(done.get("action_id"))
    payload = payloads.suggestion(core, app, user, place, block_id, action_id, str(done.get("value", "")))
    ack = await core.delivery.ask(app, "interactive", payload, url=app["options_url"])
    body = ack.payload if isinstance(ack.payload, dict) else {}
    if not ack.ok or not ("options" in body or "option_groups" in body):
        return {"ok": False, "error": "options_not_loaded"}
    return {"ok": True, **{key: body[key] for key in ("options", "option_groups") if key in body}}


async def submit(core: Core, user: Json, view_id: str, entered: Json) -> Json:
    """Submit the topmost form: Slack's own checks first, then the app's answer."""
    view = core.views.top(user["id"])
    if view is None or view["id"] != view_id:
        raise ApiRefusal("view_not_found")
    values = state_of(view["blocks"], entered)
    _attach_files(core, values)
    view["state"] = {"values": values}
    if errors := form_errors(view["blocks"], values):
        _tell_view(core, user["id"], "errors", view, errors)
        return {"ok": False, "error": "incomplete", "errors": errors}
    app = core.team.app(view["app_id"])
    ack = await core.delivery.ask(app, "interactive", payloads.view_submission(core, app, user, view))
    if not ack.ok:
        core.live.tell(user["id"], {"type": "toast", "level": "error", "text": TROUBLE})
        return {"ok": False, "error": responses.failure_name(ack)}
    return _submitted(core, user["id"], app, view, ack.payload)


def _attach_files(core: Core, values: Json) -> None:
    """File inputs report whole file objects; the page gives ids."""
    for actions in values.values():
        for value in actions.values():
            if value["type"] == "file_input":
                rows = [core.team.files.get(item) if isinstance(item, str) else item for item in value["files"]]
                value["files"] = [shown_file(core, row) for row in rows if row is not None]


def _submitted(core: Core, user: str, app: Json, view: Json, payload: Any) -> Json:
    answer = payload if isinstance(payload, dict) else {}
    action = answer.get("response_action")
    match action:
        case "errors":
            return _show_errors(core, user, view, answer.get("errors"))
        case "clear":
            core.views.clear(user)
            _tell_view(core, user, "cleared", None)
            return {"ok": True, "action": "clear"}
        case "update" | "push":
            return _next_view(core, user, app, view, action, answer.get("view"))
    if action is not None or payload not in (None, "", {}):
        return _trouble(core, user)
    core.views.close(user, view["id"])
    _tell_view(core, user, "closed", view)
    return {"ok": True, "action": "close"}


def _show_errors(core: Core, user: str, view: Json, errors: Any) -> Json:
    inputs = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
        return _trouble(core, user)  # errors may only name input blocks of this form
    _tell_view(core, user, "errors", view, errors)
    return {"ok": False, "error": "errors", "errors": errors}


def _next_view(core: Core, user: str, app: Json, view: Json, action: str, fresh: Any) -> Json:
    if check_view(fresh, kinds=("modal",)):
        return _trouble(core, user)
    try:
        if action == "push":
            made = core.views.push(user, app, fresh, core.now())
        else:
            made, _ = core.views.update(view["id"], app, fresh, None, core.now())
    except ApiRefusal:
        return _trouble(core, user)
    _tell_view(core, user, "pushed" if action == "push" else "updated", made)
    return {"ok": True, "action": action, "view": made}


def _trouble(core: Core, user: str) -> Json:
    core.live.tell(user, {"type": "toast", "level": "error", "text": TROUBLE})
    return {"ok": False, "error": "invalid_response"}


def _tell_view(core: Core, user: str, action: str, view: Json | None, errors: Json | None = None) -> None:
    event: Json = {"type": "view", "action": action, "view": view, "views": core.views.stack(user)}
    if errors is not None:
        event["errors"] = errors
    core.live.tell(user, event)


async def close(core: Core, user: Json, view_id: str, *, clear: bool) -> Json:
    """Close a form (or with `clear` all of them) and tell the apps that asked for it."""
    closed = core.views.clear(user["id"]) if clear else core.views.close(user["id"], view_id)
    if closed and not clear and closed[-1]["clear_on_close"]:
        closed += core.views.clear(user["id"])
        clear = True
    _tell_view(core, user["id"], "cleared" if clear else "closed", closed[0] if closed else None)
    for view in closed:
        if view["notify_on_close"]:
            app = core.team.app(view["app_id"])
            await core.delivery.ask(app, "interactive", payloads.view_closed(core, app, user, view, is_cleared=clear))
    return {"ok": True}


async def shortcut(core: Core, user: Json, done: Json) -> Json:
    callback_id = str(done.get("callback_id", ""))
    known = [(app, s) for app in core.team.apps.values() for s in app["shortcuts"] if s["callback_id"] == callback_id]
    app = known[0][0] if known else next((a for a in core.team.apps.values() if not a["has_manifest"]), None)
    if app is None:
        raise ApiRefusal("shortcut_not_found")
    if done.get("message_ts"):
        place = find_place(core, user, done)
        if place["message"].get("ephemeral"):
            raise ApiRefusal("not_on_ephemeral")
        payload = payloads.message_shortcut(core, app, user, place["channel"], place["message"], callback_id)
    else:
        payload = payloads.global_shortcut(core, app, user, callback_id)
    ack = await core.delivery.ask(app, "interactive", payload)
    if not ack.ok:
        core.live.tell(user["id"], {"type": "toast", "level": "error", "text": TROUBLE})
        return {"ok": False, "error": responses.failure_name(ack)}
    return {"ok": True}


def open_home(core: Core, user: Json, app: Json) -> Json:
    """Look at an app's home: the app is told with `app_home_opened` and may publish."""
    direct = core.team.direct_channel([user["id"], app["bot_user"]], core.now())
    view = core.views.home(app["id"], user["id"])
    event: Json = {"type": "app_home_opened", "user": user["id"], "channel": (direct or {}).get("id"), "tab": "home"}
    if view is not None:
        event["view"] = view
    emit(core, event, only_app=app["id"])
    return {"ok": True, "view": view}
