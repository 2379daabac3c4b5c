"""What can the templates of a digest be told? Plain facts, as in `pages`."""

from dataclasses import dataclass
from datetime import datetime

from bot.actions.model import Run
from bot.changes.model import Change
from bot.digests.health import HealthTable
from bot.digests.model import Order, Subscription
from bot.digests.todo import Todo
from bot.engine.pages import SilenceView
from bot.engine.ports import Raised, Sensitivity
from bot.incidents.delivery import Delivery
from bot.incidents.measures import Measures
from bot.incidents.model import Incident
from bot.signals.model import Signal

TODO_SHOWN = 3


@dataclass(frozen=True, slots=True)
class TemplateLine:
    service: str
    text: str
    lines: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class NoisyDetector:
    """How often the signals of one kind were raised in a service, in how many incidents; `useless` of them were called
    no problem."""

    kind: str
    service: str
    times: int
    incidents: int
    useless: int


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much there was in a stretch."""

    lines: int
    incidents: int
    changes: int


@dataclass(frozen=True, slots=True)
class ServiceNews:
    """`new` wrote their first line in the stretch, `silent` their last one before it; `learning` are still learnt."""

    count: int = 0
    new: tuple[str, ...] = ()
    silent: tuple[tuple[str, datetime], ...] = ()
    learning: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DigestPage:
    """What happened from `order.slot.since` to `.until`, beside the stretch of the same length before it.

    `incidents` were opened in it and `ended` before it and resolved in it, the newest first; `still_active` are open
    `now`, the worst first; `unattended` are over, and nobody had acknowledged them."""

    order: Order
    now: datetime
    todo: tuple[Todo, ...]
    amounts: Amounts
    before: Amounts
    incidents: tuple[Incident, ...]
    ended: tuple[Incident, ...]
    still_active: tuple[Incident, ...]
    unattended: tuple[Incident, ...]
    new_templates: tuple[TemplateLine, ...]
    loud_templates: tuple[TemplateLine, ...]
    noisy: tuple[Raised, ...]
    detectors: tuple[NoisyDetector, ...]
    changes: tuple[Change, ...]
    waiting_runs: tuple[Run, ...]
    forecasts: tuple[Signal, ...]
    services: ServiceNews
    health: HealthTable
    measures: Measures
    measures_before: Measures
    delivery: Delivery
    muted_signals: int
    silences: tuple[SilenceView, ...] = ()
    """Those that hid something real."""
    taught: tuple[Sensitivity, ...] = ()
    """What people made quieter."""

    @property
    def is_quiet(self) -> bool:
        return not (self.todo or self.incidents or self.ended or self.still_active or self.waiting_runs)

    @property
    def details(self) -> tuple[str, ...]:
        """What stands in the thread, each with a template of that name."""
        runs_left_out = self.waiting_runs and len(self.todo) > TODO_SHOWN
        more = self.unattended or self.forecasts or self.silences or runs_left_out or len(self.incidents) > 8
        worth = {
            "noise": self.noisy or self.detectors or self.taught or (self.loud_templates and not self.is_quiet),
            "more": more,
            "health": self.health.troubled,
        }
        return tuple(f"digest_{part}" for part, told in worth.items() if told)


@dataclass(frozen=True, slots=True)
class HealthPage:
    """What is drawn in the thread of a digest."""

    health: HealthTable
    order: Order


@dataclass(frozen=True, slots=True)
class SubscriptionsPage:
    """Those of a person, and of the channel where they ask. `changed`: "begun" | "ended" | '', and which one."""

    now: datetime
    mine: tuple[Subscription, ...]
    here: tuple[Subscription, ...]
    changed: str = ""
    one: Subscription | None = None
    next_at: datetime | None = None
