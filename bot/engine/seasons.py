"""What is usual for each template at this hour of the day? Read once an hour, not at every window."""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from bot.engine.log_ports import ServiceRow
from bot.engine.ports import Transaction
from bot.metrics.seasons import DAYS_MIN, recurring_at_hour, usual_at_hour

DAYS = 14
SERVICES_KEPT = 2_000
HOUR = timedelta(hours=1)
Seasonal = Mapping[str, tuple[float, float]]


class Seasons:
    """Kept for the present hour of each service."""

    def __init__(self, window: timedelta) -> None:
        self._window = window
        self._kept: OrderedDict[str, tuple[datetime, Seasonal]] = OrderedDict()

    def of(self, tx: Transaction, row: ServiceRow, start: datetime) -> Seasonal:
        """template id → (usual lines a window at this hour, what recurs at it); nothing of a service younger than
        `DAYS_MIN` days."""
        hour = start.replace(minute=0, second=0, microsecond=0)
        known = self._kept.get(row.name)
        if known is None or known[0] != hour:
            days = min(DAYS, (hour - HOUR - row.first_at) // timedelta(days=1))
            found = _read(tx, row.name, hour, days, self._window) if days >= DAYS_MIN else {}
            known = self._kept[row.name] = (hour, found)
        self._kept.move_to_end(row.name)
        while len(self._kept) > SERVICES_KEPT:
            self._kept.popitem(last=False)
        return known[1]


def _read(tx: Transaction, service: str, hour: datetime, days: int, window: timedelta) -> Seasonal:
    each = max(1, int(HOUR / window))
    ids: dict[str, int] = {}
    around: list[dict[str, NDArray[np.int64]]] = []
    for back in range(1, days + 1):
        first = hour - timedelta(days=back) - HOUR
        counts = {
            i: _row(hours, first, window, each) for i, hours in tx.logs.hours(service, first, first + 3 * HOUR).items()
        }
        ids |= dict.fromkeys(counts, 0)
        around.append(counts)
    if not ids:
        return {}
    nothing = np.zeros(3 * each, dtype=np.int64)
    days_of = [np.stack([counts.get(i, nothing) for i in ids]) for counts in around]
    usual = usual_at_hour([day[:, each : 2 * each] for day in days_of])
    recurring = recurring_at_hour(days_of)
    return {i: (float(usual[n]), float(recurring[n])) for n, i in enumerate(ids)}


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
