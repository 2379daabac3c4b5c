"""What stands in a ticket that follows an incident? `templates/ticket.j2`, as plain text with people's names."""

from collections.abc import Mapping
from typing import Any

from bot.engine.pages import IncidentPage
from bot.incidents.model import TimelineEntry
from bot.slack import formats
from bot.slack.render import Renderer


class PlainTicketWords:
    """Fulfils `bot.engine.tickets.TicketWords`."""

    def __init__(self, renderer: Renderer | None = None) -> None:
        self._renderer = renderer or Renderer()

    def title(self, page: IncidentPage) -> str:
        return " ".join(str(self._macros().title(page)).split())

    def text(self, page: IncidentPage, names: Mapping[str, str]) -> str:
        return self._named(names, lambda: _tidy(str(self._macros().description(page))))

    def moment(self, entry: TimelineEntry, page: IncidentPage, names: Mapping[str, str]) -> str:
        return self._named(names, lambda: self._renderer.moment(entry, page))

    def _macros(self) -> Any:
        return self._renderer.terminal.get_template("ticket.j2").module

    @staticmethod
    def _named(names: Mapping[str, str], words: Any) -> str:
        token = formats.NAMES.set(names)
        try:
            return str(words())
        finally:
            formats.NAMES.reset(token)


def _tidy(text: str) -> str:
    return "\n".join(line.strip() for line in text.split("\n") if line.strip())
