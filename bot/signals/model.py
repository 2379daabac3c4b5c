"""What is a signal, and what does it show as evidence?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.signals.severity import Severity


class SignalKind(StrEnum):
    NEW_TEMPLATE = "new_template"
    RATE_UP = "rate_up"
    RATE_DOWN = "rate_down"
    BROKEN_OFF = "broken_off"
    ABSENCE = "absence"
    UNUSUAL_MIX = "unusual_mix"
    ODD_SESSIONS = "odd_sessions"
    UNUSUAL_VALUES = "unusual_values"
    ALERT = "alert"
    RUN_FAILED = "run_failed"
    REPORTED = "reported"
    SERIES = "series"
    FORECAST = "forecast"
    DATA_CHECK = "data_check"
    DRIFT = "drift"


@dataclass(frozen=True, slots=True)
class Dominant:
    """One value that most lines of a template share: `share` of them (0..1) have `name=value`."""

    name: str
    value: str
    share: float


@dataclass(frozen=True, slots=True)
class Rarity:
    """How seldom a log template is. `unseen_s`: for how long it had not been written, 0 if it never was; `known_s`: for
    how long its service is known; `since`: the version that it is written under for the first time, or ''."""

    unseen_s: int = 0
    known_s: int = 0
    since: str = ""


class Measured(StrEnum):
    """What is found of a series, a table or a model."""

    ONE_VALUE = "one_value"
    LARGER = "larger"
    STEP_MISSING = "step_missing"
    STEP_UNEXPECTED = "step_unexpected"
    SPIKE = "spike"
    UNUSUAL_AT_THIS_HOUR = "unusual_at_this_hour"
    UNLIKE_YESTERDAY = "unlike_yesterday"
    LASTING = "lasting"
    ABSENT = "absent"
    SLOW = "slow"
    RETRIED = "retried"
    FLAT = "flat"
    MISSING = "missing"
    BEYOND_LIMIT = "beyond_limit"
    REACHES_LIMIT = "reaches_limit"
    STALE = "stale"
    EMPTY = "empty"
    TOO_FEW = "too_few"
    TOO_MANY = "too_many"
    SCHEMA = "schema"
    NULLS = "nulls"
    DUPLICATES = "duplicates"
    QUERY = "query"
    NO_VALUE = "no_value"
    DRIFT = "drift"
    PERFORMANCE = "performance"


@dataclass(frozen=True, slots=True)
class Measure:
    """What was measured of a series, a table or a model, in `unit`: now, and between what it is usual or allowed.

    `what` is worded by templates. What did not come was expected `at`, last came at `earliest`, comes every `step_s`,
    did so `now` times and failed to `high` times. A forecast has `limit`, when it is reached (`at`, from `earliest` to
    `latest`) and `per_day`. A step is missing or unexpected in `now` of `high` sessions; usually a share
    `low` of them is odd. `values` are the last ones, `step_s` apart; `parts` are (name, text) that say more; `known_s`:
    for how long it is known.
    """

    what: Measured
    subject: str
    unit: str = ""
    now: float | None = None
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    at: datetime | None = None
    earliest: datetime | None = None
    latest: datetime | None = None
    per_day: float | None = None
    parts: tuple[tuple[str, str], ...] = ()
    values: tuple[float | None, ...] = ()
    step_s: int = 0
    known_s: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a person can check. Rates are lines per minute; `baseline` is what was normal, in the same unit.

    `score` over `threshold` is why it is told. `contributions` says which templates make a mix unusual: (text, share).
    `level` is the worst of the template's lines.
    """

    template_id: str = ""
    template: str = ""
    examples: tuple[str, ...] = ()
    rate_before: float | None = None
    rate_now: float | None = None
    baseline_low: float | None = None
    baseline_high: float | None = None
    score: float | None = None
    threshold: float | None = None
    history_windows: int | None = None
    dominant: Dominant | None = None
    contributions: tuple[tuple[str, float], ...] = ()
    series: tuple[int, ...] = ()
    link: str = ""
    measure: Measure | None = None
    level: str = ""
    rarity: Rarity | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """Anything that suggests trouble. `began_at` is when it started as far as is known, `at` when it was seen.

    `fingerprint` is equal for repeats of one problem; `entities` are (kind, value) pairs such as ("host", "db-3").
    `count` is how often it was raised, `last_at` when it was last.
    """

    fingerprint: str
    kind: SignalKind
    service: str
    severity: Severity
    began_at: datetime
    at: datetime
    title: str
    evidence: Evidence = Evidence()
    source: str = "logs"
    entities: tuple[tuple[str, str], ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    count: int = 1
    last_at: datetime | None = None
    id: int = 0

    @property
    def seen_until(self) -> datetime:
        return self.last_at or self.at
