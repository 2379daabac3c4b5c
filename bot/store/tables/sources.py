"""Which tables keep what others send?"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from bot.store.tables.metadata import metadata
from bot.store.types import Id, Json, UtcDateTime

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
    Column("attempt", Integer, nullable=False, server_default="1"),
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
