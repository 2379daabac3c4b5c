"""`tocsin sources`: who sends what, what was rejected, what can send at all, and what a payload would be."""

import json
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Annotated, Any

import typer

from bot.clock import SystemClock
from bot.errors import ConnectorError, InputError, TocsinError
from bot.settings import Settings, load
from bot.sources.model import Heard, Posted, Source
from bot.sources.registry import BY_NAME, SOURCES
from bot.tail.cli import Token, Url
from bot.tail.send import Sender

sources_app = typer.Typer(help="Who sends what to Tocsin, and what can.", invoke_without_command=True)
rejected_app = typer.Typer(help="What could not be read.", invoke_without_command=True)
sources_app.add_typer(rejected_app, name="rejected")
TRIES = 2

AsJson = Annotated[bool, typer.Option("--json", help="For a script to read.")]
Config = Annotated[Path | None, typer.Option("--config", "-c", help="Settings file; ./tocsin.toml when there is one.")]


@sources_app.callback()
def senders(
    context: typer.Context, url: Url = "http://127.0.0.1:8321", token: Token = "", as_json: AsJson = False
) -> None:
    """Who sends what, how much, how late, and who went silent."""
    context.obj = (url, token)
    if context.invoked_subcommand is not None:
        return
    found = _ask("GET", "/v1/sources", url, token)["senders"]
    if as_json:
        typer.echo(json.dumps(found, indent=1))
    elif not found:
        typer.echo("Nobody has sent anything yet. `tocsin sources list` says what can, docs/sources.md how.")
    else:
        typer.echo(_senders_table(found))


@rejected_app.callback()
def rejected(
    context: typer.Context,
    url: Url = "http://127.0.0.1:8321",
    token: Token = "",
    limit: Annotated[int, typer.Option(min=1, max=500, help="So many, the latest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """What could not be read, with the reason. Kept for a week, without secrets."""
    context.obj = (url, token)
    if context.invoked_subcommand is not None:
        return
    found = _ask("GET", f"/v1/sources/rejected?limit={limit}", url, token)["rejected"]
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    for letter in found:
        again = " (replayed)" if letter["replayed_at"] else ""
        typer.echo(f"{letter['id']:>6}  {letter['at'][:19]}  {letter['source']} from {letter['sender']}{again}")
        typer.echo(f"        {letter['place']}: {letter['problem']}")
        typer.echo(f"        {letter['data'][:200]!r}")
    if not found:
        typer.echo("Everything could be read.")


@rejected_app.command()
def replay(
    context: typer.Context,
    letter_id: Annotated[int, typer.Argument(metavar="ID", help="As `tocsin sources rejected` shows it.", min=1)],
) -> None:
    """Read a rejected delivery again, after a mapping or Tocsin was mended. It counts once."""
    url, token = context.obj
    answer = _ask("POST", f"/v1/sources/rejected/{letter_id}/replay", url, token)
    counts = {name: count for name, count in answer.items() if isinstance(count, int) and count}
    typer.echo("taken: " + (", ".join(f"{count} {name}" for name, count in counts.items()) or "nothing in it was news"))


@sources_app.command("list")
def list_sources() -> None:
    """What can send, and where to."""
    rows: list[tuple[str, ...]] = [("NAME", "WHAT", "KIND", "WHERE")]
    for source in SOURCES:
        where = ", ".join(f"{route.method} {route.path}" for route in source.paths)
        rows.append((source.name, source.title, source.kind.value, where))
    typer.echo(_aligned(rows))


@sources_app.command("try")
def try_source(
    name: Annotated[str, typer.Argument(help="A source of the settings, or one that `list` shows.")],
    file: Annotated[Path, typer.Argument(help="A payload; - is standard input.")],
    header: Annotated[list[str] | None, typer.Option(help="Like 'X-GitHub-Event: push'.")] = None,
    config: Config = None,
) -> None:
    """Show what Tocsin would hear in a payload. Nothing is sent or stored."""
    try:
        body = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        heard = heard_in(_settings(config), name, body, dict(map(_header, header or [])))
    except (TocsinError, OSError) as error:
        typer.echo(f"tocsin sources try: {error}", err=True)
        raise typer.Exit(1) from error
    for line in told(heard):
        typer.echo(line)
    if heard.rejected_count:
        raise typer.Exit(1)


def heard_in(settings: Settings, name: str, body: bytes, headers: dict[str, str]) -> Heard:
    """What the source hears. Raises `InputError`."""
    configured = settings.sources.get(name)
    source = BY_NAME.get((configured.type if configured else "") or name)
    if source is None:
        known = ", ".join([*settings.sources, *BY_NAME])
        raise InputError(f"there is no source called {name!r} (known: {known})")
    rules = configured.map if configured else None
    service = configured.service if configured else ""
    now = SystemClock().now()
    posted = Posted(body, _content_type(source, body) | headers, now, {"name": name}, service, rules)
    return source.decode(posted)


def told(heard: Heard) -> list[str]:
    """A line for each thing that was heard."""
    lines = [f"line     {r.at:%Y-%m-%d %H:%M:%S} {r.service} [{r.level or '-'}] {r.text[:200]}" for r in heard.records]
    lines += [
        f"signal   {s.began_at:%Y-%m-%d %H:%M:%S} {s.service} {s.severity.value}: {s.title}" for s in heard.signals
    ]
    lines += [f"ended    {e.at:%Y-%m-%d %H:%M:%S} {e.service} {e.title or e.fingerprint}" for e in heard.ended]
    lines += [
        f"change   {c.at:%Y-%m-%d %H:%M:%S} {c.kind.value} of {c.service} {c.version} {c.summary}"
        for c in heard.changes
    ]
    lines += [f"run      {r.at:%Y-%m-%d %H:%M:%S} {r.pipeline} {r.task} {r.state.value} {r.error}" for r in heard.runs]
    lines += [
        f"figure   {m.at:%Y-%m-%d %H:%M:%S} {m.subject} {m.name} = {m.value} {_verdict(m.passed)}"
        for m in heard.measured
    ]
    lines += [f"confirm  open {heard.challenge}"] if heard.challenge else []
    lines += [f"ignored  {heard.ignored} of no meaning to Tocsin"] if heard.ignored else []
    lines += [f"rejected {part.place}: {part.problem}" for part in heard.rejected]
    return lines or ["nothing is in it"]


def _verdict(passed: bool | None) -> str:
    return "" if passed is None else "passed" if passed else "did not pass"


def _content_type(source: Source, body: bytes) -> dict[str, str]:
    is_json = body.lstrip()[:1] in (b"{", b"[")
    kinds = source.content_types or ("text/plain",)
    return {"content-type": "application/json" if is_json and "application/json" in kinds else kinds[0]}


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise InputError(f"{text!r} is no header; write one like 'X-GitHub-Event: push'")
    return name.strip().lower(), value.strip()


def _settings(config: Path | None) -> Settings:
    default = Path("tocsin.toml")
    return load(config or (default if default.exists() else None))


def _ask(method: str, path: str, url: str, token: str) -> Any:
    sender = Sender(url, token, Event(), tries_max=TRIES)
    try:
        answer = sender.post(path, b"", {}) if method == "POST" else sender.get(path)
        return answer.json()
    except (InputError, ConnectorError) as error:
        typer.echo(f"tocsin sources: {error}", err=True)
        raise typer.Exit(1) from error
    finally:
        sender.close()


def _senders_table(found: list[dict[str, Any]]) -> str:
    rows = [("SOURCE", "SENDER", "SERVICE", "LINES", "SIZE", "REJECTED", "TWICE", "LATE", "LAST")]
    for row in found:
        last = str(timedelta(seconds=int(row["silent_for_s"]))) + " ago" + (", SILENT" if row["silent"] else "")
        late = f"{row['late_s']:.0f} s" + (f", {row['ahead']} ahead" if row["ahead"] else "")
        size = f"{row['bytes'] / 1024:,.0f} kB" if row["bytes"] >= 1024 else f"{row['bytes']} B"
        counts = (f"{row['lines']:,}", size, str(row["rejected"]), str(row["duplicates"]))
        rows.append((row["source"], row["sender"], row["service"] or "-", *counts, late, last))
    return _aligned(rows)


def _aligned(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
