"""How is the workspace started alone? `tocsin workspace` prints what an app needs and serves until stopped."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Annotated, Any

import typer
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from bot.errors import InputError
from bot.workspace.server import Workspace

_HEAD = """\
This is a simulation of Slack on this machine, not Slack.
"""


def workspace(
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON for programs.")] = False,
    state: Annotated[Path | None, typer.Option(help="Keep the workspace in this file; without it, it forgets.")] = None,
    manifest: Annotated[
        Path | None, typer.Option(help="App manifest (YAML or JSON) with commands, shortcuts, scopes and events.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    allow_remote: Annotated[
        bool,
        typer.Option(help="Let other machines in. There are no passwords: whoever reaches it is whoever they say."),
    ] = False,
    real_rate_limits: Annotated[bool, typer.Option(help="Answer 429 as often as Slack would.")] = False,
) -> None:
    """Start the local workspace: a Slack-compatible server and page for trying any Slack app without Slack."""
    try:
        made = Workspace(
            state_path=state, manifest=read_manifest(manifest) if manifest else None, real_rate_limits=real_rate_limits
        )
        asyncio.run(_serve(made, host, port, as_json=as_json, allow_remote=allow_remote))
    except (InputError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error


def read_manifest(path: Path) -> dict[str, Any]:
    """An app manifest from a YAML or JSON file. Raises InputError."""
    try:
        loaded = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (OSError, YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"not a readable manifest: {error}", place=str(path)) from error
    if not isinstance(loaded, dict):
        raise InputError("a manifest is a mapping", place=str(path))
    return loaded


async def _serve(made: Workspace, host: str, port: int, *, as_json: bool, allow_remote: bool) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopping.set)
    await made.start(host, port, allow_remote=allow_remote)
    try:
        typer.echo(json.dumps(made.facts()) if as_json else describe(made))
        await stopping.wait()
    finally:
        await made.stop()


def describe(made: Workspace) -> str:
    """What a person reads: where the page is, and how to point an app here."""
    lines = [
        _HEAD,
        f"Page            {made.page_url}",
        f"Web API         {made.base_url}",
        f"Bot token       {made.bot_token}",
        f"App token       {made.app_token}",
        f"Signing secret  {made.signing_secret}",
        f"Channels        {'  '.join(f'#{name} {channel}' for name, channel in made.channels.items())}",
        f"People          {'  '.join(f'{name} {user}' for name, user in made.users.items())}",
        "",
        "Point an app here, for example with slack_sdk:",
        f'    WebClient(token="{made.bot_token}", base_url="{made.base_url}")',
        "",
        "Stop with Ctrl+C.",
    ]
    return "\n".join(lines)
