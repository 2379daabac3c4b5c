"""What is the schema? Every table on one page; `migrations/` holds how it came about."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from bot.store.types import Id, Json, UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# --- logs -------------------------------------------------------------------------------------------------------------

service = Table(
    "service",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("checked_until", UtcDateTime),
    Column("lines", BigInteger, nullable=False, default=0),
)

template = Table(
    "template",
    metadata,
    Column("no", Id, primary_key=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("service", String(200), nullable=False),
    Column("text", Text, nullable=False),
    Column("alias_of", String(64)),  # the id of the template that this one turned out to be
    Column("state", Json, nullable=False),
    Column("level", String(20), nullable=False, default=""),
    Column("first_at", UtcDateTime),
    Column("last_at", UtcDateTime),
    Column("samples", Json, nullable=False, default=list),
    Column("parameters", Json, nullable=False, default=dict),
    Index("ix_template_service_first_at", "service", "first_at"),
)

count_minute = Table(
    "count_minute",
    metadata,
    Column("template_no", Integer, primary_key=True, autoincrement=False),
    Column("start", BigInteger, primary_key=True, autoincrement=False),  # Unix seconds of the window's start
    Column("lines", Integer, nullable=False),
    sqlite_with_rowid=False,
)

count_hour = Table(
    "count_hour",
    metadata,
    Column("template_no", Integer, primary_key=True, autoincrement=False),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),  # Unix seconds
    Column("lines", BigInteger, nullable=False),
    Column("packed", LargeBinary, nullable=False),  # msgpack {offset in seconds: lines}
    sqlite_with_rowid=False,
)

batch = Table(
    "batch",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("lines", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
)

position = Table(
    "position",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
)

bus_partition = Table(  # as bot/stream/table.py uses it
    "bus_partition",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("waiting_bytes", BigInteger, nullable=False),
)

bus_batch = Table(
    "bus_batch",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("key", String(300)),
    Column("batch", LargeBinary, nullable=False),
    UniqueConstraint("partition", "key"),
)

lease = Table(
    "lease",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("holder", String(200), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("until", UtcDateTime, nullable=False),
)

# --- what is watched --------------------------------------------------------------------------------------------------

series = Table(
    "series",
    metadata,
    Column("id", Id, primary_key=True),
    Column("watch", String(100), nullable=False),
    Column("labels", String(1000), nullable=False),
    UniqueConstraint("watch", "labels"),
)

series_hour = Table(
    "series_hour",
    metadata,
    Column("series_id", Integer, primary_key=True, autoincrement=False),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),  # Unix seconds
    Column("packed", LargeBinary, nullable=False),  # msgpack {offset in seconds: value}
    sqlite_with_rowid=False,
)

watch_state = Table(
    "watch_state",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("read_at", UtcDateTime),
    Column("standing", Json, nullable=False),  # the signals that stand until the next look
    Column("notes", Json, nullable=False),
)

sensitivity = Table(
    "sensitivity",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("kind", String(30), nullable=False),
    Column("service", String(200), nullable=False),
    Column("title", Text, nullable=False),
    Column("times", Float, nullable=False),
    Column("useful", Integer, nullable=False),
    Column("useless", Integer, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("changed_by", String(100), nullable=False),
)

# --- what happened ----------------------------------------------------------------------------------------------------

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

# --- doing and telling ------------------------------------------------------------------------------------------------

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

# --- sources ----------------------------------------------------------------------------------------------------------

source_use = Table(
    "source_use",
    metadata,
    Column("source", String(100), primary_key=True),
    Column("sender", String(200), primary_key=True),
    Column("service", String(200), primary_key=True),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("batches", BigInteger, nullable=False),
    Column("lines", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("duplicates", BigInteger, nullable=False),
    Column("ahead", BigInteger, nullable=False),
    Column("late_s", Float, nullable=False),
    Column("late_s_max", Float, nullable=False),
)

rejected = Table(
    "rejected",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("source", String(100), nullable=False),
    Column("sender", String(200), nullable=False),
    Column("place", String(200), nullable=False),
    Column("problem", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("headers", Json, nullable=False),
    Column("path", Json, nullable=False),
    Column("replayed_at", UtcDateTime),
)

standing = Table(  # problems that somebody else watches: they stand until their sender says that they ended
    "standing",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("source", String(100), nullable=False),
    Column("service", String(200), nullable=False),
    Column("title", Text, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime, index=True),
)

pipeline_run = Table(
    "pipeline_run",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("pipeline", String(300), nullable=False),
    Column("service", String(200), nullable=False),
    Column("state", String(20), nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("run", String(300), nullable=False),
    Column("task", String(300), nullable=False),
    Column("started_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("error", Text, nullable=False),
    Column("link", Text, nullable=False),
    Column("rows", BigInteger),
    Column("inputs", Json, nullable=False),
    Column("outputs", Json, nullable=False),
    Column("source", String(100), nullable=False),
    Index("ix_pipeline_run_pipeline_at", "pipeline", "at"),
)

measured = Table(  # figures that others measured about data and models
    "measured",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("service", String(200), nullable=False),
    Column("subject", String(300), nullable=False),
    Column("name", String(300), nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("value", Float),
    Column("passed", Boolean),
    Column("detail", Text, nullable=False),
    Column("source", String(100), nullable=False),
    Index("ix_measured_subject_name_at", "subject", "name", "at"),
)

watched = Table(  # heartbeats that should come, addresses that should answer
    "watched",
    metadata,
    Column("kind", String(20), primary_key=True),
    Column("name", String(100), primary_key=True),
    Column("last_at", UtcDateTime),
    Column("started_at", UtcDateTime),
    Column("down_since", UtcDateTime),
    Column("failures", Integer, nullable=False),
    Column("latency_ms", Float),
    Column("problem", Text, nullable=False),
)
