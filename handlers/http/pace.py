"""Does somebody send too often? A bucket of tokens for each source."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

NAMES_MAX = 1_000


@dataclass(slots=True)
class Pace:
    """A minute's worth may come at once, then so many a minute. Only touched in the event loop."""

    now: Callable[[], datetime]
    _left: dict[str, tuple[float, datetime]] = field(default_factory=dict)

    def wait_s(self, name: str, per_minute: int) -> int:
        """0 when it may come in; else in how many seconds to come again."""
        now = self.now()
        left, since = self._left.get(name, (float(per_minute), now))
        left = min(per_minute, left + (now - since).total_seconds() * per_minute / 60)
        if len(self._left) > NAMES_MAX:
            self._left.clear()
        if left < 1:
            self._left[name] = (left, now)
            return max(1, round((1 - left) * 60 / per_minute))
        self._left[name] = (left - 1, now)
        return 0
