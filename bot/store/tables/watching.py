"""Which tables keep what is watched?"""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
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

stream_point = Table(  # OpenTelemetry's points, until their steps have been read
    "stream_point",
    metadata,
    Column("watch", String(100), primary_key=True),
    Column("stream", String(64), primary_key=True),
    Column("at_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("labels", String(1000), nullable=False),
    Column("packed", LargeBinary, nullable=False),  # msgpack of bot.metrics.streams.Point
    Index("ix_stream_point_at", "watch", "at_ms"),
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

rhythm = Table(  # log lines that come regularly
    "rhythm",
    metadata,
    Column("template_id", String(64), primary_key=True),
    Column("service", String(200), nullable=False),
    Column("period_s", Integer, nullable=False),
    Column("weekdays", String(7), nullable=False),
    Column("times", Integer, nullable=False),
    Column("missed", Integer, nullable=False),
    Column("spread_s", Integer, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("expected_at", UtcDateTime, nullable=False),
    Column("late_at", UtcDateTime, nullable=False),
    Column("absent_since", UtcDateTime),
    Index("ix_rhythm_late_at", "late_at"),
)

mix_model = Table(  # which mixes of log templates are usual in a service; empty when there was too little to learn from
    "mix_model",
    metadata,
    Column("service", String(200), primary_key=True),
    Column("fitted_at", UtcDateTime, nullable=False),
    Column("packed", LargeBinary, nullable=False),
)

open_session = Table(  # lines that share an id, while more of them may come
    "open_session",
    metadata,
    Column("service", String(200), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("opened_at", UtcDateTime, nullable=False, index=True),
    Column("seen_at", UtcDateTime, nullable=False, index=True),
    Column("steps", LargeBinary, nullable=False),  # msgpack {template id: lines}
)

session_service = Table(  # how a service's sessions are followed, and what is known of those that ended
    "session_service",
    metadata,
    Column("service", String(200), primary_key=True),
    Column("limit", BigInteger, nullable=False),
    Column("whole", BigInteger, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("history", LargeBinary, nullable=False),
)
