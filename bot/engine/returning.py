"""When may an incident that is over come back by itself?"""

from datetime import UTC, datetime, timedelta

from bot.incidents.model import Incident, Resolution

_NEVER = datetime.max.replace(tzinfo=UTC)


def may_return_from(incident: Incident, quiet: timedelta) -> datetime:
    """Whoever resolved it by hand is left in peace for a while; what is no problem or part of another never returns."""
    if incident.resolved_at is None or incident.resolution in (Resolution.NOT_A_PROBLEM, Resolution.MERGED):
        return _NEVER
    by_hand = incident.resolution is Resolution.BY_PERSON
    return incident.resolved_at + (quiet if by_hand else timedelta())
