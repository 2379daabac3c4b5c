"""Does a signal open an incident, or does it wait for company?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.signals.model import Signal, SignalKind
from bot.signals.severity import Severity

COMPANY_WITHIN = timedelta(minutes=10)
"""Trouble that began much earlier, and is still seen, is no company."""

REASONS = ("severe", "several_services", "several_kinds", "lasts", "too_small", "alone", "small")
_SMALL_RATE, _LASTS_TIMES = 8.0, 2
"""Lines of fewer than eight a minute, in one service alone, are told when they are seen a third time."""


@dataclass(frozen=True, slots=True)
class Opening:
    """`reason` is one of `REASONS`."""

    opens: bool
    reason: str


def should_open(signal: Signal, loose: Sequence[Signal], seen: int = 0) -> Opening:
    """`seen`: how often this very problem was raised before.

    Major signals open by themselves. Minor ones do when `loose`, the recent signals near it that opened nothing,
    show trouble in another service or of another kind. Info and unusual mixes never do: they are evidence once
    something is open."""
    is_small = _is_small(signal)
    if signal.severity.at_least(Severity.MAJOR) and not is_small:
        return Opening(True, "severe")
    if signal.severity is Severity.INFO:
        return Opening(False, "too_small")
    if signal.kind is SignalKind.UNUSUAL_MIX:
        return Opening(False, "alone")
    company = [other for other in loose if _is_company(signal, other)]
    if any(other.service != signal.service for other in company):
        return Opening(True, "several_services")
    if any(_is_another_kind(signal, other) for other in company):
        return Opening(True, "several_kinds")
    if is_small and signal.severity.at_least(Severity.MAJOR):
        return Opening(True, "lasts") if seen >= _LASTS_TIMES else Opening(False, "small")
    return Opening(False, "alone")


def is_news(signals: Sequence[Signal]) -> bool:
    """Would these open an incident if there were none?"""
    return any(should_open(s, [other for other in signals if other is not s], s.count).opens for s in signals)


def _is_small(signal: Signal) -> bool:
    rate = signal.evidence.rate_now
    rises = signal.kind in (SignalKind.NEW_TEMPLATE, SignalKind.RATE_UP)
    return rises and rate is not None and rate < _SMALL_RATE and signal.severity is not Severity.CRITICAL


def _is_company(signal: Signal, other: Signal) -> bool:
    counts = other.severity.at_least(Severity.MINOR) and other.kind is not SignalKind.UNUSUAL_MIX
    if signal.kind is SignalKind.SERIES and other.kind is SignalKind.SERIES:  # among many some are always odd
        return False
    if SignalKind.UNUSUAL_VALUES in (signal.kind, other.kind) and _same_template(signal, other):
        return False
    is_near = abs(signal.began_at - other.began_at) <= COMPANY_WITHIN
    return counts and is_near and other.fingerprint != signal.fingerprint


def _same_template(signal: Signal, other: Signal) -> bool:
    """More lines of one client are not two signs."""
    return signal.evidence.template_id == other.evidence.template_id != ""


def _is_another_kind(signal: Signal, other: Signal) -> bool:
    """An independent sign: new lines and more lines of one service are one, any noisy restart has both."""
    kinds = {signal.kind, other.kind}
    return len(kinds) == 2 and kinds != {SignalKind.NEW_TEMPLATE, SignalKind.RATE_UP}
