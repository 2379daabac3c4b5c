"""Who and what is in the workspace? People, channels, apps, groups and files, in Slack's own object shapes."""

from collections.abc import Iterable
from datetime import datetime

from bot.workspace.identifiers import Identifiers
from bot.workspace.journal import Journal
from bot.workspace.refusal import ApiRefusal, Json

KINDS = {"channel": "public_channel", "private": "private_channel", "im": "im", "mpim": "mpim"}


class Team:
    """The tables of the workspace, and the questions asked of them again and again."""

    def __init__(self, journal: Journal, ids: Identifiers) -> None:
        self.ids = ids
        self.meta = journal.table("meta")
        self.users = journal.table("user")
        self.channels = journal.table("channel")
        self.members = journal.table("members")
        self.apps = journal.table("app")
        self.files = journal.table("file")
        self.groups = journal.table("usergroup")
        self.bookmarks = journal.table("bookmark")
        self.scheduled = journal.table("scheduled")
        self.reads = journal.table("read")
        self.codes = journal.table("code")

    @property
    def info(self) -> Json:
        info = self.meta.get("team")
        if info is None:
            raise ApiRefusal("team_not_found")
        return info

    @property
    def id(self) -> str:
        return str(self.info["id"])

    def user(self, user_id: str) -> Json:
        user = self.users.get(user_id)
        if user is None:
            raise ApiRefusal("user_not_found")
        return user

    def user_named(self, name: str) -> Json | None:
        """By id, handle, real name or display name, in any case."""
        wanted = name.lstrip("@").lower()
        for user in self.users.values():
            names = (user["id"], user["name"], user["real_name"], user["profile"]["display_name"])
            if wanted in (known.lower() for known in names):
                return user
        return None

    def channel(self, reference: str, *, seen_by: str | None = None) -> Json:
        """A channel by id or `#name`. Raises `channel_not_found`, also for what `seen_by` cannot see."""
        channel = self.channels.get(reference) or self._channel_named(reference)
        if channel is None or (seen_by is not None and not self.can_see(channel, seen_by)):
            raise ApiRefusal("channel_not_found")
        return channel

    def _channel_named(self, reference: str) -> Json | None:
        wanted = reference.removeprefix("#")
        return next(
            (c for c in self.channels.values() if c.get("name") == wanted and kind_of(c) in ("channel", "private")),
            None,
        )

    def can_see(self, channel: Json, user_id: str) -> bool:
        return kind_of(channel) == "channel" or user_id in self.members_of(channel["id"])

    def members_of(self, channel_id: str) -> list[str]:
        row = self.members.get(channel_id)
        return list(row["users"]) if row else []

    def set_members(self, channel_id: str, users: Iterable[str]) -> None:
        self.members.put(channel_id, {"users": list(dict.fromkeys(users))})

    def is_member(self, channel_id: str, user_id: str) -> bool:
        row = self.members.get(channel_id)
        return row is not None and user_id in row["users"]

    def app(self, app_id: str) -> Json:
        app = self.apps.get(app_id)
        if app is None:
            raise ApiRefusal("app_not_found")
        return app

    def app_of_bot(self, user_or_bot_id: str) -> Json | None:
        wanted = user_or_bot_id
        return next((app for app in self.apps.values() if wanted in (app["bot_user"], app["bot_id"])), None)

    def direct_channel(self, users: Iterable[str], now: datetime, *, create: bool = True) -> Json | None:
        """The im (two people) or mpim (more) of exactly these people, made if need be."""
        people = sorted(set(users))
        for channel in self.channels.values():
            if kind_of(channel) in ("im", "mpim") and sorted(self.members_of(channel["id"])) == people:
                return channel
        return self._open_direct(people, now) if create else None

    def _open_direct(self, people: list[str], now: datetime) -> Json:
        created = int(now.timestamp())
        if len(people) <= 2:
            channel = im_object(self.ids.id("D"), created, people[0])
        else:
            handles = "--".join(self.user(person)["name"] for person in people)
            channel = channel_object(self.ids.id("C"), f"mpdm-{handles}-1", created, people[0], kind="mpim")
        self.channels.put(channel["id"], channel)
        self.set_members(channel["id"], people)
        return channel


def kind_of(channel: Json) -> str:
    """`channel`, `private`, `im` or `mpim`."""
    if channel.get("is_im"):
        return "im"
    if channel.get("is_mpim"):
        return "mpim"
    return "private" if channel.get("is_private") else "channel"


def im_object(channel_id: str, created: int, user: str) -> Json:
    return {
        "id": channel_id,
        "created": created,
        "is_org_shared": False,
        "is_im": True,
        "is_archived": False,
        "context_team_id": "",
        "updated": created * 1000,
        "user": user,
        "is_user_deleted": False,
        "is_open": True,
        "priority": 0,
    }


def channel_object(channel_id: str, name: str, created: int, creator: str, *, kind: str = "channel") -> Json:
    is_group, is_mpim = kind == "private", kind == "mpim"
    text = {"value": "", "creator": "", "last_set": 0}
    return {
        "id": channel_id,
        "name": name,
        "is_channel": kind == "channel",
        "is_group": is_group,
        "is_im": False,
        "is_mpim": is_mpim,
        "is_private": is_group or is_mpim,
        "created": created,
        "is_archived": False,
        "is_general": False,
        "unlinked": 0,
        "name_normalized": name,
        "is_shared": False,
        "is_org_shared": False,
        "is_pending_ext_shared": False,
        "pending_shared": [],
        "context_team_id": "",
        "updated": created * 1000,
        "parent_conversation": None,
        "creator": creator,
        "is_ext_shared": False,
        "shared_team_ids": [],
        "pending_connected_team_ids": [],
        "topic": dict(text),
        "purpose": dict(text),
        "previous_names": [],
    }
