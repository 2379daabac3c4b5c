"""Which points of OpenTelemetry's metrics are kept, and what do the declared series say by them?

Only what a `[watch.series.NAME]` with `source = "otlp"` names is kept, for two hours; its series are made of the points
when they are read, so that processes and restarts do not matter. Streams, points and lateness are bounded.
"""

import hashlib
import logging
import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.checks.declared import OTLP, SERIES_MAX, SeriesSettings
from bot.clock import Clock
from bot.engine.ports import Store
from bot.engine.watch_ports import ReadSeries, StreamPoint
from bot.logs.windows import window_start
from bot.metrics.labels import label_set, labels_of, labels_text
from bot.metrics.streams import Point, gives, steps
from bot.settings import Settings
from bot.sources.model import MetricPoint

log = logging.getLogger(__name__)

KEPT = timedelta(hours=2)
STREAMS_MAX = 2 * SERIES_MAX
"""Of one declared series: more than one process may measure the same."""

TIDY_EVERY = timedelta(minutes=5)


@dataclass(slots=True)
class Kept:
    """What became of the points of a body. `full`: (metric, what is wrong) of each point that had no place."""

    wanted: int = 0
    new: int = 0
    full: list[tuple[str, str]] = field(default_factory=list)


class Metered:
    """Fulfils `SeriesSource`; a query is the name of the declared series."""

    def __init__(self, store: Store, clock: Clock, settings: Settings) -> None:
        self._store, self._clock = store, clock
        self._declared = {name: one for name, one in settings.watch.series.items() if one.source == OTLP}
        self._streams: dict[str, set[str]] = {}
        self._tidied_at: datetime | None = None
        self._complained: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def take(self, points: Sequence[MetricPoint]) -> Kept:
        """Keeps what is wanted of them, each point of a stream once."""
        kept, now = Kept(), self._clock.now()
        found = [(name, one) for one in points for name in self._wanting(one)]
        if not found:
            return kept
        with self._lock, self._store.write() as tx:
            if self._tidied_at is None or now - self._tidied_at >= TIDY_EVERY:
                tx.watched.drop_stream_points(now - KEPT)
                self._streams = {name: tx.watched.streams(name) for name in self._declared}
                self._tidied_at = now
            rows = []
            for name, one in found:
                row = _row(name, self._declared[name], one)
                if row.stream not in self._streams[name] and len(self._streams[name]) >= STREAMS_MAX:
                    kept.full.append((one.name, f"watch.series.{name} has {STREAMS_MAX} streams already"))
                    continue
                self._streams[name].add(row.stream)
                rows.append(row)
            kept.wanted, kept.new = len(rows), tx.watched.add_stream_points(rows)
        return kept

    def read(self, query: str, since: datetime, until: datetime, step: timedelta) -> list[ReadSeries]:
        with self._store.read() as tx:
            rows = tx.watched.stream_points(query, max(since, self._clock.now() - KEPT) - 5 * step, until)
        series: dict[str, dict[str, list[Point]]] = defaultdict(lambda: defaultdict(list))
        for row in rows:
            series[row.labels][row.stream].append(row.point)
        first = max(window_start(since, step) + step, min((row.point.at for row in rows), default=until))
        ticks = _ticks(window_start(first, step), until, step)
        asked = self._declared[query].value
        return [
            ReadSeries(labels_of(text), list(steps(list(streams.values()), asked, ticks, step)))
            for text, streams in sorted(series.items())[:SERIES_MAX]
        ]

    def _wanting(self, one: MetricPoint) -> Iterable[str]:
        for name, declared in self._declared.items():
            if declared.metric != one.name or not _matches(declared, one):
                continue
            if gives(one.point.kind, declared.value):
                yield name
            elif (name, one.point.kind) not in self._complained:
                self._complained.add((name, one.point.kind))
                log.warning(
                    "watch.series.%s: %s is a %s, which gives no %s", name, one.name, one.point.kind, declared.value
                )


def _matches(declared: SeriesSettings, one: MetricPoint) -> bool:
    both = {**one.resource, **one.attributes}
    return all(both.get(name) == value for name, value in declared.match.items())


def _row(name: str, declared: SeriesSettings, one: MetricPoint) -> StreamPoint:
    labels = label_set(one.attributes, one.resource, one.service, declared.by)
    whole = labels_text({**{f"resource.{key}": value for key, value in one.resource.items()}, **one.attributes})
    stream = hashlib.blake2b(f"{one.service}\n{whole}".encode("utf-8", "replace"), digest_size=16).hexdigest()
    return StreamPoint(name, stream, labels_text(labels), one.point)


def _ticks(first: datetime, until: datetime, step: timedelta) -> list[datetime]:
    return [first + i * step for i in range(max(0, (until - first) // step + 1))]
