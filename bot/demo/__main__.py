"""The shop alone, beside a Tocsin that runs elsewhere: `python -m bot.demo http://127.0.0.1:8321 DIRECTORY`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.clock import SystemClock
from bot.demo.estate import Estate
from bot.demo.pace import Pace


def main(
    url: Annotated[str, typer.Argument(help="Where Tocsin takes lines and changes.")],
    home: Annotated[Path, typer.Argument(help="Where the shop keeps its repository and its journal.")],
    token: Annotated[str, typer.Option(envvar="TOCSIN_TOKEN", help="For Tocsin's HTTP side, when it wants one.")] = "",
) -> None:
    """Runs the demo shop until it is interrupted."""
    asyncio.run(_run(url, home, token))


async def _run(url: str, home: Path, token: str) -> None:
    async with Estate(home, url, SystemClock(), pace=Pace.from_environment(), token=token, tell=typer.echo):
        await asyncio.Event().wait()


if __name__ == "__main__":
    typer.run(main)
