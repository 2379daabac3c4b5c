"""How is what comes in set up? HTTP, syslog, hooks, heartbeats, addresses, pulls, logs."""

from collections.abc import Mapping
from typing import Annotated, Literal

from apscheduler.triggers.cron import CronTrigger
from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    model_validator,
)

from bot.settings.section import Minutes, Section, Zone
from bot.signals.severity import Severity
from bot.sources.mapping import Rules
from bot.sources.mapping import problems as mapping_problems


class HttpSettings(Section):
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8321
    tokens: Mapping[str, SecretStr] = Field(default_factory=dict)
    """Name of a sender → its token. Without any, only loopback may send."""
    body_mb_max: Annotated[int, Field(ge=1, le=1024)] = 32
    line_kb_max: Annotated[int, Field(ge=1, le=4096)] = 64
    public_url: str = ""


class SyslogSettings(Section):
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


def _without_problems(rules: Rules) -> Rules:
    if wrong := mapping_problems(rules):
        raise ValueError("; ".join(wrong))
    return rules


class SourceSettings(Section):
    """`type` is one of `tocsin sources list`, the section's own name when empty."""

    type: str = ""
    secret: SecretStr | None = None
    """What the sender signs with, where it can."""
    topics: tuple[Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:sns:\S+$")], ...] = ()
    """Of Amazon SNS: with them a message must be of one of these, and signed by Amazon."""
    service: str = ""
    """Of everything from here; what each message says when empty."""
    per_minute_max: Annotated[int, Field(ge=1, le=100_000)] = 600
    map: Annotated[Rules, AfterValidator(_without_problems)] | None = None
    """JMESPath expressions over one alert (https://jmespath.org)."""
    silences_url: Annotated[str, Field(pattern=r"^(https?://\S+)?$")] = ""
    """An Alertmanager's own address: with it, silences are kept in step with it, both ways."""
    silences_token: SecretStr | None = None
    silences_every_s: Annotated[int, Field(ge=5, le=3600)] = 30


class HeartbeatSettings(Section):
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


class UptimeSettings(Section):
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


class PullSettings(Section):
    """A log system that is asked for its lines, or a Kubernetes API for those of pods."""

    type: Literal["loki", "elasticsearch", "kubernetes"]
    url: Annotated[str, Field(pattern=r"^https?://\S+$")]
    query: str = ""
    index: str = ""
    namespace: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")] = "default"
    selector: str = ""
    """Of Kubernetes: labels of the pods, like `app=checkout`; all of the namespace when it is empty."""
    ca_file: str = ""
    every_s: Annotated[int, Field(ge=1, le=3600)] = 30
    token: SecretStr | None = None
    headers: Mapping[str, str] = Field(default_factory=dict)
    service: str = ""


class LogSettings(Section):
    redact: Mapping[str, str] = Field(default_factory=dict)
    """Further secrets to hide: name → regular expression."""
    redact_off: tuple[str, ...] = ()
    keep_minutes_days: Annotated[int, Field(ge=1, le=365)] = 2
    keep_hours_days: Annotated[int, Field(ge=1, le=3650)] = 90
    services_max: Annotated[int, Field(ge=1, le=100_000)] = 2_000
    """Lines of further services count together, as those of `other-services`; and so does what hooks say of services
    beyond so many, those with lines included."""
    templates_per_service_max: Annotated[int, Field(ge=10, le=1_000_000)] = 20_000
