"""Does an incident come and go? Then it is held open longer, so that one thread tells it and not ten endings."""

from datetime import timedelta

FLAPS_FROM = 2
"""Reopened so often, it flaps."""

HOLD_TIMES_MAX = 6


def is_flapping(reopened: int) -> bool:
    return reopened >= FLAPS_FROM


def quiet_needed(quiet: timedelta, reopened: int) -> timedelta:
    """How long it has to be quiet before it counts as over: twice as long after each return, to a limit."""
    return quiet * min(1 << reopened, HOLD_TIMES_MAX)
