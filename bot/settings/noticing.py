"""How is what Tocsin notices set up? Detection, incidents, maintenance, the digest, services."""

from datetime import time, timedelta
from typing import Annotated, Literal

from pydantic import (
    Field,
    field_validator,
)

from bot.errors import InputError
from bot.settings.section import Minutes, Section, Zone
from bot.signals.model import SignalKind
from bot.signals.severity import Severity
from bot.silences.calendar import check as check_calendar

RoleName = Annotated[str, Field(pattern=r"^[a-z][a-z-]{0,29}$")]


class DetectionSettings(Section):
    window_s: Annotated[int, Field(ge=1, le=3600)] = 60
    grace_s: Annotated[float, Field(ge=0, le=600)] = 5
    """How long after its end a window waits for late lines before it is checked."""
    learning_minutes: Minutes = 30
    """A new service is quiet until it has this much history."""
    history_minutes: Minutes = 180
    """How much of the past is the baseline."""
    shadow: tuple[SignalKind, ...] = ()
    """Kinds of signal that are counted and posted nowhere."""
    session_ids: Annotated[tuple[str, ...], Field(max_length=20)] = (
        "trace_id",
        "traceId",
        "trace.id",
        "dd.trace_id",
        "otelTraceID",
        "request_id",
        "requestId",
        "correlation_id",
    )
    """Lines of a service that bear the same one of these belong together. None: no sessions are followed."""
    session_quiet_s: Annotated[float, Field(ge=10, le=900)] = 120
    """A session has ended when no line of it has come for so long."""

    @property
    def window(self) -> timedelta:
        return timedelta(seconds=self.window_s)


class IncidentChannelSettings(Section):
    """A channel for each incident that is bad enough; none while `from_severity` is left out."""

    from_severity: Severity | None = None
    name: Annotated[str, Field(min_length=1, max_length=80)] = "inc-{number}-{service}"
    """May hold {number}, {service} and {date}."""
    archive_after_hours: Annotated[float, Field(ge=0, le=24 * 90)] = 24
    """After the end of the incident."""

    @field_validator("name")
    @classmethod
    def _is_pattern(cls, name: str) -> str:
        try:
            name.format(number=1, service="web", date="2026-01-01")
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError("only {number}, {service} and {date} are filled in") from error
        return name


class IncidentSettings(Section):
    quiet_minutes: Minutes = 10
    """An incident whose signals are quiet this long resolves itself."""
    reopen_minutes: Minutes = 60
    """The same problem again within this time reopens its incident."""
    roles: Annotated[tuple[RoleName, ...], Field(min_length=1, max_length=6)] = (
        "commander",
        "scribe",
        "communications",
    )
    """What people can be in an incident. The first one leads: whoever acknowledges it gets that role."""

    reaction: Annotated[str, Field(pattern=r"^[a-z0-9_+'-]*$", max_length=100)] = "pushpin"
    """The emoji that puts a message into the timeline; none when empty. A pin always does."""
    pin_card: bool = False
    """Pin the message of an incident to its channel while it lasts."""
    channel: IncidentChannelSettings = IncidentChannelSettings()

    @field_validator("roles")
    @classmethod
    def _are_different(cls, roles: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(roles)) < len(roles):
            raise ValueError("each role is named once")
        return roles

    @property
    def lead(self) -> str:
        return self.roles[0]


class MaintenanceSettings(Section):
    """Planned work: what begins in it on these services is muted. `calendar` is iCalendar text, or `file:PATH`."""

    services: Annotated[tuple[str, ...], Field(min_length=1)]
    calendar: str
    reason: str = ""

    @field_validator("calendar")
    @classmethod
    def _is_calendar(cls, text: str) -> str:
        try:
            check_calendar(text)
        except InputError as error:
            raise ValueError(str(error)) from error
        return text


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class DigestSettings(Section):
    enabled: bool = True
    at: time = time(9, 0)
    timezone: Zone = "UTC"
    weekly: Literal["", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = ""
    """On this day a digest of the week comes as well."""
    channel: str = ""
    """Where the digest goes; the incident channel when empty."""


class ServiceSettings(Section):
    depends_on: tuple[str, ...] = ()
    channel: str = ""
    runbook: str = ""
    owners: tuple[str, ...] = ()
