"""How are we doing? The measures of incidents and deliveries over some days, beside those of the days before."""

from collections.abc import Sequence
from datetime import timedelta

from bot.clock import Clock
from bot.engine.pages import ServiceCount, StatsPage
from bot.engine.ports import Store, Transaction
from bot.errors import InputError, NotFound
from bot.incidents.delivery import delivery
from bot.incidents.measures import measure
from bot.incidents.model import Incident, Resolution
from bot.settings import Settings

DAYS_MAX = 365
_INCIDENTS_MAX = 5_000
_SERVICES_SHOWN = 5


class Stats:
    def __init__(self, store: Store, clock: Clock, settings: Settings) -> None:
        self._store, self._clock, self._settings = store, clock, settings

    def services_of(self, names: Sequence[str]) -> tuple[str, ...]:
        """The services that are called so, or that people called so own. Raises `NotFound`."""
        with self._store.read() as tx:
            known = {row.name for row in tx.logs.services()} | set(self._settings.services)
        owned: dict[str, set[str]] = {}
        for service, section in self._settings.services.items():
            for owner in section.owners:
                owned.setdefault(owner.lower(), set()).add(service)
        found: set[str] = set()
        for name in names:
            if name not in known and name.lower() not in owned:
                raise NotFound("service", name, known=sorted(known))
            found |= {name} if name in known else owned[name.lower()]
        return tuple(sorted(found))

    def page(self, days: int, about: Sequence[str] = ()) -> StatsPage:
        """`about`: only these services, or those of these teams. Raises `NotFound`."""
        if not 1 <= days <= DAYS_MAX:
            raise InputError(f"from 1 to {DAYS_MAX} days can be measured", place="days")
        until = self._clock.now()
        since = until - timedelta(days=days)
        earlier = since - timedelta(days=days)
        services = self.services_of(about)
        with self._store.read() as tx:
            known = [i for i in tx.incidents.recent(earlier, _INCIDENTS_MAX) if not services or i.service in services]
            now_ones = [i for i in known if since <= i.opened_at < until]
            changes = tx.changes.between(earlier, until + timedelta(microseconds=1), services)
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
                about=services,
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
