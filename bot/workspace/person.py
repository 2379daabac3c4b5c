"""How does a test or a played story use Slack? In a person's words, over HTTP, against any running workspace.

    async with Slack(workspace.page_url) as slack:
        ana = slack.as_("ana")
        await ana.in_("#incidents").types("/rollback checkout")
        await ana.in_("#incidents").message("Roll back checkout?").press("Approve")
        await ana.form().fill(reason="p99 doubled").submit()
        await ana.in_("#incidents").expects_ephemeral("Asked for a second person")
        await ana.in_("#incidents").message("checkout").expects_thread_reply("recovered")

What is expected is waited for, `patience_s` at most; `NotSeen` then says what was there instead.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from bot.workspace.operating import Form, Home, Message, NotSeen, Refusal
from bot.workspace.reading import says, words
from bot.workspace.refusal import Json

T = TypeVar("T")
__all__ = ["Form", "Home", "Message", "NotSeen", "Person", "Place", "Refusal", "Slack"]
_POLL_S = 0.03
_ACT_TIMEOUT_S = 60.0


class Slack:
    """A workspace as people use it. `url` is its page (`workspace.page_url`)."""

    def __init__(self, url: str, *, patience_s: float = 5.0) -> None:
        self.patience_s = patience_s
        self._http = httpx.AsyncClient(base_url=url, timeout=_ACT_TIMEOUT_S, trust_env=False)
        self._marks: dict[tuple[str, str], str] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    def as_(self, name: str) -> "Person":
        """By handle, name or id."""
        return Person(self, name)

    async def get(self, path: str, **query: str) -> Any:
        answer = await self._http.get(f"/_workspace/{path}", params=query)
        return _decoded(path, answer)

    async def post(self, path: str, body: Json) -> Any:
        answer = await self._http.post(f"/_workspace/{path}", json=body)
        return _decoded(path, answer)

    async def transcript(self, channel: str) -> str:
        return (await self._http.get("/_workspace/transcript", params={"channel": channel})).text

    async def fault(self, kind: str, **options: Any) -> None:
        """Switch a fault on (bot.workspace.faults)."""
        _need_ok(f"fault {kind}", await self.post("faults", {"kind": kind, **options}))

    async def hold_clock(self) -> None:
        await self.post("clock", {"hold": True})

    async def advance_clock(self, seconds: float) -> None:
        await self.post("clock", {"advance_s": seconds})

    def mark(self, user: str, channel: str) -> str:
        return self._marks.get((user, channel), "")

    def set_mark(self, user: str, channel: str, ts: str) -> None:
        self._marks[user, channel] = ts

    async def until(self, look: Callable[[], Awaitable[T | None]], failure: Callable[[], Awaitable[str]]) -> T:
        """Look again and again until something is found. Raises NotSeen."""
        deadline = time.monotonic() + self.patience_s
        while True:
            found = await look()
            if found is not None:
                return found
            if time.monotonic() >= deadline:
                raise NotSeen(await failure())
            await asyncio.sleep(_POLL_S)


class Person:
    def __init__(self, slack: Slack, name: str) -> None:
        self.slack, self.name = slack, name

    def in_(self, channel: str, thread_ts: str = "") -> "Place":
        """`#channel`, a channel id, or `@somebody` for direct messages; or one thread there."""
        return Place(self, channel, thread_ts)

    def form(self) -> Form:
        """The form that is (or is about to be) open on top."""
        return Form(self)

    def home(self) -> Home:
        return Home(self)

    async def state(self) -> Json:
        found: Json = await self.slack.get("state", user=self.name)
        return found

    async def id(self) -> str:
        return str((await self.state())["me"])

    async def act(self, do: str, **details: Any) -> Json:
        """Do something. Raises Refusal."""
        body = {"user": await self.id(), "do": do, **details}
        answer: Json = await self.slack.post("act", body)
        _need_ok(f"{self.name} could not {do}", answer)
        return answer

    async def uses_shortcut(self, callback_id: str) -> None:
        await self.act("shortcut", callback_id=callback_id)


class Place:
    """A channel (or one thread in it) with a person in front of it."""

    def __init__(self, person: Person, channel: str, thread_ts: str = "") -> None:
        self.person, self.channel, self.thread_ts = person, channel, thread_ts
        self._slack = person.slack

    async def id(self) -> str:
        if not self.channel.startswith("@"):
            state = await self.person.state()
            name = self.channel.removeprefix("#")
            for channel in state["channels"]:
                if name in (channel["name"], channel["id"]):
                    return str(channel["id"])
            raise NotSeen(f"{self.person.name} sees no channel {self.channel}")
        other = await Person(self._slack, self.channel).id()
        return str((await self.person.act("open_dm", user_ids=[other]))["channel"])

    async def messages(self) -> list[Json]:
        """What is on the screen, oldest first, ephemeral messages included."""
        query = {"user": self.person.name, "channel": await self.id(), "limit": "200"}
        if self.thread_ts:
            query["thread_ts"] = self.thread_ts
        found: list[Json] = (await self._slack.get("messages", **query))["messages"]
        return found

    async def types(self, text: str) -> Json:
        """Type and press Enter; a text that starts with `/` is a command. Raises Refusal if the app does not answer."""
        await self.note()
        details = {"thread_ts": self.thread_ts} if self.thread_ts else {}
        typed = text if text.startswith("/") else escaped(text)
        return await self.person.act("post", channel=await self.id(), text=typed, **details)

    async def note(self) -> None:
        """Remember what is there now: what is expected after this must be newer."""
        messages = await self.messages()
        self._slack.set_mark(self.person.name, await self.id(), max((m["ts"] for m in messages), default="0"))

    def message(self, text: str) -> Message:
        """The newest message that says this."""
        return Message(self, text)

    async def expects_ephemeral(self, text: str) -> Json:
        """An "Only visible to you" that came since the person's last act and says this."""
        return await self._expect(text, "an ephemeral message", lambda m: bool(m.get("ephemeral")))

    async def expects_message(self, text: str) -> Json:
        """A message for everybody that came or was changed since the person's last act and says this."""
        return await self._expect(text, "a message", lambda m: not m.get("ephemeral"))

    async def expects_nothing(self, text: str, *, for_s: float = 0.5) -> None:
        """Nothing that says this comes for a while."""
        mark, deadline = self._slack.mark(self.person.name, await self.id()), time.monotonic() + for_s
        while time.monotonic() < deadline:
            for message in await self.messages():
                if message["ts"] > mark and says(message, text):
                    raise AssertionError(f"{self.person.name} did not expect in {self.channel}: {words(message)}")
            await asyncio.sleep(_POLL_S)

    async def _expect(self, text: str, what: str, fits: Callable[[Json], bool]) -> Json:
        mark = self._slack.mark(self.person.name, await self.id())

        async def look() -> Json | None:
            for message in reversed(await self.messages()):
                is_new = max(message["ts"], message.get("edited", {}).get("ts", "")) > mark
                if is_new and fits(message) and says(message, text):
                    return message
            return None

        return await self._slack.until(look, lambda: self.failure(f"{what} with {text!r}"))

    async def failure(self, expected: str) -> str:
        shown = "\n".join(f"  {'(only you) ' if m.get('ephemeral') else ''}{words(m)}" for m in await self.messages())
        return f"{self.person.name} expected in {self.channel} {expected}, but sees:\n{shown or '  nothing'}"


def escaped(text: str) -> str:
    """What Slack's composer makes of typed words: only `& < >` change."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _decoded(path: str, answer: httpx.Response) -> Any:
    if answer.status_code >= 500 or "json" not in answer.headers.get("content-type", ""):
        raise AssertionError(f"/_workspace/{path} answered {answer.status_code}: {answer.text[:300]}")
    body = answer.json()
    if isinstance(body, dict) and body.get("ok") is False and path != "act":
        raise Refusal(path, body)
    return body


def _need_ok(doing: str, answer: Json) -> None:
    if answer.get("ok") is not True:
        raise Refusal(doing, answer)
