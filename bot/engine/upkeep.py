"""What is thrown away, and when? Old counts are folded, then dropped; keys of deliveries are forgotten."""

from datetime import timedelta

from bot.clock import Clock
from bot.engine.ledger import DEAD_LETTERS_FOR, DEAD_LETTERS_MAX
from bot.engine.ports import Store
from bot.settings import Settings

_BATCH_KEYS_KEPT = timedelta(days=7)
_DELIVERIES_KEPT = timedelta(days=2)
DELIVERY_KINDS = ("event", "interaction", "command", "view")


class Upkeep:
    def __init__(self, store: Store, clock: Clock, settings: Settings) -> None:
        self._store, self._clock, self._settings = store, clock, settings

    def run(self) -> None:
        now = self._clock.now()
        logs = self._settings.logs
        with self._store.write() as tx:
            tx.logs.pack_hours(now - timedelta(days=logs.keep_minutes_days))
            tx.logs.drop_hours(now - timedelta(days=logs.keep_hours_days))
            tx.logs.drop_values(now - timedelta(days=logs.keep_minutes_days))
            tx.logs.forget_batches(now - _BATCH_KEYS_KEPT)
            for kind in DELIVERY_KINDS:
                tx.records.forget_before(f"slack.{kind}", now - _DELIVERIES_KEPT)
            tx.sources.drop_rejected(now - DEAD_LETTERS_FOR, DEAD_LETTERS_MAX)
