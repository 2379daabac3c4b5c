"""What is an incident's own channel called, and what is to be done there next?"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.incidents.life import Room
from bot.incidents.model import Incident

NAME_MAX = 76
"""Slack takes 80; the rest is for a number when the name is taken."""

_UNFIT = re.compile(r"[^a-z0-9_-]+")


def room_name(pattern: str, incident: Incident) -> str:
    """`pattern` may hold {number}, {service} and {date}. Lower case, no dots or spaces: what Slack takes."""
    made = pattern.format(number=incident.id, service=incident.service, date=f"{incident.opened_at:%Y-%m-%d}")
    return _UNFIT.sub("-", made.lower()).strip("-_")[:NAME_MAX].strip("-_") or f"inc-{incident.id}"


def numbered(name: str, attempt: int) -> str:
    """What it is called when the name is taken: "inc-3-web", "inc-3-web-2", …"""
    return name if attempt == 0 else f"{name}-{attempt + 1}"


def next_steps(
    room: Room, incident: Incident, people: Sequence[str], now: datetime, archive_after: timedelta, is_posted: bool
) -> tuple[str, ...]:
    """What is to be done in an open room now: "purpose", "topic:…", "invite:U1", "pin", "archive". `people`: user ids
    of those who belong there; `is_posted`: the card stands there."""
    resolved = incident.resolved_at
    if not incident.state.is_active and resolved is not None and now >= resolved + archive_after:
        return ("archive",)
    topic = f"topic:{incident.severity.value if incident.state.is_active else 'over'}"
    wanted = ["purpose", topic, *(f"invite:{user}" for user in people), *(["pin"] if is_posted else [])]
    return tuple(step for step in wanted if step not in room.done)


UNARCHIVE = "unarchive"
"""The step that an archived room of an incident that is open again waits for; tried once."""


def with_step(done: Sequence[str], step: str) -> tuple[str, ...]:
    """Of topics only the last one counts: it can come back."""
    kept = [one for one in done if not (step.startswith("topic:") and one.startswith("topic:"))]
    return (*kept, step)
