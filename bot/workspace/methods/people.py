"""Who is who? The `users.*`, `usergroups.*`, `team.*`, `bots.*`, `emoji.*` and `dnd.*` methods."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.workspace.call import Call, Handler, page_of
from bot.workspace.refusal import ApiRefusal, Json


def shown_user(user: Json, now: datetime, *, locale: bool = False, email: bool = True) -> Json:
    """A user object with the zone's offset of this moment; the address only with users:read.email."""
    offset = now.astimezone(ZoneInfo(user["tz"])).utcoffset()
    profile = {key: value for key, value in user["profile"].items() if email or key != "email"}
    shown = {**user, "tz_offset": int(offset.total_seconds()) if offset else 0, "profile": profile}
    return {**shown, "locale": "en-US"} if locale else shown


def _shown(call: Call, user: Json) -> Json:
    locale = bool(call.get("include_locale"))
    return shown_user(user, call.core.now(), locale=locale, email="users:read.email" in call.scopes)


async def user_info(call: Call) -> Json:
    return {"user": _shown(call, call.core.team.user(call.text("user")))}


async def list_users(call: Call) -> Json:
    page, cursor = page_of(call.core.team.users.values(), call)
    return {
        "members": [_shown(call, user) for user in page],
        "cache_ts": int(call.core.now().timestamp()),
        "response_metadata": {"next_cursor": cursor},
    }


async def lookup_by_email(call: Call) -> Json:
    wanted = call.text("email").lower()
    for user in call.core.team.users.values():
        if user["profile"].get("email", "").lower() == wanted:
            return {"user": _shown(call, user)}
    raise ApiRefusal("users_not_found")


async def presence(call: Call) -> Json:
    call.core.team.user(call.text("user") or call.user)
    return {"presence": "active"}


async def set_presence(call: Call) -> Json:
    return {}


async def profile(call: Call) -> Json:
    return {"profile": call.core.team.user(call.text("user") or call.user)["profile"]}


async def bot_info(call: Call) -> Json:
    wanted = call.text("bot") or call.app["bot_id"]
    app = next((app for app in call.core.team.apps.values() if app["bot_id"] == wanted), None)
    if app is None:
        raise ApiRefusal("bot_not_found")
    icons = {f"image_{size}": f"{call.core.root_url}/_workspace/icon/{app['id']}" for size in (36, 48, 72)}
    shown = {"id": app["bot_id"], "deleted": False, "name": app["name"], "updated": app["created"], "app_id": app["id"]}
    return {"bot": {**shown, "user_id": app["bot_user"], "icons": icons}}


async def team_info(call: Call) -> Json:
    info = call.core.team.info
    if call.text("team") not in ("", info["id"]):
        raise ApiRefusal("team_not_found")
    icon = {"image_default": True, "image_68": f"{call.core.root_url}/_workspace/icon/team"}
    shown = {key: info[key] for key in ("id", "name", "domain")}
    return {"team": {**shown, "url": f"{call.core.root_url}/", "email_domain": "", "icon": icon}}


async def no_emoji(call: Call) -> Json:
    return {"emoji": {}, "cache_ts": str(call.core.now().timestamp())}


async def dnd_info(call: Call) -> Json:
    call.core.team.user(call.text("user") or call.user)
    return {"dnd_enabled": False, "next_dnd_start_ts": 1, "next_dnd_end_ts": 1, "snooze_enabled": False}


async def dnd_team(call: Call) -> Json:
    users = [user for user in call.text("users").split(",") if user]
    if not users:
        raise ApiRefusal("no_users_provided")
    none = {"dnd_enabled": False, "next_dnd_start_ts": 1, "next_dnd_end_ts": 1}
    return {"users": {user: dict(none) for user in users if user in call.core.team.users}}


def _group(call: Call) -> Json:
    group = call.core.team.groups.get(call.text("usergroup"))
    if group is None:
        raise ApiRefusal("no_such_subteam")
    return group


def _shown_group(call: Call, group: Json, *, users: bool = False) -> Json:
    shown = {key: value for key, value in group.items() if key != "users"}
    if users:
        shown["users"] = group["users"]
    if call.get("include_count"):
        shown["user_count"] = len(group["users"])
    return shown


async def list_groups(call: Call) -> Json:
    groups = call.core.team.groups.values()
    if not call.get("include_disabled"):
        groups = [group for group in groups if not group["date_delete"]]
    return {"usergroups": [_shown_group(call, group, users=bool(call.get("include_users"))) for group in groups]}


async def create_group(call: Call) -> Json:
    name = call.text("name")
    handle = call.text("handle") or re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")
    for group in call.core.team.groups.values():
        if group["name"] == name:
            raise ApiRefusal("name_already_exists")
        if group["handle"] == handle:
            raise ApiRefusal("handle_already_exists")
    now = int(call.core.now().timestamp())
    group = {
        "id": call.core.ids.id("S"),
        "team_id": call.core.team.id,
        "is_usergroup": True,
        "is_subteam": True,
        "name": name,
        "description": call.text("description"),
        "handle": handle,
        "is_external": False,
        "date_create": now,
        "date_update": now,
        "date_delete": 0,
        "auto_type": None,
        "auto_provision": False,
        "enterprise_subteam_id": "",
        "created_by": call.user,
        "updated_by": call.user,
        "deleted_by": None,
        "prefs": {"channels": call.get("channels", []), "groups": []},
        "user_count": 0,
        "users": [],
    }
    call.core.team.groups.put(group["id"], group)
    return {"usergroup": _shown_group(call, group)}


async def update_group(call: Call) -> Json:
    group = _group(call)
    group.update({name: call.get(name) for name in ("name", "handle", "description") if call.get(name) is not None})
    return _saved(call, group)


async def enable_group(call: Call) -> Json:
    group = _group(call)
    group["date_delete"] = 0
    return _saved(call, group)


async def disable_group(call: Call) -> Json:
    group = _group(call)
    group["date_delete"] = int(call.core.now().timestamp())
    return _saved(call, group)


async def group_users(call: Call) -> Json:
    return {"users": _group(call)["users"]}


async def set_group_users(call: Call) -> Json:
    users = call.get("users", [])
    if not users:
        raise ApiRefusal("no_users_provided")
    if any(user not in call.core.team.users for user in users):
        raise ApiRefusal("invalid_users")
    group = _group(call)
    group.update(users=list(users), user_count=len(users))
    saved = _saved(call, group)
    saved["usergroup"]["users"] = group["users"]
    return saved


def _saved(call: Call, group: Json) -> Json:
    group.update(date_update=int(call.core.now().timestamp()), updated_by=call.user)
    call.core.team.groups.put(group["id"], group)
    return {"usergroup": _shown_group(call, group)}


HANDLERS: dict[str, Handler] = {
    "users.info": user_info,
    "users.list": list_users,
    "users.lookupByEmail": lookup_by_email,
    "users.getPresence": presence,
    "users.setPresence": set_presence,
    "users.profile.get": profile,
    "bots.info": bot_info,
    "team.info": team_info,
    "emoji.list": no_emoji,
    "dnd.info": dnd_info,
    "dnd.teamInfo": dnd_team,
    "usergroups.list": list_groups,
    "usergroups.create": create_group,
    "usergroups.update": update_group,
    "usergroups.enable": enable_group,
    "usergroups.disable": disable_group,
    "usergroups.users.list": group_users,
    "usergroups.users.update": set_group_users,
}
