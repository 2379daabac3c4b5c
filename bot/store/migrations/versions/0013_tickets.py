"""Tickets elsewhere that follow incidents."""

import sqlalchemy as sa
from alembic import op

from bot.store.types import Id, UtcDateTime

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "ticket",
        sa.Column("key", sa.String(200), primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("incident_id", Id, sa.ForeignKey("incident.id"), nullable=False, index=True),
        sa.Column("state", sa.String(20), nullable=False, index=True),
        sa.Column("told", sa.String(20), nullable=False),
        sa.Column("seen", Id, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("ticket", sa.String(200), nullable=False),
        sa.Column("link", sa.Text, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
    )
    op.create_table(
        "ticket_event",
        sa.Column("id", Id, primary_key=True),
        sa.Column("key", sa.String(200), nullable=False, index=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("incident_id", Id, sa.ForeignKey("incident.id"), nullable=False),
        sa.Column("does", sa.String(20), nullable=False),
        sa.Column("entry", Id, nullable=False),
        sa.Column("moved_to", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False, index=True),
        sa.Column("put_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("ticket_event")
    op.drop_table("ticket")
