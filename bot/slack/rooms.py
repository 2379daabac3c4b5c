"""Who makes, fills and closes an incident's own channel, and pins its card? One step at a time, as `engine.rooms` says.

Every step may have happened before a crash: a channel that is there already and is Tocsin's own is taken, and "already
pinned" counts as done. What Slack refuses for good is told once, in the incident's thread.
"""

import asyncio
import logging
from datetime import timedelta

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.engine.rooms import Pinning, RoomWork
from bot.engine.whole import Engine
from bot.incidents.rooms import UNARCHIVE, numbered
from bot.slack.mrkdwn import cut
from bot.slack.refusals import CALL_ERRORS, Follow, Refusal, refusal_of
from bot.slack.render import Renderer

log = logging.getLogger(__name__)

POLL_S = 1.0
TRIES_MAX = 8
NAMES_MAX = 9
TOPIC_MAX = 250
_PAGE = 1_000
_FINE = frozenset(
    {"already_in_channel", "cant_invite_self", "already_pinned", "already_archived", "not_archived", "no_pin"}
)
_LOST = frozenset({"is_archived", "channel_not_found", "not_in_channel"})
"""The channel can no longer be used."""


class RoomKeeper:
    def __init__(self, engine: Engine, client: AsyncWebClient, renderer: Renderer | None = None) -> None:
        self._engine, self._client = engine, client
        self._renderer = renderer or Renderer()
        self._me = ""
        self.errors = 0

    async def run(self) -> None:
        """For ever."""
        while True:
            try:
                await self.keep()
            except Exception:
                self.errors += 1
                log.exception("the incidents' channels could not be looked after; it is tried again")
            await asyncio.sleep(POLL_S)

    async def keep(self) -> int:
        """Does what is due; gives how many steps were tried."""
        tried = 0
        for work in await asyncio.to_thread(self._engine.rooms.due):
            tried += await self._tried(work)
        for pinning in await asyncio.to_thread(self._engine.rooms.pinnings):
            await self._pin(pinning)
            tried += 1
        return tried

    async def _tried(self, work: RoomWork) -> int:
        number = work.incident.id
        for step in work.steps or ("create",):
            try:
                await self._step(work, step)
            except CALL_ERRORS as error:
                if await self._refused(work, step, refusal_of(error)):
                    continue
                return 1
            if step != "create":
                await asyncio.to_thread(self._engine.rooms.stepped, number, step)
        return len(work.steps) or 1

    async def _step(self, work: RoomWork, step: str) -> None:
        channel = work.room.channel
        kind, _, who = step.partition(":")
        match kind:
            case "create":
                await self._create(work)
            case "purpose":
                await self._client.conversations_setPurpose(channel=channel, purpose=self._words("purpose", work))
            case "topic":
                await self._client.conversations_setTopic(channel=channel, topic=self._words("topic", work))
            case "invite":
                await self._client.conversations_invite(channel=channel, users=[who])
            case "pin" if work.card is not None:
                await self._client.pins_add(channel=channel, timestamp=work.card.ts)
            case "archive":
                await self._client.conversations_archive(channel=channel)
            case "unarchive":  # Slack lets no bot do it, for now: then it is said, and goes on in the main channel
                await self._client.conversations_unarchive(channel=channel)

    async def _create(self, work: RoomWork) -> None:
        """Under its name, or the same with a number when that is taken by somebody else."""
        for attempt in range(NAMES_MAX):
            name = numbered(work.name, attempt)
            try:
                made = (await self._client.conversations_create(name=name))["channel"]
            except SlackApiError as error:
                if refusal_of(error).error != "name_taken":
                    raise
                channel = await self._mine(name, work)
                if not channel:
                    continue
                made = {"id": channel, "name": name}
            await asyncio.to_thread(self._engine.rooms.made, work.incident.id, str(made["id"]), str(made["name"]))
            return
        await asyncio.to_thread(self._engine.rooms.refused, work.incident.id, "create", "name_taken")

    async def _mine(self, name: str, work: RoomWork) -> str:
        """The channel of that name when it is Tocsin's, open, and of no incident: made just before a crash."""
        if not self._me:
            self._me = str((await self._client.auth_test())["user_id"])
        cursor = ""
        while True:
            page = await self._client.conversations_list(
                types="public_channel", exclude_archived=True, limit=_PAGE, **({"cursor": cursor} if cursor else {})
            )
            for channel in page["channels"]:
                if channel.get("name") == name and channel.get("creator") == self._me:
                    is_free = await asyncio.to_thread(self._engine.rooms.is_free, str(channel["id"]))
                    return str(channel["id"]) if is_free else ""
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return ""

    async def _refused(self, work: RoomWork, step: str, refusal: Refusal) -> bool:
        """True when the next step can be tried all the same."""
        rooms, number = self._engine.rooms, work.incident.id
        if refusal.error in _FINE:
            await asyncio.to_thread(rooms.stepped, number, step)
            return True
        passing = refusal.follow in (Follow.WAIT, Follow.TRY_AGAIN) and work.room.attempts < TRIES_MAX
        if passing:
            after = refusal.after or timedelta(seconds=2 ** min(work.room.attempts, 6))
            log.warning("%s of the channel of INC-%d is tried again: %s", step, number, refusal.error)
            await asyncio.to_thread(rooms.later, number, after, refusal.error)
            return False
        log.error("Slack refuses %s of the channel of INC-%d: %s %s", step, number, refusal.error, refusal.needed)
        if step == "archive":  # it is over: nothing is lost, and nobody needs to hear it now
            await asyncio.to_thread(rooms.stepped, number, step)
            return False
        if step not in ("create", UNARCHIVE) and refusal.error in _LOST:
            await asyncio.to_thread(rooms.lost, number, refusal.error)
            return False
        await asyncio.to_thread(rooms.refused, number, step, refusal.error, refusal.needed)
        return step != "create"

    async def _pin(self, pinning: Pinning) -> None:
        card = pinning.card
        try:
            if pinning.is_wanted:
                await self._client.pins_add(channel=card.channel, timestamp=card.ts)
            else:
                await self._client.pins_remove(channel=card.channel, timestamp=card.ts)
        except CALL_ERRORS as error:
            refusal = refusal_of(error)
            if refusal.follow in (Follow.WAIT, Follow.TRY_AGAIN):
                return
            if refusal.error not in _FINE:
                log.error("Slack refuses to pin the message of INC-%d: %s", pinning.incident_id, refusal.error)
        await asyncio.to_thread(self._engine.rooms.pinned, pinning)

    def _words(self, what: str, work: RoomWork) -> str:
        macro = getattr(self._renderer.words("room").module, what)
        return cut(str(macro(work.incident)).strip(), TOPIC_MAX)
