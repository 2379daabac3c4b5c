"""What people do with an incident: who leads, what is said of it, what is to be done, where it lives."""

import sqlalchemy as sa
from alembic import op

from bot.store.types import Id, Json, UtcDateTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "incident_role",
        _incident(primary_key=True),
        sa.Column("role", sa.String(40), primary_key=True),
        sa.Column("person", sa.String(100), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
    )
    op.create_table(
        "incident_update",
        sa.Column("id", Id, primary_key=True),
        _incident(index=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(20), nullable=False),
        sa.Column("promised_at", UtcDateTime()),
        sa.Column("remind_at", UtcDateTime(), index=True),
        sa.Column("reminded", sa.Integer(), nullable=False),
    )
    op.create_table(
        "task",
        sa.Column("id", Id, primary_key=True),
        _incident(index=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(100), nullable=False, index=True),
        sa.Column("is_follow_up", sa.Boolean(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("done_at", UtcDateTime()),
        sa.Column("done_by", sa.String(100), nullable=False),
    )
    op.create_table(
        "incident_room",
        _incident(primary_key=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("channel", sa.String(40), nullable=False, index=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("done", Json, nullable=False),
        sa.Column("due_at", UtcDateTime(), index=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
    )
    op.create_table(
        "mark",
        sa.Column("channel", sa.String(40), primary_key=True),
        sa.Column("ts", sa.String(40), primary_key=True),
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("by", sa.String(100), primary_key=True),
        _incident(),
        sa.Column("timeline_id", Id, nullable=False, index=True),
    )


def _incident(*, primary_key: bool = False, index: bool = False) -> "sa.Column[int]":
    of = sa.ForeignKey("incident.id")
    return sa.Column("incident_id", Id, of, primary_key=primary_key, nullable=False, index=index or None)


def downgrade() -> None:
    for table in ("mark", "incident_room", "task", "incident_update", "incident_role"):
        op.drop_table(table)
