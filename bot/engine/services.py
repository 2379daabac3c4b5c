"""How are the services, in a line each?"""

from datetime import datetime, timedelta

from bot.engine.log_ports import ServiceRow
from bot.engine.pages import ServiceLine
from bot.engine.ports import Transaction
from bot.settings import Settings

_RATE_OVER = timedelta(minutes=60)
_THIS_SECOND = timedelta(seconds=1)
"""Windows begin on whole seconds: the one that has just begun counts."""


def service_lines(tx: Transaction, settings: Settings, now: datetime) -> tuple[ServiceLine, ...]:
    lines = tx.logs.lines_between(now - _RATE_OVER, now + _THIS_SECOND)
    active = {incident.service: incident.key for incident in tx.incidents.active()}
    return tuple(_service_line(row, lines.get(row.name, 0), active, settings, now) for row in tx.logs.services())


def _service_line(
    row: ServiceRow, lines: int, active: dict[str, str], settings: Settings, now: datetime
) -> ServiceLine:
    stretch = max(min(_RATE_OVER, now - row.first_at), timedelta(minutes=1))
    learnt_at = row.first_at + timedelta(minutes=settings.detection.learning_minutes)
    return ServiceLine(
        name=row.name,
        last_at=row.last_at,
        lines_per_minute=lines / (stretch / timedelta(minutes=1)),
        learning_until=learnt_at if learnt_at > now else None,
        active_incident=active.get(row.name, ""),
    )
