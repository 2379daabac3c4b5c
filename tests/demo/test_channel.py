"""Is the channel read as a person would read it, and told on a terminal without doing harm?"""

import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
import pytest_asyncio
from rich.console import Console
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import HeldClock
from bot.demo.channel import Channel, Shown, plain
from bot.demo.narrate import Narrator
from bot.workspace import Workspace
from bot.workspace.person import Slack

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
NAMES = {"U1": "Ana", "C1": "#incidents"}


@pytest.mark.parametrize(
    ("mrkdwn", "text"),
    [
        ("*checkout* is _bad_ ~now~", "checkout is bad now"),
        ("3 * 4 * 5 and a_b_c", "3 * 4 * 5 and a_b_c"),
        ("<@U1> in <#C1|incidents> and <@U9>", "Ana in #incidents and U9"),
        ("since <!date^1763726400^{time}|12:00 UTC>, <https://x.example/a|details> <https://y.example>",
         "since 12:00 UTC, details https://y.example"),
        ("`a*b*c &lt;NUM&gt;` &amp; more", "a*b*c <NUM> & more"),
        ("```\n*not* bold\n<@U1>\n```", "*not* bold\n<@U1>"),
        ("<!channel> \x1b[31mred\x07 \u202eevil", "!channel [31mred evil"),
    ],
)  # fmt: skip
def test_markup_becomes_plain_words(mrkdwn: str, text: str) -> None:
    assert plain(mrkdwn, NAMES) == text


@pytest_asyncio.fixture
async def workspace() -> AsyncIterator[Workspace]:
    async with Workspace() as made:
        yield made


async def test_messages_replies_and_buttons_are_seen_in_order(workspace: Workspace) -> None:
    client = AsyncWebClient(token=workspace.bot_token, base_url=workspace.base_url)
    channel = workspace.channels["incidents"]
    button = {"type": "button", "text": {"type": "plain_text", "text": "Acknowledge"}, "action_id": "a", "value": "7"}
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": {"type": "mrkdwn", "text": "*checkout* is broken\n`no minor unit`"}},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "INC-1"}]},
        {"type": "actions", "elements": [button]},
    ]
    root = await client.chat_postMessage(channel=channel, text="checkout is broken", blocks=blocks)
    await client.chat_postMessage(channel=channel, text="Opened.", thread_ts=root["ts"])
    await client.chat_postMessage(channel=channel, text="Another")
    async with Slack(workspace.page_url) as slack:
        ana = slack.as_("ana")
        await ana.in_("#incidents").types("on my way")
        shown = await Channel(ana, "#incidents").messages()
    assert [(message.gist, message.is_reply) for message in shown] == [
        ("checkout is broken", False),
        ("Opened.", True),
        ("Another", False),
        ("on my way", False),
    ]
    assert shown[0].text == "checkout is broken\nno minor unit\nINC-1\n[Acknowledge]"
    found = shown[0].button("a")
    assert found is not None
    assert (found.label, found.value) == ("Acknowledge", "7")
    assert shown[3].author == "Ana"


def _narrator(*, colours: bool = False) -> tuple[Narrator, io.StringIO, HeldClock]:
    written, clock = io.StringIO(), HeldClock(NOON)
    system: Literal["standard"] | None = "standard" if colours else None
    console = Console(file=written, force_terminal=colours, width=60, soft_wrap=True, color_system=system)
    return Narrator(console, clock, "#incidents"), written, clock


def _message(ts: str, gist: str, **more: str) -> Shown:
    return Shown(ts, more.get("thread_ts", ""), "Tocsin", gist, more.get("text", gist))


def test_what_is_new_and_what_changed_is_told_once() -> None:
    narrator, written, clock = _narrator()
    card = _message("1", "INC-1 is open", text="INC-1 is open\n[Acknowledge]")
    narrator.shows([card])
    clock.advance(timedelta(seconds=75))
    narrator.shows([card, _message("2", "Ana is on it", thread_ts="1")])
    narrator.shows([_message("1", "INC-1 is acknowledged"), _message("2", "Ana is on it", thread_ts="1")])
    lines = written.getvalue().splitlines()
    assert [" ".join(line.split()) for line in lines] == [
        "0:00 #incidents Tocsin: INC-1 is open",
        "[Acknowledge]",
        "1:15 #incidents ↳ Tocsin: Ana is on it",
        "1:15 #incidents Tocsin (message changed): INC-1 is acknowledged",
    ]


def test_after_a_restart_only_the_last_message_is_told_again() -> None:
    narrator, written, _ = _narrator()
    before = [_message("1", "old"), _message("2", "INC-2 is open"), _message("3", "a reply", thread_ts="2")]
    narrator.remembers(before)
    narrator.shows(before)
    assert "INC-2 is open" in written.getvalue()
    assert "old" not in written.getvalue()
    assert "a reply" not in written.getvalue()


def test_colours_are_for_terminals_and_markup_in_messages_is_not_obeyed() -> None:
    plainly, seen, _ = _narrator()
    plainly.tells("shop", "[red]not red[/red]")
    assert seen.getvalue() == "  0:00  shop           [red]not red[/red]\n"
    coloured, seen, _ = _narrator(colours=True)
    coloured.tells("shop", "[red]not red[/red]")
    assert "\x1b[" in seen.getvalue()
    assert "[red]not red[/red]" in seen.getvalue()
