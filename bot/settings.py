"""How is Tocsin set up? One `tocsin.toml`, read once into frozen models that refuse unknown keys.

A secret is never written in the file: `env:NAME` or `file:PATH` says where it is. `load` reports every problem with
its path at once as a `SettingsError`.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apscheduler.triggers.cron import CronTrigger
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from bot.actions.model import OPERATORS, ActionKind
from bot.actions.parameters import ParameterType
from bot.checks.declared import WatchSettings
from bot.errors import InputError, SettingsError
from bot.signals.model import SignalKind
from bot.signals.severity import Severity
from bot.silences.calendar import check as check_calendar
from bot.sources.mapping import Rules
from bot.sources.mapping import problems as mapping_problems
from bot.sources.registry import BY_NAME, HOOKS


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{name!r} is not a time zone; write one like 'Europe/Berlin' or 'UTC'") from error
    return name


Zone = Annotated[str, AfterValidator(_zone)]
Minutes = Annotated[float, Field(gt=0, le=60 * 24 * 90)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SlackSettings(_Section):
    """Without a bot token Tocsin talks to the local workspace."""

    bot_token: SecretStr | None = None
    app_token: SecretStr | None = None
    signing_secret: SecretStr | None = None
    api_url: str = ""
    """Another Slack than slack.com: GovSlack's https://slack-gov.com/api/, or a local workspace's."""
    channel: str = "#incidents"
    operators: tuple[str, ...] = ()
    """Who may act: Slack user ids (`U…`), `T…/U…`, or `*` for everyone in the workspace that is no bot or guest."""


class HttpSettings(_Section):
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8321
    tokens: Mapping[str, SecretStr] = Field(default_factory=dict)
    """Name of a sender → its token. Without any, only loopback may send."""
    body_mb_max: Annotated[int, Field(ge=1, le=1024)] = 32
    line_kb_max: Annotated[int, Field(ge=1, le=4096)] = 64
    public_url: str = ""


class SyslogSettings(_Section):
    """Addresses like 127.0.0.1:5514; an empty one is not listened on."""

    udp: str = ""
    tcp: str = ""
    tls: str = ""
    certificate: str = ""
    key: str = ""
    client_ca: str = ""
    """With it only senders with a certificate that it signed."""
    service: str = ""
    """The service of all messages; the program's name when empty."""
    connections_max: Annotated[int, Field(ge=1, le=10_000)] = 200


class MappingSettings(_Section):
    """JMESPath expressions over one alert (https://jmespath.org); `bot.sources.mapping` says what each is for."""

    key: str
    title: str
    items: str = ""
    unwrap: str = ""
    challenge: str = ""
    status: str = ""
    ended: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    service: str = ""
    severity: str = ""
    severities: Mapping[str, Severity] = Field(default_factory=dict)
    began_at: str = ""
    ended_at: str = ""
    detail: str = ""
    link: str = ""
    labels: str = ""

    @model_validator(mode="after")
    def _expressions(self) -> "MappingSettings":
        if wrong := mapping_problems(self.rules()):
            raise ValueError("; ".join(wrong))
        return self

    def rules(self) -> Rules:
        return Rules(**{name: getattr(self, name) for name in type(self).model_fields})


class SourceSettings(_Section):
    """`type` is one of `tocsin sources list`, the section's own name when empty."""

    type: str = ""
    secret: SecretStr | None = None
    """What the sender signs with, where it can."""
    service: str = ""
    """Of everything from here; what each message says when empty."""
    per_minute_max: Annotated[int, Field(ge=1, le=100_000)] = 600
    map: MappingSettings | None = None


class HeartbeatSettings(_Section):
    """A job that should say every so often that it is alive, by an interval or by cron."""

    every_minutes: Minutes = 60
    cron: str = ""
    timezone: Zone = "UTC"
    grace_minutes: Minutes = 5
    service: str = ""
    severity: Severity = Severity.MAJOR

    @model_validator(mode="after")
    def _is_cron(self) -> "HeartbeatSettings":
        if self.cron:
            CronTrigger.from_crontab(self.cron, timezone=self.timezone)  # raises ValueError
        return self


class UptimeSettings(_Section):
    """An address that is asked by GET every so often."""

    url: Annotated[str, Field(pattern=r"^https?://\S+$")]
    every_s: Annotated[int, Field(ge=5, le=86_400)] = 60
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10
    status: Annotated[int, Field(ge=0, le=599)] = 0
    """Any below 400 when 0."""
    contains: str = ""
    latency_ms_max: Annotated[float, Field(ge=0)] = 0
    certificate_days_min: Annotated[int, Field(ge=0, le=365)] = 0
    service: str = ""
    severity: Severity = Severity.MAJOR


class PullSettings(_Section):
    """A log system that is asked for its lines."""

    type: Literal["loki", "elasticsearch"]
    url: Annotated[str, Field(pattern=r"^https?://\S+$")]
    query: str = ""
    index: str = ""
    every_s: Annotated[int, Field(ge=1, le=3600)] = 30
    token: SecretStr | None = None
    headers: Mapping[str, str] = Field(default_factory=dict)
    service: str = ""


class LogSettings(_Section):
    redact: Mapping[str, str] = Field(default_factory=dict)
    """Further secrets to hide: name → regular expression."""
    redact_off: tuple[str, ...] = ()
    keep_minutes_days: Annotated[int, Field(ge=1, le=365)] = 2
    keep_hours_days: Annotated[int, Field(ge=1, le=3650)] = 90
    templates_per_service_max: Annotated[int, Field(ge=10, le=1_000_000)] = 20_000


class DetectionSettings(_Section):
    window_s: Annotated[int, Field(ge=1, le=3600)] = 60
    grace_s: Annotated[float, Field(ge=0, le=600)] = 5
    """How long after its end a window waits for late lines before it is checked."""
    learning_minutes: Minutes = 30
    """A new service is quiet until it has this much history."""
    history_minutes: Minutes = 180
    """How much of the past is the baseline."""
    shadow: tuple[SignalKind, ...] = ()
    """Kinds of signal that are counted and posted nowhere."""

    @property
    def window(self) -> timedelta:
        return timedelta(seconds=self.window_s)


class IncidentSettings(_Section):
    quiet_minutes: Minutes = 10
    """An incident whose signals are quiet this long resolves itself."""
    reopen_minutes: Minutes = 60
    """The same problem again within this time reopens its incident."""


class MaintenanceSettings(_Section):
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


class DigestSettings(_Section):
    enabled: bool = True
    at: time = time(9, 0)
    timezone: Zone = "UTC"
    channel: str = ""
    """Where the digest goes; the incident channel when empty."""


class ServiceSettings(_Section):
    depends_on: tuple[str, ...] = ()
    channel: str = ""
    runbook: str = ""
    owners: tuple[str, ...] = ()


class ConnectorSettings(BaseModel):
    """`type` names the file in `bot/connectors/`; the rest is that connector's own and checked by it."""

    model_config = ConfigDict(frozen=True, extra="allow")
    type: str

    @property
    def options(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


ParameterName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]


class ParameterSettings(_Section):
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


class StepSettings(_Section):
    """One of several steps of an action."""

    kind: ActionKind
    connector: str
    target: Mapping[str, str] = Field(default_factory=dict)


class ActionSettings(_Section):
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


class RoleSettings(_Section):
    """Who has a role that actions name in `may_ask` and `may_approve`."""

    people: tuple[str, ...] = ()
    """Slack user ids, as in `slack.operators`."""
    groups: tuple[Annotated[str, Field(pattern=r"^S[A-Z0-9]{2,}$")], ...] = ()
    """Ids of Slack user groups."""


class PolicySettings(_Section):
    break_glass: tuple[str, ...] = ()
    """Roles whose people may go without a second person, past a freeze or a lock, with a reason."""


class FreezeSettings(_Section):
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


class Settings(_Section):
    data_dir: Path = Path(".tocsin")
    database: SecretStr = SecretStr("")
    """An SQLAlchemy URL; an SQLite file in `data_dir` when empty."""
    bus: str = "direct"
    """`direct` (mined before the answer), `table` (through the database) or a NATS URL."""
    slack: SlackSettings = SlackSettings()
    http: HttpSettings = HttpSettings()
    syslog: SyslogSettings = SyslogSettings()
    sources: Mapping[str, SourceSettings] = Field(default_factory=dict)
    heartbeats: Mapping[str, HeartbeatSettings] = Field(default_factory=dict)
    uptime: Mapping[str, UptimeSettings] = Field(default_factory=dict)
    pull: Mapping[str, PullSettings] = Field(default_factory=dict)
    logs: LogSettings = LogSettings()
    detection: DetectionSettings = DetectionSettings()
    watch: WatchSettings = WatchSettings()
    incidents: IncidentSettings = IncidentSettings()
    digest: DigestSettings = DigestSettings()
    maintenance: Mapping[str, MaintenanceSettings] = Field(default_factory=dict)
    services: Mapping[str, ServiceSettings] = Field(default_factory=dict)
    connectors: Mapping[str, ConnectorSettings] = Field(default_factory=dict)
    actions: Mapping[str, ActionSettings] = Field(default_factory=dict)
    roles: Mapping[str, RoleSettings] = Field(default_factory=dict)
    policy: PolicySettings = PolicySettings()
    freezes: Mapping[str, FreezeSettings] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _references(self) -> "Settings":
        for name, action in self.actions.items():
            self._check_action(name, action)
        for role in self.policy.break_glass:
            self._check_role("policy.break_glass", role)
        for name, service in self.services.items():
            for other in service.depends_on:
                if other not in self.services:
                    raise ValueError(f"services.{name}.depends_on: no service is called {other!r}")
        return self

    @model_validator(mode="after")
    def _sources(self) -> "Settings":
        for name, source in self.sources.items():
            type_ = BY_NAME.get(source.type or name)
            if type_ is None or not type_.is_hook:
                known = ", ".join(hook.name for hook in HOOKS)
                raise ValueError(f"sources.{name}.type: there is no source {source.type or name!r} ({known})")
            if source.secret is not None and type_.verify is None:
                raise ValueError(f"sources.{name}.secret: {type_.title} does not sign; give it one of [http.tokens]")
            if (source.map is not None) != (type_.name == "mapping"):
                raise ValueError(f'sources.{name}.map: a mapping goes with type = "mapping", and only with it')
        return self

    def _check_action(self, name: str, action: ActionSettings) -> None:
        for step, connector, _, _ in action.connectors:
            if connector not in self.connectors:
                known = ", ".join(self.connectors) or "none is configured"
                raise ValueError(f"actions.{name}.{step}connector: no connector is called {connector!r} ({known})")
        for role in action.may_ask:
            self._check_role(f"actions.{name}.may_ask", role)
        for role in action.may_approve:
            self._check_role(f"actions.{name}.may_approve", role)

    def _check_role(self, where: str, role: str) -> None:
        if role != OPERATORS and role not in self.roles:
            known = ", ".join([OPERATORS, *self.roles])
            raise ValueError(f"{where}: there is no role {role!r} (there are: {known})")

    @property
    def database_url(self) -> str:
        return self.database.get_secret_value() or f"sqlite:///{self.data_dir / 'tocsin.db'}"


def load(path: Path | None, environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from `path` (defaults when None) with secrets resolved from `environment` and files."""
    raw: dict[str, Any] = {}
    base = Path()
    if path is not None:
        base = path.parent
        try:
            raw = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise SettingsError([f"{path}: there is no such file"]) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError([f"{path}: {error}"]) from error
    problems: list[str] = []
    resolved = _resolve(raw, "", base, environment, problems)
    _add_from_environment(resolved, environment)
    if problems:
        raise SettingsError(problems)
    try:
        return Settings.model_validate(resolved)
    except ValidationError as error:
        raise SettingsError([_problem(detail) for detail in error.errors()]) from error


_ENVIRONMENT = {
    "SLACK_BOT_TOKEN": ("slack", "bot_token"),
    "SLACK_APP_TOKEN": ("slack", "app_token"),
    "SLACK_SIGNING_SECRET": ("slack", "signing_secret"),
    "SLACK_API_URL": ("slack", "api_url"),
    "DATABASE_URL": ("database",),
    "TOCSIN_DATA_DIR": ("data_dir",),
    "PORT": ("http", "port"),
}


def _add_from_environment(raw: dict[str, Any], environment: Mapping[str, str]) -> None:
    """What the file leaves unsaid may come from the usual environment variables."""
    for variable, path in _ENVIRONMENT.items():
        value = environment.get(variable)
        if not value:
            continue
        section = raw
        for part in path[:-1]:
            section = section.setdefault(part, {})
            if not isinstance(section, dict):
                return
        section.setdefault(path[-1], value)


def _resolve(value: Any, path: str, base: Path, environment: Mapping[str, str], problems: list[str]) -> Any:
    if isinstance(value, dict):
        return {k: _resolve(v, f"{path}.{k}" if path else k, base, environment, problems) for k, v in value.items()}
    if isinstance(value, list):
        return [_resolve(item, f"{path}[{i}]", base, environment, problems) for i, item in enumerate(value)]
    if isinstance(value, str) and value.startswith("env:"):
        name = value.removeprefix("env:")
        if name not in environment:
            problems.append(f"{path}: the environment variable {name} is not set")
        return environment.get(name, "")
    if isinstance(value, str) and value.startswith("file:"):
        file = base / value.removeprefix("file:")
        try:
            return file.read_text(encoding="utf-8").strip()
        except OSError as error:
            problems.append(f"{path}: cannot read {file}: {error.strerror}")
            return ""
    return value


def _problem(detail: Any) -> str:
    where = ".".join(str(part) for part in detail["loc"])
    message = str(detail["msg"]).removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        message = "there is no such setting"
    return f"{where}: {message}" if where else message
