"""What does PagerDuty say by its webhooks v3? Others' incidents are alerts; of ours it says what people did with them.

https://developer.pagerduty.com/docs/webhooks/webhook-payloads/: the `incident_key` of an incident that an event of the
Events API opened is that event's `dedup_key`. What begins like ours is never an alert: it would come round in a circle.
"""

from collections.abc import Mapping
from typing import Any

from bot.errors import InputError
from bot.signals.severity import Severity
from bot.sources.mapping import Rules, by_rules
from bot.sources.model import PAGER_KEY, Heard, PagerSaid, Posted, Saying
from bot.sources.received import at_path, decoded_object, moment, text

RULES = Rules(
    key="event.data.id",
    title="event.data.title",
    status="event.event_type",
    ended=("incident.resolved",),
    ignored=("incident.acknowledged", "incident.annotated", "incident.delegated", "incident.escalated",
             "incident.priority_updated", "incident.reassigned", "incident.responder.added",
             "incident.responder.replied", "incident.status_update_published", "incident.unacknowledged",
             "incident.conference_bridge.updated",
             "incident.service_updated", "incident.incident_type.changed", "incident.custom_field_values.updated",
             "service.created", "service.updated", "service.deleted", "pagey.ping"),
    service="event.data.service.summary",
    severity="event.data.priority.summary || event.data.urgency",
    severities={"low": Severity.MINOR, "high": Severity.MAJOR},
    began_at="event.data.created_at",
    ended_at="event.occurred_at",
    link="event.data.html_url",
)  # fmt: skip

_SAYINGS: Mapping[str, Saying] = {
    "incident.triggered": Saying.TRIGGERED,
    "incident.acknowledged": Saying.ACKNOWLEDGED,
    "incident.unacknowledged": Saying.UNACKNOWLEDGED,
    "incident.escalated": Saying.ESCALATED,
    "incident.reassigned": Saying.ESCALATED,
    "incident.delegated": Saying.ESCALATED,
    "incident.resolved": Saying.RESOLVED,
    "incident.reopened": Saying.REOPENED,
}
_ASSIGNEES_MAX = 10
_others = by_rules("pagerduty", RULES)


def decode(posted: Posted) -> Heard:
    """Raises `InputError` for what is no event of theirs."""
    event = at_path(decoded_object(posted.body), "event")
    key = text(event, "data", "incident_key")
    return _of_ours(event, key) if key.startswith(PAGER_KEY) else _others(posted)


def identify(posted: Posted) -> str:
    return text(decoded_object(posted.body), "event", "id")


def _of_ours(event: Any, key: str) -> Heard:
    at = moment(at_path(event, "occurred_at"))
    if at is None:
        raise InputError("it does not say when it happened", place="event.occurred_at")
    assignees = at_path(event, "data", "assignees")
    names = [text(one, "summary") for one in assignees[:_ASSIGNEES_MAX]] if isinstance(assignees, list) else []
    said = PagerSaid(
        key=key,
        saying=_SAYINGS.get(text(event, "event_type"), Saying.OTHER),
        at=at,
        id=text(event, "id"),
        by_id=text(event, "agent", "id"),
        to=", ".join(name for name in names if name),
        link=text(event, "data", "html_url"),
    )
    return Heard(pagers=[said])
