"""How does the workspace wait? Every expiry, retry and schedule asks this keeper, so that a test can hold the time."""

import asyncio
from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import TypeVar

from bot.clock import Clock, SystemClock

T = TypeVar("T")

_POLL_S = 0.01  # how often a clock that somebody else moves is looked at
_REAL_CAP_S = 30.0  # with a held clock: how long a wait may last in real seconds


class Timekeeper:
    """A clock that can be held, advanced and released, and that can be slept on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = timedelta()
        self._held: datetime | None = None
        self._moved = asyncio.Event()

    @property
    def is_held(self) -> bool:
        return self._held is not None

    def now(self) -> datetime:
        return self._held if self._held is not None else self._clock.now() + self._offset

    def hold(self) -> datetime:
        self._held = self.now()
        self._wake()
        return self._held

    def advance(self, seconds: float) -> datetime:
        """Move forward: a held clock jumps; a running one jumps and runs on."""
        if seconds < 0:
            raise ValueError("time does not go back")
        if self._held is not None:
            self._held += timedelta(seconds=seconds)
        else:
            self._offset += timedelta(seconds=seconds)
        self._wake()
        return self.now()

    def release(self) -> datetime:
        """Run again from where it was held."""
        if self._held is not None:
            self._offset = max(self._offset, self._held - self._clock.now())
            self._held = None
        self._wake()
        return self.now()

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` have passed on this clock."""
        until = self.now() + timedelta(seconds=seconds)
        while (left := (until - self.now()).total_seconds()) > 0:
            pause = left if self._runs_by_itself() else _POLL_S
            moved = self._moved
            try:
                await asyncio.wait_for(moved.wait(), pause)
            except TimeoutError:
                continue

    async def within(self, waiting: Awaitable[T], seconds: float) -> T:
        """Await something for at most `seconds` of this clock. Raises TimeoutError."""
        if self._runs_by_itself():
            return await asyncio.wait_for(waiting, seconds)
        task = asyncio.ensure_future(waiting)
        limit = asyncio.ensure_future(self.sleep(seconds))
        try:
            await asyncio.wait({task, limit}, return_when=asyncio.FIRST_COMPLETED, timeout=_REAL_CAP_S)
            if not task.done():
                task.cancel()
                raise TimeoutError
            return task.result()
        finally:
            limit.cancel()

    def _runs_by_itself(self) -> bool:
        return self._held is None and isinstance(self._clock, SystemClock)

    def _wake(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
