"""What are people called? As Slack said when they last did something."""

import logging
from collections.abc import Collection

from bot.clock import Clock
from bot.engine.ports import Store
from bot.errors import StoreError
from bot.people import Known

log = logging.getLogger(__name__)


class People:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def note(self, known: Known) -> None:
        """A name is nice to have: when it cannot be kept, what somebody asked for goes on."""
        try:
            with self._store.write() as tx:
                tx.people.note(known, self._clock.now())
        except StoreError as error:
            log.warning("the name of %s is not kept: %s", known.key, error)

    def names(self, keys: Collection[str]) -> dict[str, str]:
        """`Person.key` → name, of those that Slack was asked about."""
        with self._store.read() as tx:
            return {key: known.name for key, known in tx.people.known(set(keys)).items() if known.name}
