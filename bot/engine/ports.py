"""What does the engine need from outside? Its contracts; those of logs, actions, sources, watching, calls are beside.

`bot/store` fulfils `Store`, `bot/connectors` fulfil `Executor`, `bot/stream` fulfils `LogBus`; tests use the real ones.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from bot.changes.model import Change
from bot.digests.model import Subscription
from bot.engine.action_ports import LockRows, RemedyRows, RunRows, SecondFactorRows
from bot.engine.calling_ports import CallRows, PagerRows
from bot.engine.life_ports import MarkRows, RoleRows, RoomRows, TaskRows, UpdateRows
from bot.engine.log_ports import LogRows
from bot.engine.mix_ports import MixRows
from bot.engine.rhythm_ports import RhythmRows
from bot.engine.session_ports import SessionRows
from bot.engine.source_ports import SourceRows
from bot.engine.ticket_ports import TicketRows
from bot.engine.watch_ports import WatchRows
from bot.incidents.model import Incident, Suspect, TimelineEntry
from bot.people import Known
from bot.signals.model import Evidence, Signal
from bot.signals.severity import Severity
from bot.silences.model import Copy, Hidden, MaintenanceWindow, Silence


@dataclass(frozen=True, slots=True)
class Notice:
    """What to tell. A `card` is one message kept up to date: putting its key again tells its latest state.
    A line (not card) is told once. `thread_of` is the key of the card under which it stands, or ''."""

    key: str
    template: str
    channel: str
    facts: Mapping[str, Any]
    card: bool = False
    thread_of: str = ""


@dataclass(frozen=True, slots=True)
class DueNotice:
    """`version` grows each time the notice is put; `unsure` says that an earlier try may have reached Slack."""

    id: int
    notice: Notice
    version: int
    attempts: int
    unsure: bool


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a notice stands in Slack."""

    key: str
    channel: str
    ts: str
    thread_ts: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    at: datetime
    by: str
    what: str
    subject: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    id: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """Why something was done or not done, for `why`: `kind` and `reason` are worded by templates."""

    at: datetime
    kind: str
    subject: str
    reason: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What people said of a signal: its threshold counts `times` as much since."""

    fingerprint: str
    kind: str
    service: str
    title: str
    times: float
    useful: int
    useless: int
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class Lease:
    name: str
    holder: str
    epoch: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Raised:
    """How often one problem was raised: `times`, in `incidents`, of which people called `useless` no problem."""

    fingerprint: str
    kind: str
    service: str
    title: str
    times: int
    incidents: int
    useless: int


class ChangeRows(Protocol):
    def add(self, change: Change) -> Change | None:
        """The stored change, or None when its key is known."""
        ...

    def get(self, change_id: int) -> Change: ...
    def between(self, since: datetime, until: datetime, services: Collection[str] = ()) -> list[Change]: ...
    def latest(self, service: str, kinds: Collection[str]) -> Change | None: ...


class SignalRows(Protocol):
    def add(self, signal: Signal, incident_id: int) -> Signal:
        """`incident_id` 0: seen, and not (yet) part of an incident."""
        ...

    def refresh(self, signal_id: int, evidence: Evidence, severity: Severity) -> None: ...
    def repeat(self, signal_id: int, at: datetime) -> None:
        """It was raised again."""
        ...

    def still_on(self, signal_ids: Collection[int], at: datetime) -> None:
        """They were seen, and not raised."""
        ...

    def begin_again(self, signal_ids: Collection[int], began_at: datetime, at: datetime) -> None:
        """They were over, and are back since."""
        ...

    def of(self, incident_id: int) -> list[Signal]: ...
    def of_each(self, incident_ids: Collection[int]) -> dict[int, list[Signal]]: ...
    def known(self, fingerprint: str) -> tuple[int, Signal] | None:
        """The active incident that has this problem, and its signal there; of several the one that had it last."""
        ...

    def watched(self, service: str, resolved_since: datetime) -> list[tuple[int, Signal]]:
        """Those of the service in incidents that are active or were resolved since, with the incident's id."""
        ...

    def of_fingerprints(self, fingerprints: Collection[str], since: datetime) -> list[tuple[int, Signal]]: ...
    def holders(self, fingerprints: Collection[str], since: datetime) -> list[tuple[int, str]]: ...
    def between(self, since: datetime, until: datetime, service: str = "") -> list[tuple[int, Signal]]: ...
    def loose(self, since: datetime) -> list[Signal]: ...
    def join(self, signal_ids: Collection[int], incident_id: int) -> None: ...
    def count(self, since: datetime, until: datetime) -> int: ...
    def raised(self, since: datetime, until: datetime, limit: int) -> list[Raised]:
        """The problems seen in [since, until), the most often raised first."""
        ...


class IncidentRows(Protocol):
    def add(self, incident: Incident) -> Incident: ...
    def get(self, incident_id: int) -> Incident:
        """Raises `NotFound`."""
        ...

    def lock(self, incident_id: int) -> Incident:
        """The same, and nobody else changes it until this transaction ends."""
        ...

    def save(self, incident: Incident) -> Incident:
        """Raises `Stale` when someone else saved it since it was read."""
        ...

    def active(self) -> list[Incident]: ...
    def recent(self, since: datetime, limit: int = 100) -> list[Incident]: ...
    def open_between(self, since: datetime, until: datetime, limit: int) -> list[Incident]:
        """Those that were open at some time in [since, until), the newest first."""
        ...

    def resolved_since(self, since: datetime) -> list[Incident]: ...
    def set_suspects(self, incident_id: int, suspects: Sequence[Suspect]) -> None: ...
    def suspects(self, incident_id: int) -> list[Suspect]: ...
    def add_timeline(self, incident_id: int, entry: TimelineEntry) -> TimelineEntry: ...
    def drop_timeline(self, entry_id: int) -> None: ...
    def timeline(self, incident_id: int) -> list[TimelineEntry]: ...


class OutboxRows(Protocol):
    def put(self, notice: Notice, at: datetime) -> None: ...
    def withdraw(self, key: str) -> bool:
        """Takes back a card, and what stands under it, that certainly was never sent. False when it may have been."""
        ...

    def due(self, now: datetime, limit: int = 50) -> list[DueNotice]: ...
    def sending(self, notice_id: int) -> None:
        """Remembered before Slack is called: from here on it is unsure until told."""
        ...

    def sent(self, due: DueNotice, posted: Posted, at: datetime) -> None:
        """Told, unless it was put again meanwhile: then it stays due."""
        ...

    def later(self, notice_id: int, at: datetime, error: str, *, unsure: bool) -> None: ...
    def give_up(self, notice_id: int, error: str) -> None: ...
    def posted(self, key: str) -> Posted | None: ...
    def forget_posted(self, key: str) -> None: ...
    def find_posted(self, channel: str, ts: str) -> Posted | None: ...
    def waiting(self) -> int: ...
    def failed(self, keys: Collection[str]) -> set[str]:
        """Those that were given up."""
        ...

    def next_due_at(self) -> datetime | None: ...


class RecordRows(Protocol):
    """Audit, decisions, and things that happen once."""

    def audit(self, entry: AuditEntry) -> None: ...
    def audit_of(self, subject: str) -> list[AuditEntry]: ...
    def decide(self, decision: Decision) -> None: ...
    def decisions(self, subject: str, since: datetime | None = None) -> list[Decision]: ...
    def decided_between(self, since: datetime, until: datetime, limit: int = 500) -> list[Decision]: ...
    def count_decisions(self, kind: str, since: datetime, until: datetime) -> int: ...
    def once(self, kind: str, key: str, at: datetime) -> bool:
        """True the first time this (kind, key) is claimed."""
        ...

    def has_happened(self, kind: str, key: str) -> bool: ...
    def forget_before(self, kind: str, before: datetime) -> int: ...
    def remember(self, name: str, value: str) -> None: ...
    def recall(self, name: str) -> str: ...


@dataclass(frozen=True, slots=True)
class SealedEntry:
    """An audit entry in its place in the chain."""

    no: int
    hash: str
    entry: AuditEntry


class AuditRows(Protocol):
    """The chain over the audit entries. Neither entries nor seals can be changed or removed."""

    def unsealed(self, limit: int) -> list[AuditEntry]: ...
    def last_seal(self) -> tuple[int, str]:
        """Number and hash of the last link; (0, "") at the beginning. Nobody else adds one until this transaction
        ends."""
        ...

    def seal(self, no: int, entry_id: int, hash: str) -> None:
        """Raises `Stale` when another process made this link."""
        ...

    def sealed(self, after: int, limit: int) -> list[SealedEntry]: ...


class LeaseRows(Protocol):
    def take(self, name: str, holder: str, now: datetime, until: datetime) -> Lease | None:
        """Taken or renewed, else None because another holds it. A new holder gets a higher epoch."""
        ...

    def release(self, name: str, holder: str) -> None: ...
    def position(self, partition: int) -> int: ...
    def advance(self, partition: int, seq: int, lease: Lease) -> None:
        """In the same transaction as the counts. Raises `Stale` when `lease` is no longer the current one."""
        ...


class SensitivityRows(Protocol):
    def of(self, fingerprint: str) -> Sensitivity | None: ...
    def save(self, learnt: Sensitivity) -> None: ...
    def forget(self, fingerprint: str) -> bool: ...
    def all(self, limit: int) -> list[Sensitivity]: ...


class SilenceRows(Protocol):
    """Silences, ad-hoc maintenance, and what they hid."""

    def add(self, silence: Silence) -> Silence: ...
    def get(self, silence_id: int) -> Silence:
        """Raises `NotFound`."""
        ...

    def since(self, at: datetime) -> list[Silence]:
        """Those that last beyond `at`."""
        ...

    def end(self, silence_id: int, at: datetime, by: str) -> None: ...
    def move_end(self, silence_id: int, until: datetime) -> None: ...
    def copies(self, source: str) -> list[Copy]: ...
    def copies_of(self, silence_id: int) -> list[Copy]: ...
    def set_copy(self, copy: Copy) -> None: ...
    def drop_copies(self, before: datetime) -> int:
        """Of silences that ended before."""
        ...

    def add_window(self, window: MaintenanceWindow, by: str) -> MaintenanceWindow: ...
    def windows(self, since: datetime) -> list[MaintenanceWindow]: ...
    def end_window(self, window_id: int, at: datetime) -> None: ...
    def hide(self, reason: str, subject: str, signal: Signal, at: datetime) -> bool:
        """Counts a muted signal. True the first time this problem is muted by this."""
        ...

    def hidden_by(self, reason: str, subject: str) -> list[Hidden]: ...
    def hidden_between(
        self, since: datetime, until: datetime, services: Collection[str] = (), limit: int = 200
    ) -> list[Hidden]: ...


class SubscriptionRows(Protocol):
    def put(self, wanted: Subscription) -> Subscription:
        """In the place of the one that `to` has of the same rhythm."""
        ...

    def get(self, subscription_id: int) -> Subscription:
        """Raises `NotFound`."""
        ...

    def of(self, to: str) -> list[Subscription]: ...
    def all(self) -> list[Subscription]: ...
    def drop(self, subscription_id: int) -> bool:
        """False when there is none."""
        ...


class PeopleRows(Protocol):
    def note(self, known: Known, at: datetime) -> None: ...
    def known(self, keys: Collection[str]) -> dict[str, Known]:
        """Those of `Person.key`s that Slack was asked about."""
        ...


class LessonRows(Protocol):
    def add(self, kind: str, subject: str, verdict: str, by: str, at: datetime) -> None: ...
    def counts(self, kind: str) -> dict[tuple[str, str], int]:
        """(subject, verdict) → how often."""
        ...


class Transaction(Protocol):
    """The groups of rows, all of one transaction."""

    @property
    def logs(self) -> LogRows: ...
    @property
    def changes(self) -> ChangeRows: ...
    @property
    def signals(self) -> SignalRows: ...
    @property
    def incidents(self) -> IncidentRows: ...
    @property
    def runs(self) -> RunRows: ...
    @property
    def outbox(self) -> OutboxRows: ...
    @property
    def records(self) -> RecordRows: ...
    @property
    def leases(self) -> LeaseRows: ...
    @property
    def watched(self) -> WatchRows: ...
    @property
    def sensitivity(self) -> SensitivityRows: ...
    @property
    def silences(self) -> SilenceRows: ...
    @property
    def lessons(self) -> LessonRows: ...
    @property
    def sources(self) -> SourceRows: ...
    @property
    def audit(self) -> AuditRows: ...
    @property
    def locks(self) -> LockRows: ...
    @property
    def subscriptions(self) -> SubscriptionRows: ...
    @property
    def people(self) -> PeopleRows: ...
    @property
    def calls(self) -> CallRows: ...
    @property
    def pagers(self) -> PagerRows: ...
    @property
    def roles(self) -> RoleRows: ...
    @property
    def updates(self) -> UpdateRows: ...
    @property
    def tasks(self) -> TaskRows: ...
    @property
    def rooms(self) -> RoomRows: ...
    @property
    def marks(self) -> MarkRows: ...
    @property
    def remedies(self) -> RemedyRows: ...
    @property
    def second_factors(self) -> SecondFactorRows: ...
    @property
    def rhythms(self) -> RhythmRows: ...
    @property
    def mixes(self) -> MixRows: ...
    @property
    def tickets(self) -> TicketRows: ...
    @property
    def sessions(self) -> SessionRows: ...


class Store(Protocol):
    def write(self) -> AbstractContextManager[Transaction]:
        """One transaction: commits at the end of the block, rolls back on an exception."""
        ...

    def read(self) -> AbstractContextManager[Transaction]: ...
