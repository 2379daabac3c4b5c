"""What is usual for each template at this hour of the week or day? Read once an hour, not at every window."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

import numpy as np
from numpy.typing import NDArray

from bot.engine.log_ports import ServiceRow
from bot.engine.ports import Transaction
from bot.metrics.seasons import DAYS_BACK, DAYS_MIN, recurring_at_hour, usual_at_hour

SERVICES_KEPT = 2_000
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SATURDAY = 5
Seasonal = Mapping[str, tuple[float, float]]


class Seasons:
    """Kept for the present hour of each service. Working days and week-ends are those of `zone`."""

    def __init__(self, window: timedelta, zone: tzinfo) -> None:
        self._window, self._zone = window, zone
        self._kept: OrderedDict[str, tuple[datetime, Seasonal]] = OrderedDict()

    def of(self, tx: Transaction, row: ServiceRow, start: datetime) -> Seasonal:
        """template id → (usual lines a window at this hour, what recurs at it); nothing of a service younger than
        `DAYS_MIN` days."""
        hour = start.replace(minute=0, second=0, microsecond=0)
        known = self._kept.get(row.name)
        if known is None or known[0] != hour:
            days = (hour - HOUR - row.first_at) // DAY
            known_for = [back for back in DAYS_BACK if back <= days]
            found = self._read(tx, row.name, hour, known_for) if days >= DAYS_MIN else {}
            known = self._kept[row.name] = (hour, found)
        self._kept.move_to_end(row.name)
        while len(self._kept) > SERVICES_KEPT:
            self._kept.popitem(last=False)
        return known[1]

    def _read(self, tx: Transaction, service: str, hour: datetime, days: Sequence[int]) -> Seasonal:
        each = max(1, int(HOUR / self._window))
        ids: dict[str, int] = {}
        counted: dict[int, dict[str, NDArray[np.int64]]] = {}
        for back in days:
            first = hour - back * DAY - HOUR
            hours = tx.logs.hours(service, first, first + 3 * HOUR)
            counted[back] = {i: _row(lines, first, self._window, each) for i, lines in hours.items()}
            ids |= dict.fromkeys(counted[back], 0)
        if not ids:
            return {}
        nothing = np.zeros(3 * each, dtype=np.int64)
        around = {back: np.stack([counts.get(i, nothing) for i in ids]) for back, counts in counted.items()}
        is_weekend = self._is_weekend(hour)
        alike = {back for back in days if self._is_weekend(hour - back * DAY) == is_weekend}
        usual = usual_at_hour({back: near[:, each : 2 * each] for back, near in around.items()}, alike)
        recurring = recurring_at_hour(around)
        return {i: (float(usual[n]), float(recurring[n])) for n, i in enumerate(ids)}

    def _is_weekend(self, at: datetime) -> bool:
        return at.astimezone(self._zone).weekday() >= SATURDAY


def _row(
    hours: Mapping[datetime, Mapping[int, int]], first: datetime, window: timedelta, each: int
) -> NDArray[np.int64]:
    row = np.zeros(3 * each, dtype=np.int64)
    for hour, counts in hours.items():
        for offset, lines in counts.items():
            place = int((hour + timedelta(seconds=offset) - first) / window)
            if 0 <= place < len(row):
                row[place] += lines
    return row
