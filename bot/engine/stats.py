"""How are we doing? The measures of incidents and deliveries over some days, beside those of the days before."""

from collections.abc import Sequence
from datetime import timedelta

from bot.clock import Clock
from bot.engine.pages import ServiceCount, StatsPage
from bot.engine.ports import Store, Transaction
from bot.errors import InputError
from bot.incidents.delivery import delivery
from bot.incidents.measures import measure
from bot.incidents.model import Incident, Resolution

DAYS_MAX = 365
_INCIDENTS_MAX = 5_000
_SERVICES_SHOWN = 5


class Stats:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def page(self, days: int) -> StatsPage:
        if not 1 <= days <= DAYS_MAX:
            raise InputError(f"from 1 to {DAYS_MAX} days can be measured", place="days")
        until = self._clock.now()
        since = until - timedelta(days=days)
        earlier = since - timedelta(days=days)
        with self._store.read() as tx:
            known = tx.incidents.recent(earlier, _INCIDENTS_MAX)
            now_ones = [i for i in known if since <= i.opened_at < until]
            changes = tx.changes.between(earlier, until + timedelta(microseconds=1))
            confirmed = confirmed_changes(tx, known)
            return StatsPage(
                days=days,
                measures=measure(now_ones),
                before=measure([i for i in known if earlier <= i.opened_at < since]),
                delivery=delivery(changes, confirmed, since, until),
                delivery_before=delivery(changes, confirmed, earlier, since),
                services=_by_service(now_ones),
                no_problem=sum(i.resolution is Resolution.NOT_A_PROBLEM for i in now_ones),
                declared=sum(bool(i.declared_by) for i in now_ones),
            )


def confirmed_changes(tx: Transaction, incidents: Sequence[Incident]) -> set[int]:
    """The ids of the changes that people called the cause of one of the incidents."""
    return {
        int(suspect.subject)
        for incident in incidents
        for suspect in tx.incidents.suspects(incident.id)
        if suspect.kind == "change" and suspect.verdict == "confirmed"
    }


def _by_service(incidents: list[Incident]) -> tuple[ServiceCount, ...]:
    counts: dict[str, int] = {}
    for incident in incidents:
        counts[incident.service] = counts.get(incident.service, 0) + 1
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(ServiceCount(*item) for item in ranked[:_SERVICES_SHOWN])
