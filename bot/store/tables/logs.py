"""Which tables keep logs?"""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from bot.store.tables.metadata import metadata
from bot.store.types import Id, Json, UtcDateTime

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

template_values = Table(  # what its values were, each few minutes in short
    "template_values",
    metadata,
    Column("template_id", String(64), primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("past", Json, nullable=False),
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
