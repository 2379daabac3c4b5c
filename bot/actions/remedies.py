"""May a remedy act now? A rule that does an action by itself when it fits, within limits; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.actions.fitting import Fitting
from bot.actions.model import Run, RunState, Verdict


class Mode(StrEnum):
    """`DRY`: it only says what it would do."""

    OFF = "off"
    DRY = "dry"
    ON = "on"


@dataclass(frozen=True, slots=True)
class Remedy:
    """Does `action` for an incident it fits, once, when the incident is `min_age` old and still open."""

    name: str
    mode: Mode
    fitting: Fitting
    action: str
    parameters: Mapping[str, str]
    min_age: timedelta
    per_hour: int
    per_day: int
    cool_down: timedelta


@dataclass(frozen=True, slots=True)
class Doing:
    """What a remedy did for an incident. `run` is None when it was dry, or could not even be planned (`failed`)."""

    incident: int
    at: datetime
    mode: Mode
    run: Run | None = None
    failed: bool = False

    @property
    def has_failed(self) -> bool:
        if self.run is None:
            return self.failed
        return self.run.state is RunState.FAILED or self.run.verdict in (Verdict.NO_EFFECT, Verdict.WORSE)

    @property
    def is_over(self) -> bool:
        return self.run is None or self.run.state.is_over


@dataclass(frozen=True, slots=True)
class Standing:
    """What people said of a remedy last."""

    stopped_at: datetime | None = None
    stopped_by: str = ""
    resumed_at: datetime | None = None
    resumed_by: str = ""

    @property
    def is_stopped(self) -> bool:
        return self.stopped_at is not None and (self.resumed_at is None or self.resumed_at <= self.stopped_at)


HELD = ("stopped", "failed", "under_way", "cool_down", "per_hour", "per_day")
"""Why a remedy that fits does nothing."""


def held_back(remedy: Remedy, past: Sequence[Doing], standing: Standing, now: datetime) -> str:
    """One of `HELD`, or '' when it may act. `past`: what it did in its mode, the oldest first."""
    if standing.is_stopped:
        return "stopped"
    if failed_since(past, standing) is not None:
        return "failed"
    if any(not doing.is_over for doing in past):
        return "under_way"
    if past and now < past[-1].at + remedy.cool_down:
        return "cool_down"
    if _since(past, now - timedelta(hours=1)) >= remedy.per_hour:
        return "per_hour"
    if _since(past, now - timedelta(days=1)) >= remedy.per_day:
        return "per_day"
    return ""


def failed_since(past: Sequence[Doing], standing: Standing) -> Doing | None:
    """The last doing that failed, unless a person let the remedy go on afterwards."""
    failed = next((doing for doing in reversed(past) if doing.has_failed), None)
    if failed is None or (standing.resumed_at is not None and standing.resumed_at > failed.at):
        return None
    return failed


def _since(past: Sequence[Doing], since: datetime) -> int:
    return sum(doing.at > since for doing in past)
