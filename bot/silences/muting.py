"""Is a signal muted, and by what?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.signals.model import Signal
from bot.silences.model import MaintenanceWindow, Matcher, Silence

REASONS = ("silence", "maintenance", "inhibited", "not_a_problem")


@dataclass(frozen=True, slots=True)
class Muted:
    """`reason` is one of `REASONS`; `subject` is the id of the silence or window, `said` what its maker wrote."""

    reason: str
    subject: str
    by: str
    said: str
    until: datetime


def is_muted(
    signal: Signal, silences: Sequence[Silence], windows: Sequence[MaintenanceWindow], now: datetime
) -> Muted | None:
    """What mutes it the longest, or None. Silences count now; maintenance counts when the trouble began in it."""
    found = [
        *(Muted("silence", str(s.id), s.by, s.reason, s.until) for s in silences if s.mutes(signal, now)),
        *(Muted("maintenance", str(w.id), "", w.reason, w.until) for w in windows if w.mutes(signal)),
    ]
    return max(found, key=lambda muted: (muted.until, muted.reason, muted.subject), default=None)


def silence_for(signal: Signal, by: str, reason: str, now: datetime, length: timedelta) -> Silence:
    """The silence that a button proposes: this very problem, wherever it is seen again."""
    return Silence((Matcher("fingerprint", signal.fingerprint),), by, reason, now, now + length)
