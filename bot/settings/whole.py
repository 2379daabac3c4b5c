"""What does a whole `tocsin.toml` say? Every section, and that what they name of each other is there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import (
    Field,
    SecretStr,
    model_validator,
)

from bot.actions.fitting import is_from_outside
from bot.actions.model import OPERATORS
from bot.checks.declared import WatchSettings
from bot.settings.acting import (
    ActionSettings,
    ConnectorSettings,
    FreezeSettings,
    PolicySettings,
    RemedySettings,
    RoleSettings,
    RunbookSettings,
    VerifySettings,
)
from bot.settings.calling import EscalationSettings, OncallSettings, PagerSettings
from bot.settings.incoming import (
    HeartbeatSettings,
    HttpSettings,
    LogSettings,
    PullSettings,
    SourceSettings,
    SyslogSettings,
    UptimeSettings,
)
from bot.settings.noticing import (
    DetectionSettings,
    DigestSettings,
    IncidentSettings,
    MaintenanceSettings,
    ServiceSettings,
)
from bot.settings.section import Section
from bot.settings.tickets import TicketSettings
from bot.sources.registry import BY_NAME, HOOKS


class SlackSettings(Section):
    """Without a bot token Tocsin talks to the local workspace."""

    bot_token: SecretStr | None = None
    app_token: SecretStr | None = None
    signing_secret: SecretStr | None = None
    api_url: str = ""
    """Another Slack than slack.com: GovSlack's https://slack-gov.com/api/, or a local workspace's."""
    channel: str = "#incidents"
    operators: tuple[str, ...] = ()
    """Who may act: Slack user ids (`U…`), `T…/U…`, or `*` for everyone in the workspace that is no bot or guest."""


class Settings(Section):
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
    remedies: Mapping[str, RemedySettings] = Field(default_factory=dict)
    runbooks: RunbookSettings = RunbookSettings()
    freezes: Mapping[str, FreezeSettings] = Field(default_factory=dict)
    oncall: Mapping[str, OncallSettings] = Field(default_factory=dict)
    escalation: Mapping[str, EscalationSettings] = Field(default_factory=dict)
    pagers: Mapping[str, PagerSettings] = Field(default_factory=dict)
    tickets: Mapping[Annotated[str, Field(pattern=r"^[\w-]{1,40}$")], TicketSettings] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _references(self) -> "Settings":
        for name, action in self.actions.items():
            self._check_action(name, action)
        for name, remedy in self.remedies.items():
            if remedy.action not in self.actions:
                known = ", ".join(self.actions) or "none is declared"
                raise ValueError(f"remedies.{name}.action: no action is called {remedy.action!r} ({known})")
            self._check_filled(name, remedy)
        for role in self.policy.break_glass:
            self._check_role("policy.break_glass", role)
        for name, service in self.services.items():
            for other in service.depends_on:
                if other not in self.services:
                    raise ValueError(f"services.{name}.depends_on: no service is called {other!r}")
        return self

    @model_validator(mode="after")
    def _escalations(self) -> "Settings":
        for name, policy in self.escalation.items():
            for index, step in enumerate(policy.steps):
                for what, given, there in (
                    ("schedule", step.schedule, self.oncall),
                    ("pager", step.pager, self.pagers),
                ):
                    if given and given not in there:
                        where = f"escalation.{name}.steps[{index}].{what}"
                        known = ", ".join(there) or "none is set up"
                        raise ValueError(f"{where}: there is no {what} called {given!r} ({known})")
        return self

    @model_validator(mode="after")
    def _tickets(self) -> "Settings":
        for name, section in self.tickets.items():
            if section.connector not in self.connectors:
                known = ", ".join(self.connectors) or "none is configured"
                raise ValueError(f"tickets.{name}.connector: no connector is called {section.connector!r} ({known})")
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
            if source.silences_url and type_.name != "alertmanager":
                raise ValueError(f"sources.{name}.silences_url: only an Alertmanager has silences to keep in step with")
        return self

    def _check_filled(self, name: str, remedy: RemedySettings) -> None:
        """Whoever can write a log line would choose the value otherwise."""
        asked = self.actions[remedy.action].parameters
        for parameter, value in remedy.parameters.items():
            bounds = asked.get(parameter)
            if is_from_outside(value) and not (bounds and (bounds.pattern or bounds.choices)):
                where = f"actions.{remedy.action}.parameters.{parameter}"
                raise ValueError(
                    f"remedies.{name}.parameters.{parameter}: {value!r} comes from log lines and alerts; "
                    f"say with a pattern or choices in {where} what it may be"
                )

    def _check_action(self, name: str, action: ActionSettings) -> None:
        for step, connector, _, _ in action.connectors:
            if connector not in self.connectors:
                known = ", ".join(self.connectors) or "none is configured"
                raise ValueError(f"actions.{name}.{step}connector: no connector is called {connector!r} ({known})")
        if action.verify is not None:
            self._check_verify(f"actions.{name}.verify", action.verify)
        if action.step_up and self.policy.step_up_key is None:
            raise ValueError(f"actions.{name}.step_up: say where its key is: policy.step_up_key")
        for role in action.may_ask:
            self._check_role(f"actions.{name}.may_ask", role)
        for role in action.may_approve:
            self._check_role(f"actions.{name}.may_approve", role)

    def _check_verify(self, where: str, verify: VerifySettings) -> None:
        sources = [*self.watch.prometheus, *self.watch.databases]
        for setting, name, there in (("source", verify.source, sources), ("check", verify.check, self.watch.checks)):
            if name and name not in there:
                known = ", ".join(there) or "none is declared"
                raise ValueError(f"{where}.{setting}: there is no {name!r} under [watch] ({known})")

    def _check_role(self, where: str, role: str) -> None:
        if role != OPERATORS and role not in self.roles:
            known = ", ".join([OPERATORS, *self.roles])
            raise ValueError(f"{where}: there is no role {role!r} (there are: {known})")

    @property
    def database_url(self) -> str:
        return self.database.get_secret_value() or f"sqlite:///{self.data_dir / 'tocsin.db'}"
