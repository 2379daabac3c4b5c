"""How does a recording go through the whole program? Minute by minute, on a clock that is moved.

Between the recorded minutes, and in 45 minutes before the first, stand the requests of the fault-free stretch, drawn at
random with replacement. The figures are those of the recording, and of the day before its own last hours.
"""

import random
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

from msgspec.structs import replace

from bot.clock import HeldClock
from bot.engine.pages import IncidentPage
from bot.engine.ports import DueNotice, Posted
from bot.engine.watch_ports import ReadSeries
from bot.engine.watched import Sources
from bot.engine.whole import Engine
from bot.evaluate.recordings import MINUTE, Recording
from bot.incidents.model import Incident
from bot.logs.record import LogRecord
from bot.logs.windows import window_start
from bot.main import build_engine
from bot.settings import Settings

BEFORE = timedelta(minutes=45)
AFTER = timedelta(minutes=3)
"""The clock runs on for so long after the last recorded line."""

DAY = timedelta(days=1)
SERIES: Mapping[str, Mapping[str, object]] = {
    "cpu": {"unit": "%", "limit": 75, "smallest_change": 5},
    "memory": {"unit": "%", "smallest_change": 10},
    "latency": {"unit": "s", "smallest_change": 0.02},
}
"""Declared as in a `tocsin.toml`: the shares are of a pod's own limit."""

_DUE_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Shown:
    """One version of an incident's message; `is_new` marks its first."""

    at: datetime
    incident_id: int
    service: str
    suspects: tuple[str, ...]
    """The services that are suspected, the likeliest first; a service is named once."""
    seen_until: datetime
    is_new: bool


@dataclass(slots=True)
class Told:
    """`shown`: every version of every message. `minutes`: how many the clock ran."""

    shown: list[Shown] = field(default_factory=list)
    minutes: int = 0


class Rerun:
    def __init__(self, recording: Recording, seed: int, *, is_declared: bool) -> None:
        self._recording = recording
        self._rng = random.Random(seed)
        begin = window_start(recording.stretches[0][0], MINUTE) - BEFORE
        self.clock = HeldClock(begin)
        self.ends_at = recording.stretches[-1][1] + AFTER
        self.engine: Engine = build_engine(
            _settings(recording, is_declared=is_declared),
            clock=self.clock,
            database_url="sqlite://",
            executors={},
            sources=Sources({"recording": _Figures(recording, begin)}, {}),
        )
        self.told = Told()

    @property
    def minutes(self) -> int:
        return int((self.ends_at - self.clock.now()) / MINUTE)

    def run(self, advance: Callable[[int], None]) -> Told:
        for end, records in self._minutes():
            self.clock.move_to(end)
            if records:
                self.engine.ingest.take(records)
            self.clock.advance(timedelta(seconds=self.engine.settings.detection.grace_s))
            self.engine.watched.run()
            self.engine.checks.run()
            self.engine.mixes.run()
            self.engine.sessions.run()
            self._deliver()
            self.told.minutes += 1
            advance(1)
        return self.told

    def _minutes(self) -> Iterator[tuple[datetime, list[LogRecord]]]:
        recorded: dict[datetime, list[LogRecord]] = defaultdict(list)
        for record in self._recording.records:
            recorded[window_start(record.at, MINUTE)].append(record)
        requests = _requests(self._recording.normal)
        at = self.clock.now()
        while at < self.ends_at:
            records = [*recorded.get(at, ()), *self._usual(at, requests)]
            yield at + MINUTE, sorted(records, key=lambda record: record.at)
            at += MINUTE

    def _usual(self, at: datetime, requests: Sequence[Sequence[LogRecord]]) -> Iterator[LogRecord]:
        """Fault-free requests of this minute where nothing is recorded, as many as in the median minute without."""
        begun = Counter(window_start(request[0].at, MINUTE) for request in requests)
        whole = [count for count in begun.values() if 2 * count >= max(begun.values())]
        for _ in range(round(median(whole)) if whole else 0):
            begins = at + timedelta(seconds=60 * self._rng.random())
            request = self._rng.choice(requests)
            if not self._is_recorded(begins):
                shift = begins - request[0].at
                yield from (replace(record, at=record.at + shift) for record in request)

    def _is_recorded(self, at: datetime) -> bool:
        place = bisect_right(self._recording.stretches, (at, at + DAY)) - 1
        return place >= 0 and at <= self._recording.stretches[place][1]

    # -- what is told

    def _deliver(self) -> None:
        now = self.clock.now()
        while due := self._due(now):
            for notice in due:
                page = self.engine.reading.page(notice.notice)
                if isinstance(page, IncidentPage):
                    self._note(page.incident, now)
                with self.engine.store.write() as tx:
                    tx.outbox.sending(notice.id)
                    tx.outbox.sent(notice, Posted(notice.notice.key, notice.notice.channel, str(notice.id)), now)
        self._note_standing(now)

    def _note_standing(self, now: datetime) -> None:
        """A message that stands and whose problem goes on tells it, too."""
        known = {shown.incident_id: shown for shown in self.told.shown}
        with self.engine.store.read() as tx:
            standing = [i for i in tx.incidents.active() if i.id in known]
        for incident in standing:
            if incident.last_signal_at > known[incident.id].seen_until:
                self._note(incident, now)

    def _note(self, incident: Incident, now: datetime) -> None:
        """With the services that are suspected; where there is nothing to suspect, the one it is about."""
        with self.engine.store.read() as tx:
            named = [
                tx.changes.get(int(s.subject)).service if s.kind == "change" else s.subject
                for s in tx.incidents.suspects(incident.id)
            ]
        is_new = all(shown.incident_id != incident.id for shown in self.told.shown)
        suspects = tuple(dict.fromkeys(named or [incident.service]))
        self.told.shown.append(Shown(now, incident.id, incident.service, suspects, incident.last_signal_at, is_new))

    def _due(self, now: datetime) -> list[DueNotice]:
        with self.engine.store.read() as tx:
            return tx.outbox.due(now, _DUE_AT_ONCE)


def _settings(recording: Recording, *, is_declared: bool) -> Settings:
    calls = recording.calls if is_declared else {}
    series = {
        name: {"source": "recording", "query": name, "every_s": 60, "worse": "up", **SERIES[name]}
        for name, points in recording.figures.items()
        if points
    }
    return Settings.model_validate(
        {
            "services": {name: {"depends_on": list(calls.get(name, ()))} for name in recording.services},
            "digest": {"enabled": False},
            "watch": {"series": series, "prometheus": {"recording": {"url": "http://recording.invalid"}}},
        }
    )


def _requests(records: Sequence[LogRecord]) -> list[list[LogRecord]]:
    """The lines of each trace; one without a trace stands alone."""
    requests: dict[str, list[LogRecord]] = defaultdict(list)
    for number, record in enumerate(records):
        requests[record.attributes.get("trace_id") or f"line {number}"].append(record)
    return list(requests.values())


class _Figures:
    """Reads the recording's figures as if they came from a server with a past."""

    def __init__(self, recording: Recording, begin: datetime) -> None:
        self._figures = {
            name: {service: _with_past(points[service], recording, begin) for service in points}
            for name, points in recording.figures.items()
        }

    def read(self, query: str, since: datetime, until: datetime, step: timedelta) -> list[ReadSeries]:
        found = []
        for service, points in self._figures[query].items():
            first = bisect_right(points, (since, float("inf")))
            last = bisect_right(points, (until, float("inf")))
            if first < last:
                found.append(ReadSeries({"service": service}, points[first:last]))
        return found


def _with_past(
    points: Sequence[tuple[datetime, float]], recording: Recording, begin: datetime
) -> list[tuple[datetime, float]]:
    """With the day before the first point: the values after the last fault, over and over."""
    over = recording.stretches[-1][1] + timedelta(minutes=30)
    calm = [value for at, value in points if at > over] or [value for _, value in points[:1]]
    past: list[tuple[datetime, float]] = []
    at = points[0][0] - MINUTE
    while at > begin - 1.1 * DAY:
        past.append((at, calm[-1 - len(past) % len(calm)]))
        at -= MINUTE
    return [*reversed(past), *points]
