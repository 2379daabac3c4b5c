"""How is what people may do set up? Connectors, actions and their parameters, roles, freezes."""

import re
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

from bot.actions.fitting import unknown_places
from bot.actions.model import OPERATORS, ActionKind
from bot.actions.parameters import ParameterType
from bot.actions.remedies import Mode
from bot.settings.section import Minutes, Section, Zone
from bot.signals.model import SignalKind
from bot.signals.severity import Severity


class ConnectorSettings(BaseModel):
    """`type` names the file in `bot/connectors/`; the rest is that connector's own and checked by it."""

    model_config = ConfigDict(frozen=True, extra="allow")
    type: str

    @property
    def options(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


ParameterName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]


class ParameterSettings(Section):
    """What people fill into an action, or what stands fixed here. Everything that is left out is as the connector has
    it for its own parameters."""

    type: ParameterType | None = None
    label: str = ""
    hint: str = ""
    required: bool | None = None
    choices: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=75)], ...], Field(max_length=100)] = ()
    pattern: str = ""
    """A regular expression that the whole value must match."""
    minimum: float | None = None
    maximum: float | None = None
    default: str = ""
    value: SecretStr | None = None
    """Fixed: nobody can choose it."""
    secret: bool = False
    """The value is given to the connector when the action runs; it is neither shown nor stored."""
    live: bool | None = None
    """The choices are asked from the backend when the form is opened."""

    @model_validator(mode="after")
    def _is_sound(self) -> "ParameterSettings":
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ValueError(f"pattern: {self.pattern!r} is not a regular expression ({error})") from error
        if self.secret and self.value is None:
            raise ValueError('a secret is never typed in Slack: say where it is, value = "env:NAME"')
        if self.choices and self.default and self.default not in self.choices:
            raise ValueError(f"default: {self.default!r} is none of the choices")
        return self


class StepSettings(Section):
    """One of several steps of an action."""

    kind: ActionKind
    connector: str
    target: Mapping[str, str] = Field(default_factory=dict)


class VerifySettings(Section):
    """A check of the action's own, looked at for `verify_minutes` after it was done: a `query` to a source of [watch],
    a check of [watch.checks], or an address."""

    source: str = ""
    """The name of a [watch.prometheus] or [watch.databases]."""
    query: str = ""
    value_min: float | None = None
    value_max: float | None = None
    unit: str = ""
    check: str = ""
    """The name of a [watch.checks]."""
    url: Annotated[str, Field(pattern=r"^$|^https?://[^\s@]+$")] = ""
    status: Annotated[int, Field(ge=0, le=599)] = 0
    """What the address has to answer; 0: anything below 400."""
    contains: str = ""
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10
    every_s: Annotated[int, Field(ge=5, le=3600)] = 30

    @model_validator(mode="after")
    def _is_one(self) -> "VerifySettings":
        if sum(map(bool, (self.query, self.check, self.url))) != 1:
            raise ValueError("say one of: query with its source, check, url")
        if bool(self.query) != bool(self.source):
            raise ValueError("a query needs a source, and a source a query")
        if self.query and self.value_min is None and self.value_max is None:
            raise ValueError("say what the query's value may be: value_min, value_max or both")
        return self

    @property
    def every(self) -> timedelta:
        return timedelta(seconds=self.every_s)


class ActionSettings(Section):
    kind: ActionKind
    service: str
    connector: str = ""
    target: Mapping[str, str] = Field(default_factory=dict)
    steps: Annotated[tuple[StepSettings, ...], Field(max_length=10)] = ()
    """Instead of `connector` and `target`: several, one after the other."""
    parameters: Mapping[ParameterName, ParameterSettings] = Field(default_factory=dict)
    environment: str = "production"
    lock: str = ""
    """What only one run at a time may act on; the service in its environment when empty."""
    may_ask: tuple[str, ...] = (OPERATORS,)
    may_approve: tuple[str, ...] = (OPERATORS,)
    approvals: Annotated[int, Field(ge=0, le=5)] = 1
    """How many other people must say yes."""
    approval_minutes: Minutes = 30
    timeout_minutes: Minutes = 60
    """After this long a run that is still going is stopped."""
    verify_minutes: Minutes = 5
    verify: VerifySettings | None = None
    step_up: bool = False
    """Who says yes, or breaks the glass, says a code of their authenticator, too (policy.step_up_key)."""

    @model_validator(mode="after")
    def _somebody_says_the_code(self) -> "ActionSettings":
        if self.step_up and self.approvals == 0:
            raise ValueError("step_up needs somebody who says yes: approvals of at least 1")
        return self

    @model_validator(mode="after")
    def _has_steps_or_connector(self) -> "ActionSettings":
        if bool(self.steps) == bool(self.connector):
            raise ValueError("give it either a connector, or steps that each have one")
        return self

    @property
    def connectors(self) -> tuple[tuple[str, str, ActionKind, Mapping[str, str]], ...]:
        """Of each step: where it stands in the settings, its connector, its kind, its target."""
        if not self.steps:
            return (("", self.connector, self.kind, self.target),)
        return tuple((f"steps[{i}].", s.connector, s.kind, s.target) for i, s in enumerate(self.steps))


class RoleSettings(Section):
    """Who has a role that actions name in `may_ask` and `may_approve`."""

    people: tuple[str, ...] = ()
    """Slack user ids, as in `slack.operators`."""
    groups: tuple[Annotated[str, Field(pattern=r"^S[A-Z0-9]{2,}$")], ...] = ()
    """Ids of Slack user groups."""


class PolicySettings(Section):
    break_glass: tuple[str, ...] = ()
    """Roles whose people may go without a second person, past a freeze or a lock, with a reason."""
    step_up_key: Annotated[SecretStr, Field(min_length=32)] | None = None
    """From it the secrets of people's authenticators are derived; another key makes all of them worthless."""


class RunbookSettings(Section):
    folder: Path | None = None
    """Of Markdown files, as of a git checkout; none when it is not given."""
    url: Annotated[str, Field(pattern=r"^$|^https?://[^\s|<>]+$")] = ""
    """Where people find a file: `{path}` is its path in the folder."""


Pattern = Annotated[str, Field(min_length=1, max_length=300)]


class RemedySettings(Section):
    """An action that is asked for by itself when an open incident fits; within the policy, like any other run."""

    mode: Mode = Mode.OFF
    """`dry`: it only says what it would do."""
    services: tuple[Pattern, ...] = ()
    templates: tuple[Pattern, ...] = ()
    fingerprints: tuple[Pattern, ...] = ()
    kinds: tuple[SignalKind, ...] = ()
    severity: Severity | None = None
    min_age_minutes: Annotated[float, Field(ge=0, le=60 * 24)] = 2
    action: str
    parameters: Mapping[ParameterName, str] = Field(default_factory=dict)
    """With `{service}`, `{previous}` … from the incident."""
    per_hour: Annotated[int, Field(ge=1, le=60)] = 1
    per_day: Annotated[int, Field(ge=1, le=500)] = 3
    cool_down_minutes: Annotated[float, Field(ge=0, le=60 * 24 * 7)] = 30

    @model_validator(mode="after")
    def _is_sound(self) -> "RemedySettings":
        if not (self.services or self.templates or self.fingerprints or self.kinds):
            raise ValueError("say what it is for: services, templates, fingerprints or kinds")
        for name, value in self.parameters.items():
            for place in unknown_places(value):
                raise ValueError(f"parameters.{name}: {{{place[:40]}}} is nothing that an incident knows")
        return self


class FreezeSettings(Section):
    """When nothing is to be changed: once, from `starts` to `ends`, or every week on `days`."""

    environments: tuple[str, ...] = ("production",)
    reason: str = ""
    starts: datetime | None = None
    ends: datetime | None = None
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = ()
    from_time: time = time(0, 0)
    to_time: time = time(23, 59, 59)
    timezone: Zone = "UTC"

    @model_validator(mode="after")
    def _is_some_time(self) -> "FreezeSettings":
        if self.starts is None and self.ends is None and not self.days:
            raise ValueError("say when: starts and ends, or days")
        for name, at in (("starts", self.starts), ("ends", self.ends)):
            if at is not None and at.tzinfo is None:
                raise ValueError(f"{name}: say the time zone too, as in 2026-12-20T00:00:00Z")
        return self
