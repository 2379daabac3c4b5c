"""Was this delivery from Slack handled before? Slack delivers at least once; Tocsin acts once."""

from bot.clock import Clock
from bot.engine.ports import Store


class Interactions:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def first_time(self, kind: str, key: str) -> bool:
        with self._store.write() as tx:
            return tx.records.once(f"slack.{kind}", key, self._clock.now())
