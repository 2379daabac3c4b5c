"""What do people declare to be watched? `[watch]` in `tocsin.toml`: series, checks of tables, and their sources."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from bot.checks.presets import unfolded
from bot.metrics.streams import ASKED
from bot.signals.severity import Severity

Name = Annotated[str, Field(min_length=1, max_length=100)]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)?$", max_length=128)]
Column = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_$]*$", max_length=128)]
Share = Annotated[float, Field(ge=0, le=1)]

SERIES_MAX = 1_000
"""Of one declared query; a query that gives more is cut and says so."""

OTLP, OTLP_EVERY_S_MAX = "otlp", 1_800


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PrometheusSettings(_Declared):
    url: str
    token: SecretStr | None = None
    timeout_s: Annotated[float, Field(gt=0, le=120)] = 15


class DatabaseSettings(_Declared):
    """An SQLAlchemy URL. Give Tocsin a user that may only read."""

    url: SecretStr
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 60


class SeriesSettings(_Declared):
    """One query. From Prometheus: PromQL, one series a label set. From a database: SQL that gives one row, or rows of
    which one column is called value and the others are labels."""

    source: Name
    """A `[watch.prometheus]`, a `[watch.databases]`, or "otlp": what senders of OpenTelemetry's metrics bring."""
    query: str = ""
    metric: str = ""
    """OTLP: the metric's name."""
    value: Annotated[str, Field(pattern=ASKED)] = ""
    """OTLP: value of a gauge; rate (a second) or count (a step) of a counter; those, mean or p95 of a histogram."""
    match: Mapping[str, str] = Field(default_factory=dict)
    """OTLP: attributes of the point or its resource that have to be so."""
    by: tuple[str, ...] | None = None
    """OTLP: the attributes that tell series apart; without it all of the point's."""
    late_s: Annotated[int, Field(ge=0, le=600)] = 30
    """OTLP: so long after its end a step waits for points that are still on their way."""
    service: str = ""
    service_label: str = "service"
    """Which label names the service, when `service` does not."""
    unit: str = ""
    every_s: Annotated[int, Field(ge=10, le=86_400)] = 60
    worse: Literal["up", "down", "both"] = "both"
    smallest_change: Annotated[float, Field(ge=0)] = 0.0
    """What moved by less is not told, however unusual."""
    limit: float | None = None
    """Beyond it is trouble, and a forecast says when it will be reached."""
    floor: float = 0.0
    """Where the way to the limit begins: 0 for what fills up."""
    forecast_days: Annotated[float, Field(gt=0, le=30)] = 3

    @model_validator(mode="after")
    def _asked(self) -> "SeriesSettings":
        if self.source == OTLP:
            if not self.metric or self.query:
                raise ValueError("of OTLP a metric is named, not a query")
            if self.every_s > OTLP_EVERY_S_MAX:
                raise ValueError(f"of OTLP at most {OTLP_EVERY_S_MAX} s: points are kept for two hours")
        elif not self.query or self.metric or self.value or self.match or self.by is not None:
            raise ValueError('a query is needed; metric, value, match and by are for source = "otlp"')
        return self

    @property
    def every(self) -> timedelta:
        return timedelta(seconds=self.every_s)

    @property
    def waits(self) -> timedelta:
        """So long after its end a step is read."""
        return timedelta(seconds=self.late_s if self.source == OTLP else 0)


class CheckKind(StrEnum):
    FRESHNESS = "freshness"
    VOLUME = "volume"
    SCHEMA = "schema"
    NULLS = "nulls"
    DUPLICATES = "duplicates"
    DRIFT = "drift"
    PERFORMANCE = "performance"
    QUERY = "query"


_NEEDS: Mapping[CheckKind, tuple[str, ...]] = {
    CheckKind.FRESHNESS: ("table", "time_column", "minutes_max"),
    CheckKind.VOLUME: ("table",),
    CheckKind.SCHEMA: ("table",),
    CheckKind.NULLS: ("table", "columns", "share_max"),
    CheckKind.DUPLICATES: ("table", "columns", "share_max"),
    CheckKind.DRIFT: ("table", "columns", "time_column"),
    CheckKind.PERFORMANCE: ("table", "prediction", "label", "time_column"),
    CheckKind.QUERY: ("query",),
}


class CheckSettings(_Declared):
    """One check of a table, or of a model by the table of its predictions."""

    source: Name
    kind: CheckKind
    service: str
    table: Identifier | None = None
    columns: tuple[Column, ...] = ()
    time_column: Column | None = None
    where: str = ""
    """A condition in SQL that all rows must meet."""
    query: str = ""
    minutes_max: Annotated[float, Field(gt=0, le=525_600)] | None = None
    share_max: Share | None = None
    rows_min: Annotated[int, Field(ge=0)] | None = None
    rows_max: Annotated[int, Field(ge=0)] | None = None
    value_min: float | None = None
    value_max: float | None = None
    hours: Annotated[float, Field(gt=0, le=2_160)] = 24
    """How much is "now" (drift, performance, volume with a time column)."""
    reference_hours: Annotated[float, Field(gt=0, le=8_760)] = 168
    """How much before that is the reference."""
    version_column: Column | None = None
    """The model's version: the reference is the same version's, since it was new."""
    prediction: Column | None = None
    label: Column | None = None
    metric: Literal["accuracy", "mae"] = "accuracy"
    drop_max: Annotated[float, Field(gt=0, le=1)] = 0.1
    """By how much of itself the performance may be worse than in the reference."""
    severity: Severity = Severity.MAJOR
    every_minutes: Annotated[float, Field(gt=0, le=10_080)] = 15

    @model_validator(mode="after")
    def _complete(self) -> "CheckSettings":
        missing = [name for name in _NEEDS[self.kind] if not getattr(self, name)]
        if missing and not (self.kind is CheckKind.NULLS and missing == ["share_max"]):
            raise ValueError(f"a check of the kind {self.kind} needs {', '.join(missing)}")
        if self.kind is CheckKind.QUERY and self.value_min is None and self.value_max is None:
            raise ValueError("say what the query's value may be: value_min, value_max or both")
        return self

    @property
    def every(self) -> timedelta:
        return timedelta(minutes=self.every_minutes)


class WatchSettings(_Declared):
    prometheus: Mapping[Name, PrometheusSettings] = Field(default_factory=dict)
    databases: Mapping[Name, DatabaseSettings] = Field(default_factory=dict)
    series: Mapping[Name, SeriesSettings] = Field(default_factory=dict)
    checks: Mapping[Name, CheckSettings] = Field(default_factory=dict)

    @field_validator("series", mode="before")
    @classmethod
    def _presets(cls, series: object) -> object:
        return unfolded(series) if isinstance(series, Mapping) else series

    @model_validator(mode="after")
    def _sources(self) -> "WatchSettings":
        for name, series in self.series.items():
            if series.source not in {**self.prometheus, **self.databases, OTLP: None}:
                raise ValueError(f"series.{name}.source: {self._unknown(series.source)}")
        for name, check in self.checks.items():
            if check.source not in self.databases:
                raise ValueError(f"checks.{name}.source: {self._unknown(check.source)}")
        if OTLP in {**self.prometheus, **self.databases}:
            raise ValueError(f"{OTLP} is what comes in at /v1/metrics; choose another name")
        if both := set(self.prometheus) & set(self.databases):
            raise ValueError(f"databases.{min(both)}: a source of this name is under prometheus already")
        return self

    def _unknown(self, name: str) -> str:
        known = ", ".join([*self.prometheus, *self.databases]) or "none is declared"
        return f"nothing to read from is called {name!r} ({known})"
