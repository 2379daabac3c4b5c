"""What incidents need beyond the start: repeats, silences, maintenance, what was muted, what people taught."""

import sqlalchemy as sa
from alembic import op

from bot.store import types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("signal", sa.Column("count", sa.Integer, nullable=False, server_default="1"))
    op.add_column("signal", sa.Column("last_at", types.UtcDateTime()))
    op.create_index("ix_signal_fingerprint_at", "signal", ["fingerprint", "at"])
    op.create_table(
        "silence",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("matchers", types.Json, nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", types.UtcDateTime(), nullable=False),
        sa.Column("until", types.UtcDateTime(), nullable=False),
        sa.Column("ended_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_silence"),
    )
    op.create_index("ix_silence_until", "silence", ["until"])
    op.create_table(
        "maintenance",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("services", types.Json, nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", types.UtcDateTime(), nullable=False),
        sa.Column("until", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_maintenance"),
    )
    op.create_index("ix_maintenance_until", "maintenance", ["until"])
    op.create_table(
        "hidden",
        sa.Column("reason", sa.String(length=30), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("service", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("severity", sa.String(length=20), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_at", types.UtcDateTime(), nullable=False),
        sa.Column("last_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("reason", "subject", "fingerprint", name="pk_hidden"),
    )
    op.create_index("ix_hidden_last_at", "hidden", ["last_at"])
    op.create_table(
        "lesson",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_lesson"),
    )
    op.create_index("ix_lesson_kind", "lesson", ["kind"])
    op.add_column("incident", sa.Column("merged_into", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_index("ix_decision_at", "decision", ["at"])


def downgrade() -> None:
    op.drop_index("ix_decision_at", "decision")
    with op.batch_alter_table("incident") as batch:
        batch.drop_column("merged_into")
    for table in ("lesson", "hidden", "maintenance", "silence"):
        op.drop_table(table)
    op.drop_index("ix_signal_fingerprint_at", "signal")
    with op.batch_alter_table("signal") as batch:
        batch.drop_column("last_at")
        batch.drop_column("count")
