"""What happens when somebody else's signal comes in: an alert, a failed run? It goes the way of Tocsin's own."""

from collections.abc import Sequence

from bot.clock import Clock
from bot.engine.correlator import Correlator
from bot.engine.ports import Store
from bot.signals.model import Signal

_AT_ONCE = 200
"""Signals in one transaction: others get their turn between them."""


class Signals:
    def __init__(self, store: Store, clock: Clock, correlator: Correlator) -> None:
        self._store, self._clock, self._correlator = store, clock, correlator

    def report(self, signals: Sequence[Signal]) -> int:
        """Places them all, in the order given. Returns how many they were."""
        now = self._clock.now()
        for start in range(0, len(signals), _AT_ONCE):
            with self._store.write() as tx:
                for signal in signals[start : start + _AT_ONCE]:
                    self._correlator.place(tx, signal, now)
        return len(signals)
