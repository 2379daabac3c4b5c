"""What does watching need from outside? `bot/watch` reads, `bot/store/watched.py` keeps."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot.metrics.streams import Point


@dataclass(frozen=True, slots=True)
class ReadSeries:
    """One series as it was read: its labels and its points by time."""

    labels: Mapping[str, str]
    points: Sequence[tuple[datetime, float]]


class SeriesSource(Protocol):
    """Raises `ConnectorError`."""

    def read(self, query: str, since: datetime, until: datetime, step: timedelta) -> list[ReadSeries]:
        """The points after `since`, up to `until`, at multiples of `step`. A source without a past gives only now's."""
        ...


class TableSource(Protocol):
    """Only reads, and is cut off after its timeout. Raises `ConnectorError`; every result is bounded."""

    def newest(self, table: str, column: str, where: str) -> datetime | None: ...
    def count(self, table: str, where: str, column: str = "", since: datetime | None = None) -> int: ...
    def columns(self, table: str) -> dict[str, str]:
        """name → type"""
        ...

    def nulls(self, table: str, columns: Sequence[str], where: str) -> dict[str, int]: ...
    def duplicates(self, table: str, columns: Sequence[str], where: str) -> int: ...
    def value(self, query: str) -> float | None: ...
    def rows(
        self, table: str, columns: Sequence[str], time_column: str, since: datetime, until: datetime, where: str
    ) -> list[tuple[Any, ...]]:
        """At most a fixed number of rows, spread over the time."""
        ...

    def newest_version(self, table: str, column: str, time_column: str) -> tuple[str, datetime] | None:
        """The version of the newest row, and when it was first seen."""
        ...


class PageSource(Protocol):
    """Raises `ConnectorError` when nothing answers."""

    def look(self, url: str, timeout_s: float) -> tuple[int, str]:
        """The status of the answer to a GET, and the beginning of its text."""
        ...


@dataclass(frozen=True, slots=True)
class WatchState:
    """What is remembered of something watched: when it was read last, the signals that stand, and its own notes."""

    name: str
    read_at: datetime | None = None
    standing: tuple[Any, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StreamPoint:
    """A point of OpenTelemetry's, kept for the declared series `watch`. `stream` is the identity of who measured it."""

    watch: str
    stream: str
    labels: str
    point: Point


class WatchRows(Protocol):
    def state(self, name: str) -> WatchState: ...
    def remember(self, state: WatchState) -> None: ...
    def series_ids(self, watch: str, labels: Collection[str]) -> dict[str, int]:
        """labels as text → id; unknown ones are added."""
        ...

    def known_series(self, watch: str) -> dict[str, int]: ...
    def add_points(self, points: Collection[tuple[int, datetime, float]]) -> None: ...
    def points(self, ids: Collection[int], since: datetime) -> dict[int, list[tuple[datetime, float]]]: ...
    def drop_points(self, before: datetime) -> int: ...
    def add_stream_points(self, points: Sequence[StreamPoint]) -> int:
        """How many were not there yet."""
        ...

    def stream_points(self, watch: str, after: datetime, until: datetime) -> list[StreamPoint]:
        """By time."""
        ...

    def streams(self, watch: str) -> set[str]: ...
    def drop_stream_points(self, before: datetime) -> int: ...
