"""What was said? Every message by channel and timestamp, its thread, and the pages of a history."""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict

from bot.workspace.journal import Journal
from bot.workspace.refusal import ApiRefusal, Json

_EPHEMERALS_KEPT = 200  # per person and channel; Slack itself forgets them at the next reload


class MessageLog:
    """Messages are Slack's message objects as `conversations.history` gives them (with metadata)."""

    def __init__(self, journal: Journal) -> None:
        self._rows = journal.table("message")
        self._channels: dict[str, list[str]] = defaultdict(list)  # channel → sorted ts of what a channel shows
        self._threads: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._ephemeral: dict[tuple[str, str], list[Json]] = defaultdict(list)
        for key, message in self._rows.items():
            self._index(key.partition("/")[0], message)

    def last_ts(self) -> str:
        """The latest timestamp ever given out that is still known, or `0.0`."""
        lists = (*self._channels.values(), *self._threads.values())
        return max((stamps[-1] for stamps in lists if stamps), default="0.0")

    def get(self, channel: str, ts: str) -> Json | None:
        return self._rows.get(f"{channel}/{ts}")

    def need(self, channel: str, ts: str) -> Json:
        message = self.get(channel, ts)
        if message is None:
            raise ApiRefusal("message_not_found")
        return message

    def add(self, channel: str, message: Json) -> Json:
        """Keep a new message; a reply also updates its parent's thread figures."""
        self._rows.put(f"{channel}/{message['ts']}", message)
        self._index(channel, message)
        parent = self._parent_of(channel, message)
        if parent is not None:
            self._count_reply(channel, parent)
        return message

    def save(self, channel: str, message: Json) -> Json:
        """Keep a message that was changed in place."""
        return self._rows.put(f"{channel}/{message['ts']}", message)

    def remove(self, channel: str, ts: str) -> None:
        """Delete; a parent with replies stays as a tombstone, as in Slack."""
        message = self.need(channel, ts)
        if self._threads.get((channel, ts)):
            self._bury(channel, message)
            return
        self._rows.drop(f"{channel}/{ts}")
        for stamps in (self._channels[channel], self._threads.get((channel, message.get("thread_ts", "")), [])):
            if ts in stamps:
                stamps.remove(ts)
        parent = self._parent_of(channel, message)
        if parent is not None:
            self._count_reply(channel, parent)

    def history(self, channel: str) -> list[str]:
        """Sorted timestamps of what the channel itself shows (parents, plain messages, broadcast replies)."""
        return self._channels[channel]

    def thread(self, channel: str, thread_ts: str) -> list[str]:
        """Sorted timestamps of a thread's replies, without the parent."""
        return self._threads.get((channel, thread_ts), [])

    def whisper(self, channel: str, user: str, message: Json) -> None:
        """Keep an ephemeral message for one person."""
        kept = self._ephemeral[channel, user]
        kept.append(message)
        del kept[:-_EPHEMERALS_KEPT]

    def whispers(self, channel: str, user: str) -> list[Json]:
        return list(self._ephemeral.get((channel, user), ()))

    def whispered(self, channel: str, user: str, ts: str) -> Json | None:
        return next((m for m in self._ephemeral.get((channel, user), ()) if m["ts"] == ts), None)

    def unwhisper(self, channel: str, user: str, ts: str) -> None:
        kept = self._ephemeral[channel, user]
        kept[:] = [message for message in kept if message["ts"] != ts]

    def _index(self, channel: str, message: Json) -> None:
        ts, thread_ts = message["ts"], message.get("thread_ts")
        if thread_ts and thread_ts != ts:
            insort(self._threads[channel, thread_ts], ts)
            if message.get("subtype") != "thread_broadcast":
                return
        insort(self._channels[channel], ts)

    def _parent_of(self, channel: str, message: Json) -> Json | None:
        thread_ts = message.get("thread_ts")
        return self.get(channel, thread_ts) if thread_ts and thread_ts != message["ts"] else None

    def _count_reply(self, channel: str, parent: Json) -> None:
        replies = self._threads.get((channel, parent["ts"]), [])
        if not replies:
            for key in ("thread_ts", "reply_count", "reply_users_count", "latest_reply", "reply_users", "is_locked"):
                parent.pop(key, None)
        else:
            latest = self.get(channel, replies[-1])
            people = list(parent.get("reply_users", []))
            author = str((latest or {}).get("user", ""))
            if author and author not in people:
                people.append(author)
            parent.update(
                thread_ts=parent["ts"],
                reply_count=len(replies),
                reply_users_count=len(people),
                latest_reply=replies[-1],
                reply_users=people,
                is_locked=False,
                subscribed=parent.get("subscribed", False),
            )
        self.save(channel, parent)

    def _bury(self, channel: str, message: Json) -> None:
        kept = (
            "type",
            "ts",
            "thread_ts",
            "reply_count",
            "reply_users_count",
            "latest_reply",
            "reply_users",
            "is_locked",
        )
        grave = {key: message[key] for key in kept if key in message}
        grave.update(subtype="tombstone", text="This message was deleted.", user="USLACKBOT", hidden=True)
        message.clear()
        message.update(grave)
        self.save(channel, message)


def between(stamps: list[str], oldest: str, latest: str, *, inclusive: bool) -> list[str]:
    """The part of sorted timestamps between two, both optional (empty)."""
    left, right = (bisect_left, bisect_right) if inclusive else (bisect_right, bisect_left)
    start = left(stamps, oldest) if oldest else 0
    stop = right(stamps, latest) if latest else len(stamps)
    return stamps[start:stop]
