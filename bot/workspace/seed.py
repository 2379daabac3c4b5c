"""Who is in a workspace that was just founded? Two people, three channels and one app that may do everything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.workspace.method_rules import METHOD_RULES
from bot.workspace.refusal import Json
from bot.workspace.team import Team, channel_object

_COLOURS = ("9f69e7", "4bbe2e", "e7392d", "3c989f", "674b1b", "e96699", "2b6836", "684b6c")
EXTRA_SCOPES = frozenset(
    {
        "commands",
        "app_mentions:read",
        "chat:write.public",
        "chat:write.customize",
        "links:read",
        "metadata.message:read",
        "users:read.email",
    }
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sit at the screen."""

    handle: str
    real_name: str
    tz: str = "Europe/Berlin"


PEOPLE = (Person("ana", "Ana"), Person("ben", "Ben"))
CHANNELS = ("general", "incidents", "random")


def found(team: Team, now: datetime, people: Sequence[Person], channels: Sequence[str], app_name: str) -> None:
    """Fill an empty workspace. The first channel is the one everybody is in (`#general`)."""
    created = int(now.timestamp())
    team_id = team.ids.id("T")
    team.meta.put("team", {"id": team_id, "name": "Local workspace", "domain": "local-workspace", "created": created})
    members = [add_person(team, person, created)["id"] for person in people]
    app = add_app(team, app_name, created)
    for position, name in enumerate(channels):
        channel = channel_object(team.ids.id("C"), name, created, members[0])
        channel["is_general"] = position == 0
        channel["context_team_id"] = team_id
        channel["shared_team_ids"] = [team_id]
        team.channels.put(channel["id"], channel)
        team.set_members(channel["id"], [*members, app["bot_user"]])


def add_person(team: Team, person: Person, created: int) -> Json:
    user_id = team.ids.id("U")
    user = user_object(team, user_id, person.handle, person.real_name, person.tz, created)
    user["profile"]["email"] = f"{person.handle}@example.com"
    return team.users.put(user_id, user)


def add_app(team: Team, name: str, created: int, manifest: Mapping[str, Any] | None = None) -> Json:
    """Install an app: its ids, tokens, secrets and bot user. Without a manifest it may do and hears everything."""
    ids = team.ids
    app_id, bot_user, bot_id = ids.id("A"), ids.id("U"), ids.id("B")
    handle = name.lower().replace(" ", "")
    user = user_object(team, bot_user, handle, name, "America/Los_Angeles", created)
    user["is_bot"] = True
    user["profile"].update(bot_id=bot_id, api_app_id=app_id, always_active=False)
    team.users.put(bot_user, user)
    app: Json = {
        "id": app_id,
        "team_id": team.id,
        "name": name,
        "client_id": f"{ids.number()}.{ids.number()}",
        "client_secret": ids.hex(32),
        "signing_secret": ids.hex(32),
        "verification_token": ids.secret(24),
        "bot_user": bot_user,
        "bot_id": bot_id,
        "bot_token": ids.bot_token(),
        "app_token": ids.app_token(app_id),
        "user_tokens": {},
        "scopes": sorted(every_bot_scope()),
        "commands": [],
        "shortcuts": [],
        "events": None,
        "request_url": None,
        "options_url": None,
        "home_tab": True,
        "has_manifest": False,
        "created": created,
    }
    if manifest is not None:
        apply_manifest(app, manifest)
    return team.apps.put(app_id, app)


def every_bot_scope() -> set[str]:
    return {scope for rule in METHOD_RULES.values() for scope in rule.scopes} | set(EXTRA_SCOPES)


def apply_manifest(app: Json, manifest: Mapping[str, Any]) -> None:
    """Take commands, shortcuts, scopes, events and URLs from an app manifest (docs.slack.dev/reference/manifests)."""
    features: Mapping[str, Any] = manifest.get("features") or {}
    settings: Mapping[str, Any] = manifest.get("settings") or {}
    oauth: Mapping[str, Any] = manifest.get("oauth_config") or {}
    scopes: Mapping[str, Any] = oauth.get("scopes") or {}
    events: Mapping[str, Any] = settings.get("event_subscriptions") or {}
    interactivity: Mapping[str, Any] = settings.get("interactivity") or {}
    app["commands"] = [dict(command) for command in features.get("slash_commands") or ()]
    app["shortcuts"] = [dict(shortcut) for shortcut in features.get("shortcuts") or ()]
    app["scopes"] = sorted({*(scopes.get("bot") or ()), *(scopes.get("bot_optional") or ())})
    app["events"] = sorted(events.get("bot_events") or ())
    app["options_url"] = interactivity.get("message_menu_options_url")
    app["home_tab"] = bool((features.get("app_home") or {}).get("home_tab_enabled", False))
    app["has_manifest"] = True


def user_object(team: Team, user_id: str, handle: str, real_name: str, tz: str, created: int) -> Json:
    team_id = team.id
    return {
        "id": user_id,
        "team_id": team_id,
        "name": handle,
        "deleted": False,
        "color": _COLOURS[len(team.users) % len(_COLOURS)],
        "real_name": real_name,
        "tz": tz,
        "tz_label": tz,
        "tz_offset": 0,
        "profile": {
            "title": "",
            "phone": "",
            "skype": "",
            "real_name": real_name,
            "real_name_normalized": real_name,
            "display_name": handle,
            "display_name_normalized": handle,
            "fields": None,
            "status_text": "",
            "status_emoji": "",
            "status_emoji_display_info": [],
            "status_expiration": 0,
            "avatar_hash": "",
            "first_name": real_name.partition(" ")[0],
            "last_name": real_name.partition(" ")[2],
            "status_text_canonical": "",
            "team": team_id,
        },
        "is_admin": False,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": False,
        "is_app_user": False,
        "updated": created,
        "is_email_confirmed": True,
        "who_can_share_contact_card": "EVERYONE",
    }
