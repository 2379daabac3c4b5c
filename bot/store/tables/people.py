"""Which tables keep what people want, and what they are called?"""

from sqlalchemy import Column, Index, SmallInteger, String, Table

from bot.store.tables.metadata import metadata
from bot.store.types import Id, Json, UtcDateTime

person = Table(  # as Slack calls them
    "person",
    metadata,
    Column("key", String(100), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
)

subscription = Table(
    "subscription",
    metadata,
    Column("id", Id, primary_key=True),
    Column("to", String(100), nullable=False),
    Column("by", String(100), nullable=False),
    Column("every", String(10), nullable=False),
    Column("at", String(5), nullable=False),
    Column("weekday", SmallInteger, nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("services", Json, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Index("ix_subscription_to_every", "to", "every", unique=True),
)
