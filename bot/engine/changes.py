"""What happens when a change is reported? It is remembered, and becomes a suspect of what is open now and later."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.changes.model import Change
from bot.clock import Clock
from bot.engine.correlator import Correlator
from bot.engine.ports import Store, Transaction
from bot.settings import Settings

_FUTURE_MAX = timedelta(minutes=5)


class Changes:
    def __init__(self, store: Store, clock: Clock, settings: Settings, correlator: Correlator) -> None:
        self._store, self._clock, self._settings, self._correlator = store, clock, settings, correlator

    def report(self, change: Change) -> Change | None:
        """The stored change, or None when one with its key is known already. A time far ahead becomes now."""
        with self._store.write() as tx:
            return self.note(tx, change, self._clock.now())

    def note(self, tx: Transaction, change: Change, now: datetime) -> Change | None:
        """The same, within the transaction of a delivery."""
        if change.at > now + _FUTURE_MAX:
            change = replace(change, at=now)
        stored = tx.changes.add(change)
        if stored is not None:
            self._correlator.consider_change(tx, stored, now)
        return stored
