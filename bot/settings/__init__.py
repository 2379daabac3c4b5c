"""How is Tocsin set up? One `tocsin.toml`, read once into frozen models that refuse unknown keys.

A secret is never written in the file: `env:NAME` or `file:PATH` says where it is. `load` reports every problem with
its path at once as a `SettingsError`.
"""

from bot.settings.acting import (
    ActionSettings,
    ConnectorSettings,
    FreezeSettings,
    ParameterSettings,
    PolicySettings,
    RemedySettings,
    RoleSettings,
    RunbookSettings,
    StepSettings,
    VerifySettings,
)
from bot.settings.calling import (
    EscalationSettings,
    EscalationStepSettings,
    OncallSettings,
    OverrideSettings,
    PagerSettings,
    RotationSettings,
)
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
from bot.settings.reading import load
from bot.settings.section import Minutes, Section, Zone
from bot.settings.tickets import TicketSettings
from bot.settings.whole import Settings, SlackSettings

__all__ = [
    "ActionSettings",
    "ConnectorSettings",
    "DetectionSettings",
    "DigestSettings",
    "EscalationSettings",
    "EscalationStepSettings",
    "FreezeSettings",
    "HeartbeatSettings",
    "HttpSettings",
    "IncidentSettings",
    "LogSettings",
    "MaintenanceSettings",
    "Minutes",
    "OncallSettings",
    "OverrideSettings",
    "PagerSettings",
    "ParameterSettings",
    "PolicySettings",
    "PullSettings",
    "RemedySettings",
    "RoleSettings",
    "RotationSettings",
    "RunbookSettings",
    "Section",
    "ServiceSettings",
    "Settings",
    "SlackSettings",
    "SourceSettings",
    "StepSettings",
    "SyslogSettings",
    "TicketSettings",
    "UptimeSettings",
    "VerifySettings",
    "Zone",
    "load",
]
