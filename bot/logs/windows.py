"""How often did each log template occur in each minute?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.logs.miner import Mined
from bot.logs.record import LogRecord

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Window:
    """`counts` by template id, of the records with start <= at < start + length."""

    service: str
    start: datetime
    length: timedelta
    counts: Mapping[str, int]


def window_start(at: datetime, length: timedelta = MINUTE) -> datetime:
    """The beginning of the window that holds `at`; windows of any length are counted from 1970."""
    seconds = int(length.total_seconds())
    return datetime.fromtimestamp(int(at.timestamp()) // seconds * seconds, UTC)


def count(mined: Iterable[tuple[LogRecord, Mined]]) -> list[Window]:
    """The records counted by service and minute of their own time, ordered by (start, service)."""
    counts: dict[tuple[datetime, str], dict[str, int]] = {}
    for record, found in mined:
        window = counts.setdefault((record.at.replace(second=0, microsecond=0), record.service), {})
        window[found.template_id] = window.get(found.template_id, 0) + 1
    return [Window(service, start, MINUTE, counts[start, service]) for start, service in sorted(counts)]
