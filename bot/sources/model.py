"""What is a source, what was posted to it, and what was heard?

A source is a format that others speak. Its `decode` is pure: bytes and headers in, records, signals and changes out.
What cannot be read is rejected by name, and its neighbours are heard.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.changes.model import Change
from bot.logs.record import LogRecord
from bot.metrics.streams import Point
from bot.signals.model import Signal

REJECTED_KEPT = 20
"""Of one body so many rejected parts are named; all are counted."""
REJECTED_BYTES_MAX = 16 << 10
LATE_MAX = timedelta(days=7)
"""A record that is older when it arrives is rejected: no window waits for it."""


class Kind(StrEnum):
    LOGS = "logs"
    METRICS = "metrics"
    ALERTS = "alerts"
    CHANGES = "changes"
    PIPELINES = "pipelines"
    MODELS = "models"


class Proof(StrEnum):
    """How an example was tried."""

    REAL = "real client"
    """The unmodified client sends to Tocsin in our tests."""
    CAPTURED = "captured"
    """A body that the real thing once sent is read in our tests."""
    DOCUMENTED = "documented"
    """A payload from its documentation is read in our tests."""


@dataclass(frozen=True, slots=True)
class Example:
    """What to paste where. `language` is of the fence in docs/sources.md; `{url}` and `{token}` are filled in."""

    shipper: str
    language: str
    text: str
    proof: Proof
    note: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Posted:
    """A body without its content encoding. Header names are in lower case. `service` is for what names none."""

    body: bytes
    headers: Mapping[str, str]
    now: datetime
    path: Mapping[str, str] = field(default_factory=dict)
    service: str = ""
    rules: object = None
    """What the source's section in `tocsin.toml` says beyond that: a mapping's rules."""

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Rejected:
    """`place` says where in the body ("line 3", "alerts[2]"); `data` is the part itself, cut."""

    place: str
    problem: str
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Ended:
    """The sender says that a problem is over: the signal with this fingerprint."""

    fingerprint: str
    service: str
    at: datetime
    title: str = ""


class RunState(StrEnum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class PipelineRun:
    """How a run of a pipeline (a DAG, a job, a dbt node) stands. `key` is the run's identity at its sender; the same
    key again is the same run, further on. `service` is who is told; `rows` counts what it wrote, when it says;
    `attempt` counts the tries of this task, or run."""

    key: str
    pipeline: str
    service: str
    state: RunState
    at: datetime
    run: str = ""
    task: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    error: str = ""
    link: str = ""
    rows: int | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    source: str = ""
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure that a sender measured about data or a model: a drift share, a metric, the result of a test.

    `passed` is what the sender says of it itself; None when it says nothing.
    """

    key: str
    service: str
    subject: str
    name: str
    at: datetime
    value: float | None = None
    passed: bool | None = None
    detail: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """A point of the metric `name`, with what tells its stream from others: who measures, and what of."""

    name: str
    service: str
    resource: Mapping[str, str]
    attributes: Mapping[str, str]
    point: Point


class Saying(StrEnum):
    """What a pager says of an incident that Tocsin told it of."""

    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    ESCALATED = "escalated"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class PagerSaid:
    """`key` is ours, `id` the event's own. `by_id` did it, `to` are asked now, as the pager knows people."""

    key: str
    saying: Saying
    at: datetime
    id: str = ""
    by_id: str = ""
    to: str = ""
    link: str = ""


PAGER_KEY = "tocsin/"
"""How the keys begin under which pagers know our incidents."""


@dataclass(slots=True)
class Heard:
    """What a body held. `lines` went into `records`; `is_timed`: every record told its own time, so that equal bodies
    are one batch sent twice."""

    records: list[LogRecord] = field(default_factory=list)
    lines: int = 0
    is_timed: bool = True
    signals: list[Signal] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    runs: list[PipelineRun] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)
    pagers: list[PagerSaid] = field(default_factory=list)
    points: list[MetricPoint] = field(default_factory=list)
    ignored: int = 0
    """Parts that were read and mean nothing to Tocsin: a ping, an event of another kind."""
    rejected: list[Rejected] = field(default_factory=list)
    rejected_count: int = 0
    results: list[str] = field(default_factory=list)
    """For a format that answers each item: "" or what was wrong with it."""
    challenge: str = ""
    """An address or text that the sender wants to have confirmed before it sends."""

    def reject(self, place: str, problem: str, data: bytes = b"") -> None:
        self.rejected_count += 1
        if len(self.rejected) < REJECTED_KEPT:
            self.rejected.append(Rejected(place, problem[:500], data[:REJECTED_BYTES_MAX]))

    @property
    def accepted(self) -> int:
        return (
            self.lines
            + len(self.signals)
            + len(self.ended)
            + len(self.changes)
            + len(self.runs)
            + len(self.measured)
            + len(self.pagers)
            + len(self.points)
        )


Decode = Callable[[Posted], Heard]
Verify = Callable[[Posted, str], str]
"""(what was posted, the secret) → what is wrong with its signature, or ''."""
Identify = Callable[[Posted], str]
"""The sender's own identity of a delivery, or ''."""


def no_identity(posted: Posted) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Source:
    """An entry of the registry. `fixture` names a file in tests/sources/fixtures; `verify` is None when the sender
    cannot sign: then it needs a token. A hook without paths of its own is at /v1/hooks/NAME."""

    name: str
    title: str
    kind: Kind
    decode: Decode
    routes: tuple[Route, ...] = ()
    content_types: tuple[str, ...] = ("application/json",)
    examples: tuple[Example, ...] = ()
    fixture: str = ""
    fixture_headers: Mapping[str, str] = field(default_factory=dict)
    verify: Verify | None = None
    signed_by: str = ""
    """In words: how the sender signs."""
    is_sealed: bool = False
    """Signed with a key whose certificate stands at its owner's (SNS): verified when the section has `topics`."""
    identify: Identify = no_identity
    about: str = ""

    @property
    def is_hook(self) -> bool:
        return self.kind not in (Kind.LOGS, Kind.METRICS)

    @property
    def paths(self) -> tuple[Route, ...]:
        return self.routes or (Route("POST", f"/v1/hooks/{self.name}"),)


def names(sources: Sequence[Source]) -> tuple[str, ...]:
    return tuple(source.name for source in sources)
