"""`tocsin doctor`: is everything set up to speak and hear in Slack?"""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.clock import SystemClock
from bot.settings import load
from bot.slack.doctor import Finding, examine
from bot.slack.render import Renderer


def doctor(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Settings file; ./tocsin.toml when there is one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list of findings.")] = False,
    api_url: Annotated[str, typer.Option(help="Another Web API than Slack's, as of a local workspace.")] = "",
) -> None:
    """Check tokens, scopes and channels in Slack: what each is for, and how to mend it. Exit code 1 when one is bad."""
    default = Path("tocsin.toml")
    settings = load(config or (default if default.exists() else None))
    findings = asyncio.run(examine(settings, SystemClock(), base_url=api_url))
    renderer = Renderer()
    if as_json:
        typer.echo(json.dumps(worded(findings, renderer), ensure_ascii=False, indent=2))
    else:
        typer.echo(renderer.render_text("text/doctor", findings))
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def worded(findings: Sequence[Finding], renderer: Renderer) -> list[dict[str, Any]]:
    """Each finding with its words: `about`, `purpose`, `mend` ('' when it is fine)."""
    words: Any = renderer.terminal.get_template("text/findings.j2").module
    return [
        {
            "check": finding.check,
            "ok": finding.ok,
            "reason": finding.reason,
            "about": str(words.about(finding)),
            "purpose": str(words.purpose(finding)),
            "mend": str(words.mend(finding)),
        }
        for finding in findings
    ]
