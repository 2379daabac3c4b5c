"""How does `tocsin run --demo` start the shop, its telling, and (with `--play`) its players?"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import httpx
from rich.console import Console

from bot.clock import SystemClock
from bot.demo.channel import Channel
from bot.demo.configuration import home_of, with_shop
from bot.demo.deployments import Deployments
from bot.demo.estate import Estate
from bot.demo.narrate import Narrator
from bot.demo.pace import Pace
from bot.demo.play import Play
from bot.settings import Settings
from bot.workspace import Workspace
from bot.workspace.person import Slack

LOOK_EVERY_S = 0.4
RETRY_S = 5.0


class Running(Protocol):
    """What the demo needs to know of the Tocsin beside which it runs (`bot.process.Running`)."""

    @property
    def http_url(self) -> str: ...
    @property
    def workspace(self) -> Workspace | None: ...


def demo_settings(settings: Settings, pace: Pace | None = None) -> Settings:
    """`settings` with the shop in them; makes the shop's repository under `data_dir` if it is missing."""
    pace = pace or Pace.from_environment()
    Deployments(home_of(settings) / "shop.git").ensure(SystemClock().now(), pace.minute_s)
    return with_shop(settings, pace)


def story_beside(
    settings: Settings, *, play: bool, out: Console, pace: Pace | None = None
) -> Callable[[Running], Awaitable[int]]:
    """The shop beside a running Tocsin, told on `out`. With `play` both people are played until the service has
    recovered (0) or it is clear that it will not (1); else it goes on until it is cancelled."""
    chosen = pace or Pace.from_environment()

    async def beside(running: Running) -> int:
        clock = SystemClock()
        narrator = Narrator(out, clock, settings.slack.channel)
        token = next((token.get_secret_value() for token in settings.http.tokens.values()), "")
        estate = Estate(
            home_of(settings),
            running.http_url,
            clock,
            pace=chosen,
            token=token,
            bad_deploys_max=1 if play else None,
            tell=lambda sentence: narrator.tells("shop", sentence),
        )
        async with estate:
            narrator.tells("shop", _greeting(estate))
            if running.workspace is None:
                await asyncio.Event().wait()
                return 0
            async with Slack(running.workspace.page_url) as slack:
                ana = Channel(slack.as_("ana"), settings.slack.channel)
                ben = Channel(slack.as_("ben"), settings.slack.channel)
                players = Play(ana, ben, lambda: estate.is_well, chosen, clock, narrator.tells) if play else None
                return await _follow(ana, narrator, players)

    return beside


def _greeting(estate: Estate) -> str:
    if not estate.is_well:
        return "The demo shop is open again; the faulty version still runs"
    if estate.due_in_s:
        return f"The demo shop is open; something will go wrong in about {estate.due_in_s:.0f} s"
    return "The demo shop is open, and all is well in it"


async def _follow(view: Channel, narrator: Narrator, players: Play | None) -> int:
    """Tells what comes into the channel, for ever, or until the players are done."""
    is_first = True
    while True:
        try:
            messages = await view.messages()
        except (httpx.HTTPError, AssertionError) as error:
            narrator.tells("story", f"The channel cannot be read just now: {error}")
            await asyncio.sleep(RETRY_S)
            continue
        if is_first:
            narrator.remembers(messages)
            is_first = False
        narrator.shows(messages)
        code = await players.look(messages) if players else None
        if code is not None:
            return code
        await asyncio.sleep(LOOK_EVERY_S)
