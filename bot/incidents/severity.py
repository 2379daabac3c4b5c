"""How bad is an incident, and why? From its signals; people may say otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.signals.model import Signal
from bot.signals.severity import Severity, worst

SERVICES_FOR_CRITICAL = 3
REASONS = ("signal", "spread", "nothing")
"""`signal`: the worst of its signals. `spread`: that many services show major trouble. `nothing`: it has no signals."""


@dataclass(frozen=True, slots=True)
class Graded:
    """`figure` fills the reason's words: the service of the worst signal, or how many services."""

    severity: Severity
    reason: str
    figure: str = ""


def grade(signals: Sequence[Signal]) -> Graded:
    """The worst signal's severity; one higher, critical, when major trouble shows in several services."""
    if not signals:
        return Graded(Severity.INFO, "nothing")
    severe = {s.service for s in signals if s.severity.at_least(Severity.MAJOR)}
    severity = worst(*(s.severity for s in signals))
    if severity is Severity.MAJOR and len(severe) >= SERVICES_FOR_CRITICAL:
        return Graded(Severity.CRITICAL, "spread", str(len(severe)))
    first = min((s for s in signals if s.severity is severity), key=lambda s: s.began_at)
    return Graded(severity, "signal", first.service)
