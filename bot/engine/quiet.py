"""When was a service not as it usually is? What was trouble, and what people silenced, teaches nobody what is usual."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.engine.ports import Transaction
from bot.signals.severity import Severity
from bot.silences.model import Silence

Span = tuple[datetime, datetime]

MARGIN = timedelta(minutes=5)
"""Trouble is seen some time after it began, and echoes some time after it is over."""

INCIDENTS_MAX, HIDDEN_MAX = 1_000, 1_000
_MUTED = ("silence", "maintenance", "inhibited")


def unquiet(tx: Transaction, service: str, since: datetime, until: datetime) -> list[Span]:
    """Its incidents and signals, silences and maintenance. What people called no problem is quiet."""
    spans: list[Span] = []
    for incident in tx.incidents.open_between(since, until, INCIDENTS_MAX):
        if incident.service == service:
            spans.append((incident.began_at, min(incident.resolved_at or until, incident.last_signal_at)))
    for _, signal in tx.signals.between(since - timedelta(hours=1), until, service):
        if signal.severity.at_least(Severity.MINOR):
            spans.append((signal.began_at, signal.seen_until))
    for hidden in tx.silences.hidden_between(since, until, [service], HIDDEN_MAX):
        if hidden.reason in _MUTED:
            spans.append((hidden.first_at, hidden.last_at))
    spans += [(w.since, w.until) for w in tx.silences.windows(since) if service in w.services]
    spans += [(s.since, s.until) for s in tx.silences.since(since) if _silences(s, service)]
    return [(first - MARGIN, last + MARGIN) for first, last in spans]


def is_quiet(at: datetime, length: timedelta, spans: Sequence[Span]) -> bool:
    """Does the window that begins at `at` touch none of them?"""
    return all(at + length <= first or at >= last for first, last in spans)


def _silences(silence: Silence, service: str) -> bool:
    """The whole service, not one problem of it."""
    return bool(silence.matchers) and all(m.field == "service" and m.fits(service) for m in silence.matchers)
