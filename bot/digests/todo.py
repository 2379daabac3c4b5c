"""What is to be done now? The most urgent first: whoever has one minute reads the first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.actions.model import Run
from bot.incidents.model import Incident
from bot.signals.model import Signal
from bot.signals.severity import Severity
from bot.silences.model import Silence

LONG_OPEN = timedelta(hours=4)
"""A serious incident that somebody is on for so long may need help."""

LIMIT_NEAR = timedelta(days=3)


class TodoKind(StrEnum):
    TAKE = "take"
    APPROVE = "approve"
    HELP = "help"
    LIMIT = "limit"
    UNSILENCE = "unsilence"
    LOOK = "look"


@dataclass(frozen=True, slots=True)
class Todo:
    """Something to do, about one of: an incident, a run, a signal (a forecast), a silence."""

    kind: TodoKind
    incident: Incident | None = None
    run: Run | None = None
    signal: Signal | None = None
    silence: Silence | None = None


def todos(
    now: datetime,
    active: Sequence[Incident],
    waiting: Sequence[Run],
    forecasts: Sequence[Signal],
    hiding: Sequence[Silence],
    unattended: Sequence[Incident],
) -> tuple[Todo, ...]:
    """`hiding` are silences that hide something serious; `unattended` are over, and nobody had looked at them."""
    found = [Todo(TodoKind.TAKE, incident=one) for one in worst_first(i for i in active if not i.acknowledged_by)]
    found += [Todo(TodoKind.APPROVE, run=run) for run in waiting]
    found += [Todo(TodoKind.HELP, incident=one) for one in worst_first(i for i in active if _lasts(i, now))]
    found += [Todo(TodoKind.LIMIT, signal=signal) for signal in forecasts if _is_near(signal, now)]
    found += [Todo(TodoKind.UNSILENCE, silence=silence) for silence in hiding if silence.until > now]
    found += [Todo(TodoKind.LOOK, incident=one) for one in worst_first(i for i in unattended if _is_serious(i))]
    return tuple(found)


def worst_first(incidents: Iterable[Incident]) -> list[Incident]:
    """By severity, then the oldest."""
    return sorted(incidents, key=lambda one: (one.severity.rank, one.opened_at, one.id))


def _lasts(incident: Incident, now: datetime) -> bool:
    return bool(incident.acknowledged_by) and _is_serious(incident) and now - incident.opened_at >= LONG_OPEN


def _is_serious(incident: Incident) -> bool:
    return incident.severity in (Severity.CRITICAL, Severity.MAJOR)


def _is_near(signal: Signal, now: datetime) -> bool:
    measure = signal.evidence.measure
    return measure is not None and measure.at is not None and measure.at - now <= LIMIT_NEAR
