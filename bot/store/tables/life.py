"""Which tables keep what people do with an incident? Who leads, what is said, what is to be done, where it lives."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
)

from bot.store.tables.metadata import metadata
from bot.store.types import Id, Json, UtcDateTime

incident_role = Table(
    "incident_role",
    metadata,
    Column("incident_id", Id, ForeignKey("incident.id"), primary_key=True),
    Column("role", String(40), primary_key=True),
    Column("person", String(100), nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("by", String(100), nullable=False),
)

incident_update = Table(
    "incident_update",
    metadata,
    Column("id", Id, primary_key=True),
    Column("incident_id", Id, ForeignKey("incident.id"), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String(100), nullable=False),
    Column("text", Text, nullable=False),
    Column("severity", String(20), nullable=False),
    Column("promised_at", UtcDateTime),
    Column("remind_at", UtcDateTime, index=True),
    Column("reminded", Integer, nullable=False),
)

task = Table(
    "task",
    metadata,
    Column("id", Id, primary_key=True),
    Column("incident_id", Id, ForeignKey("incident.id"), nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("owner", String(100), nullable=False, index=True),
    Column("is_follow_up", Boolean, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String(100), nullable=False),
    Column("done_at", UtcDateTime),
    Column("done_by", String(100), nullable=False),
)

incident_room = Table(  # the channel of one incident
    "incident_room",
    metadata,
    Column("incident_id", Id, ForeignKey("incident.id"), primary_key=True),
    Column("state", String(20), nullable=False),
    Column("channel", String(40), nullable=False, index=True),
    Column("name", String(80), nullable=False),
    Column("done", Json, nullable=False),
    Column("due_at", UtcDateTime, index=True),
    Column("attempts", Integer, nullable=False),
    Column("error", Text, nullable=False),
)

mark = Table(  # a message that somebody pinned or marked: it is in the timeline while one mark is left
    "mark",
    metadata,
    Column("channel", String(40), primary_key=True),
    Column("ts", String(40), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("by", String(100), primary_key=True),
    Column("incident_id", Id, ForeignKey("incident.id"), nullable=False),
    Column("timeline_id", Id, nullable=False, index=True),
)
