"""How is who is asked set up? Schedules of people on call, policies of escalation, pagers."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from bot.errors import InputError
from bot.oncall.calendar import check as check_calendar
from bot.settings.section import Minutes, Section, Zone
from bot.signals.severity import Severity

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
SlackUser = Annotated[str, Field(pattern=r"^[UW][A-Z0-9]+$")]
"""A Slack user id."""
PAGERDUTY_URL = "https://events.pagerduty.com/v2/enqueue"


class RotationSettings(Section):
    """People who take turns. Times are local, so that a handover at 09:00 stays there when the clocks change."""

    name: Annotated[str, Field(min_length=1, max_length=60)] = "rotation"
    people: Annotated[tuple[SlackUser, ...], Field(min_length=1, max_length=100)]
    length: Literal["daily", "weekly", "hours"] = "weekly"
    every: Annotated[int, Field(ge=1, le=366)] = 1
    """So many days, weeks or hours is a turn."""
    handover: time = time(9, 0)
    handover_day: Day = "mon"
    """Of weekly turns."""
    starts: date
    """The first person's first day."""
    days: tuple[Day, ...] = ()
    """Only on these days; with them, or alone, only from `from_time` to `to_time`."""
    from_time: time = time(0, 0)
    to_time: time = time(0, 0)
    holidays: tuple[date, ...] = ()


class OverrideSettings(Section):
    """`since` and `until` without a zone are of the schedule's."""

    person: SlackUser
    since: datetime
    until: datetime

    @model_validator(mode="after")
    def _is_a_time(self) -> "OverrideSettings":
        if (self.since.tzinfo is None) != (self.until.tzinfo is None) or self.since >= self.until:
            raise ValueError("until has to be after since, and both with a time zone or both without")
        return self


class OncallSettings(Section):
    """A schedule: rotations, the later ones above the earlier ones, a calendar above them, overrides before all."""

    timezone: Zone = "UTC"
    rotations: Annotated[tuple[RotationSettings, ...], Field(max_length=20)] = ()
    calendar: SecretStr | None = None
    """iCalendar text (`file:PATH`), or an http(s) address that is read every `calendar_minutes`."""
    calendar_minutes: Minutes = 15
    people: Mapping[str, SlackUser] = Field(default_factory=dict)
    """Names and e-mail addresses as they stand in the calendar → Slack user ids."""
    overrides: Annotated[tuple[OverrideSettings, ...], Field(max_length=200)] = ()
    channel: str = ""
    """Where a change of shift is told; nowhere when empty."""
    tell_people: bool = False
    """Whoever comes on is told directly."""

    @field_validator("calendar")
    @classmethod
    def _is_calendar(cls, given: SecretStr | None) -> SecretStr | None:
        if given is not None and not is_address(given.get_secret_value()):
            try:
                check_calendar(given.get_secret_value())
            except InputError as error:
                raise ValueError(str(error)) from error
        return given

    @model_validator(mode="after")
    def _has_somebody(self) -> "OncallSettings":
        if not self.rotations and self.calendar is None:
            raise ValueError("say who takes turns: rotations, or a calendar")
        return self


class EscalationStepSettings(Section):
    """One of schedule, person, group, channel, pager; and how long an answer is waited for."""

    schedule: str = ""
    person: Annotated[str, Field(pattern=r"^$|^[UW][A-Z0-9]+$")] = ""
    group: Annotated[str, Field(pattern=r"^$|^S[A-Z0-9]{2,}$")] = ""
    channel: str = ""
    pager: str = ""
    wait_minutes: Minutes = 5
    severities: tuple[Severity, ...] = ()
    """Only for these; for all of the policy when empty."""

    @model_validator(mode="after")
    def _is_one(self) -> "EscalationStepSettings":
        if sum(map(bool, (self.schedule, self.person, self.group, self.channel, self.pager))) != 1:
            raise ValueError("say one of: schedule, person, group, channel, pager")
        return self


class EscalationSettings(Section):
    services: tuple[str, ...] = ()
    """Of these; of all that no other policy names when empty."""
    severities: tuple[Severity, ...] = (Severity.CRITICAL, Severity.MAJOR)
    delay_minutes: Annotated[float, Field(ge=0, le=1440)] = 0
    """How long the channel has before the first step."""
    repeat: Annotated[int, Field(ge=0, le=10)] = 0
    """How often it begins again when nobody answers."""
    ask_again_when_worse: bool = True
    """Whoever is on call is asked once more when an incident becomes worse that somebody is on already."""
    steps: Annotated[tuple[EscalationStepSettings, ...], Field(min_length=1, max_length=20)]


class PagerSettings(Section):
    type: Literal["pagerduty", "webhook"]
    url: Annotated[str, Field(pattern=r"^$|^https?://[^\s@]+$")] = ""
    """Of a webhook; of PagerDuty only when it is another than theirs (https://events.eu.pagerduty.com/v2/enqueue)."""
    routing_key: SecretStr | None = None
    """PagerDuty: the integration key of an Events API v2 integration."""
    secret: SecretStr | None = None
    """A webhook: what its bodies are signed with."""
    people: Mapping[str, SlackUser] = Field(default_factory=dict)
    """PagerDuty's user ids → Slack user ids: who acknowledged there is named here."""
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10

    @model_validator(mode="after")
    def _is_whole(self) -> "PagerSettings":
        if self.type == "pagerduty" and self.routing_key is None:
            raise ValueError('routing_key: say where PagerDuty\'s integration key is, "env:NAME"')
        if self.type == "webhook" and (not self.url or self.secret is None):
            raise ValueError('a webhook needs its url, and a secret to sign with, "env:NAME"')
        if self.type == "webhook" and self.routing_key is not None:
            raise ValueError("routing_key: only PagerDuty has one")
        return self

    @property
    def address(self) -> str:
        return self.url or PAGERDUTY_URL


def is_address(calendar: str) -> bool:
    return calendar.startswith(("https://", "http://"))
