"""`tocsin stats` and `tocsin review`: the same figures and words as in Slack, for a terminal, a script or a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from bot.engine.exports import review_json, stats_json
from bot.engine.reading import find_incident
from bot.engine.whole import Engine
from bot.main import build_engine, open_store
from bot.settings import load
from bot.slack.plain import plain_words
from bot.slack.render import Renderer

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="Settings file; ./tocsin.toml when there is one.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="For a script to read.")]


class Format(StrEnum):
    MARKDOWN = "md"
    HTML = "html"
    JSON = "json"


def stats(
    about: Annotated[list[str] | None, typer.Argument(help="Services or teams; all when left out.")] = None,
    days: Annotated[int, typer.Option(help="How far back, and as far again for comparison.")] = 30,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """How quick you were, and how well changes went out: MTTD, MTTA, MTTR and the measures of delivery."""
    with _engine(config) as engine:
        page = engine.stats.page(days, about or ())
        if as_json:
            typer.echo(_encoded(stats_json(page)))
            return
        message = Renderer().render("replies/stats", page)
    sections = [block["text"]["text"] for block in message.blocks if block["type"] == "section"]
    typer.echo("\n\n".join(plain_words(text) for text in sections))


def review(
    incident: Annotated[str, typer.Argument(help="INC-12, or 12.")],
    format: Annotated[Format, typer.Option("--format", "-f")] = Format.MARKDOWN,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file, instead of the terminal.")] = None,
    config: ConfigOption = None,
) -> None:
    """A draft of an incident's review, from what was recorded."""
    with _engine(config) as engine:
        text = _drafted(engine, find_incident(incident), format)
    if output is None:
        typer.echo(text)
    else:
        output.write_text(text + "\n", encoding="utf-8")


def _drafted(engine: Engine, incident_id: int, format: Format) -> str:
    page, renderer = engine.reading.review(incident_id), Renderer()
    match format:
        case Format.JSON:
            return _encoded(review_json(page, renderer.moment, page.names))
        case Format.HTML:
            return renderer.render_page("review", page, page.names)
        case Format.MARKDOWN:
            return renderer.render_markdown("review", page, page.names)


def _encoded(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value)).decode()


@contextmanager
def _engine(config: Path | None) -> Iterator[Engine]:
    default = Path("tocsin.toml")
    settings = load(config or (default if default.exists() else None))
    store = open_store(settings, make=False)
    try:
        yield build_engine(settings, store=store, executors={})
    finally:
        store.close()
