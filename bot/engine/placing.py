"""Is a signal that was found told at all? Unless people want less of it, or its kind is in shadow."""

from datetime import datetime

from bot.engine.correlator import Correlator
from bot.engine.ports import Transaction
from bot.engine.sensitivity import Sensitivities
from bot.settings import Settings
from bot.signals.model import Signal


class Placing:
    def __init__(self, settings: Settings, correlator: Correlator) -> None:
        self._settings, self._correlator = settings, correlator

    def place(self, tx: Transaction, signal: Signal, now: datetime) -> bool:
        learnt = Sensitivities(tx)
        if signal.kind in self._settings.detection.shadow:
            learnt.count_shadow(signal, now)
            return False
        if not learnt.is_told(signal, now):
            return False
        self._correlator.place(tx, signal, now)
        return True
