"""Which tables keep what happened?"""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
)

from bot.store.tables.metadata import metadata
from bot.store.types import Id, Json, UtcDateTime

change = Table(
    "change",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", String(200), nullable=False, unique=True),
    Column("kind", String(30), nullable=False),
    Column("service", String(200), nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("version", String(200), nullable=False),
    Column("previous", String(200), nullable=False),
    Column("by", String(200), nullable=False),
    Column("summary", Text, nullable=False),
    Column("link", Text, nullable=False),
    Column("environment", String(100), nullable=False),
    Column("source", String(100), nullable=False),
    Column("attributes", Json, nullable=False),
)

incident = Table(
    "incident",
    metadata,
    Column("id", Id, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("service", String(200), nullable=False),
    Column("title", Text, nullable=False),
    Column("severity", String(20), nullable=False),
    Column("severity_reason", String(200), nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("began_at", UtcDateTime, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False, index=True),
    Column("last_signal_at", UtcDateTime, nullable=False),
    Column("acknowledged_at", UtcDateTime),
    Column("acknowledged_by", String(100), nullable=False),
    Column("resolved_at", UtcDateTime),
    Column("resolved_by", String(100), nullable=False),
    Column("resolution", String(30)),
    Column("reopened_at", UtcDateTime),
    Column("declared_by", String(100), nullable=False),
    Column("channel", String(100), nullable=False),
    Column("merged_into", BigInteger, nullable=False, server_default="0"),
)

signal = Table(
    "signal",
    metadata,
    Column("id", Id, primary_key=True),
    Column("incident_id", Id, nullable=False, index=True),  # 0: not part of an incident
    Column("fingerprint", String(64), nullable=False),
    Column("kind", String(30), nullable=False),
    Column("service", String(200), nullable=False),
    Column("severity", String(20), nullable=False),
    Column("began_at", UtcDateTime, nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("source", String(100), nullable=False),
    Column("evidence", Json, nullable=False),
    Column("entities", Json, nullable=False),
    Column("attributes", Json, nullable=False),
    Column("count", Integer, nullable=False, server_default="1"),
    Column("last_at", UtcDateTime),
    Index("ix_signal_fingerprint_at", "fingerprint", "at"),
)

suspect = Table(
    "suspect",
    metadata,
    Column("incident_id", Id, ForeignKey("incident.id"), primary_key=True),
    Column("place", SmallInteger, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("label", Text, nullable=False),
    Column("likelihood", Float, nullable=False),
    Column("because", Json, nullable=False),
    Column("verdict", String(20), nullable=False),
)

timeline = Table(
    "timeline",
    metadata,
    Column("id", Id, primary_key=True),
    Column("incident_id", Id, ForeignKey("incident.id"), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("by", String(100), nullable=False),
    Column("facts", Json, nullable=False),
)

silence = Table(
    "silence",
    metadata,
    Column("id", Id, primary_key=True),
    Column("matchers", Json, nullable=False),
    Column("by", String(100), nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False, index=True),
    Column("ended_by", String(100), nullable=False),
    Column("origin", String(100), nullable=False, server_default=""),
)

silence_copy = Table(  # silences as other systems have them
    "silence_copy",
    metadata,
    Column("silence_id", Id, ForeignKey("silence.id"), primary_key=True),
    Column("source", String(100), primary_key=True),
    Column("copy_id", String(100), nullable=False),
    Column("problem", Text, nullable=False),
)

maintenance = Table(
    "maintenance",
    metadata,
    Column("id", Id, primary_key=True),
    Column("services", Json, nullable=False),
    Column("by", String(100), nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False, index=True),
)

hidden = Table(  # what was muted, counted
    "hidden",
    metadata,
    Column("reason", String(30), primary_key=True),
    Column("subject", String(100), primary_key=True),
    Column("fingerprint", String(64), primary_key=True),
    Column("service", String(200), nullable=False),
    Column("kind", String(30), nullable=False),
    Column("severity", String(20), nullable=False),
    Column("title", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False, index=True),
)

lesson = (
    Table(  # what people taught: these two problems belong together, or not; this kind of change was guilty, or not
        "lesson",
        metadata,
        Column("id", Id, primary_key=True),
        Column("kind", String(30), nullable=False, index=True),
        Column("subject", String(200), nullable=False),
        Column("verdict", String(20), nullable=False),
        Column("by", String(100), nullable=False),
        Column("at", UtcDateTime, nullable=False),
    )
)
