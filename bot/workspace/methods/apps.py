"""How does an app get in? `auth.*`, `apps.*`, `oauth.v2.access`, `api.test` and `blocks.validate`."""

from typing import Any

from bot.workspace.call import Call, Handler, page_of
from bot.workspace.refusal import ApiRefusal, Json, invalid_arguments
from bot.workspace.validate import check_blocks, check_message, check_view

_VALIDATE_CHARS_MAX = 100_000


async def api_test(call: Call) -> Json:
    if call.get("error"):
        raise ApiRefusal(call.text("error"), args=call.arguments)
    return {"args": call.arguments}


async def auth_test(call: Call) -> Json:
    team = call.core.team
    answer: Json = {
        "url": f"{call.core.root_url}/",
        "team": team.info["name"],
        "user": team.user(call.user)["name"],
        "team_id": team.id,
        "user_id": call.user,
    }
    if call.token_kind == "bot":
        answer["bot_id"] = call.app["bot_id"]
    return {**answer, "is_enterprise_install": False}


async def revoke(call: Call) -> Json:
    if call.get("test"):
        return {"revoked": False}
    call.app["bot_token"] = ""
    call.core.team.apps.put(call.app["id"], call.app)
    return {"revoked": True}


async def teams(call: Call) -> Json:
    info = call.core.team.info
    page, cursor = page_of([{"id": info["id"], "name": info["name"]}], call)
    return {"teams": page, "response_metadata": {"next_cursor": cursor}}


async def open_connection(call: Call) -> Json:
    """A single-use WebSocket address (docs.slack.dev/reference/methods/apps.connections.open)."""
    ticket = call.core.sockets.ticket(call.app["id"])
    address = call.core.root_url.replace("http", "ws", 1)
    return {"url": f"{address}/link/?ticket={ticket}&app_id={call.app['id']}"}


async def uninstall(call: Call) -> Json:
    if (call.text("client_id"), call.text("client_secret")) != (call.app["client_id"], call.app["client_secret"]):
        raise ApiRefusal("bad_client_secret")
    call.app["bot_token"] = ""
    call.core.team.apps.put(call.app["id"], call.app)
    return {}


async def authorizations(call: Call) -> Json:
    if not call.text("event_context").startswith("4-"):
        raise ApiRefusal("invalid_event_context")
    app = call.app
    shown = {"enterprise_id": None, "team_id": call.core.team.id, "user_id": app["bot_user"], "is_bot": True}
    page, cursor = page_of([{**shown, "is_enterprise_install": False}], call)
    return {"authorizations": page, "response_metadata": {"next_cursor": cursor}}


async def oauth_access(call: Call) -> Json:
    """Exchange a code for tokens (docs.slack.dev/authentication/installing-with-oauth)."""
    app = next((a for a in call.core.team.apps.values() if a["client_id"] == call.text("client_id")), None)
    if app is None:
        raise ApiRefusal("invalid_client_id")
    if call.text("client_secret") != app["client_secret"]:
        raise ApiRefusal("bad_client_secret")
    if call.get("grant_type", "authorization_code") != "authorization_code":
        raise ApiRefusal("invalid_grant_type")
    code = call.core.team.codes.get(call.text("code"))
    if code is None or code["app_id"] != app["id"] or code["expires"] < call.core.now().timestamp():
        raise ApiRefusal("invalid_code")
    if code["redirect_uri"] and call.get("redirect_uri", code["redirect_uri"]) != code["redirect_uri"]:
        raise ApiRefusal("bad_redirect_uri")
    call.core.team.codes.drop(call.text("code"))
    return _installed(call, app, code)


def _installed(call: Call, app: Json, code: Json) -> Json:
    if code["scopes"]:
        app["scopes"] = sorted(set(code["scopes"]))
    app["bot_token"] = app["bot_token"] or call.core.ids.bot_token()
    authed: Json = {"id": code["user"]}
    if code["user_scopes"]:
        token = call.core.ids.user_token()
        app["user_tokens"] = {**app["user_tokens"], token: {"user": code["user"], "scopes": code["user_scopes"]}}
        authed.update(scope=",".join(code["user_scopes"]), access_token=token, token_type="user")
    call.core.team.apps.put(app["id"], app)
    info = call.core.team.info
    return {
        "app_id": app["id"],
        "authed_user": authed,
        "scope": ",".join(app["scopes"]),
        "token_type": "bot",
        "access_token": app["bot_token"],
        "bot_user_id": app["bot_user"],
        "team": {"id": info["id"], "name": info["name"]},
        "enterprise": None,
        "is_enterprise_install": False,
    }


async def blocks_validate(call: Call) -> Json:
    """Slack's own validator: exactly one of `blocks`, `view`, `message`; answers with a list of errors."""
    given = [name for name in ("blocks", "view", "message") if call.get(name) is not None]
    if len(given) != 1:
        raise invalid_arguments("must provide exactly one of `blocks`, `view` or `message`")
    name, value = given[0], call.get(given[0])
    if isinstance(value, str) or len(str(value)) > _VALIDATE_CHARS_MAX:
        raise ApiRefusal(f"invalid_{name}")
    problems = _check(name, value)
    if not problems:
        return {}
    errors = [
        {"code": p.code, "message": p.message, "pointer": p.pointer, "constraint": p.constraint, "field": p.field}
        for p in problems
    ]
    raise ApiRefusal(f"invalid_{name}", errors=errors)


def _check(name: str, value: Any) -> list[Any]:
    match name:
        case "blocks":
            return list(check_blocks(value))
        case "view":
            return list(check_view(value))
    return list(check_message(value))


HANDLERS: dict[str, Handler] = {
    "api.test": api_test,
    "auth.test": auth_test,
    "auth.revoke": revoke,
    "auth.teams.list": teams,
    "apps.connections.open": open_connection,
    "apps.uninstall": uninstall,
    "apps.event.authorizations.list": authorizations,
    "oauth.v2.access": oauth_access,
    "blocks.validate": blocks_validate,
}
