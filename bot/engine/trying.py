"""What could not be told elsewhere: for how long, and how soon, is it tried again? The same for pagers and tickets."""

from datetime import datetime, timedelta

from bot.errors import ConnectorError

CLAIMED_FOR = timedelta(seconds=90)
"""Longer than the search of any such system is behind: what was opened just before a crash is found by then."""

TRIED_FOR = timedelta(hours=24)
_WAIT, _WAIT_MAX = timedelta(seconds=5), timedelta(minutes=5)


def may_be_tried_again(error: ConnectorError, put_at: datetime, now: datetime) -> bool:
    return not error.permanent and now - put_at < TRIED_FOR


def wait_after(attempts: int) -> timedelta:
    """Twice as long after each try."""
    return min(_WAIT_MAX, _WAIT * float(2 ** min(attempts - 1, 10)))
