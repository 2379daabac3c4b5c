"""Which message did somebody pin, or mark with the reaction? Of a reaction Slack only says where: the message is read.

Events: docs.slack.dev/reference/events/pin_added, pin_removed, reaction_added, reaction_removed.
"""

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.engine.marks import Written
from bot.engine.whole import Engine
from bot.slack.asked import spoken
from bot.slack.identity import Identity
from bot.slack.refusals import CALL_ERRORS, refusal_of

log = logging.getLogger(__name__)

EVENTS = ("pin_added", "pin_removed", "reaction_added", "reaction_removed")


class Marking:
    def __init__(self, engine: Engine, client: AsyncWebClient, identity: Identity) -> None:
        self._engine, self._client, self._identity = engine, client, identity

    async def heard(self, body: Mapping[str, Any]) -> None:
        event = body["event"]
        kind, _, what = str(event["type"]).partition("_")
        item = event.get("item") or {}
        channel, ts = str(event.get("channel_id") or item.get("channel") or ""), _ts_of(item)
        if item.get("type") != "message" or not (channel and ts):
            return
        if kind == "reaction" and _plain_name(event) != self._engine.settings.incidents.reaction:
            return
        if not await asyncio.to_thread(self._engine.interactions.first_time, "event", str(body.get("event_id") or ts)):
            return
        by = await self._identity.of(str(body.get("team_id") or ""), str(event["user"]))
        if what == "removed":
            await asyncio.to_thread(self._engine.marks.take_off, channel, ts, kind, by)
            return
        message = item.get("message") or await self._read(channel, ts)
        if message and message.get("user") not in _own(body):
            written = await self._written(message, channel, str(body.get("team_id") or ""))
            await asyncio.to_thread(self._engine.marks.put, written, kind, by)

    async def _read(self, channel: str, ts: str) -> Mapping[str, Any] | None:
        """The message itself, wherever it stands; None when it cannot be read."""
        try:
            found = await self._client.conversations_replies(
                channel=channel, ts=ts, oldest=ts, latest=ts, inclusive=True, limit=10
            )
        except CALL_ERRORS as error:
            refusal = refusal_of(error)
            log.warning("cannot read the marked message in %s: %s %s", channel, refusal.error, refusal.needed)
            return None
        return next((message for message in found["messages"] if message.get("ts") == ts), None)

    async def _written(self, message: Mapping[str, Any], channel: str, team: str) -> Written:
        ts, thread = str(message["ts"]), str(message.get("thread_ts") or "")
        link = str(message.get("permalink") or "") or await permalink(self._client, channel, ts)
        app = str((message.get("bot_profile") or {}).get("name") or message.get("username") or "")
        user = str(message.get("user") or "")
        author = f"{message.get('team') or team}/{user}" if user and not app else app
        said = spoken(str(message.get("text") or ""))[0]
        return Written(channel, ts, time_of(ts), author, said, link, "" if thread == ts else thread)


async def permalink(client: AsyncWebClient, channel: str, ts: str) -> str:
    """'' when Slack does not give one."""
    try:
        return str((await client.chat_getPermalink(channel=channel, message_ts=ts))["permalink"])
    except CALL_ERRORS as error:
        log.info("no link to a message in %s: %s", channel, refusal_of(error).error)
        return ""


def time_of(ts: str) -> datetime:
    """A message's `ts` is when it was posted, in seconds."""
    return datetime.fromtimestamp(float(ts), UTC)


def _ts_of(item: Mapping[str, Any]) -> str:
    return str(item.get("ts") or (item.get("message") or {}).get("ts") or "")


def _plain_name(event: Mapping[str, Any]) -> str:
    return str(event.get("reaction") or "").partition("::")[0]


def _own(body: Mapping[str, Any]) -> set[str]:
    return {str(one.get("user_id")) for one in body.get("authorizations") or ()}
