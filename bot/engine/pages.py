"""What can a template be told? The plain facts it words, gathered by `engine.reading` in one read.

Nothing here is worded: kinds and reasons are keys, times are aware UTC, shares are 0..1, people are `Person.key`s
("T…/U…"; a template shows them with `person()`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.actions.model import Action, Run
from bot.actions.remedies import Doing, Remedy
from bot.actions.runbooks import Runbook
from bot.changes.model import Change
from bot.digests.model import Subscription
from bot.engine.ledger import Sender
from bot.engine.ports import AuditEntry, Decision
from bot.incidents.delivery import Delivery
from bot.incidents.life import Role, Room, Task, Ticket, Update
from bot.incidents.measures import Measures
from bot.incidents.model import Incident, Suspect, TimelineEntry
from bot.oncall.escalation import Page
from bot.oncall.model import Override, Shift
from bot.signals.model import Signal
from bot.silences.model import Copy, Hidden, MaintenanceWindow, Silence


@dataclass(frozen=True, slots=True)
class ActionOffer:
    """An action that fits here, e.g. the rollback of the suspected deploy."""

    name: str
    kind: str
    service: str
    missing_connector: str = ""


@dataclass(frozen=True, slots=True)
class SuspectLine:
    """`change` is set for a suspect of kind "change". `word` is "likely" | "possible" | "nearby"."""

    suspect: Suspect
    change: Change | None
    word: str


@dataclass(frozen=True, slots=True)
class SimilarLine:
    """An earlier incident like this one. `shared` are the titles of what both showed; `run` is what helped then."""

    incident: Incident
    likeness: float
    shared: tuple[str, ...]
    run: Run | None
    cause: str


@dataclass(frozen=True, slots=True)
class Impact:
    """In numbers: services in trouble, failing lines a minute at their height, how often its signals were raised."""

    services: int = 0
    failing_per_minute: float = 0.0
    raised: int = 0


@dataclass(frozen=True, slots=True)
class Life:
    """What people do with it. `lead`: the name of the role that leads; `updates` and `tasks`: the oldest first."""

    lead: str = ""
    roles: tuple[Role, ...] = ()
    updates: tuple[Update, ...] = ()
    tasks: tuple[Task, ...] = ()
    room: Room | None = None
    tickets: tuple[Ticket, ...] = ()
    """What tickets there are or will be of it, the oldest first."""

    @property
    def leader(self) -> str:
        return next((role.person for role in self.roles if role.name == self.lead), "")

    elsewhere: str = ""
    """Id of the other channel where it is told: its own, or, seen from there, the main one."""
    since: datetime | None = None
    """When it was opened again; what was said before is history."""

    @property
    def newest(self) -> Update | None:
        """What holds now."""
        last = self.updates[-1] if self.updates else None
        return last if last and (self.since is None or last.at >= self.since) else None

    @property
    def open_tasks(self) -> tuple[Task, ...]:
        return tuple(task for task in self.tasks if not task.is_done)


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """`signals` are the distinct ones, the most telling first. `runs` are those of this incident, the newest last."""

    incident: Incident
    now: datetime
    signals: tuple[Signal, ...]
    signal_count: int
    suspects: tuple[SuspectLine, ...]
    runs: tuple[Run, ...]
    offer: ActionOffer | None
    timeline: tuple[TimelineEntry, ...]
    link: str = ""
    similar: tuple[SimilarLine, ...] = ()
    impact: Impact = Impact()
    life: Life = Life()
    runbooks: tuple[Runbook, ...] = ()
    tickets_offered: tuple[str, ...] = ()
    """Where a ticket could be opened by hand: names of [tickets]."""

    @property
    def open_run(self) -> Run | None:
        return next((run for run in reversed(self.runs) if not run.state.is_over), None)


@dataclass(frozen=True, slots=True)
class ToldPage:
    """What one person is told in direct messages, with the incident it is about. `channel`: where that is told."""

    facts: Mapping[str, object]
    page: IncidentPage
    channel: str


@dataclass(frozen=True, slots=True)
class RunbookStep:
    """A button: `place` among the runbook's actions; `label` is what the runbook calls it, or ''."""

    place: int
    kind: str
    service: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class RunbookPage:
    """One runbook, with the actions it offers for the incident. `runbook` is None when its file is gone; `link`: to the
    file, or ''."""

    runbook: Runbook | None
    incident: Incident | None
    steps: tuple[RunbookStep, ...] = ()
    link: str = ""


@dataclass(frozen=True, slots=True)
class RunbooksPage:
    """All there are. `problems`: a sentence for each file that is wrong."""

    runbooks: tuple[Runbook, ...]
    problems: tuple[str, ...]
    is_set_up: bool


@dataclass(frozen=True, slots=True)
class RemedyLine:
    """`held`: why it would do nothing now (a key), or ''. `last`: what it did last in its mode."""

    remedy: Remedy
    action: Action
    held: str
    last: Doing | None


@dataclass(frozen=True, slots=True)
class PlotPage:
    """What is drawn: the most telling signal of an incident. `window_s`: of a window of log lines."""

    signal: Signal
    now: datetime
    window_s: int


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """What a review is written from. `changes`: of the hours before it, and while it lasted."""

    page: IncidentPage
    changes: tuple[Change, ...]
    by: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    """`Person.key` → name, of those who took part and are known."""


@dataclass(frozen=True, slots=True)
class RunPage:
    run: Run
    now: datetime
    incident: Incident | None


@dataclass(frozen=True, slots=True)
class WhyPage:
    """Everything recorded about why an incident is as it is."""

    incident: Incident
    now: datetime
    signals: tuple[Signal, ...]
    suspects: tuple[SuspectLine, ...]
    decisions: tuple[Decision, ...]
    timeline: tuple[TimelineEntry, ...]
    audit: tuple[AuditEntry, ...]
    inhibited: tuple[Hidden, ...] = ()
    taught: Mapping[str, float] = field(default_factory=dict)
    """Fingerprint → by how many times its threshold counts since people said so."""
    tickets: tuple[Ticket, ...] = ()
    quiet_until: Mapping[str, datetime] = field(default_factory=dict)
    """Fingerprint → until when it is not told at this loudness, for people said that it is no problem."""


@dataclass(frozen=True, slots=True)
class SilenceView:
    silence: Silence
    hidden: tuple[Hidden, ...]
    copies: tuple[Copy, ...] = ()
    """As other systems have it."""

    @property
    def hid_something_real(self) -> bool:
        """What it hid was more than small."""
        return any(one.severity in ("critical", "major") for one in self.hidden)


@dataclass(frozen=True, slots=True)
class SilencesPage:
    now: datetime
    silences: tuple[SilenceView, ...]
    windows: tuple[MaintenanceWindow, ...]


@dataclass(frozen=True, slots=True)
class WhyNotPage:
    """Everything recorded about a service in a stretch of time. `windows`: how many of its windows were checked in it.
    `incidents` are those that were open, `loose` the signals that told nothing, `hidden` what was muted."""

    service: str
    since: datetime
    until: datetime
    now: datetime
    is_known: bool
    lines: int
    learning_until: datetime | None
    checked_until: datetime | None
    incidents: tuple[Incident, ...]
    loose: tuple[Signal, ...]
    hidden: tuple[Hidden, ...]
    decisions: tuple[Decision, ...]
    maintenance: tuple[MaintenanceWindow, ...]


@dataclass(frozen=True, slots=True)
class WhyRunPage:
    run: Run
    now: datetime
    audit: tuple[AuditEntry, ...]


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """`lines_per_minute` over the last closed hour or less; `learning_until` is None when it has learnt."""

    name: str
    last_at: datetime
    lines_per_minute: float
    learning_until: datetime | None
    active_incident: str = ""


@dataclass(frozen=True, slots=True)
class StatusPage:
    now: datetime
    services: tuple[ServiceLine, ...]
    active: tuple[Incident, ...]
    waiting_runs: tuple[Run, ...]
    outbox_waiting: int
    tickets: Mapping[int, tuple[Ticket, ...]] = field(default_factory=dict)
    """Of the active incidents that have any."""


@dataclass(frozen=True, slots=True)
class IncidentsPage:
    now: datetime
    active: tuple[Incident, ...]
    recent: tuple[Incident, ...]


@dataclass(frozen=True, slots=True)
class HomeTask:
    """What waits for one person, and the incident it belongs to."""

    task: Task
    incident: Incident


@dataclass(frozen=True, slots=True)
class HomePage:
    """What one person has to do with. `mine`: incidents they are on or declared; `others`: the other open ones;
    `for_my_yes`: runs that they may approve; `waiting_runs`: the others under way. `my_shifts`: their present or next
    one in each schedule."""

    now: datetime
    mine: tuple[Incident, ...]
    others: tuple[Incident, ...]
    for_my_yes: tuple[Run, ...]
    waiting_runs: tuple[Run, ...]
    recent: tuple[Incident, ...]
    services: tuple[ServiceLine, ...]
    may_act: bool
    subscriptions: tuple[Subscription, ...] = ()
    oncall: tuple["OncallLine", ...] = ()
    my_shifts: tuple["MyShift", ...] = ()
    tasks: tuple[HomeTask, ...] = ()
    leaders: Mapping[int, str] = field(default_factory=dict)
    """Id of an incident → who leads it."""
    senders: tuple[Sender, ...] = ()
    """Who sends what: those that went silent first, then those that sent most."""


@dataclass(frozen=True, slots=True)
class ServiceCount:
    service: str
    count: int


@dataclass(frozen=True, slots=True)
class StatsPage:
    """The measures of the last `days`, and of as many days before them. `services` have the most incidents."""

    days: int
    measures: Measures
    before: Measures
    delivery: Delivery
    delivery_before: Delivery
    services: tuple[ServiceCount, ...]
    no_problem: int
    declared: int
    about: tuple[str, ...] = ()
    """Only these services; all when it is empty."""


@dataclass(frozen=True, slots=True)
class LinePage:
    """A single line in a thread or channel: `facts` are what its notice was put with."""

    facts: Mapping[str, object]
    incident: Incident | None
    run: Run | None
    now: datetime


@dataclass(frozen=True, slots=True)
class OncallLine:
    """A schedule: who is on call `now`, `until` when (None: longer than is looked ahead), who comes `next` (people as
    `Person.key`s, or names that nobody is known by). `overrides` that people said. `calendar_problem`: why its address
    could not be read; `calendar_at`: its last copy's time."""

    name: str
    zone: str
    now: tuple[Shift, ...]
    next: tuple[Shift, ...]
    until: datetime | None = None
    overrides: tuple[Override, ...] = ()
    calendar_at: datetime | None = None
    calendar_problem: str = ""


@dataclass(frozen=True, slots=True)
class OncallPage:
    now: datetime
    schedules: tuple[OncallLine, ...]


@dataclass(frozen=True, slots=True)
class ShiftsPage:
    """`gaps`: when nobody is on call."""

    now: datetime
    schedule: str
    zone: str
    shifts: tuple[Shift, ...]
    gaps: tuple[tuple[datetime, datetime], ...]


@dataclass(frozen=True, slots=True)
class MyShift:
    """`until` is None when it lasts for longer than is looked ahead."""

    schedule: str
    shift: Shift
    is_now: bool
    until: datetime | None


@dataclass(frozen=True, slots=True)
class CallPage:
    """What one who is asked is told. `step` of `steps`; `card_channel`: where the incident's message stands."""

    page: IncidentPage
    asked: Page
    step: int
    steps: int
    card_channel: str = ""
    is_worse: bool = False
    """They are asked although somebody is on it, for it became worse."""


@dataclass(frozen=True, slots=True)
class HandoverPage:
    """A change of shift. People are `Person.key`s."""

    schedule: str
    people: tuple[str, ...]
    before: tuple[str, ...]
    until: datetime | None
    at: datetime
