"""How does an app open, stack and change forms? The `views.*` methods."""

import json

from bot.workspace.call import Call, Handler
from bot.workspace.refusal import ApiRefusal, Json
from bot.workspace.validate import check_view, refuse_view

VIEW_BYTES_MAX = 250_000  # docs.slack.dev/reference/methods/views.open: view_too_large


def checked_view(call: Call, *kinds: str) -> Json:
    """The `view` argument, valid and of one of these kinds."""
    view = call.get("view")
    if len(json.dumps(view, ensure_ascii=False).encode()) > VIEW_BYTES_MAX:
        raise ApiRefusal("view_too_large")
    if problems := check_view(view, kinds=kinds):
        raise refuse_view(problems)
    return dict(view)


def show_stack(call: Call, user: str, action: str, view: Json) -> None:
    event = {"type": "view", "action": action, "view": view, "views": call.core.views.stack(user)}
    call.core.live.tell(user, event)


def _trigger(call: Call) -> str:
    return call.text("trigger_id") or call.text("interactivity_pointer")


async def open_view(call: Call) -> Json:
    view = checked_view(call, "modal")
    trigger = call.core.tickets.redeem(_trigger(call), call.app["id"])
    made = call.core.views.open(trigger.user, call.app, view, call.core.now())
    show_stack(call, trigger.user, "opened", made)
    return {"view": made}


async def push_view(call: Call) -> Json:
    view = checked_view(call, "modal")
    trigger = call.core.tickets.redeem(_trigger(call), call.app["id"])
    made = call.core.views.push(trigger.user, call.app, view, call.core.now())
    show_stack(call, trigger.user, "pushed", made)
    return {"view": made}


async def update_view(call: Call) -> Json:
    view = checked_view(call, "modal", "home")
    view_id = call.text("view_id")
    if not view_id and call.text("external_id"):
        view_id = call.core.views.id_of_external(call.app["id"], call.text("external_id")) or ""
    made, user = call.core.views.update(view_id, call.app, view, call.get("hash"), call.core.now())
    if made["type"] == "home":
        call.core.live.tell(user, {"type": "home", "view": made})
    else:
        show_stack(call, user, "updated", made)
    return {"view": made}


async def publish_view(call: Call) -> Json:
    view = checked_view(call, "home")
    user = call.text("user_id")
    if user not in call.core.team.users:
        raise ApiRefusal("user_not_found")
    if not call.app["home_tab"]:
        raise ApiRefusal("not_enabled")
    made = call.core.views.publish(user, call.app, view, call.get("hash"), call.core.now())
    call.core.live.tell(user, {"type": "home", "view": made})
    return {"view": made}


HANDLERS: dict[str, Handler] = {
    "views.open": open_view,
    "views.push": push_view,
    "views.update": update_view,
    "views.publish": publish_view,
}
