"""How many services can senders invent? So many as the settings say; what is said of further ones counts together.

A service's name is what a sender says. One that puts an id or a stranger's text into it would make a service, a tree
and a window of every line; an alert's sender, an incident of every alert.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from bot.engine.ports import Notice, Transaction
from bot.settings import Settings
from bot.sources.model import Kind
from bot.sources.registry import SOURCES

OTHERS = "other-services"
_LOG_SOURCES = frozenset(("pull", *(source.name for source in SOURCES if source.kind is Kind.LOGS)))


def of_lines(tx: Transaction) -> set[str]:
    """The services that have lines."""
    return {row.name for row in tx.logs.services()}


def of_hooks(tx: Transaction) -> set[str]:
    """Those, and the ones that hooks told of: their senders' counts are kept under the names that were admitted."""
    return of_lines(tx) | {use.service for use in tx.sources.uses() if use.service and use.source not in _LOG_SOURCES}


class Admitting:
    """Which services there are, as far as this process knows. `forget` when what it wrote may not have been kept."""

    def __init__(self, settings: Settings, read: Callable[[Transaction], set[str]] = of_lines) -> None:
        self._read = read
        self._max = settings.logs.services_max
        self._own = {OTHERS, *settings.services}
        self._channel = settings.slack.channel
        self._known: set[str] | None = None

    def forget(self) -> None:
        self._known = None

    def admitted(self, tx: Transaction, services: Iterable[str], now: datetime) -> dict[str, str]:
        """Each service → under which it counts. Those of the settings always have their own."""
        if self._known is None:
            self._known = self._read(tx)
        known, wanted = self._known, list(services)
        if len(known) + len(wanted) > self._max and not known.issuperset(wanted):
            known |= self._read(tx)  # others may have made some
        found = {}
        for service in wanted:
            if service in known or service in self._own or len(known) < self._max:
                known.add(service)
                found[service] = service
            else:
                found[service] = OTHERS
                self._tell(tx, service, now)
        return found

    def _tell(self, tx: Transaction, service: str, now: datetime) -> None:
        """Once a day, with the first name that was one too many."""
        if tx.records.once("services_capped", f"{now:%Y-%m-%d}", now):
            facts = {"kind": "services_capped", "by": "", "service": service, "most": str(self._max)}
            tx.outbox.put(Notice(f"services_capped:{now:%Y-%m-%d}", "line", self._channel, facts), now)
