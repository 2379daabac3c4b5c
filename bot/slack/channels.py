"""Which channel is called that? Names become ids once and are remembered; a person's is their direct messages."""

from datetime import datetime, timedelta

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import Clock

ASK_AGAIN_AFTER = timedelta(seconds=30)
_PAGES_MAX = 50
_PAGE = 1_000
_ID = frozenset("CDGZ")


class Channels:
    def __init__(self, client: AsyncWebClient, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self._ids: dict[str, str] = {}
        self._asked_at: datetime | None = None

    async def id_of(self, name: str) -> str:
        """The id of "#incidents", "incidents" or an id itself, and of the direct messages with a user id; '' when there
        is no such channel to be seen."""
        if is_channel_id(name):
            return name
        if is_user_id(name):
            return await self._direct(name)
        name = name.removeprefix("#")
        if name not in self._ids and self._may_ask():
            await self._ask()
        return self._ids.get(name, "")

    async def _direct(self, user: str) -> str:
        if user not in self._ids:
            found = await self._client.conversations_open(users=[user])
            self._ids[user] = str(found["channel"]["id"])
        return self._ids[user]

    async def join(self, channel: str) -> bool:
        """True when Tocsin is in the (public) channel now."""
        try:
            await self._client.conversations_join(channel=channel)
        except SlackApiError:
            return False
        return True

    def _may_ask(self) -> bool:
        return self._asked_at is None or self._clock.now() - self._asked_at >= ASK_AGAIN_AFTER

    async def _ask(self) -> None:
        try:
            found = await self._listed("public_channel,private_channel")
        except SlackApiError as error:
            if error.response.get("error") != "missing_scope":
                raise
            found = await self._listed("public_channel")
        self._ids |= found
        self._asked_at = self._clock.now()

    async def _listed(self, kinds: str) -> dict[str, str]:
        found: dict[str, str] = {}
        cursor = ""
        for _ in range(_PAGES_MAX):
            page = await self._client.conversations_list(
                types=kinds, exclude_archived=True, limit=_PAGE, **({"cursor": cursor} if cursor else {})
            )
            found |= {channel["name"]: channel["id"] for channel in page["channels"] if channel.get("name")}
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                break
        return found


def is_user_id(name: str) -> bool:
    return len(name) >= 9 and name[0] in "UW" and name.isascii() and name.isalnum() and name.isupper()


def is_channel_id(name: str) -> bool:
    return len(name) >= 9 and name[0] in _ID and name.isascii() and name.isalnum() and name.isupper()
