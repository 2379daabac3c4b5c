"""What does the engine need to keep about sources? The part of `ports` that is theirs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.signals.model import Signal
from bot.sources.model import Ended, Measured, PipelineRun
from bot.sources.silencing import AlertThere, SilenceThere


@dataclass(frozen=True, slots=True)
class SourceUse:
    """What one sender sent by one source for one service. Counts only grow. `late_s` is how old the oldest record of
    the last batch was when it arrived; `ahead` counts records from the future."""

    source: str
    sender: str
    service: str
    first_at: datetime
    last_at: datetime
    batches: int = 0
    lines: int = 0
    bytes: int = 0
    rejected: int = 0
    duplicates: int = 0
    ahead: int = 0
    late_s: float = 0.0
    late_s_max: float = 0.0

    @property
    def key(self) -> tuple[str, str, str]:
        return self.source, self.sender, self.service


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A part of a delivery that could not be read, or all of it: redacted, cut, and kept for a while."""

    at: datetime
    source: str
    sender: str
    place: str
    problem: str
    data: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)
    replayed_at: datetime | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """A problem that somebody else watches. It stands from `since` until its sender says that it ended."""

    fingerprint: str
    source: str
    service: str
    title: str
    since: datetime
    seen_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """How a heartbeat or an address was last seen. `down_since` is None while all is well."""

    kind: str
    name: str
    last_at: datetime | None = None
    started_at: datetime | None = None
    down_since: datetime | None = None
    failures: int = 0
    latency_ms: float | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class RunTries:
    """How often parts of one run of a pipeline were tried `again`, and which part that was most often."""

    pipeline: str
    service: str
    run: str
    at: datetime
    again: int
    task: str
    link: str
    source: str


class Elsewhere(Protocol):
    """Another system that has silences of its own. Raises `ConnectorError`."""

    def silences(self) -> list[SilenceThere]:
        """Also those that are over, as far as it still knows them."""
        ...

    def alerts(self, now: datetime) -> list[AlertThere]:
        """Those that fire, silenced ones too."""
        ...

    def make(self, silence: SilenceThere) -> str:
        """Its name there."""
        ...

    def end(self, copy_id: str) -> None:
        """One that is over already stays so."""
        ...


class SourceRows(Protocol):
    def add_use(self, uses: Iterable[SourceUse]) -> None:
        """Adds to what is counted already."""
        ...

    def uses(self) -> list[SourceUse]: ...
    def keep_rejected(self, letters: Iterable[DeadLetter]) -> None: ...
    def rejected(self, limit: int) -> list[DeadLetter]:
        """The latest first."""
        ...

    def dead_letter(self, letter_id: int) -> DeadLetter:
        """Raises `NotFound`."""
        ...

    def mark_replayed(self, letter_id: int, at: datetime) -> bool:
        """False when it was before."""
        ...

    def drop_rejected(self, before: datetime, keep: int) -> int: ...
    def stand(self, signal: Signal, at: datetime) -> None: ...
    def end(self, ended: Ended) -> bool:
        """True when it stood until now."""
        ...

    def standing(self) -> list[Standing]: ...
    def drop_ended(self, before: datetime) -> int: ...
    def note_run(self, run: PipelineRun) -> bool:
        """False when this says nothing newer of the run than what is known."""
        ...

    def pipeline_runs(self, since: datetime, pipeline: str = "") -> list[PipelineRun]: ...
    def latest_runs(self, since: datetime, limit: int) -> list[PipelineRun]:
        """Of whole pipelines, not of their tasks; the latest first."""
        ...

    def tries(self, since: datetime, limit: int) -> list[RunTries]:
        """Of each run that has tasks (or is known to be tried again), the latest first."""
        ...

    def note_measured(self, measured: Measured) -> bool: ...
    def measured(self, since: datetime, subject: str = "") -> list[Measured]: ...
    def drop_events(self, before: datetime) -> int: ...
    def watched(self, kind: str, name: str) -> Watched | None: ...
    def all_watched(self, kind: str) -> list[Watched]: ...
    def set_watched(self, watched: Watched) -> None: ...
