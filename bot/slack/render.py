"""How do a template and a page become a message, a form, a text or a page in a browser?

Templates call the helpers of `bot.slack.blocks` and never print JSON. What they print of a page is escaped; text made
by a macro or a filter is `Mrkdwn` and is not escaped again.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, Undefined

from bot.engine.pages import IncidentPage
from bot.incidents.model import TimelineEntry
from bot.slack import formats
from bot.slack.blocks import Block, Canvas
from bot.slack.mrkdwn import PLAIN_MAX, Mrkdwn, clip, escaped, visible


@dataclass(frozen=True, slots=True)
class Message:
    """`text` is for notifications and screen readers and says the essential; `blocks` are what is seen."""

    text: str
    blocks: tuple[Block, ...] = ()
    attached: bytes = b""
    """A file that is shared with the text as its description."""
    ending: str = ".png"

    @property
    def digest(self) -> str:
        """Equal for messages that look the same."""
        drawn = json.dumps([self.text, self.blocks], sort_keys=True)
        return hashlib.sha256(drawn.encode()).hexdigest()[:32]


class Renderer:
    """Words pages. `folder` holds the templates; safe to use from several threads."""

    def __init__(self, folder: Path | None = None) -> None:
        folder = folder or templates_folder()
        self.slack = _Words(folder, formats.FOR_SLACK, escaped)
        self.terminal = _Words(folder, formats.FOR_TERMINAL, _for_terminal)
        self.web = _Words(folder, formats.FOR_WEB, _for_web)
        self.markdown = _Words(folder, formats.FOR_MARKDOWN, _for_markdown)

    def render(self, name: str, page: object) -> Message:
        """The message that `templates/{name}.j2` makes of `page`."""
        canvas = Canvas()
        self._draw(name, page, canvas)
        if not canvas.text:
            raise ValueError(f"{name}.j2 says no text(), which notifications and screen readers need")
        return Message(canvas.text, tuple(canvas.finished()))

    def render_form(self, name: str, page: object) -> dict[str, Any]:
        """The view that `templates/{name}.j2` makes of `page`."""
        canvas = Canvas(is_form=True)
        self._draw(name, page, canvas)
        return {**canvas.form, "blocks": canvas.finished()}

    def render_home(self, name: str, page: object) -> dict[str, Any]:
        """The App Home that `templates/{name}.j2` makes of `page`."""
        canvas = Canvas()
        self._draw(name, page, canvas)
        return {"type": "home", "blocks": canvas.finished()}

    def render_text(self, name: str, page: object) -> str:
        """Lines for a terminal."""
        text = self.terminal.get_template(f"{name}.j2").render(page=page)
        return "\n".join(line.rstrip() for line in text.split("\n") if line.strip())

    def render_page(self, name: str, page: object, names: Mapping[str, str] = {}) -> str:
        """The HTML page that `templates/web/{name}.j2` makes of `page`. `names`: `Person.key` → name."""
        return _named(names, self.web.get_template(f"web/{name}.j2"), page)

    def render_markdown(self, name: str, page: object, names: Mapping[str, str] = {}) -> str:
        """The document that `templates/markdown/{name}.j2` makes of `page`. `names`: `Person.key` → name."""
        return _named(names, self.markdown.get_template(f"markdown/{name}.j2"), page)

    def moment(self, entry: TimelineEntry, page: IncidentPage) -> str:
        """What happened to an incident, in the words of its thread, without markup."""
        facts = dict(entry.facts)
        run = next((run for run in page.runs if str(run.id) == facts.get("run")), None)
        words: Any = self.terminal.get_template("happened.j2").module
        return str(words.happened(entry.kind, entry.by, facts, run))

    def words(self, name: str) -> Template:
        """A template whose macros and dictionaries other templates use."""
        return self.slack.get_template(f"{name}.j2")

    def plot_words(self) -> Mapping[str, str]:
        """What stands in a picture."""
        found: Mapping[str, str] = self.words("words").module.PLOTTED  # type: ignore[attr-defined]
        return found

    def _draw(self, name: str, page: object, canvas: Canvas) -> None:
        self.slack.get_template(f"{name}.j2").render(page=page, **canvas.helpers())


def _named(names: Mapping[str, str], template: Template, page: object) -> str:
    token = formats.NAMES.set(names)
    try:
        return template.render(page=page).lstrip()
    finally:
        formats.NAMES.reset(token)


def templates_folder() -> Path:
    """Beside `bot` in a checkout, inside it in an installed package."""
    package = Path(__file__).parents[1]
    inside, beside = package / "templates", package.parent / "templates"
    return inside if inside.is_dir() else beside


class _Words(Environment):
    """Text put together in a template (by a macro, `call` or `set`) is markup: its values were escaped on the way."""

    concat = staticmethod(lambda parts: Mrkdwn("".join(parts)))

    def __init__(self, folder: Path, filters: Mapping[str, Callable[..., Any]], shown: Callable[[object], str]) -> None:
        super().__init__(
            loader=FileSystemLoader(folder),
            undefined=StrictUndefined,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=partial(_finalized, shown),
            auto_reload=False,
        )
        self.filters |= filters
        self.globals |= {"plural": formats.plural, "json": partial(json.dumps, separators=(",", ":"))}


def _finalized(shown: Callable[[object], str], value: object) -> str:
    """An `x if y` without an `else` is nothing; a name that does not exist raises UndefinedError."""
    if isinstance(value, Undefined):
        return Mrkdwn("") if type(value) is Undefined else str(value)
    return shown(value)


def _for_terminal(value: object) -> str:
    if isinstance(value, Mrkdwn) or value is None:
        return value or ""
    if isinstance(value, str | int | float):
        return visible(clip(str(value), PLAIN_MAX))
    raise TypeError(f"a template must say how to show a {type(value).__name__}")


def _for_web(value: object) -> str:
    if isinstance(value, Mrkdwn) or value is None:
        return value or ""
    if isinstance(value, str | int | float):
        return formats.web_text(clip(str(value), PLAIN_MAX))
    raise TypeError(f"a template must say how to show a {type(value).__name__}")


def _for_markdown(value: object) -> str:
    if isinstance(value, Mrkdwn) or value is None:
        return value or ""
    if isinstance(value, str | int | float):
        return formats.markdown_text(clip(str(value), PLAIN_MAX))
    raise TypeError(f"a template must say how to show a {type(value).__name__}")
