"""What stands in a channel of the local workspace, as a person in front of it sees it?"""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.workspace.person import Person
from bot.workspace.refusal import Json
from bot.workspace.viewbook import elements_of


@dataclass(frozen=True, slots=True)
class Button:
    label: str
    action_id: str
    block_id: str
    value: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A message. `gist` is its one-line text, `text` everything there is to read, `only_for_me` an ephemeral one."""

    ts: str
    thread_ts: str
    author: str
    gist: str
    text: str
    buttons: tuple[Button, ...] = ()
    only_for_me: bool = False

    @property
    def is_reply(self) -> bool:
        return bool(self.thread_ts) and self.thread_ts != self.ts

    def button(self, action_id: str) -> Button | None:
        return next((button for button in self.buttons if button.action_id == action_id), None)


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as `person` sees it."""

    person: Person
    name: str

    async def messages(self) -> list[Shown]:
        """The last messages, oldest first, each followed by its replies. Raises `httpx.HTTPError`, `AssertionError`."""
        state = await self.person.state()
        names = {user["id"]: str(user["real_name"] or user["name"]) for user in state["users"]}
        names |= {app["id"]: str(app["name"]) for app in state["apps"]}
        names |= {channel["id"]: f"#{channel['name']}" for channel in state["channels"]}
        found: list[Shown] = []
        for message in await self._read(state):
            found.append(_shown(message, names))
            if message.get("reply_count"):
                replies = await self._read(state, message["ts"])
                found += [_shown(reply, names) for reply in replies if reply["ts"] != message["ts"]]
        return found

    async def press(self, message: Shown, button: Button) -> None:
        """Raises `httpx.HTTPError`, `AssertionError` (among them the workspace's `Refusal`)."""
        state = await self.person.state()
        where = {"channel": self._id(state), "message_ts": message.ts, "container": "message"}
        about = {"block_id": button.block_id, "action_id": button.action_id, "value": button.value}
        await self.person.act("press", **where, **about)

    async def _read(self, state: Json, thread_ts: str = "") -> list[Json]:
        query = {"user": self.person.name, "channel": self._id(state), "limit": "100"}
        if thread_ts:
            query["thread_ts"] = thread_ts
        found: list[Json] = (await self.person.slack.get("messages", **query))["messages"]
        return found

    def _id(self, state: Json) -> str:
        wanted = self.name.removeprefix("#")
        for channel in state["channels"]:
            if wanted in (channel["name"], channel["id"]):
                return str(channel["id"])
        raise AssertionError(f"{self.person.name} sees no channel {self.name}")


def _shown(message: Json, names: Mapping[str, str]) -> Shown:
    author = names.get(str(message.get("user", "")), str(message.get("username", "app")))
    blocks = message.get("blocks") or []
    written = [plain(text, names) for block in blocks for text in _texts(block)]
    buttons = [button for block in blocks for button in _buttons(block)]
    labels = " ".join(f"[{button.label}]" for button in buttons)
    gist = plain(str(message.get("text", "")), names)
    text = "\n".join(filter(None, [*(part.strip() for part in written), labels])) or gist
    thread_ts = str(message.get("thread_ts", ""))
    return Shown(message["ts"], thread_ts, author, gist, text, tuple(buttons), bool(message.get("ephemeral")))


def _texts(block: Json) -> Iterator[str]:
    """The texts of a section, header or context; a rich_text block's are what a person typed."""
    if isinstance(block.get("text"), dict):
        yield str(block["text"]["text"])
    for element in (*block.get("fields", ()), *block.get("elements", ())):
        if element.get("type") in ("mrkdwn", "plain_text"):
            yield str(element["text"])
        elif element.get("type", "").startswith("rich_text"):
            yield "".join(str(part.get("text") or part.get("user_id", "")) for part in element["elements"])


def _buttons(block: Json) -> Iterator[Button]:
    for element in elements_of(block):
        if element["type"] == "button":
            label = str(element["text"]["text"])
            yield Button(label, element["action_id"], block["block_id"], str(element.get("value", "")))


_MARK = re.compile(
    r"<(?:!date\^[^|>]*\|(?P<date>[^>]*)|[@#](?P<id>\w+)(?:\|[^>]*)?|[^|>]*\|(?P<label>[^>]*)|(?P<bare>[^>]*))>"
)
_STRONG = re.compile(r"(?<!\w)([*_~])(?=\S)(.+?)(?<=\S)\1(?!\w)")

_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""What could move a terminal's cursor, colour it, or turn the reading direction."""


def plain(mrkdwn: str, names: Mapping[str, str]) -> str:
    """Slack's markup as a terminal can show it: names for ids, words for dates, no asterisks."""

    def said(mark: re.Match[str]) -> str:
        if mark["id"]:
            return names.get(mark["id"], mark["id"])
        return mark["date"] or mark["label"] or mark["bare"] or ""

    pieces = re.split(r"(```.*?```|`[^`\n]*`)", mrkdwn, flags=re.DOTALL)
    for index, piece in enumerate(pieces):
        if index % 2:
            pieces[index] = piece.strip("`\n") if piece.startswith("```") else piece.strip("`")
        else:
            pieces[index] = _STRONG.sub(r"\2", _MARK.sub(said, piece))
    return _UNSEEN.sub("", html.unescape("".join(pieces))).strip()
