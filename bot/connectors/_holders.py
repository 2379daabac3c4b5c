"""Which versions held a place, and which is the one before? For backends that keep no history: Tocsin writes one.

A *line* holds the versions in the order in which they came, the oldest first.
"""

from collections.abc import Sequence

from bot.actions.model import ActionKind, Plan

LINE_MAX = 50


def line_with(line: Sequence[str], *holders: str) -> list[str]:
    """The line with further holders: going back to an older one takes everything after it away."""
    made = list(line)
    for holder in filter(None, holders):
        made = made[: made.index(holder) + 1] if holder in made else [*made, holder]
    return made[-LINE_MAX:]


def line_after(kind: ActionKind, line: Sequence[str], plan: Plan) -> list[str]:
    """The line once the plan is done. A version that was rolled back is not one to go back to; one that is promoted
    is, wherever it stood."""
    known = line_with(line, plan.before)
    if kind is ActionKind.MODEL_PROMOTE:
        return [*(version for version in known if version != plan.after), plan.after][-LINE_MAX:]
    if kind is ActionKind.MODEL_ROLLBACK and plan.after not in known:
        known = [version for version in known if version != plan.before]
    return line_with(known, plan.after)


def holder_before(line: Sequence[str], now: str) -> str:
    """The version that held it before `now`, or ''."""
    known = line_with(line, now)
    return known[-2] if len(known) > 1 else ""
