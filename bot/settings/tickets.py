"""How do tickets elsewhere follow incidents? Which ones get one, what is written to it, and where it is moved."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator

from bot.actions.fitting import unknown_places
from bot.settings.section import Section
from bot.signals.severity import Severity

Step = Literal["acknowledged", "resolved", "reopened"]
Told = Literal["updates", "severity", "steps", "actions"]


class TicketSettings(Section):
    connector: str
    """A connector that keeps tickets: jira, servicenow or statuspage."""
    target: Mapping[str, str] = Field(default_factory=dict)
    """As that connector has it: where it is opened."""
    services: tuple[str, ...] = ()
    """Of these; of all when empty."""
    severities: tuple[Severity, ...] = (Severity.CRITICAL, Severity.MAJOR)
    """A ticket is opened by itself when the incident is that bad, or becomes it."""
    opened: Literal["by_hand", "by_itself"] = "by_hand"
    delay_minutes: Annotated[float, Field(ge=0, le=1440)] = 0
    """What is over by then gets no ticket by itself."""
    comments: tuple[Told, ...] = ()
    """What is written to it: people's updates, how bad it is, the steps of its life, what was done about it."""
    states: Mapping[Step, str] = Field(default_factory=dict)
    """Where it is moved when the incident is acknowledged, resolved, opened again; not at all when left out."""
    title: Annotated[str, Field(max_length=200)] = ""
    """With {service}, {severity}, {title} and {incident}; usually all of them."""
    text: Annotated[str, Field(max_length=4_000)] = ""

    @field_validator("title", "text")
    @classmethod
    def _is_known(cls, text: str) -> str:
        unknown = unknown_places(text)
        if unknown:
            raise ValueError(f"nothing is known as {{{unknown[0]}}}")
        return text
