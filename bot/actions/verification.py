"""Did it do what it should? What an action's own check said before and after the run, beside its incident's signals."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.actions.model import Look, Verdict

FAILING_LOOKS = 3
"""So many failing looks in a row, where the check was all right before, are worse: it is told at once."""

RIGHT_LOOKS = 2
"""So many looks in a row without trouble are a recovery of what failed before."""

WORSE_TIMES = 2.0


@dataclass(frozen=True, slots=True)
class Looked:
    """`before`: how the check was when the run began; `after`: each look since it was done, the oldest first."""

    before: Look | None
    after: Sequence[Look]

    def verdict(self, *, is_last: bool) -> Verdict | None:
        """None: too early to say."""
        known = [look for look in self.after if look.is_right is not None]
        was_right = self.before.is_right if self.before else None
        recent = known[-FAILING_LOOKS:]
        if was_right and len(recent) == FAILING_LOOKS and not any(look.is_right for look in recent):
            return Verdict.WORSE
        if was_right is False and _are_right(known[-RIGHT_LOOKS:]):
            return Verdict.RECOVERED
        if not is_last:
            return None
        if not known:
            return Verdict.NOT_CHECKED
        if known[-1].is_right:
            return Verdict.RECOVERED if was_right is False else Verdict.WELL
        return Verdict.WORSE if was_right or _is_further_off(self.before, known[-1]) else Verdict.NO_EFFECT


def together(signals: Verdict | None, own: Verdict | None) -> Verdict | None:
    """What both say: the worse of the two; good only when neither says otherwise. None: too early."""
    if Verdict.WORSE in (signals, own):
        return Verdict.WORSE
    if signals is None or own is None:
        return None
    if Verdict.NO_EFFECT in (signals, own):
        return Verdict.NO_EFFECT
    if Verdict.RECOVERED in (signals, own):
        return Verdict.RECOVERED
    return own if signals is Verdict.NOT_CHECKED else signals


def _are_right(looks: Sequence[Look]) -> bool:
    return len(looks) == RIGHT_LOOKS and all(look.is_right for look in looks)


def _is_further_off(before: Look | None, now: Look) -> bool:
    """Beyond its bound by more than twice as much as before."""
    if before is None or before.distance is None or now.distance is None:
        return False
    return now.distance > WORSE_TIMES * before.distance
