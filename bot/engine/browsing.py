"""What does the web page of an incident show? More than fits a message: how its log lines came, and what went out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.changes.model import Change
from bot.clock import Clock
from bot.engine.pages import IncidentPage, IncidentsPage, RunbookPage
from bot.engine.ports import Store, Transaction
from bot.engine.reading import Reading
from bot.engine.runbooks import Runbooks
from bot.engine.showing import names_of
from bot.incidents.model import Incident
from bot.logs.windows import window_start
from bot.settings import Settings

_BEFORE = timedelta(minutes=30)
_AFTER = timedelta(minutes=15)
_BARS_MAX = 90
_SERIES_MAX = 4
_CHANGES_BEFORE = timedelta(hours=6)
_CHANGES_MAX = 50


@dataclass(frozen=True, slots=True)
class Series:
    """How often a template's lines came: `counts[i]` lines in the `length` from `start + i * length` on."""

    service: str
    template: str
    start: datetime
    length: timedelta
    counts: tuple[int, ...]

    @property
    def until(self) -> datetime:
        return self.start + self.length * len(self.counts)

    @property
    def peak(self) -> int:
        return max(self.counts, default=0)


@dataclass(frozen=True, slots=True)
class ShownIncident:
    page: IncidentPage
    series: tuple[Series, ...]
    changes: tuple[Change, ...]
    runbooks: tuple[RunbookPage, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    """`Person.key` → name, of those who took part and are known."""


class Browsing:
    def __init__(self, store: Store, clock: Clock, settings: Settings, reading: Reading, runbooks: Runbooks) -> None:
        self._store, self._clock, self._settings = store, clock, settings
        self._reading, self._runbooks = reading, runbooks

    def incidents(self) -> IncidentsPage:
        return self._reading.incidents()

    def incident(self, incident_id: int) -> ShownIncident:
        """Raises `NotFound`."""
        page = self._reading.incident(incident_id)
        incident, now = page.incident, self._clock.now()
        until = min(now, (incident.resolved_at or now) + _AFTER)
        runbooks = tuple(self._runbooks.of_incident(incident_id))
        with self._store.read() as tx:
            changes = tx.changes.between(incident.began_at - _CHANGES_BEFORE, until)[-_CHANGES_MAX:]
            series = tuple(self._series(tx, page, until))
            return ShownIncident(page, series, tuple(changes), runbooks, names_of(tx, page, changes))

    def _series(self, tx: Transaction, page: IncidentPage, until: datetime) -> Sequence[Series]:
        """Of the templates among its signals, the most telling first."""
        start, length = self._stretch(page.incident, until)
        found: list[Series] = []
        for signal in page.signals:
            if signal.evidence.template_id and len(found) < _SERIES_MAX:
                counts = tx.logs.counts(signal.service, start, until).get(signal.evidence.template_id, {})
                bars = [0] * max(1, -((start - until) // length))
                for at, lines in counts.items():
                    bars[min(len(bars) - 1, (at - start) // length)] += lines
                found.append(Series(signal.service, signal.evidence.template, start, length, tuple(bars)))
        return found

    def _stretch(self, incident: Incident, until: datetime) -> tuple[datetime, timedelta]:
        """From when on, and how long a bar lasts, so that there are not too many."""
        window = self._settings.detection.window
        start = window_start(incident.began_at - _BEFORE, window)
        windows_a_bar = max(1, -(-(until - start) // (_BARS_MAX * window)))
        return start, window * windows_a_bar
