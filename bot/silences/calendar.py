"""When is maintenance planned? A calendar, read into stretches of time."""

from datetime import datetime

from bot.ical import check, occurrences
from bot.silences.model import MaintenanceWindow

__all__ = ["check", "windows_of"]


def windows_of(
    calendar: str, services: frozenset[str], reason: str, since: datetime, until: datetime
) -> list[MaintenanceWindow]:
    """Every occurrence that touches [since, until). Raises `InputError` when the text is no calendar."""
    return [
        MaintenanceWindow(services, reason or one.summary, one.since, one.until)
        for one in occurrences(calendar, since, until)
    ]
