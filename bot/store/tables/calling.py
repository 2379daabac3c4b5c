"""Which tables keep who is asked, and what pagers are told?"""

from sqlalchemy import Column, ForeignKey, Integer, String, Table, Text, UniqueConstraint

from bot.store.tables.metadata import metadata
from bot.store.types import Id, UtcDateTime

escalation = Table(
    "escalation",
    metadata,
    Column("incident_id", Id, ForeignKey("incident.id"), primary_key=True),
    Column("since", UtcDateTime, nullable=False),
    Column("policy", String(100), nullable=False),
    Column("severity", String(20), nullable=False),
    Column("turn", Integer, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("stopped", String(30)),
)

page = Table(  # one row for each who was asked: the key is what keeps anybody from being asked twice
    "page",
    metadata,
    Column("id", Id, primary_key=True),
    Column("incident_id", Id, ForeignKey("incident.id"), nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("policy", String(100), nullable=False),
    Column("turn", Integer, nullable=False),
    Column("reach", String(20), nullable=False),
    Column("target", String(200), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("state", String(20), nullable=False, index=True),
    UniqueConstraint("incident_id", "since", "policy", "turn", "target"),
)

oncall_override = Table(
    "oncall_override",
    metadata,
    Column("id", Id, primary_key=True),
    Column("schedule", String(100), nullable=False),
    Column("person", String(100), nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False, index=True),
    Column("by", String(100), nullable=False),
    Column("reason", Text, nullable=False),
    Column("ended_by", String(100), nullable=False),
)

outside_copy = Table(  # the last good copy of what others keep: calendars, members of user groups
    "outside_copy",
    metadata,
    Column("kind", String(20), primary_key=True),
    Column("name", String(100), primary_key=True),
    Column("text", Text, nullable=False),
    Column("fetched_at", UtcDateTime),
    Column("tried_at", UtcDateTime, nullable=False),
    Column("problem", Text, nullable=False),
)

pager_alert = Table(  # how far each pager knows of an incident
    "pager_alert",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("pager", String(100), nullable=False),
    Column("incident_id", Id, ForeignKey("incident.id"), nullable=False, index=True),
    Column("since", UtcDateTime, nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("heard_at", UtcDateTime),
    Column("link", Text, nullable=False),
)

pager_event = Table(  # the outbox of pagers
    "pager_event",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", String(200), nullable=False, index=True),
    Column("pager", String(100), nullable=False),
    Column("incident_id", Id, ForeignKey("incident.id"), nullable=False),
    Column("action", String(20), nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("put_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", Text, nullable=False),
)
