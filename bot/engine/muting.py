"""Is a signal muted, and by what? Every one is counted; the first of each problem is a decision to ask about."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.engine.ports import Decision, Transaction
from bot.engine.sensitivity import Sensitivities
from bot.incidents.correlation import OpenIncident
from bot.incidents.graph import ServiceGraph
from bot.settings import Settings
from bot.signals.model import Signal
from bot.silences.calendar import windows_of
from bot.silences.inhibition import inhibited_by
from bot.silences.model import MaintenanceWindow, Silence
from bot.silences.muting import is_muted

_BEGAN_BEFORE = timedelta(hours=6)
"""Trouble is seen so long after it began, at most."""

_CALENDAR_FOR = timedelta(hours=6)
"""Calendars are gone through for so long ahead."""


class Muting:
    def __init__(self, settings: Settings, graph: ServiceGraph) -> None:
        self._settings, self._graph = settings, graph
        self._planned: tuple[datetime, list[MaintenanceWindow]] | None = None

    def mutes(self, tx: Transaction, signal: Signal, now: datetime) -> bool:
        """By what people said: that it is no problem, a silence, planned maintenance."""
        quiet_until = Sensitivities(tx).quiet_until(signal, now)
        if quiet_until is not None:
            hide(tx, "not_a_problem", "", signal, now, {"until": quiet_until.isoformat()})
            return True
        found = is_muted(signal, tx.silences.since(now), self.windows(tx, now), now)
        if found is None:
            return False
        facts = {"by": found.by, "said": found.said, "until": found.until.isoformat(), "muted_by": found.subject}
        hide(tx, found.reason, found.subject, signal, now, facts)
        return True

    def inhibits(self, tx: Transaction, signal: Signal, incidents: Sequence[OpenIncident], now: datetime) -> bool:
        """By an open incident from which it follows."""
        found = inhibited_by(signal, incidents, self._graph, now)
        if found is None:
            return False
        key = next(one.incident.key for one in incidents if one.incident.id == found.incident_id)
        hide(tx, "inhibited", key, signal, now, {"incident": key, "depends_on": found.service})
        return True

    def windows(self, tx: Transaction, now: datetime) -> list[MaintenanceWindow]:
        """Those of people and of the calendars, around now."""
        return [*tx.silences.windows(now - _BEGAN_BEFORE), *self._of_calendars(now)]

    def _of_calendars(self, now: datetime) -> list[MaintenanceWindow]:
        if self._planned is None or not self._planned[0] <= now < self._planned[0] + _CALENDAR_FOR:
            since, until = now - _BEGAN_BEFORE, now + _CALENDAR_FOR
            planned = [
                window
                for section in self._settings.maintenance.values()
                for window in windows_of(section.calendar, frozenset(section.services), section.reason, since, until)
            ]
            self._planned = (now, planned)
        return self._planned[1]


def hide(tx: Transaction, reason: str, subject: str, signal: Signal, now: datetime, facts: dict[str, str]) -> None:
    """Counts a muted signal; the first of each problem is a decision."""
    if tx.silences.hide(reason, subject, signal, now):
        told = {"signal": signal.kind.value, "service": signal.service, "title": signal.title, **facts}
        tx.records.decide(Decision(now, "muted", subject if reason == "inhibited" else signal.service, reason, told))


def by_silence(silence: Silence) -> dict[str, str]:
    """The facts of what a silence muted."""
    return {"by": silence.by, "said": silence.reason, "until": silence.until.isoformat(), "muted_by": str(silence.id)}
