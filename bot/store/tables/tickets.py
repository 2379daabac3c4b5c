"""Which tables keep the tickets of incidents, and what is still to be done to them?"""

from sqlalchemy import Column, ForeignKey, Integer, String, Table, Text

from bot.store.tables.metadata import metadata
from bot.store.types import Id, UtcDateTime

ticket = Table(  # what a system of tickets knows of an incident
    "ticket",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("name", String(100), nullable=False),
    Column("incident_id", Id, ForeignKey("incident.id"), nullable=False, index=True),
    Column("state", String(20), nullable=False, index=True),
    Column("told", String(20), nullable=False),
    Column("seen", Id, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String(100), nullable=False),
    Column("ticket", String(200), nullable=False),
    Column("link", Text, nullable=False),
    Column("error", Text, nullable=False),
)

ticket_event = Table(  # the outbox of tickets
    "ticket_event",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", String(200), nullable=False, index=True),
    Column("name", String(100), nullable=False),
    Column("incident_id", Id, ForeignKey("incident.id"), nullable=False),
    Column("does", String(20), nullable=False),
    Column("entry", Id, nullable=False),
    Column("moved_to", String(20), nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("put_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", Text, nullable=False),
)
