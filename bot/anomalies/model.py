"""What does a detector get, and what does it give back?"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from bot.anomalies.mix_model import MixModel
from bot.logs.parameters import Typical
from bot.signals.model import Measure, SignalKind
from bot.signals.severity import Severity


@dataclass(frozen=True, slots=True)
class Place:
    """The values at one place of a template. `name` is what its words call it, '' when they do not; `now` those of the
    last `now_for`, `past` those of a few minutes each, the oldest first."""

    name: str
    unit: str
    now: Typical
    now_for: timedelta
    past: tuple[Typical, ...]


@dataclass(frozen=True, slots=True)
class TemplateSeries:
    """One template of a service: `history` holds the lines of each past window, the oldest first, `current` those of
    the window being checked. `first_at` is when the template was first seen; `level` the worst level it had."""

    template_id: str
    text: str
    level: str
    first_at: datetime
    history: tuple[int, ...]
    current: int
    seasonal: tuple[float, float] | None = None
    """Lines a window that are usual at this hour, and the most that recurs at it, by the days before; None while these
    are too few."""
    unseen_for: timedelta | None = None
    """Of a template that is older than its empty history: for how long at least it had not been written."""
    places: tuple[Place, ...] = ()
    """Of a template with many lines now: what its values are."""


@dataclass(frozen=True, slots=True)
class ServiceWindow:
    """One closed window of a service with its past. `is_learning`: the service is new; nothing is told yet.
    `history` windows are those since the service was first seen, so a short one is a young service."""

    service: str
    start: datetime
    length: timedelta
    templates: tuple[TemplateSeries, ...]
    history_windows: int
    is_learning: bool = False
    is_complete: bool = True
    """False while lines may still be under way: Tocsin was away then, and senders have yet to catch up."""
    mix: MixModel | None = None
    """The mixes that were usual on quiet days; None while they are not known."""

    @property
    def end(self) -> datetime:
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something that scores above its threshold. Rates are lines per minute. `template_id` is '' when it is about
    the whole window; `contributions` then says which templates make it unusual: (template id, share of the score)."""

    kind: SignalKind
    service: str
    began_at: datetime
    severity: Severity
    score: float
    threshold: float
    template_id: str = ""
    rate_before: float | None = None
    rate_now: float | None = None
    baseline_low: float | None = None
    baseline_high: float | None = None
    contributions: tuple[tuple[str, float], ...] = ()
    facts: tuple[tuple[str, str], ...] = field(default=())
    measure: Measure | None = None
    """Of values: what they are and what is usual, instead of rates."""


class Detector(Protocol):
    """Pure and seeded: the same window gives the same anomalies, and the unseen is survived."""

    name: str

    def detect(self, window: ServiceWindow) -> list[Anomaly]: ...
