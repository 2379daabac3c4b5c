"""What did people say of a signal, and how much louder does it have to be now?

*Not a problem* and *Useful* on a message change the threshold of that fingerprint: twice as high, or back down.
It is bounded, shown by *Why?*, audited, and one press takes it back.
"""

from datetime import datetime

from bot.engine.ports import AuditEntry, Decision, Sensitivity, Transaction
from bot.signals.model import Signal

REASONS = ("less_wanted", "shadow")
LESS, MORE = 2.0, 0.5
TIMES_MIN, TIMES_MAX = 1.0, 8.0
"""Never more than eight times as high, and never lower than it came: its own threshold keeps chance out."""


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

    def forget(self, fingerprint: str, by: str, now: datetime) -> bool:
        """Back to the threshold it came with."""
        if not self._tx.sensitivity.forget(fingerprint):
            return False
        self._tx.records.audit(AuditEntry(now, by, "sensitivity", fingerprint, {"said": "reset", "to": "1"}))
        return True

    def _record(self, signal: Signal, now: datetime, kind: str, reason: str, **facts: str) -> None:
        told = {"signal": signal.kind.value, "service": signal.service, "title": signal.title, **facts}
        self._tx.records.decide(Decision(now, kind, signal.service, reason, told))
