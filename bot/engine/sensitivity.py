"""What did people say of a signal, and how much louder does it have to be now?

*Not a problem*, *Tell less of this* and *Useful* change the threshold of that fingerprint: twice as high, or back down.
*Not a problem* also keeps the very same quiet for a while, unless it is much louder than what was called so. It is
bounded, shown by *Why?* and the digest, audited, and one press takes it back.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.engine.ports import AuditEntry, Decision, Sensitivity, Transaction
from bot.signals.model import Signal, SignalKind

REASONS = ("less_wanted", "shadow")
LESS, MORE = 2.0, 0.5
TIMES_MIN, TIMES_MAX = 1.0, 8.0
"""Never more than eight times as high, and never lower than it came: its own threshold keeps chance out."""

QUIET_FOR, LOUDER = timedelta(days=30), 2.0
"""What is no problem is told again after so long, or when it is so many times as loud."""


class Sensitivities:
    """Within one transaction."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def is_told(self, signal: Signal, now: datetime) -> bool:
        """Is it above what people want to hear? What is not is recorded with the reason. A signal without a score, and
        one that is many times its threshold, is told anyhow."""
        learnt = self._tx.sensitivity.of(signal.fingerprint)
        score, threshold = signal.evidence.score, signal.evidence.threshold
        if learnt is None or learnt.times <= 1 or score is None or threshold is None:
            return True
        if score >= threshold * learnt.times:
            return True
        self._record(signal, now, "muted", "less_wanted", times=f"{learnt.times:g}")
        return False

    def count_shadow(self, signal: Signal, now: datetime) -> None:
        """In shadow mode a detector is counted and says nothing."""
        if self._tx.records.once("shadow", f"{signal.fingerprint}:{now:%Y-%m-%d}", now):
            self._record(signal, now, "muted", "shadow")

    def learn(self, signal: Signal, by: str, now: datetime, *, is_useful: bool) -> Sensitivity:
        """What a person said of it, within bounds."""
        before = self._tx.sensitivity.of(signal.fingerprint)
        times = before.times if before else 1.0
        changed = Sensitivity(
            fingerprint=signal.fingerprint,
            kind=signal.kind.value,
            service=signal.service,
            title=signal.title,
            times=min(TIMES_MAX, max(TIMES_MIN, times * (MORE if is_useful else LESS))),
            useful=(before.useful if before else 0) + is_useful,
            useless=(before.useless if before else 0) + (not is_useful),
            changed_at=now,
            changed_by=by,
        )
        self._tx.sensitivity.save(changed)
        facts = {"from": f"{times:g}", "to": f"{changed.times:g}", "said": "useful" if is_useful else "not_a_problem"}
        self._tx.records.audit(
            AuditEntry(now, by, "sensitivity", signal.fingerprint, {**facts, "service": signal.service})
        )
        return changed

    def dismiss(self, signals: Iterable[Signal], by: str, now: datetime) -> None:
        """People said that these are no problem."""
        for signal in signals:
            self.learn(signal, by, now, is_useful=False)
            for name in _names(signal):
                until, loudness = self._dismissed(name) or (now, 0.0)
                until, loudness = max(until, now + QUIET_FOR), max(loudness, loudness_of(signal))
                self._tx.records.remember(name, f"{until.isoformat()} {loudness:g}")

    def welcome(self, signals: Iterable[Signal], by: str, now: datetime) -> None:
        """People said that these are worth telling."""
        for signal in signals:
            self.learn(signal, by, now, is_useful=True)
            self._allow(signal)

    def quiet_until(self, signal: Signal, now: datetime) -> datetime | None:
        """Until when people's *Not a problem* keeps it quiet at this loudness; None when it does not."""
        found = [dismissed for name in _names(signal) if (dismissed := self._dismissed(name))]
        loudness = loudness_of(signal)
        return max((u for u, heard in found if now < u and (not loudness or loudness < LOUDER * heard)), default=None)

    def forget(self, signal: Signal, by: str, now: datetime) -> bool:
        """Back to the threshold it came with."""
        self._allow(signal)
        if not self._tx.sensitivity.forget(signal.fingerprint):
            return False
        self._tx.records.audit(AuditEntry(now, by, "sensitivity", signal.fingerprint, {"said": "reset", "to": "1"}))
        return True

    def _allow(self, signal: Signal) -> None:
        for name in _names(signal):
            if self._tx.records.recall(name):
                self._tx.records.remember(name, "")

    def _dismissed(self, name: str) -> tuple[datetime, float] | None:
        until, _, loudness = self._tx.records.recall(name).partition(" ")
        return (datetime.fromisoformat(until), float(loudness)) if until else None

    def _record(self, signal: Signal, now: datetime, kind: str, reason: str, **facts: str) -> None:
        told = {"signal": signal.kind.value, "service": signal.service, "title": signal.title, **facts}
        self._tx.records.decide(Decision(now, kind, signal.service, reason, told))


def loudness_of(signal: Signal) -> float:
    """By what two showings of one problem are compared: lines a minute of what rises, else the score; 0 if there is
    none."""
    seen = signal.evidence
    if signal.kind in (SignalKind.NEW_TEMPLATE, SignalKind.RATE_UP) and seen.rate_now is not None:
        return seen.rate_now
    return seen.score or 0.0


def _names(signal: Signal) -> list[str]:
    """Under which names people may have called this no problem: the same problem, or the same template rising."""
    rises = signal.kind in (SignalKind.NEW_TEMPLATE, SignalKind.RATE_UP) and signal.evidence.template_id
    keys = [signal.fingerprint, f"template:{signal.evidence.template_id}"] if rises else [signal.fingerprint]
    return [f"harmless:{key}" for key in keys]
