"""Which tables keep what is done and told?"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from bot.store.tables.metadata import metadata
from bot.store.types import Id, Json, UtcDateTime

run = Table(
    "run",
    metadata,
    Column("id", Id, primary_key=True),
    Column("action", String(200), nullable=False),
    Column("kind", String(30), nullable=False),
    Column("service", String(200), nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("incident", Id, nullable=False, index=True),
    Column("asked_at", UtcDateTime, nullable=False, index=True),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("bound_to", String(64), nullable=False),
    Column("fence", Integer, nullable=False),
    Column("holder", String(200), nullable=False, default=""),
    Column("leased_until", UtcDateTime),
    Column("exclusive", String(400)),  # what it alone may act on, until it is over
    Column("stop_by", String(100), nullable=False, server_default=""),  # who wants it stopped
    Column("body", Json, nullable=False),  # the whole Run, for what no query asks
    Index("uq_run_exclusive", "exclusive", unique=True),
)

environment_lock = Table(
    "environment_lock",
    metadata,
    Column("serial", Id, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("by", String(100), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("until", UtcDateTime),
    sqlite_autoincrement=True,  # a serial is never used again
)

remedy = Table(  # who acts for one holds its row
    "remedy",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("stopped_at", UtcDateTime),
    Column("stopped_by", String(100), nullable=False),
    Column("resumed_at", UtcDateTime),
    Column("resumed_by", String(100), nullable=False),
)

remedied = Table(
    "remedied",
    metadata,
    Column("id", Id, primary_key=True),
    Column("remedy", String(200), nullable=False),
    Column("incident", Id, nullable=False),
    Column("mode", String(10), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("run", Id, nullable=False),  # 0: dry, or it could not be planned
    Column("failed", Boolean, nullable=False),
    UniqueConstraint("remedy", "incident", "mode", name="uq_remedied_remedy_incident_mode"),
)

second_factor = Table(  # no secret: it is derived from the key in the settings, the person and the generation
    "second_factor",
    metadata,
    Column("person", String(100), primary_key=True),
    Column("generation", Integer, nullable=False),
    Column("confirmed_at", UtcDateTime),
    Column("last_step", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("failed_at", UtcDateTime),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", String(200), nullable=False, unique=True),
    Column("template", String(100), nullable=False),
    Column("channel", String(100), nullable=False),
    Column("thread_of", String(200), nullable=False),
    Column("card", Boolean, nullable=False),
    Column("facts", Json, nullable=False),
    Column("state", String(20), nullable=False),  # due | sending | sent | failed
    Column("version", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("unsure", Boolean, nullable=False),
    Column("put_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("error", Text, nullable=False),
    Index("ix_outbox_state_due_at", "state", "due_at"),
)

posted = Table(
    "posted",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("channel", String(100), nullable=False),
    Column("ts", String(40), nullable=False),
    Column("thread_ts", String(40), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_posted_channel_ts", "channel", "ts"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String(100), nullable=False),
    Column("what", String(60), nullable=False),
    Column("subject", String(200), nullable=False, index=True),
    Column("facts", Json, nullable=False),
)

audit_seal = Table(  # the hash chain over the audit; triggers keep both from being changed
    "audit_seal",
    metadata,
    Column("no", Id, primary_key=True, autoincrement=False),
    Column("audit_id", Id, nullable=False, unique=True),
    Column("hash", String(64), nullable=False),
)

decision = Table(
    "decision",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("kind", String(40), nullable=False),
    Column("subject", String(200), nullable=False, index=True),
    Column("reason", String(60), nullable=False),
    Column("facts", Json, nullable=False),
)

happened = Table(
    "happened",
    metadata,
    Column("kind", String(40), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
)

memory = Table(
    "memory",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("value", Text, nullable=False),
)
