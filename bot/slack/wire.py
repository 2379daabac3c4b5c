"""How is a message put into Slack, changed, and found again by its key?

Every message carries its notice's key as metadata, so that after a crash between Slack's "yes" and our commit it is
found instead of said twice.
"""

from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.engine.ports import Posted
from bot.slack.mrkdwn import clip
from bot.slack.plain import plain_words
from bot.slack.render import Message

EVENT_TYPE = "tocsin_notice"
TIMEOUT_S = 15
_PAGE = 200
_TITLE_MAX, _ALT_MAX = 200, 900
_PAGES_MAX = 5
"""So many messages back a lost one is looked for: it was sent a moment before the crash."""


class Wire:
    """Calls that the library never repeats by itself: that is for those who know what may have happened."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = AsyncWebClient(
            token=client.token, base_url=client.base_url, timeout=TIMEOUT_S, retry_handlers=[], logger=client._logger
        )

    async def post(self, key: str, channel: str, thread_ts: str, message: Message) -> Posted:
        if message.attached:
            return await self._share(key, channel, thread_ts, message)
        answer = await self._client.chat_postMessage(
            channel=channel, thread_ts=thread_ts or None, **_said(key, message)
        )
        return Posted(key, str(answer["channel"]), str(answer["ts"]), thread_ts, message.digest)

    async def _share(self, key: str, channel: str, thread_ts: str, message: Message) -> Posted:
        """A file with its words. It carries no metadata, so its name is the key."""
        said = plain_words(message.text)
        await self._client.files_upload_v2(
            channel=channel,
            thread_ts=thread_ts or None,
            content=message.attached,
            filename=_file_stem(key) + message.ending,
            title=clip(said, _TITLE_MAX),
            alt_txt=clip(said, _ALT_MAX),
            initial_comment=message.text,
        )
        return Posted(key, channel, "", thread_ts, message.digest)

    async def update(self, posted: Posted, message: Message) -> Posted:
        """Text and blocks both: text alone would drop the blocks."""
        await self._client.chat_update(channel=posted.channel, ts=posted.ts, **_said(posted.key, message, update=True))
        return Posted(posted.key, posted.channel, posted.ts, posted.thread_ts, message.digest)

    async def find(self, key: str, channel: str, thread_ts: str) -> Posted | None:
        """The message that carries `key`, in the channel or in the thread; its content is not compared."""
        cursor = ""
        for _ in range(_PAGES_MAX):
            page = await self._page(channel, thread_ts, cursor)
            for message in page["messages"]:
                if _is_of(message, key):
                    return Posted(key, channel, str(message["ts"]), thread_ts)
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                break
        return None

    async def _page(self, channel: str, thread_ts: str, cursor: str) -> Any:
        about: dict[str, Any] = {"channel": channel, "include_all_metadata": True, "limit": _PAGE}
        about |= {"cursor": cursor} if cursor else {}
        if thread_ts:
            return await self._client.conversations_replies(ts=thread_ts, **about)
        return await self._client.conversations_history(**about)


def _said(key: str, message: Message, *, update: bool = False) -> dict[str, Any]:
    said: dict[str, Any] = {
        "text": message.text,
        "blocks": list(message.blocks),
        "metadata": {"event_type": EVENT_TYPE, "event_payload": {"key": key}},
    }
    return said if update else said | {"unfurl_links": False, "unfurl_media": False}


def _file_stem(key: str) -> str:
    return key.replace(":", "-")


def _is_of(message: dict[str, Any], key: str) -> bool:
    return _key_of(message) == key or any(
        str(file.get("name")).rpartition(".")[0] == _file_stem(key) for file in message.get("files") or ()
    )


def _key_of(message: dict[str, Any]) -> str:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != EVENT_TYPE:
        return ""
    return str((metadata.get("event_payload") or {}).get("key", ""))
